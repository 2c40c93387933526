import type { Field } from './fields.ts';

/** Part of the query's text, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What is wrong with a part of the query, said where it stands. */
export interface Problem extends Span {
  readonly message: string;
  /** What the part would better be; null when nobody knows. */
  readonly fix: string | null;
}

/** What a text must look like. */
export type TextPattern =
  /** Lower-cased; anywhere in a text, whatever its case. */
  | { readonly kind: 'part'; readonly text: string }
  /** The whole text, whatever its case. */
  | { readonly kind: 'whole'; readonly text: string }
  | { readonly kind: 'regex'; readonly regex: RegExp };

export type Comparison = '<' | '<=' | '>' | '>=' | '!=' | '=';

export interface NumberTest {
  readonly kind: 'number';
  readonly comparison: Comparison;
  readonly value: number;
  /** Half a unit of the last digit typed: what `=` and `!=` take for the same number. */
  readonly slack: number;
}

/** One dimension of a shape. */
export type DimTest =
  | { readonly kind: 'length'; readonly comparison: Comparison; readonly value: number }
  | { readonly kind: 'symbol'; readonly name: string }
  | { readonly kind: 'one' }
  /** Any number of dimensions. */
  | { readonly kind: 'several' };

export type Test =
  | { readonly kind: 'text'; readonly pattern: TextPattern }
  | NumberTest
  | { readonly kind: 'range'; readonly low: number; readonly high: number }
  /** Whether there is a number at all. */
  | { readonly kind: 'measured'; readonly wanted: 'yes' | 'no' }
  | { readonly kind: 'shape'; readonly dims: readonly DimTest[] }
  /** Without a value: whether there is such an attribute. */
  | { readonly kind: 'attribute'; readonly name: TextPattern; readonly value: AttributeValue | null };

export type AttributeValue =
  | { readonly kind: 'text'; readonly pattern: TextPattern }
  | NumberTest
  /** All elements of a list: `3x3`. */
  | { readonly kind: 'list'; readonly elements: readonly number[] };

/** What a row must fulfil. */
export type Expression =
  | Term
  | { readonly kind: 'all' | 'any'; readonly terms: readonly Expression[] }
  | { readonly kind: 'not'; readonly term: Expression };

export type Term =
  | { readonly kind: 'text'; readonly pattern: TextPattern }
  /** One of the tests is enough. */
  | { readonly kind: 'field'; readonly field: Field; readonly tests: readonly Test[]; readonly span: Span };

/** One of the terms that all must hold, with its place in the text. */
export interface Part extends Span {
  /** The field it asks for, also behind a minus; null for words and brackets. */
  readonly field: string | null;
}

export interface Query {
  readonly text: string;
  readonly expression: Expression;
  /** The terms at the top; a single one where they are joined by `or`. */
  readonly parts: readonly Part[];
  readonly problems: readonly Problem[];
  /** Whether nothing is asked for. */
  readonly isEmpty: boolean;
}

/** Visits every term of an expression; `wanted` is false below an odd number of negations. */
export function visitTerms(expression: Expression, visit: (term: Term, wanted: boolean) => void, wanted = true): void {
  switch (expression.kind) {
    case 'not':
      visitTerms(expression.term, visit, !wanted);
      break;
    case 'all':
    case 'any':
      for (const term of expression.terms) visitTerms(term, visit, wanted);
      break;
    default:
      visit(expression, wanted);
  }
}
