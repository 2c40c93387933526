import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import { invariant, type Location } from '../../base/diagnostics.ts';
import type { QuantizedTensor } from '../../base/quantParams.ts';
import { clamp, roundHalfAway } from '../../base/round.ts';
import { channelsOf } from '../channels.ts';
import { collectParams, mindsporeParams } from '../qparams.ts';
import { weightRanges } from '../weightRanges.ts';
import { fixedBitScheme, heldCodes } from './fixedBit.ts';

/** Share of the mean square of an input that is added to each, so that the inverse exists. */
const DAMPING = 0.01;

/** Sums of products of the inputs of a matrix product, [K, K]: how much errors of two weights of an output go together. */
export class InputProducts {
  readonly length: number;
  /** Row-major; the upper triangle is filled. */
  readonly sums: Float64Array;

  constructor(length: number) {
    this.length = length;
    this.sums = new Float64Array(length * length);
  }

  /** @param x rows of K inputs each. */
  add(x: Float32Array): void {
    const n = this.length;
    for (let row = 0; row < x.length; row += n) {
      for (let i = 0; i < n; i++) {
        const a = x[row + i] as number;
        if (a === 0) continue;
        const at = i * n;
        for (let j = i; j < n; j++) this.sums[at + j] = (this.sums[at + j] as number) + a * (x[row + j] as number);
      }
    }
  }
}

export interface GptqOptions {
  /** 1 to 16. */
  readonly bits: number;
  /** The axis of the outputs: 0 for [N, K], 1 for [K, N]. */
  readonly axis: 0 | 1;
  readonly products: InputProducts;
  readonly signal?: AbortSignalLike | undefined;
}

/**
 * Quantizes the matrix of a product so that its outputs change least on the inputs that were seen: inputs are taken in
 * order, and what rounding one weight loses is made up for by those that follow. Parameters are those of the ranges, per
 * output.
 *
 * @param weight finite float32 [N, K] or [K, N].
 * @throws QNT201 when it holds NaN or infinities; Cancelled
 * @source Frantar et al., GPTQ (arXiv:2210.17323), one input at a time, in float64; damping as MindSpore Lite's.
 */
export function quantizeGptq(
  weight: Float32Array,
  dims: readonly number[],
  { bits, axis, products, signal }: GptqOptions,
  at: Location,
): QuantizedTensor {
  const granularity = { kind: 'perChannel', axis } as const;
  const scheme = fixedBitScheme({ bits, granularity, mapping: 'asymmetric' });
  const ranges = weightRanges(weight, channelsOf(dims, granularity), at);
  const params = collectParams(
    scheme,
    ranges.map((range) => mindsporeParams(range, scheme)),
  );
  const inputs = products.length;
  const outputs = dims[axis] as number;
  invariant(dims.length === 2 && dims[1 - axis] === inputs, `a matrix of ${inputs} inputs`);
  const factor = inverseFactor(products);
  const codes = new Int16Array(weight.length);
  const row = new Float64Array(inputs);
  const [perOutput, perInput] = axis === 0 ? [inputs, 1] : [1, outputs];
  for (let n = 0; n < outputs; n++) {
    throwIfAborted(signal);
    const scale = params.scale[n] as number;
    const zero = params.zeroPoint[n] as number;
    for (let k = 0; k < inputs; k++) row[k] = weight[n * perOutput + k * perInput] as number;
    for (let k = 0; k < inputs; k++) {
      const w = row[k] as number;
      const code = clamp(roundHalfAway(w / scale + zero), scheme.qmin, scheme.qmax);
      codes[n * perOutput + k * perInput] = code;
      const error = (w - (code - zero) * scale) / (factor[k * inputs + k] as number);
      if (error === 0) continue;
      for (let j = k + 1; j < inputs; j++) row[j] = (row[j] as number) - error * (factor[k * inputs + j] as number);
    }
  }
  return { codes: heldCodes(scheme, dims, codes), params };
}

/**
 * The upper U of inverse(H) = U' U, where H are the products, damped. An input that never was other than 0 hangs together
 * with no other, so that its weights are rounded as they are: data beyond the samples may well use them.
 */
function inverseFactor({ length: n, sums }: InputProducts): Float64Array {
  const damped = sums.slice();
  let trace = 0;
  for (let i = 0; i < n; i++) trace += sums[i * n + i] as number;
  const damping = (DAMPING * trace) / n;
  for (let i = 0; i < n; i++) {
    const square = sums[i * n + i] as number;
    damped[i * n + i] = (square === 0 ? 1 : square) + damping;
  }
  return inverseOfUpper(upperFactor(damped, n), n);
}

/** The upper R of A = R R', from the last row and column on. @param a its upper triangle. */
export function upperFactor(a: Float64Array, n: number): Float64Array {
  const r = new Float64Array(n * n);
  for (let j = n - 1; j >= 0; j--) {
    for (let i = j; i >= 0; i--) {
      let sum = a[i * n + j] as number;
      for (let k = j + 1; k < n; k++) sum -= (r[i * n + k] as number) * (r[j * n + k] as number);
      r[i * n + j] = i === j ? Math.sqrt(sum) : sum / (r[j * n + j] as number);
    }
  }
  return r;
}

/** The inverse of an upper triangular matrix, [n, n]. */
export function inverseOfUpper(r: Float64Array, n: number): Float64Array {
  const u = new Float64Array(n * n);
  for (let i = n - 1; i >= 0; i--) {
    const diagonal = r[i * n + i] as number;
    for (let k = i + 1; k < n; k++) {
      const factor = (r[i * n + k] as number) / diagonal;
      if (factor === 0) continue;
      for (let j = k; j < n; j++) u[i * n + j] = (u[i * n + j] as number) - factor * (u[k * n + j] as number);
    }
    u[i * n + i] = 1 / diagonal;
  }
  return u;
}
