import { describe, expect, it } from 'vitest';
import type { ConvGeometry } from '../../src/kernels/kernelSet.ts';
import { requantizerFor } from '../suites/conv.ts';
import { EPSILON_F32, firstDifference, type Numbers, numbersOf } from '../suites/numbers.ts';
import { requantizeExactly } from '../suites/requantize.ts';
import { ENGINES } from './engines.ts';

const numbers = numbersOf(11);
const CASES = [
  ...Array.from({ length: 120 }, () => randomCase(numbers)),
  ...Array.from({ length: 30 }, () => tilingCase(numbers)),
];

/** Windows that touch each other without overlap. */
const TOUCHING = [1, 2, 3].flatMap((stride) =>
  [1, 3, 4, 8, 9].map((outChannels): ConvGeometry => {
    const window = { kernelHeight: 2, kernelWidth: stride, strideHeight: 2, strideWidth: stride };
    const plain = { dilationHeight: 1, dilationWidth: 1, padTop: 0, padLeft: 0, groups: 1, batch: 2 };
    const size = { inHeight: 3, inWidth: 5, outHeight: 6, outWidth: 5 * stride };
    return { ...window, ...plain, ...size, inChannels: 7 + outChannels, outChannels };
  }),
);

describe.each(ENGINES)('transposed convolution ($name)', ({ create }) => {
  it('adds every input pixel, spread by the kernel, within the error of the sums', async () => {
    const kernels = await create();
    for (const [seed, g] of CASES.entries()) {
      const data = numbersOf(seed);
      const x = data.floats(g.batch * g.inHeight * g.inWidth * g.inChannels);
      const weights = data.floats(((g.inChannels * g.outChannels) / g.groups) * g.kernelHeight * g.kernelWidth);
      const bias = seed % 3 === 0 ? undefined : data.floats(g.outChannels);
      const packed = kernels.packConvTransposeF32(weights, bias, onlyPacking(g));
      const out = new Float32Array(g.batch * g.outHeight * g.outWidth * g.outChannels).fill(77);
      kernels.convTransposeF32(x, packed, out, g, { lo: -Infinity, hi: Infinity });
      packed.release();
      const { sums, bounds } = scatter(g, x, weights, bias);
      expect(firstDifference(out, sums, bounds), JSON.stringify(g)).toBeUndefined();
    }
  });
});

describe.each(ENGINES)('transposed convolution of codes ($name)', ({ create }) => {
  it.each(['signed', 'unsigned'] as const)('is exact on %s codes', async (kind) => {
    const kernels = await create();
    let together = 0;
    for (const [seed, g] of [...CASES, ...TOUCHING].entries()) {
      const data = numbersOf(seed + 500);
      const x = data.codes(g.batch * g.inHeight * g.inWidth * g.inChannels, kind);
      const count = ((g.inChannels * g.outChannels) / g.groups) * g.kernelHeight * g.kernelWidth;
      const codes = data.codes(count, seed % 3 === 0 ? 'unsigned' : 'signed');
      const zeroPoint = Int32Array.from({ length: seed % 2 === 0 ? 1 : g.outChannels }, () => data.within(-20, 90));
      const inputZero = kind === 'signed' ? data.within(-128, 127) : data.within(0, 255);
      const bias = seed % 4 === 0 ? undefined : data.int32(g.outChannels, 20000);
      const width = g.outChannels / g.groups;
      const area = g.kernelHeight * g.kernelWidth;
      const centred = Float32Array.from(codes, (code, at) => {
        const group = Math.floor(at / (area * width) / (g.inChannels / g.groups));
        const channel = group * width + (Math.floor(at / area) % width);
        return code - (zeroPoint[zeroPoint.length === 1 ? 0 : channel] as number);
      });
      const real = Float32Array.from(x, (code) => code - inputZero);
      const { sums } = scatter(g, real, centred, bias && Float32Array.from(bias)); // sums in float64: exact
      const spread = 128 * Math.sqrt((g.inChannels / g.groups) * area) * 60;
      for (const flavour of ['fp32', 'fixedPoint'] as const) {
        const requantizer = requantizerFor(data, g.outChannels, kind, flavour, spread);
        const packed = kernels.packConvTransposeQ8({ codes, zeroPoint, bias }, g, inputZero);
        const out = kind === 'signed' ? new Int8Array(sums.length) : new Uint8Array(sums.length);
        kernels.convTransposeQ8(x, packed, requantizer, out, g);
        packed.release();
        const expected = requantizeExactly(sums, requantizer);
        expect(firstDifference(out, expected), `${flavour} ${JSON.stringify(g)}`).toBeUndefined();
      }
      if (g.groups === 1 && g.kernelWidth === g.strideWidth && g.outWidth === g.inWidth * g.strideWidth) together++;
    }
    expect(together).toBeGreaterThan(12);
  });
});

