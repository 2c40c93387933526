import { viewArray } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';
import type { KernelSet, Packed } from '../kernels/kernelSet.ts';
import { broadcastStrides } from './cells.ts';
import type { AttributeSpecs, RunContext } from './opDef.ts';

/** What attention computes on: float64 where the inputs are, float32 otherwise. */
export type Floats = Float32Array | Float64Array;

/** The matrices [rows, width] of all heads of a batch, in one buffer. */
export interface Heads {
  readonly data: Floats;
  readonly rows: number;
  readonly width: number;
  /** Elements from one row to the next: `width` where a head is one block. */
  readonly step: number;
  /** First element of a head. */
  start(batch: number, head: number): number;
}

/** Where the heads of a buffer lie, in elements. */
export interface HeadPlaces {
  readonly rows: number;
  readonly width: number;
  readonly batchStep: number;
  readonly headStep: number;
  readonly rowStep: number;
  readonly offset?: number;
}

export function headsAt(data: Floats, { rows, width, batchStep, headStep, rowStep, offset = 0 }: HeadPlaces): Heads {
  return { data, rows, width, step: rowStep, start: (b, h) => offset + b * batchStep + h * headStep };
}

/** Heads of [B, H, L, D], one block each. */
export function separateHeads(data: Floats, dims: readonly number[]): Heads {
  const [, heads, rows, width] = dims as [number, number, number, number];
  return headsAt(data, { rows, width, batchStep: heads * rows * width, headStep: rows * width, rowStep: width });
}

/** Heads of [B, L, H * D]: side by side in every row. */
export function packedHeads(data: Floats, dims: readonly number[], heads: number): Heads {
  const [, rows, step] = dims as [number, number, number];
  const width = step / heads;
  return headsAt(data, { rows, width, batchStep: rows * step, headStep: width, rowStep: step });
}

/** Heads of a tensor of rank 4 ({@link separateHeads}) or 3 ({@link packedHeads}). */
export function headsOf(t: Tensor, heads: number): Heads {
  const data = t.data as Floats; // infer let floating-point types pass
  return t.dims.length === 4 ? separateHeads(data, t.dims) : packedHeads(data, t.dims, heads);
}

/** Writes all heads as [B, H, L, D] into `out`, rows beginning at row `at` of `total`. */
export function copyHeads(from: Heads, out: Floats, batch: number, heads: number, at: number, total: number): void {
  const { data, rows, width, step } = from;
  const [blocks, size] = step === width ? [1, rows * width] : [rows, width];
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const source = from.start(b, h);
      const target = ((b * heads + h) * total + at) * width;
      for (let r = 0; r < blocks; r++) {
        out.set(data.subarray(source + r * step, source + r * step + size) as Float32Array, target + r * size);
      }
    }
  }
}

/** Attention of every head: out = softmax(score(q k^T)) v. */
export interface AttentionJob {
  readonly batch: number;
  readonly heads: number;
  /** Key and value heads; each serves `heads / kvHeads` consecutive query heads. */
  readonly kvHeads: number;
  readonly q: Heads;
  readonly k: Heads;
  readonly v: Heads;
  readonly out: Heads;
  /** Makes scores of the products [L, S] of one head in place: scales, caps, masks. */
  score(products: Floats, batch: number, head: number): void;
  /** Makes probabilities of scores in place; softmax of every row where it is left out. */
  normalize?(scores: Floats, batch: number, head: number): void;
  /** Sees or changes the probabilities [L, S] of one head before they weigh the values. */
  weigh?(probabilities: Floats, batch: number, head: number): void;
}

type Running = Pick<RunContext<AttributeSpecs>, 'kernels' | 'scratch'>;

