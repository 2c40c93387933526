import { clamp } from '../../base/round.ts';
import type { Component } from './frame.ts';

/** Cosines and their sums in 1 / 2^13, of the transform with 11 multiplications. */
const C = {
  c0_298: 2446,
  c0_390: 3196,
  c0_541: 4433,
  c0_765: 6270,
  c0_899: 7373,
  c1_175: 9633,
  c1_501: 12299,
  c1_847: 15137,
  c1_961: 16069,
  c2_053: 16819,
  c2_562: 20995,
  c3_072: 25172,
} as const;

/**
 * The samples of a component, [8 blocksHigh, 8 blocksWide].
 *
 * @param quantization 64 steps, rows of the block one after the other.
 * @source Loeffler, Ligtenberg, Moschytz, ICASSP 1989, in the integers of libjpeg's accurate method: 13 bits of fraction
 * in the cosines, 2 more between columns and rows, each rounded half up.
 */
export function samplesOf({ coefficients, blocksWide, blocksHigh }: Component, quantization: Uint16Array): Uint8Array {
  const stride = 8 * blocksWide;
  const samples = new Uint8Array(stride * 8 * blocksHigh);
  const work = new Int32Array(64);
  for (let block = 0; block < blocksWide * blocksHigh; block++) {
    const at = 64 * block;
    for (let i = 0; i < 64; i++) work[i] = (coefficients[at + i] as number) * (quantization[i] as number);
    for (let x = 0; x < 8; x++) transform(work, x, 8, 11);
    for (let y = 0; y < 8; y++) transform(work, 8 * y, 1, 18);
    const to = Math.floor(block / blocksWide) * 8 * stride + (block % blocksWide) * 8;
    for (let i = 0; i < 64; i++) {
      const x = (work[i] as number) + 128;
      samples[to + (i >> 3) * stride + (i & 7)] = clamp(x, 0, 255);
    }
  }
  return samples;
}

/** Eight elements `step` apart, in place, divided by 2^shift. */
function transform(w: Int32Array, at: number, step: number, shift: number): void {
  const [i1, i2, i3, i4] = [at + step, at + 2 * step, at + 3 * step, at + 4 * step];
  const [i5, i6, i7] = [at + 5 * step, at + 6 * step, at + 7 * step];
  const [x0, x1, x2, x3] = [w[at] as number, w[i1] as number, w[i2] as number, w[i3] as number];
  const [x4, x5, x6, x7] = [w[i4] as number, w[i5] as number, w[i6] as number, w[i7] as number];
  const round = 1 << (shift - 1);
  // even part
  const turned = (x2 + x6) * C.c0_541;
  const e2 = turned - x6 * C.c1_847;
  const e3 = turned + x2 * C.c0_765;
  const e0 = (x0 + x4) * 8192 + round;
  const e1 = (x0 - x4) * 8192 + round;
  // odd part
  const shared = (x7 + x3 + x5 + x1) * C.c1_175;
  const z1 = (x7 + x1) * C.c0_899;
  const z2 = (x5 + x3) * C.c2_562;
  const z3 = shared - (x7 + x3) * C.c1_961;
  const z4 = shared - (x5 + x1) * C.c0_390;
  const o0 = x7 * C.c0_298 - z1 + z3;
  const o1 = x5 * C.c2_053 - z2 + z4;
  const o2 = x3 * C.c3_072 - z2 + z3;
  const o3 = x1 * C.c1_501 - z1 + z4;
  w[at] = (e0 + e3 + o3) >> shift;
  w[i7] = (e0 + e3 - o3) >> shift;
  w[i1] = (e1 + e2 + o2) >> shift;
  w[i6] = (e1 + e2 - o2) >> shift;
  w[i2] = (e1 - e2 + o1) >> shift;
  w[i5] = (e1 - e2 - o1) >> shift;
  w[i3] = (e0 - e3 + o0) >> shift;
  w[i4] = (e0 - e3 - o0) >> shift;
}
