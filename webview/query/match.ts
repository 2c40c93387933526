import type { AttributeValue, DimTest, Expression, NumberTest, Test, TextPattern } from './expression.ts';
import type { Attribute, Dims, Rows } from './rows.ts';

/** How well a row fits: 0 not at all, more is better. */
export type Scorer = (row: number) => number;

/**
 * Turns an expression into a question to rows. A word counts 4 for a whole name, 3 for its beginning, 2 for the beginning
 * of a part of it, 1 anywhere, and half a point outside of names; other terms count 1.
 */
export function scorerOf(expression: Expression, rows: Rows): Scorer {
  switch (expression.kind) {
    case 'all': {
      const scorers = expression.terms.map((term) => scorerOf(term, rows));
      return (row) => sumOfAll(scorers, row);
    }
    case 'any': {
      const scorers = expression.terms.map((term) => scorerOf(term, rows));
      return (row) => Math.max(...scorers.map((score) => score(row)));
    }
    case 'not': {
      const score = scorerOf(expression.term, rows);
      return (row) => (score(row) > 0 ? 0 : 1);
    }
    case 'text':
      return wordScorer(expression.pattern, rows);
    case 'field': {
      const scorers = expression.tests.map((test) => fieldScorer(expression.field.name, test, rows));
      return (row) => (scorers.some((holds) => holds(row)) ? 1 : 0);
    }
  }
}

function sumOfAll(scorers: readonly Scorer[], row: number): number {
  let sum = scorers.length === 0 ? 1 : 0;
  for (const score of scorers) {
    const part = score(row);
    if (part === 0) return 0;
    sum += part;
  }
  return sum;
}

function wordScorer(pattern: TextPattern, rows: Rows): Scorer {
  if (pattern.kind === 'part') return (row) => wordScore(rows.line(row), pattern.text);
  return (row) => (rows.texts(row).some((text) => matches(pattern, text)) ? 1 : 0);
}

/** The best of all places where `word` stands in a line. */
function wordScore(line: string, word: string): number {
  let best = 0;
  const names = line.indexOf('\n\n');
  for (let at = line.indexOf(word); at >= 0 && best < 4; at = line.indexOf(word, at + 1)) {
    if (at >= names) return Math.max(best, 0.5);
    const before = line[at - 1] ?? '\n';
    const isStart = before === '\n';
    const score = isStart ? (line[at + word.length] === '\n' ? 4 : 3) : /[^a-z0-9]/.test(before) ? 2 : 1;
    best = Math.max(best, score);
  }
  return best;
}

function fieldScorer(field: string, test: Test, rows: Rows): (row: number) => boolean {
  switch (test.kind) {
    case 'text': {
      const textsOf = rows.textsOf(field);
      return textsOf === undefined ? never : (row) => textsOf(row).some((text) => matches(test.pattern, text));
    }
    case 'shape': {
      const { shapes } = rows;
      return shapes === undefined ? never : (row) => shapes(row).some((dims) => matchesDims(test.dims, dims));
    }
    case 'attribute': {
      const { attributes } = rows;
      return attributes === undefined ? never : (row) => attributes(row).some((a) => matchesAttribute(test, a));
    }
    case 'measured': {
      const numbers = rows.numbersOf(field);
      if (numbers === undefined) return test.wanted === 'no' ? () => true : never;
      return (row) => Number.isNaN(numbers[row]) === (test.wanted === 'no');
    }
    case 'range': {
      const numbers = rows.numbersOf(field);
      if (numbers === undefined) return never;
      return (row) => (numbers[row] as number) >= test.low && (numbers[row] as number) <= test.high;
    }
    case 'number': {
      const numbers = rows.numbersOf(field);
      return numbers === undefined ? never : (row) => matchesNumber(test, numbers[row] as number);
    }
  }
}

function never(): boolean {
  return false;
}

export function matches(pattern: TextPattern, text: string): boolean {
  if (pattern.kind === 'regex') return pattern.regex.test(text);
  const lower = text.toLowerCase();
  return pattern.kind === 'part' ? lower.includes(pattern.text) : lower === pattern.text;
}

/** What is not measured fulfils no comparison. */
export function matchesNumber({ comparison, value, slack }: NumberTest, measured: number): boolean {
  if (Number.isNaN(measured)) return false;
  switch (comparison) {
    case '<':
      return measured < value;
    case '<=':
      return measured <= value;
    case '>':
      return measured > value;
    case '>=':
      return measured >= value;
    case '=':
      return isNear(measured, value, slack);
    case '!=':
      return !isNear(measured, value, slack);
  }
}

function isNear(measured: number, value: number, slack: number): boolean {
  return measured === value || Math.abs(measured - value) <= slack; // infinities differ by NaN
}

/** Whether a shape fits a pattern; `several` takes as many dimensions as needed. */
export function matchesDims(tests: readonly DimTest[], dims: Dims): boolean {
  return dims !== null && fits(tests, 0, dims, 0);
}

function fits(tests: readonly DimTest[], i: number, dims: readonly (number | string)[], j: number): boolean {
  const test = tests[i];
  if (test === undefined) return j === dims.length;
  if (test.kind === 'several') {
    for (let skipped = j; skipped <= dims.length; skipped++) if (fits(tests, i + 1, dims, skipped)) return true;
    return false;
  }
  const dim = dims[j];
  return dim !== undefined && matchesDim(test, dim) && fits(tests, i + 1, dims, j + 1);
}

function matchesDim(test: Exclude<DimTest, { kind: 'several' }>, dim: number | string): boolean {
  if (test.kind === 'one') return true;
  if (test.kind === 'symbol') return typeof dim === 'string' && dim.toLowerCase() === test.name;
  const exact: NumberTest = { kind: 'number', comparison: test.comparison, value: test.value, slack: 0 };
  return typeof dim === 'number' && matchesNumber(exact, dim);
}

function matchesAttribute({ name, value }: Extract<Test, { kind: 'attribute' }>, attribute: Attribute): boolean {
  return matches(name, attribute.name) && (value === null || matchesValue(value, attribute.value));
}

/** A number stands for any element of a list. */
function matchesValue(wanted: AttributeValue, text: string): boolean {
  if (wanted.kind === 'text') return matches(wanted.pattern, text);
  const elements = text
    .replace(/^\[|\]$/g, '')
    .split(',')
    .map((element) => (element.trim() === '' ? Number.NaN : Number(element)));
  if (wanted.kind === 'number') return elements.some((element) => matchesNumber(wanted, element));
  return elements.length === wanted.elements.length && elements.every((e, i) => e === wanted.elements[i]);
}