/** Packing may only look at the kernel, the groups and the channels. */
function onlyPacking(g: ConvGeometry): ConvGeometry {
  const ones = { strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1, padTop: 0, padLeft: 0 };
  return { ...g, ...ones, inHeight: 1, inWidth: 1, outHeight: 1, outWidth: 1 };
}

function scatter(g: ConvGeometry, x: Float32Array, weights: Float32Array, bias: Float32Array | undefined) {
  const [depth, width] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const sums = new Float64Array(g.batch * g.outHeight * g.outWidth * g.outChannels);
  const bounds = new Float64Array(sums.length);
  const add = (at: number, v: number) => {
    sums[at] = (sums[at] as number) + v;
    bounds[at] = (bounds[at] as number) + Math.abs(v);
  };
  for (let at = 0; at < sums.length; at++) add(at, bias?.[at % g.outChannels] ?? 0);
  for (let from = 0; from < x.length; from++) {
    const i = from % g.inChannels;
    const ix = Math.floor(from / g.inChannels) % g.inWidth;
    const iy = Math.floor(from / g.inChannels / g.inWidth) % g.inHeight;
    const n = Math.floor(from / g.inChannels / g.inWidth / g.inHeight);
    for (let ky = 0; ky < g.kernelHeight; ky++) {
      for (let kx = 0; kx < g.kernelWidth; kx++) {
        const oy = iy * g.strideHeight + ky * g.dilationHeight - g.padTop;
        const ox = ix * g.strideWidth + kx * g.dilationWidth - g.padLeft;
        if (oy < 0 || ox < 0 || oy >= g.outHeight || ox >= g.outWidth) continue;
        for (let o = 0; o < width; o++) {
          const w = weights[((i * width + o) * g.kernelHeight + ky) * g.kernelWidth + kx] as number;
          const channel = Math.floor(i / depth) * width + o;
          add(((n * g.outHeight + oy) * g.outWidth + ox) * g.outChannels + channel, (x[from] as number) * w);
        }
      }
    }
  }
  const terms = depth * g.kernelHeight * g.kernelWidth + 2;
  return { sums, bounds: bounds.map((b) => b * terms * EPSILON_F32 * 1.01) };
}

function randomCase(numbers: Numbers): ConvGeometry {
  const groups = numbers.pick([1, 1, 2, 3]);
  const kernelHeight = numbers.within(1, 4);
  const kernelWidth = numbers.within(1, 4);
  const [strideHeight, strideWidth] = [numbers.within(1, 3), numbers.within(1, 3)];
  const [dilationHeight, dilationWidth] = [numbers.within(1, 2), numbers.within(1, 2)];
  const [padTop, padLeft] = [numbers.within(0, 1), numbers.within(0, 1)];
  const [inHeight, inWidth] = [numbers.within(2, 6), numbers.within(2, 6)];
  const out = (size: number, stride: number, kernel: number, dilation: number, pads: number) =>
    Math.max(1, (size - 1) * stride + (kernel - 1) * dilation + 1 - pads);
  return {
    batch: numbers.within(1, 2),
    inHeight,
    inWidth,
    outHeight: out(inHeight, strideHeight, kernelHeight, dilationHeight, 2 * padTop) + numbers.within(0, 1),
    outWidth: out(inWidth, strideWidth, kernelWidth, dilationWidth, 2 * padLeft),
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    dilationHeight,
    dilationWidth,
    padTop,
    padLeft,
    groups,
    inChannels: groups * numbers.within(1, 9),
    outChannels: groups * numbers.within(1, 12),
  };
}

/** A kernel as large as its stride, sometimes cropped. */
function tilingCase(numbers: Numbers): ConvGeometry {
  const g = randomCase(numbers);
  const [kernelHeight, kernelWidth] = [numbers.within(1, 3), numbers.within(1, 3)];
  const groups = numbers.pick([1, 1, 1, 2]);
  const crop = numbers.pick([0, 0, 1]);
  return {
    ...g,
    kernelHeight,
    kernelWidth,
    strideHeight: kernelHeight,
    strideWidth: kernelWidth,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: crop,
    padLeft: crop,
    outHeight: Math.max(1, g.inHeight * kernelHeight - 2 * crop),
    outWidth: Math.max(1, g.inWidth * kernelWidth - 2 * crop),
    groups,
    inChannels: groups * numbers.within(1, 9),
    outChannels: groups * numbers.within(1, 12),
  };
}
