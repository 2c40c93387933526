import { t } from '../l10n.ts';
import type { Expression, Part, Problem, Query, Span, Test, TextPattern } from './expression.ts';
import type { Field, FieldSet } from './fields.ts';
import { partPattern, readTest } from './tests.ts';

/**
 * Reads a query: words that must all be found, `"quoted text"`, `/regex/i`, `field:value`, `field<1`, values with commas
 * between them (any of them), `-` before what must not be, `or`, brackets. Nothing is thrown: what cannot be read is a
 * problem with its place, and the rest is looked for.
 */
export function parseQuery(text: string, fields: FieldSet): Query {
  const parser = new Parser(text, fields);
  const expression = parser.alternatives();
  const { problems, parts } = parser;
  const isEmpty = (expression.kind === 'all' || expression.kind === 'any') && expression.terms.length === 0;
  return { text, expression, parts, problems, isEmpty };
}

const FIELD = /([a-z][a-z_0-9]*)(?::(?!:)|(?=[<>=!≤≥]))/iy;
const OR = /(?:or|\|\|?)(?=\s|\(|$)/iy;
const AND = /(?:and|&&?)(?=\s|\(|$)/iy;
const REGEX = /\/((?:[^/\\]|\\.|\/(?!i?(?:[\s,)]|$)))+)\/(i?)(?=[\s,)]|$)/y;
const QUOTED = /"([^"]*)"?/y;
const SPACE = /\s*/y;

class Parser {
  readonly problems: Problem[] = [];
  parts: Part[] = [];
  readonly #text: string;
  readonly #fields: FieldSet;
  #at = 0;
  #depth = 0;

  constructor(text: string, fields: FieldSet) {
    this.#text = text;
    this.#fields = fields;
  }

