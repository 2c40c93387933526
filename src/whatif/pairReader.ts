import { hasDType, type Tensor } from '../base/tensor.ts';
import type { Program, Stored } from '../exec/program.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import type { QuantInfo } from '../ops/opDef.ts';
import { converted } from '../ops/storage.ts';
import { type Coded, type PairFigures, pairFigures, wideRates } from './figures.ts';
import type { Pair } from './pairs.ts';

/** Both sides of a pair as floats in the same order. Valid until the next read. */
export interface ReadPair {
  readonly origin: Float32Array;
  readonly dequant: Float32Array;
  readonly figures: PairFigures;
  /** The 8-bit codes of `dequant`, in the same order; undefined where it was left float or has wider ones. */
  readonly coded: Coded | undefined;
}

/** Brings both tensors of a pair to float32 in one layout, in scratch memory of its own. */
export class PairReader {
  readonly #kernels: KernelSet;
  #scratch: Float32Array | undefined;

  constructor(kernels: KernelSet) {
    this.#kernels = kernels;
  }

  read(quant: Program, pair: Pair, origin: Stored, stored: Stored): ReadPair {
    const from = converted(stored.tensor, stored.layout, origin.layout);
    const x = origin.tensor.data as Float32Array; // pairs are float32
    const slot = quant.slots.get(pair.quantized);
    if (slot?.quant !== undefined && is16Bit(from)) return this.#wide(x, from.data, slot.quant);
    if (slot?.quant === undefined || !is8Bit(from)) {
      const dequant = from.data as Float32Array; // left float
      return { origin: x, dequant, coded: undefined, figures: pairFigures(this.#kernels, x, dequant) };
    }
    const codes = from.data;
    const dequant = this.#floats(codes.length);
    const info = slot.quant;
    const q = { scale: info.scale[0] as number, zeroPoint: info.zeroPoint[0] as number, signed: info.dtype === 'int8' };
    this.#kernels.dequantizeQ8(codes, q, dequant);
    const coded = { codes, quant: info };
    return { origin: x, dequant, coded, figures: pairFigures(this.#kernels, x, dequant, coded) };
  }

  #wide(origin: Float32Array, codes: Int16Array | Uint16Array, quant: QuantInfo): ReadPair {
    const [scale, zeroPoint] = [quant.scale[0] as number, quant.zeroPoint[0] as number];
    const dequant = this.#floats(codes.length);
    this.#kernels.dequantizeWide(codes, { scale, zeroPoint, signed: quant.dtype === 'int16' }, dequant);
    const figures = { ...pairFigures(this.#kernels, origin, dequant), ...wideRates(origin, codes, quant) };
    return { origin, dequant, coded: undefined, figures };
  }

  /** Figures of two float tensors in any layouts. */
  floats(origin: Stored, other: Stored): PairFigures {
    const from = converted(other.tensor, other.layout, origin.layout);
    return pairFigures(this.#kernels, origin.tensor.data as Float32Array, from.data as Float32Array); // both float32
  }

  #floats(length: number): Float32Array {
    if (this.#scratch === undefined || this.#scratch.length < length) {
      this.release();
      this.#scratch = this.#kernels.memory.allocate('float32', length);
    }
    return this.#scratch.subarray(0, length);
  }

  release(): void {
    if (this.#scratch !== undefined) this.#kernels.memory.free(this.#scratch);
    this.#scratch = undefined;
  }
}

function is8Bit(t: Tensor): t is Tensor<'int8'> | Tensor<'uint8'> {
  return hasDType(t, 'int8') || hasDType(t, 'uint8');
}

function is16Bit(t: Tensor): t is Tensor<'int16'> | Tensor<'uint16'> {
  return hasDType(t, 'int16') || hasDType(t, 'uint16');
}
