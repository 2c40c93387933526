import type { TensorFact } from '../graph/fact.ts';
import type { Dim, ElementType } from '../graph/model.ts';

/** What holds of a value that is one of two, or of both in turn; undefined where their types differ. */
export function commonFact(
  a: TensorFact | undefined,
  b: TensorFact | undefined,
  symbol: (hint: string) => string,
): TensorFact | undefined {
  if (a === undefined || b === undefined || a.dtype !== b.dtype) return undefined;
  const element = commonFact(a.element, b.element, symbol);
  return { dtype: a.dtype, dims: commonDims(a.dims, b.dims, symbol), ...(element && { element }) };
}

function commonDims(
  a: readonly Dim[] | undefined,
  b: readonly Dim[] | undefined,
  symbol: (hint: string) => string,
): readonly Dim[] | undefined {
  if (a === undefined || b === undefined || a.length !== b.length) return undefined;
  return a.map((d, i) => (d === b[i] ? d : symbol('either')));
}

/** Type and shape alone: what is known of a value that changes from one iteration to the next. */
export function withoutElements({ dtype, dims, element }: TensorFact): TensorFact {
  return { dtype, dims, ...(element && { element }) };
}

/** An element taken out of a sequence: symbols are fresh, because elements differ in length. */
export function elementFact(
  element: ElementType | undefined,
  symbol: (hint: string) => string,
): TensorFact | undefined {
  if (element === undefined) return undefined;
  return { ...element, dims: element.dims?.map((d) => (typeof d === 'number' ? d : symbol('element'))) };
}
