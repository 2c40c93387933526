import type { Query } from './expression.ts';

/** The query's text without one of its {@link Query.parts}. */
export function withoutPart({ text, parts }: Query, index: number): string {
  const part = parts[index];
  if (part === undefined) return text;
  return joined(text.slice(0, part.start), text.slice(part.end));
}

/**
 * The text with what is asked of a field replaced; null takes it out. What stands under an `or` is put in brackets, so that
 * the new term holds for all of it.
 *
 * @param value `Conv,Gemm`, `<0.99`
 */
export function withField(query: Query, field: string, value: string | null): string {
  let { text } = query;
  for (const part of query.parts.filter((p) => p.field === field).reverse()) {
    text = joined(text.slice(0, part.start), text.slice(part.end));
  }
  if (value === null) return text;
  const isEither = query.parts.length === 1 && query.expression.kind === 'any';
  return joined(isEither ? `(${text.trim()})` : text, `${field}:${value}`);
}

/** What a field is asked for at the top of a query, as typed; '' for nothing. */
export function askedOf({ text, parts }: Query, field: string): string {
  const part = parts.find((p) => p.field === field);
  return part === undefined ? '' : text.slice(part.start, part.end).replace(/^[a-z_0-9]+:?/i, '');
}

/** A text as the value of a field. */
export function quoted(text: string): string {
  return /[\s,()"]/.test(text) ? `"${text.replaceAll('"', '')}"` : text;
}

function joined(before: string, after: string): string {
  return [before.trim(), after.trim()].filter((side) => side !== '').join(' ');
}
