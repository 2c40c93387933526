import { invariant } from '../base/diagnostics.ts';
import type { ConvGeometry, Packed } from '../kernels/kernelSet.ts';
import type { WasmMemory } from './memory.ts';

/** How weights are arranged: in panels for a GEMM over patches, transformed or not, or tap by tap for one channel each. */
export type PackedForm = 'panels' | 'winograd' | 'depthwise';

export interface PackedShape {
  readonly form: PackedForm;
  /** Output channels, each group padded to 8. */
  readonly paddedChannels: number;
  readonly weightBytes: number;
  /** Of the activations; 0 for float. */
  readonly inputZeroPoint: number;
  /** Columns and sums of a matrix product. */
  readonly n: number;
  readonly k: number;
  /** Integer weights: the largest sum of each output channel by absolute value, [O]. */
  readonly reach?: Float64Array;
}

/** Weights in the kernels' memory: the padded bias, 32 bits per channel, then the weights. */
export class WasmPacked implements Packed {
  readonly shape: PackedShape;
  readonly bias: number;
  readonly weights: number;
  readonly byteLength: number;
  readonly #memory: WasmMemory;
  #released = false;

  /** Zero-filled. @throws DiagnosticError EXE401 when the memory is used up. */
  constructor(memory: WasmMemory, shape: PackedShape) {
    this.#memory = memory;
    this.shape = shape;
    this.byteLength = 4 * shape.paddedChannels + shape.weightBytes;
    this.bias = memory.take(this.byteLength);
    this.weights = this.bias + 4 * shape.paddedChannels;
    memory.at('uint8', this.bias, this.byteLength).fill(0);
  }

  release(): void {
    if (!this.#released) this.#memory.give(this.bias);
    this.#released = true;
  }
}

export function asWasmPacked(packed: Packed): WasmPacked {
  invariant(packed instanceof WasmPacked, 'weights packed by the wasm engine');
  return packed;
}

/** True for one input channel per group and one output channel each. */
export function isDepthwise({ groups, inChannels, outChannels }: ConvGeometry): boolean {
  return groups > 1 && groups === inChannels && groups === outChannels;
}

export function roundUp(n: number, multiple: number): number {
  return Math.ceil(n / multiple) * multiple;
}