/** Runs a job head by head, so that no more than one head's scores are in memory. */
export function attend(context: Running, job: AttentionJob): void {
  const { q, k, v, out } = job;
  const scores = scratchLike(context, q.data, q.rows * k.rows);
  const [readQ, readK, readV] = [reader(context, q), reader(context, k), reader(context, v)];
  const result = out.step === out.width ? undefined : scratchLike(context, out.data, out.rows * out.width);
  const group = job.heads / job.kvHeads;
  for (let b = 0; b < job.batch; b++) {
    for (let g = 0; g < job.kvHeads; g++) {
      const keys = rightOperand(context.kernels, readK(b, g), { k: k.width, n: k.rows, transposed: true });
      const values = rightOperand(context.kernels, readV(b, g), { k: v.rows, n: v.width, transposed: false });
      for (let h = g * group; h < (g + 1) * group; h++) {
        multiply(context.kernels, readQ(b, h), keys, scores, q.rows);
        job.score(scores, b, h);
        if (job.normalize === undefined) softmaxRows(context.kernels, scores, q.rows, k.rows);
        else job.normalize(scores, b, h);
        job.weigh?.(scores, b, h);
        const at = out.start(b, h);
        const y = result ?? out.data.subarray(at, at + out.rows * out.width);
        multiply(context.kernels, scores, values, y, q.rows);
        if (result !== undefined) {
          const target = { data: out.data, at, step: out.step };
          moveRows(context.kernels, { data: result, at: 0, step: out.width }, target, out.rows, out.width);
        }
      }
      keys.packed?.release();
      values.packed?.release();
    }
  }
}

/** The heads of a batch, and how many of them share a key head. */
export type HeadCounts = Pick<AttentionJob, 'batch' | 'heads' | 'kvHeads'>;

/** out = left right, or left right^T, for every head; `out` has its heads as blocks. */
export function multiplyHeads(
  context: Running,
  { batch, heads, kvHeads }: HeadCounts,
  product: { readonly left: Heads; readonly right: Heads; readonly transposed: boolean; readonly out: Heads },
): void {
  const { left, right, transposed, out } = product;
  const [readLeft, readRight] = [reader(context, left), reader(context, right)];
  const shape = { k: left.width, n: transposed ? right.rows : right.width, transposed };
  for (let b = 0; b < batch; b++) {
    for (let g = 0; g < kvHeads; g++) {
      const factor = rightOperand(context.kernels, readRight(b, g), shape);
      for (let h = (g * heads) / kvHeads; h < ((g + 1) * heads) / kvHeads; h++) {
        const at = out.start(b, h);
        multiply(context.kernels, readLeft(b, h), factor, out.data.subarray(at, at + left.rows * shape.n), left.rows);
      }
      factor.packed?.release();
    }
  }
}

function scratchLike(context: Running, like: Floats, length: number): Floats {
  return context.scratch(like instanceof Float32Array ? 'float32' : 'float64', length);
}

/** Reads one head as a block, copied where its rows lie apart. */
function reader(context: Running, heads: Heads): (batch: number, head: number) => Floats {
  const { data, rows, width, step } = heads;
  if (step === width || rows === 1) {
    return (b, h) => data.subarray(heads.start(b, h), heads.start(b, h) + rows * width);
  }
  const block = scratchLike(context, data, rows * width);
  return (b, h) => {
    moveRows(context.kernels, { data, at: heads.start(b, h), step }, { data: block, at: 0, step: width }, rows, width);
    return block;
  };
}

/** Where rows lie in a buffer, in elements. */
interface Rows {
  readonly data: Floats;
  readonly at: number;
  readonly step: number;
}

function moveRows(kernels: KernelSet, from: Rows, to: Rows, rows: number, width: number): void {
  if (rows === 0 || width === 0) return;
  const size = from.data.BYTES_PER_ELEMENT;
  const bytes = ({ data, at, step }: Rows) =>
    viewArray('uint8', data.buffer, data.byteOffset + at * size, ((rows - 1) * step + width) * size);
  const copy = { rows, length: width * size, fromStride: from.step * size, toStride: to.step * size };
  kernels.copyRows(bytes(from), bytes(to), copy);
}

/** The second factor of a product: packed for the kernels, or as it lies for float64. */
interface RightOperand {
  readonly data: Floats;
  readonly k: number;
  readonly n: number;
  readonly transposed: boolean;
  readonly packed: Packed | undefined;
}

function rightOperand(
  kernels: KernelSet,
  data: Floats,
  shape: { readonly k: number; readonly n: number; readonly transposed: boolean },
): RightOperand {
  const packed = data instanceof Float32Array ? kernels.packGemmF32(data, undefined, shape) : undefined;
  return { ...shape, data, packed };
}

/** out[M, N] = a[M, K] b. */
function multiply(kernels: KernelSet, a: Floats, b: RightOperand, out: Floats, m: number): void {
  const { k, n, data, packed, transposed } = b;
  if (packed !== undefined) {
    if (m * n > 0) kernels.gemmF32(a as Float32Array, packed, out as Float32Array, m, { lo: -Infinity, hi: Infinity });
    return;
  }
  const [row, column] = transposed ? [1, k] : [n, 1];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += (a[i * k + p] as number) * (data[p * row + j * column] as number);
      out[i * n + j] = sum;
    }
  }
}

