import { sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { floatsOf } from './numbers.ts';
import type { AttributeSpecs, RunContext } from './opDef.ts';

/** Attributes of LRN. */
export interface LocalResponse {
  readonly alpha: number;
  readonly beta: number;
  readonly bias: number;
  readonly size: number;
}

/** LRN in float32: x / (bias + alpha / size * sum of squares of `size` channels around x)^beta. */
export function normalizeLocally(
  context: RunContext<AttributeSpecs>,
  x: Tensor,
  out: Tensor,
  { alpha, beta, bias, size }: LocalResponse,
): void {
  const { kernels } = context;
  const [batch = 0, channels = 0] = x.dims;
  const spatial = sizeOf(x.dims.slice(2));
  const image = channels * spatial;
  const [squares, sums] = [context.scratch('float32', image), context.scratch('float32', image)];
  for (let n = 0; n < batch; n++) {
    const [from, to] = [x, out].map((t) => floatsOf(t).subarray(n * image, (n + 1) * image)) as [
      Float32Array,
      Float32Array,
    ];
    kernels.unaryF32('square', from, squares);
    sums.set(squares);
    const addNeighbours = (distance: number) => {
      const length = (channels - Math.abs(distance)) * spatial;
      if (length <= 0) return;
      const at = Math.max(0, -distance) * spatial;
      const neighbours = at + distance * spatial;
      const part = sums.subarray(at, at + length);
      apply(kernels, 'add', part, squares.subarray(neighbours, neighbours + length), part);
    };
    for (let d = 1; d <= Math.ceil((size - 1) / 2); d++) addNeighbours(d);
    for (let d = 1; d <= Math.floor((size - 1) / 2); d++) addNeighbours(-d);
    apply(kernels, 'mul', sums, Float32Array.of(alpha / size), sums);
    apply(kernels, 'add', sums, Float32Array.of(bias), sums);
    raise(kernels, sums, squares, beta);
    apply(kernels, 'div', from, sums, to);
  }
}

/** values = values^exponent; of 3/4, which is usual, by two roots. */
function raise(kernels: KernelSet, values: Float32Array, scratch: Float32Array, exponent: number): void {
  if (exponent === 0.75) {
    kernels.unaryF32('sqrt', values, values);
    kernels.unaryF32('sqrt', values, scratch);
    apply(kernels, 'mul', values, scratch, values);
    return;
  }
  kernels.unaryF32('log', values, values);
  apply(kernels, 'mul', values, Float32Array.of(exponent), values);
  kernels.unaryF32('exp', values, values);
}

function apply(
  kernels: KernelSet,
  op: 'add' | 'mul' | 'div',
  a: Float32Array,
  b: Float32Array,
  out: Float32Array,
): void {
  kernels.broadcastF32(op, a, b, out, [{ size: a.length, a: 1, b: b.length === 1 && a.length > 1 ? 0 : 1 }]);
}
