import { type Expression, type TextPattern, visitTerms } from './expression.ts';

/** Ranges of `text` that a query's words and name fields match, in order, none touching another. */
export function marksIn(text: string, patterns: readonly TextPattern[]): (readonly [number, number])[] {
  const found = patterns.flatMap((pattern) => rangesOf(text, pattern)).sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [start, end] of found) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}

function rangesOf(text: string, pattern: TextPattern): (readonly [number, number])[] {
  if (pattern.kind === 'regex') {
    const all = new RegExp(pattern.regex.source, `${pattern.regex.flags}g`);
    return [...text.matchAll(all)].flatMap((m) => (m[0] === '' ? [] : [[m.index, m.index + m[0].length] as const]));
  }
  const lower = text.toLowerCase();
  if (pattern.text === '' || lower.length !== text.length) return []; // letters whose lower case is longer
  if (pattern.kind === 'whole') return lower === pattern.text ? [[0, text.length]] : [];
  const ranges: (readonly [number, number])[] = [];
  for (let at = lower.indexOf(pattern.text); at >= 0; at = lower.indexOf(pattern.text, at + pattern.text.length)) {
    ranges.push([at, at + pattern.text.length]);
  }
  return ranges;
}

/** What is to be marked in a column: words everywhere, and what is asked of these fields. */
export function patternsFor(expression: Expression, fields: readonly string[]): TextPattern[] {
  const patterns: TextPattern[] = [];
  visitTerms(expression, (term, wanted) => {
    if (!wanted) return;
    if (term.kind === 'text') patterns.push(term.pattern);
    else if (fields.includes(term.field.name)) {
      for (const test of term.tests) if (test.kind === 'text') patterns.push(test.pattern);
    }
  });
  return patterns;
}