/** Softmax of every row of x [rows, count] in place; a row of -Infinity alone becomes NaN, as 0 / 0. */
export function softmaxRows(kernels: KernelSet, x: Floats, rows: number, count: number): void {
  if (x instanceof Float32Array) {
    kernels.softmaxF32('softmax', x, x, rows, count, 1);
    return;
  }
  for (let at = 0; at < rows * count; at += count) {
    let max = -Infinity;
    for (let i = at; i < at + count; i++) if ((x[i] as number) > max) max = x[i] as number;
    let sum = 0;
    for (let i = at; i < at + count; i++) {
      const e = Math.exp((x[i] as number) - max);
      x[i] = e;
      sum += e;
    }
    for (let i = at; i < at + count; i++) x[i] = (x[i] as number) / sum;
  }
}

/** Softmax of every row, in place, with one more score `sink` in the sum that no value belongs to. */
export function softmaxWithSink(x: Floats, rows: number, count: number, sink: number): void {
  for (let at = 0; at < rows * count; at += count) {
    let max = sink;
    for (let i = at; i < at + count; i++) max = Math.max(max, x[i] as number);
    let sum = Math.exp(sink - max);
    for (let i = at; i < at + count; i++) {
      const e = Math.exp((x[i] as number) - max);
      x[i] = e;
      sum += e;
    }
    for (let i = at; i < at + count; i++) x[i] = (x[i] as number) / sum;
  }
}

/** x *= factor. */
export function scaleScores(kernels: KernelSet, x: Floats, factor: number): void {
  if (x instanceof Float32Array) kernels.binaryF32('mul', x, Float32Array.of(factor), x, 1, x.length);
  else for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) * factor;
}

/** Bends scores into (-cap, cap): cap * tanh(x / cap). A cap of 0 is none. */
export function capScores(kernels: KernelSet, x: Floats, cap: number): void {
  if (cap <= 0) return;
  if (x instanceof Float32Array) {
    kernels.binaryF32('div', x, Float32Array.of(cap), x, 1, x.length);
    kernels.unaryF32('tanh', x, x);
    scaleScores(kernels, x, cap);
  } else for (let i = 0; i < x.length; i++) x[i] = cap * Math.tanh((x[i] as number) / cap);
}

/** Numbers added to scores, of a shape that broadcasts to [B, H, L, keys]; keys beyond its last dimension are hidden. */
export interface AdditiveMask {
  readonly data: Floats;
  readonly keys: number;
  readonly batchStep: number;
  readonly headStep: number;
  readonly rowStep: number;
}

/** The mask of `dims` over scores [B, H, L, S]. */
export function additiveMask(data: Floats, dims: readonly number[], scores: readonly number[]): AdditiveMask {
  const keys = dims.at(-1) as number;
  const [batchStep, headStep, rowStep] = broadcastStrides(dims, [...scores.slice(0, 3), keys]) as [
    number,
    number,
    number,
  ];
  return { data, keys, batchStep, headStep, rowStep };
}

/** Adds the part of a mask that belongs to one head to its scores [rows, count]. */
export function addMask(
  kernels: KernelSet,
  scores: Floats,
  count: number,
  { data, keys, batchStep, headStep, rowStep }: AdditiveMask,
  batch: number,
  head: number,
): void {
  const from = batch * batchStep + head * headStep;
  const rows = count === 0 ? 0 : scores.length / count;
  if (keys === count && scores instanceof Float32Array && (rowStep === 0 || rowStep === keys)) {
    const part = data.subarray(from, from + (rowStep === 0 ? keys : rows * keys)) as Float32Array; // like the scores
    kernels.binaryF32('add', scores, part, scores, rows, count);
    return;
  }
  for (let r = 0; r < rows; r++) {
    const [at, m] = [r * count, from + r * rowStep];
    for (let i = 0; i < keys; i++) scores[at + i] = (scores[at + i] as number) + (data[m + i] as number);
    scores.fill(-Infinity, at + keys, at + count);
  }
}

/** Hides the keys of row i from `i + first` on: -Infinity. `first` is 1 where query 0 may see key 0 only. */
export function maskCausally(scores: Floats, rows: number, count: number, first: number): void {
  for (let r = 0; r < rows; r++) {
    const from = Math.min(count, Math.max(0, r + first));
    scores.fill(-Infinity, r * count + from, (r + 1) * count);
  }
}
