import { invariant } from '../../base/diagnostics.ts';
import type { Packed } from '../kernelSet.ts';

/** Weights of one operator with the input channel innermost, as the reference loops read them. */
export class JsPacked<W extends Float32Array | Int16Array, B extends Float32Array | Int32Array> implements Packed {
  /** Convolution [O, kH, kW, I/groups]; gemm [N, K]. Integer weights have their zero point subtracted. */
  readonly weights: W;
  /** [O]. */
  readonly bias: B;
  /** Of the activations; 0 for float. */
  readonly inputZeroPoint: number;

  constructor(weights: W, bias: B, inputZeroPoint: number) {
    this.weights = weights;
    this.bias = bias;
    this.inputZeroPoint = inputZeroPoint;
  }

  get byteLength(): number {
    return this.weights.byteLength + this.bias.byteLength;
  }

  release(): void {}
}

export type PackedF32 = JsPacked<Float32Array, Float32Array>;
export type PackedQ8 = JsPacked<Int16Array, Int32Array>;

/** The float weights behind `packed`, which must come from this engine. */
export function asPackedF32(packed: Packed): PackedF32 {
  invariant(packed instanceof JsPacked && packed.weights instanceof Float32Array, 'float weights of the js engine');
  return packed as PackedF32;
}

/** The integer weights behind `packed`, which must come from this engine. */
export function asPackedQ8(packed: Packed): PackedQ8 {
  invariant(packed instanceof JsPacked && packed.weights instanceof Int16Array, 'integer weights of the js engine');
  return packed as PackedQ8;
}