  alternatives(): Expression {
    const start = this.#at;
    const terms = [this.#conjunction()];
    while (this.#take(OR) !== null) terms.push(this.#conjunction());
    if (this.#depth === 0 && terms.length > 1) this.parts = [{ start, end: this.#at, field: null }];
    const given = terms.filter((term) => !isNothing(term));
    return given.length === 1 ? (given[0] as Expression) : { kind: given.length === 0 ? 'all' : 'any', terms: given };
  }

  #conjunction(): Expression {
    const terms: Expression[] = [];
    for (;;) {
      this.#take(SPACE);
      if (this.#at >= this.#text.length || (this.#depth > 0 && this.#next() === ')')) break;
      if (this.#peek(OR)) break;
      if (this.#take(AND) !== null) continue;
      const start = this.#at;
      const term = this.#term();
      if (term !== null) terms.push(term);
      if (this.#depth === 0) this.parts.push({ start, end: this.#at, field: term === null ? null : fieldOf(term) });
    }
    return terms.length === 1 ? (terms[0] as Expression) : { kind: 'all', terms };
  }

  #term(): Expression | null {
    const sign = this.#next();
    if ((sign === '-' || sign === '!') && /[^\s)]/.test(this.#text[this.#at + 1] ?? ' ')) {
      this.#at++;
      const term = this.#term();
      return term === null ? null : { kind: 'not', term };
    }
    if (sign === '(') return this.#bracket();
    const field = this.#field();
    return field === undefined ? this.#word() : field;
  }

  #bracket(): Expression | null {
    const start = this.#at++;
    this.#depth++;
    const inner = this.alternatives();
    this.#depth--;
    if (this.#next() === ')') this.#at++;
    else this.#report({ start, end: start + 1 }, t('This bracket is not closed'));
    return isNothing(inner) ? null : inner;
  }

  /** `field:value`; undefined when a word stands here. */
  #field(): Expression | null | undefined {
    const start = this.#at;
    const match = this.#take(FIELD);
    if (match === null) return undefined;
    const name = match[1] as string;
    const field = this.#fields.find(name);
    const isColon = match[0].endsWith(':');
    if (field === undefined || (!isColon && field.kind !== 'number')) {
      const near = isColon ? this.#fields.nearest(name) : undefined;
      if (near === undefined) {
        this.#at = start;
        if (isColon) this.#report(placeOf(name, start), t('{0}: is not a field; it is looked for as text', name));
        return undefined;
      }
      this.#report(placeOf(name, start), t('{0}: is not a field; did you mean {1}:?', name, near), `${near}:`);
      if (this.#quotedOrRegex() === null) this.#run(/\s/);
      return null;
    }
    const tests = this.#values(field, start);
    return tests.length === 0 ? null : { kind: 'field', field, tests, span: { start, end: this.#at } };
  }

  #values(field: Field, start: number): Test[] {
    const tests: Test[] = [];
    for (;;) {
      const before = this.#at;
      const test = this.#value(field);
      if (test !== null) {
        if ('problem' in test) this.#report({ start, end: Math.max(this.#at, start + 1) }, test.problem);
        else tests.push(test.value);
      } else if (this.#at === before && tests.length === 0) {
        this.#report({ start, end: this.#at }, t('{0}: needs a value, as in {1}', field.name, field.example));
      }
      if (this.#next() !== ',') return tests;
      this.#at++;
    }
  }

  #value(field: Field): { value: Test } | { problem: string } | null {
    const pattern = this.#quotedOrRegex();
    if (pattern !== null) {
      const takesText = field.kind === 'text' || field.kind === 'choice';
      if (takesText) return { value: { kind: 'text', pattern } };
      return { problem: t('{0}: takes no quoted text and no regular expression', field.name) };
    }
    if (field.kind === 'number') this.#takeGap(/\s*(?=[<>=!≤≥])/y);
    const start = this.#at;
    this.#run(/[,\s]/);
    if (field.kind === 'number' && /^[<>=!≤≥]+$/.test(this.#text.slice(start, this.#at))) {
      if (this.#takeGap(/\s+(?=[-+.\d∞i])/iy)) this.#run(/[,\s]/);
    }
    const text = this.#text.slice(start, this.#at);
    return text === '' ? null : readTest(field, text);
  }

  #word(): Expression | null {
    const pattern = this.#quotedOrRegex();
    if (pattern !== null) return isBlank(pattern) ? null : { kind: 'text', pattern };
    const start = this.#at;
    this.#run(/\s/);
    if (this.#at === start) this.#at++; // never stands still
    return { kind: 'text', pattern: partPattern(this.#text.slice(start, this.#at)) };
  }

  #quotedOrRegex(): TextPattern | null {
    const start = this.#at;
    const quoted = this.#take(QUOTED);
    if (quoted !== null) {
      const isClosed = quoted[0].length > 1 && quoted[0].endsWith('"');
      if (!isClosed) this.#report({ start, end: this.#at }, t('This quotation is not closed'));
      return { kind: 'part', text: (quoted[1] as string).toLowerCase() };
    }
    const regex = this.#take(REGEX);
    if (regex === null) return null;
    try {
      return { kind: 'regex', regex: new RegExp(regex[1] as string, regex[2]) };
    } catch (cause) {
      const why = cause instanceof Error ? cause.message.replace(/^Invalid regular expression: \/.*\/\w*: /s, '') : '';
      this.#report({ start, end: this.#at }, t('Not a regular expression: {0}', why));
      return { kind: 'part', text: '' };
    }
  }

  /** Goes on to a character of `stop`, or the bracket that closes. */
  #run(stop: RegExp): void {
    let inner = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#next();
      if (stop.test(char)) return;
      if (char === '(') inner++;
      else if (char === ')' && inner-- === 0 && this.#depth > 0) return;
    }
  }

  #next(): string {
    return this.#text[this.#at] ?? '';
  }

  #peek(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  #takeGap(pattern: RegExp): boolean {
    return this.#take(pattern) !== null;
  }

  #report(span: Span, message: string, fix: string | null = null): void {
    this.problems.push({ ...span, message, fix });
  }
}

/** Of a field's name and its colon. */
function placeOf(name: string, start: number): Span {
  return { start, end: start + name.length + 1 };
}

function fieldOf(term: Expression): string | null {
  if (term.kind === 'not') return fieldOf(term.term);
  return term.kind === 'field' ? term.field.name : null;
}

function isNothing(expression: Expression): boolean {
  return (expression.kind === 'all' || expression.kind === 'any') && expression.terms.length === 0;
}

function isBlank(pattern: TextPattern): boolean {
  return pattern.kind === 'part' && pattern.text === '';
}
