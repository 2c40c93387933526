import { type DType, isNumericDType } from '../base/dtype.ts';
import { formatDims, normalizeAxis, sizeOf } from '../base/shape.ts';
import { toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import type { AttributeSpecs, InferContext } from './opDef.ts';

/** The part of {@link InferContext} that helpers need, whatever the operator's attributes. */
export type Inferring = Pick<InferContext<AttributeSpecs>, 'fail' | 'symbol' | 'input' | 'inputs'>;

export type Dims = readonly Dim[];

/** The fact of an output with these dims. */
export function factOf(dtype: DType, dims: Dims | undefined): TensorFact {
  return { dtype, dims };
}

/** A fact with known elements of a rank 0 or 1 integer tensor; without them where `elements` is undefined. */
export function factWithElements(dtype: DType, dims: Dims | undefined, elements: Dims | undefined): TensorFact {
  return elements === undefined ? { dtype, dims } : { dtype, dims, elements };
}

/** The elements of an integer input of rank 0 or 1 as far as known, symbols included. */
export function knownElements(fact: TensorFact | undefined): Dims | undefined {
  if (fact === undefined || !isNumericDType(fact.dtype)) return undefined;
  if (fact.elements !== undefined) return fact.elements;
  if (fact.constant === undefined || fact.constant.dims.length > 1) return undefined;
  return fact.dtype === 'int64' || fact.dtype === 'int32' ? toNumbers(fact.constant) : undefined;
}

/** All elements of a constant input as numbers, of any numeric type and rank; undefined when one is unknown. */
export function knownNumbers(fact: TensorFact | undefined): readonly number[] | undefined {
  if (fact?.constant !== undefined && isNumericDType(fact.dtype)) return toNumbers(fact.constant);
  const elements = fact?.elements;
  return elements !== undefined && isNumeric(elements) ? elements : undefined;
}

export function isNumeric(dims: Dims): dims is readonly number[] {
  return dims.every((d) => typeof d === 'number');
}

/** Number of elements, or undefined where a dimension is a symbol. */
export function countOf(dims: Dims | undefined): number | undefined {
  return dims !== undefined && isNumeric(dims) ? sizeOf(dims) : undefined;
}

/** `axis` counted from the front; fails when outside `rank`. */
export function axisOf(context: Pick<Inferring, 'fail'>, axis: number, rank: number): number {
  return (
    normalizeAxis(axis, rank) ??
    context.fail(`axis ${axis} is outside a tensor of rank ${rank} [${-rank}, ${rank - 1}]`)
  );
}

/** Distinct axes counted from the front, in the order given. */
export function axesOf(context: Pick<Inferring, 'fail'>, axes: readonly number[], rank: number): number[] {
  const normalized = axes.map((a) => axisOf(context, a, rank));
  if (new Set(normalized).size !== normalized.length) context.fail(`axes ${formatDims(axes)} name a dimension twice`);
  return normalized;
}

/** The dims of input `index`, of rank `rank` where they are known. */
export function dimsOfRank(context: Inferring, index: number, rank: number): Dims | undefined {
  const { dims } = context.input(index);
  if (dims !== undefined && dims.length !== rank) {
    context.fail(`input ${index} has shape ${formatDims(dims)}, expected rank ${rank}`);
  }
  return dims;
}

/** Fails where input `index` is there and has another rank, or another length along a dimension, than expected. */
export function expectDims(context: Inferring, index: number, expected: Dims): void {
  const dims = context.inputs[index]?.dims;
  if (dims === undefined) return;
  const differs = (d: Dim, i: number) => typeof d === 'number' && typeof expected[i] === 'number' && d !== expected[i];
  if (dims.length !== expected.length || dims.some(differs))
    context.fail(`input ${index} has shape ${formatDims(dims)}, expected ${formatDims(expected)}`);
}

/** NumPy broadcasting with symbols: equal symbols stay, a symbol beside a number above 1 becomes the number. */
export function broadcastFacts(context: Inferring, a: Dims | undefined, b: Dims | undefined): Dims | undefined {
  if (a === undefined || b === undefined) return undefined;
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    if (typeof x === 'number' && typeof y === 'number') {
      return context.fail(`shapes ${formatDims(a)} and ${formatDims(b)} do not broadcast: ${x} against ${y}`);
    }
    if (typeof x === 'number') return x;
    if (typeof y === 'number') return y;
    return context.symbol('broadcast');
  });
}

/** Two dims that must be equal: the number where one is, else the first symbol; fails when two numbers differ. */
export function sameDim(context: Inferring, a: Dim, b: Dim, what: string): Dim {
  if (typeof a === 'number' && typeof b === 'number' && a !== b) context.fail(`${what}: ${a} and ${b} differ`);
  return typeof a === 'number' ? a : b;
}

/** A product of dims as a coefficient and the symbols that remain. */
export interface DimProduct {
  readonly coefficient: number;
  readonly symbols: readonly string[];
}

export function productOf(dims: Dims): DimProduct {
  let coefficient = 1;
  const symbols: string[] = [];
  for (const d of dims) {
    if (typeof d === 'number') coefficient *= d;
    else symbols.push(d);
  }
  return { coefficient, symbols };
}

/** The product of dims as one dim: a number, a lone symbol, or a fresh symbol. */
export function foldDims(context: Inferring, dims: Dims, hint: string): Dim {
  const { coefficient, symbols } = productOf(dims);
  if (symbols.length === 0 || coefficient === 0) return coefficient;
  return symbols.length === 1 && coefficient === 1 ? (symbols[0] as string) : context.symbol(hint);
}

/** `numerator / denominator` with common symbols cancelled; undefined when it is not a whole number. */
export function divideDims(context: Inferring, numerator: Dims, denominator: Dims, hint: string): Dim | undefined {
  const n = productOf(numerator);
  const d = productOf(denominator);
  const left = [...n.symbols];
  const below: string[] = [];
  for (const s of d.symbols) {
    const at = left.indexOf(s);
    if (at >= 0) left.splice(at, 1);
    else below.push(s);
  }
  if (below.length > 0) return context.symbol(hint);
  if (d.coefficient === 0) return undefined;
  const coefficient = n.coefficient / d.coefficient;
  if (left.length === 0) return Number.isInteger(coefficient) ? coefficient : undefined;
  return left.length === 1 && coefficient === 1 ? (left[0] as string) : context.symbol(hint);
}

/** A function of a dim: computed for a number, a fresh symbol for a symbol. */
export function mapDim(context: Inferring, dim: Dim, f: (n: number) => number, hint: string): Dim {
  return typeof dim === 'number' ? f(dim) : context.symbol(hint);
}
