import { formatDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { KernelSet, Packed } from '../kernels/kernelSet.ts';
import { broadcastStrides } from './cells.ts';
import { codesOf } from './codes.ts';
import { indexOf } from './convDirect.ts';
import { countOf, type Inferring } from './facts.ts';
import type { MatMulDims } from './matMulDirect.ts';
import { numbersOf } from './numbers.ts';
import type { AttributeSpecs, PrepareContext } from './opDef.ts';

/** A matrix of codes [K, N] less its zero points, ready to be multiplied by codes of any zero point. */
export interface PackedMatrix {
  readonly packed: Packed;
  /** Sum over K of b - zb, [N]. */
  readonly columnSums: Int32Array;
  release(): void;
}

export interface MatrixShape {
  readonly k: number;
  readonly n: number;
  /** The codes lie as [N, K]. */
  readonly transposed: boolean;
}

/** @param zeroPoint one element, or [N]. */
export function packMatrix(
  kernels: KernelSet,
  codes: Int8Array | Uint8Array,
  zeroPoint: ArrayLike<number>,
  shape: MatrixShape,
): PackedMatrix {
  const weights = { codes, zeroPoint: Int32Array.from(zeroPoint), bias: undefined };
  const packed = kernels.packGemmQ8(weights, shape, 0);
  const columnSums = new Int32Array(shape.n);
  kernels.gemmQ8Accumulators(new Uint8Array(shape.k).fill(1), packed, columnSums, 1);
  return { packed, columnSums, release: () => packed.release() };
}

/**
 * Equation (A): out[M, N] = sum (a - za) (b - zb), int32.
 *
 * @param aZero one element, or [M]; taken out after the sums, so that the matrix need not be packed for it.
 */
export function multiplyCodes(
  kernels: KernelSet,
  a: Int8Array | Uint8Array,
  aZero: ArrayLike<number>,
  matrix: PackedMatrix,
  out: Int32Array,
): void {
  const { packed, columnSums } = matrix;
  const n = columnSums.length;
  if (out.length === 0) return;
  const m = out.length / n;
  kernels.gemmQ8Accumulators(a, packed, out, m);
  for (let row = 0, at = 0; row < m; row++) {
    const zero = aZero[aZero.length === 1 ? 0 : row] as number;
    if (zero === 0) at += n;
    else for (let c = 0; c < n; c++, at++) out[at] = (out[at] as number) - zero * (columnSums[c] as number);
  }
}

/** Where a product finds its operands and their zero points among the inputs. */
export interface ProductInputs {
  readonly b: number;
  readonly bZero: number;
}

/** The constant matrix of a product, packed once; undefined where it, or its zero point, is computed or has batches. */
export function prepareMatrix(
  { constants, facts, kernels }: Pick<PrepareContext<AttributeSpecs>, 'constants' | 'facts' | 'kernels'>,
  inputs: ProductInputs,
): { readonly matrix: PackedMatrix | undefined; release(): void } {
  const [b, zero] = [constants[inputs.b], constants[inputs.bZero]];
  const computed = b === undefined || (zero === undefined && facts[inputs.bZero] !== undefined);
  const matrix =
    computed || b.dims.length !== 2 ? undefined : packMatrix(kernels, codesOf(b), zerosOf(zero), shapeOf(b));
  return { matrix, release: () => matrix?.release() };
}

/** What {@link productOf} multiplies. */
export interface Product {
  readonly a: Tensor;
  /** Zero point of a: one element, or one per row of every batch. */
  readonly aZero: Tensor | undefined;
  readonly b: Tensor;
  /** Zero point of b: one element, [N], or [batch..., 1, N]. */
  readonly bZero: Tensor | undefined;
  /** What {@link prepareMatrix} packed. */
  readonly matrix: PackedMatrix | undefined;
}

/** The batched product of codes in int32, [batch..., M, N]. */
export function productOf(kernels: KernelSet, dims: MatMulDims, product: Product, out: Int32Array): void {
  const { m, k, n, batch } = dims;
  const [a, b] = [codesOf(product.a), codesOf(product.b)];
  const [aZero, bZero] = [zerosOf(product.aZero), zerosOf(product.bZero)];
  if (product.b.dims.length <= 2) {
    const matrix = product.matrix ?? packMatrix(kernels, b, bZero, { k, n, transposed: false });
    multiplyCodes(kernels, a, repeated(aZero, m, sizeOf(batch)), matrix, out);
    if (product.matrix === undefined) matrix.release();
    return;
  }
  const [batchesA, batchesB] = [batchesOf(dims.batchA, batch), batchesOf(dims.batchB, batch)];
  for (let i = 0; i < sizeOf(batch); i++) {
    const [ia, ib] = [batchesA[i] as number, batchesB[i] as number];
    const zero = bZero.length <= n ? bZero : bZero.slice(ib * n, (ib + 1) * n);
    const matrix = packMatrix(kernels, b.subarray(ib * k * n, (ib + 1) * k * n), zero, { k, n, transposed: false });
    const rowZeros = aZero.length <= m ? aZero : aZero.slice(ia * m, (ia + 1) * m);
    const rows = a.subarray(ia * m * k, (ia + 1) * m * k);
    multiplyCodes(kernels, rows, rowZeros, matrix, out.subarray(i * m * n, (i + 1) * m * n));
    matrix.release();
  }
}

/** Which of an operand's matrices each matrix of the output takes. */
export function batchesOf(operand: readonly number[], batch: readonly number[]): readonly number[] {
  const steps = broadcastStrides(operand, batch);
  return Array.from({ length: sizeOf(batch) }, (_, i) =>
    indexOf(i, batch).reduce((sum, at, d) => sum + at * (steps[d] as number), 0),
  );
}

/** Zero points of rows, one for each row of every batch. */
function repeated(zeros: Int32Array, m: number, batches: number): Int32Array {
  if (zeros.length === 1 || zeros.length !== m) return zeros;
  return Int32Array.from({ length: m * batches }, (_, i) => zeros[i % m] as number);
}

function zerosOf(t: Tensor | undefined): Int32Array {
  return t === undefined ? Int32Array.of(0) : Int32Array.from(numbersOf(t));
}

function shapeOf(b: Tensor): MatrixShape {
  const [k, n] = b.dims as [number, number]; // the caller checked rank 2
  return { k, n, transposed: false };
}

/** Fails where input `index`, if there, does not have one element or one per column of input `b`. */
export function checkPerColumn(context: Inferring, index: number, b: number): void {
  const found = context.inputs[index]?.dims;
  const columns = context.input(b).dims?.at(-1);
  const count = countOf(found);
  if (found === undefined || count === undefined || count === 1 || typeof columns !== 'number') return;
  if (found.at(-1) !== columns) {
    context.fail(`input ${index} has shape ${formatDims(found)}, expected one element or ${columns}, one per column`);
  }
}
