import { cosine, mse, sqnrDb } from '../base/metrics.ts';
import { rint } from '../base/round.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { rangeOf } from '../ops/numbers.ts';
import type { QuantInfo } from '../ops/opDef.ts';

/** How far a tensor of the quantized model is from its float counterpart, over one sample. */
export interface PairFigures {
  readonly cosine: number;
  /** Infinity without error. */
  readonly sqnrDb: number;
  readonly mse: number;
  /** Fraction of float elements outside the code range; null without codes. */
  readonly clipRate: number | null;
  /** Fraction of codes at either end of the range; null without codes. */
  readonly saturation: number | null;
}

/** The 8-bit codes behind a dequantized tensor. */
export interface Coded {
  readonly codes: Int8Array | Uint8Array;
  readonly quant: QuantInfo;
}

/** @param origin float32; @param dequant float32 of the same length and order; @param coded the codes of `dequant`. */
export function pairFigures(
  kernels: KernelSet,
  origin: Float32Array,
  dequant: Float32Array,
  coded?: Coded,
): PairFigures {
  const sums = { ...kernels.pairSumsF32(origin, dequant), count: origin.length };
  const base = { cosine: cosine(sums), sqnrDb: sqnrDb(sums), mse: mse(sums) };
  if (coded === undefined || origin.length === 0) return { ...base, clipRate: null, saturation: null };
  const signed = coded.codes instanceof Int8Array;
  const q = { scale: coded.quant.scale[0] as number, zeroPoint: coded.quant.zeroPoint[0] as number, signed };
  const lo = signed ? -128 : 0;
  return {
    ...base,
    clipRate: kernels.countClippedF32(origin, q) / origin.length,
    saturation: kernels.countSaturated8(coded.codes, lo, lo + 255) / origin.length,
  };
}

/** Clip rate and saturation of 16-bit codes. */
export function wideRates(
  origin: Float32Array,
  codes: Int16Array | Uint16Array,
  quant: QuantInfo,
): Pick<PairFigures, 'clipRate' | 'saturation'> {
  if (origin.length === 0) return { clipRate: null, saturation: null };
  const [lo, hi] = rangeOf(quant.dtype);
  const [scale, zeroPoint] = [quant.scale[0] as number, quant.zeroPoint[0] as number];
  let clipped = 0;
  let saturated = 0;
  for (let i = 0; i < origin.length; i++) {
    const code = rint(Math.fround((origin[i] as number) / scale)) + zeroPoint;
    if (code < lo || code > hi) clipped++;
    if (codes[i] === lo || codes[i] === hi) saturated++;
  }
  return { clipRate: clipped / origin.length, saturation: saturated / origin.length };
}

/**
 * Means over samples. SQNR is the mean of the decibels of the samples that have an error, Infinity where none has one;
 * so is what peers print as mean SQNR.
 */
export class FigureMeans {
  samples = 0;
  #cosine = 0;
  #mse = 0;
  #decibels = 0;
  #inexact = 0;
  #clip = 0;
  #saturation = 0;
  #coded = 0;

  add(f: PairFigures): void {
    this.samples++;
    this.#cosine += f.cosine;
    this.#mse += f.mse;
    if (f.sqnrDb !== Number.POSITIVE_INFINITY) {
      this.#decibels += f.sqnrDb;
      this.#inexact++;
    }
    if (f.clipRate !== null && f.saturation !== null) {
      this.#clip += f.clipRate;
      this.#saturation += f.saturation;
      this.#coded++;
    }
  }

  get mean(): PairFigures {
    return {
      cosine: this.#cosine / this.samples,
      sqnrDb: this.#inexact === 0 ? Number.POSITIVE_INFINITY : this.#decibels / this.#inexact,
      mse: this.#mse / this.samples,
      clipRate: this.#coded === 0 ? null : this.#clip / this.#coded,
      saturation: this.#coded === 0 ? null : this.#saturation / this.#coded,
    };
  }
}
