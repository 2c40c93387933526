import type { ConvGeometry, Requantizer } from '../../src/kernels/kernelSet.ts';
import { type CodeKind, type Numbers, numbersOf } from './numbers.ts';
import { multipliersOf } from './requantize.ts';

export interface ConvCase extends ConvGeometry {
  readonly name: string;
}

/** Sizes around every tile edge, and kinds of convolution that take different paths. */
export function convCases(): readonly ConvCase[] {
  const cases: ConvCase[] = [];
  const add = (partial: Partial<ConvGeometry> & { readonly padBottom?: number; readonly padRight?: number }) => {
    const { padBottom = partial.padTop ?? 0, padRight = partial.padLeft ?? 0, ...rest } = partial;
    cases.push(complete(rest, padBottom, padRight));
  };
  for (const outChannels of [1, 7, 8, 9, 17]) {
    for (const size of [1, 3, 4, 5]) {
      add({ inHeight: 1, inWidth: size, inChannels: 5, outChannels });
      add({ inHeight: size, inWidth: 3, inChannels: 8, outChannels });
    }
  }
  for (let channels = 1; channels <= 40; channels++) {
    const kernel = [1, 2, 3, 4, 5, 7][channels % 6] as number;
    const stride = 1 + (channels % 3);
    add({
      ...window(kernel, kernel, stride, 1 + (channels % 2), kernel >> 1),
      inHeight: 9,
      inWidth: 11,
      inChannels: channels,
      outChannels: channels,
      groups: channels,
    });
    for (const size of [3, 5]) {
      add({
        ...window(size, size, 1 + (channels % 2), 1, size >> 1),
        inHeight: 7,
        inWidth: 6,
        inChannels: channels,
        outChannels: channels,
        groups: channels,
        batch: 2,
      });
    }
    add({ ...window(3, 3, 2, 1, 1), inHeight: 8, inWidth: 7, inChannels: channels, outChannels: 9 });
  }
  const numbers = numbersOf(7);
  for (let i = 0; i < 90; i++) cases.push(randomCase(numbers));
  // pads that cut input away, and windows that see padding only
  add({ ...window(3, 3, 1, 1, -1), inHeight: 8, inWidth: 8, inChannels: 3, outChannels: 5 });
  add({ ...window(3, 3, 1, 1, -1), inHeight: 8, inWidth: 8, inChannels: 10, outChannels: 10, groups: 10 });
  add({ ...window(3, 3, 2, 1, 4), inHeight: 4, inWidth: 4, inChannels: 3, outChannels: 5 });
  add({ ...window(3, 3, 2, 1, 4), inHeight: 4, inWidth: 4, inChannels: 9, outChannels: 9, groups: 9 });
  // several blocks of pixels, several images in one block
  add({ inHeight: 40, inWidth: 41, inChannels: 64, outChannels: 12 });
  add({ ...window(3, 3, 1, 1, 1), batch: 3, inHeight: 17, inWidth: 13, inChannels: 70, outChannels: 10 });
  // several blocks of input rows, and rows too long to be kept
  add({ ...window(3, 3, 1, 1, 1), batch: 2, inHeight: 60, inWidth: 41, inChannels: 64, outChannels: 3 });
  add({ ...window(3, 3, 1, 1, 1), inHeight: 2, inWidth: 520, inChannels: 260, outChannels: 2 });
  add({ ...window(3, 3, 1, 1, 1), inHeight: 60, inWidth: 70, inChannels: 65, outChannels: 65, groups: 65 });
  return cases;
}

function randomCase(numbers: Numbers): ConvCase {
  const groups = numbers.pick([1, 1, 1, 2, 3]);
  const kernelHeight = numbers.within(1, 4);
  const kernelWidth = numbers.within(1, 4);
  const dilationHeight = numbers.within(1, 2);
  const dilationWidth = numbers.within(1, 3);
  const partial = {
    batch: numbers.within(1, 2),
    inHeight: numbers.within(1, 9) + (kernelHeight - 1) * dilationHeight,
    inWidth: numbers.within(1, 9) + (kernelWidth - 1) * dilationWidth,
    kernelHeight,
    kernelWidth,
    strideHeight: numbers.within(1, 3),
    strideWidth: numbers.within(1, 3),
    dilationHeight,
    dilationWidth,
    padTop: numbers.within(0, 2),
    padLeft: numbers.within(0, 3),
    groups,
    inChannels: groups * numbers.within(1, 7),
    outChannels: groups * numbers.within(1, 11),
  };
  return complete(partial, numbers.within(0, 2), numbers.within(0, 2));
}

function window(kernelHeight: number, kernelWidth: number, stride: number, dilation: number, pad: number) {
  return {
    kernelHeight,
    kernelWidth,
    strideHeight: stride,
    strideWidth: stride,
    dilationHeight: dilation,
    dilationWidth: dilation,
    padTop: pad,
    padLeft: pad,
  };
}

function complete(partial: Partial<ConvGeometry>, padBottom: number, padRight: number): ConvCase {
  const g = {
    batch: 1,
    groups: 1,
    ...window(1, 1, 1, 1, 0),
    inHeight: 1,
    inWidth: 1,
    inChannels: 1,
    outChannels: 1,
    ...partial,
  };
  const out = (size: number, pads: number, kernel: number, dilation: number, stride: number) =>
    Math.floor((size + pads - (kernel - 1) * dilation - 1) / stride) + 1;
  const geometry = {
    ...g,
    outHeight: out(g.inHeight, g.padTop + padBottom, g.kernelHeight, g.dilationHeight, g.strideHeight),
    outWidth: out(g.inWidth, g.padLeft + padRight, g.kernelWidth, g.dilationWidth, g.strideWidth),
  };
  const name =
    `${g.batch}x${g.inHeight}x${g.inWidth}x${g.inChannels} -> ${geometry.outHeight}x${geometry.outWidth}x${g.outChannels} ` +
    `kernel ${g.kernelHeight}x${g.kernelWidth} stride ${g.strideHeight},${g.strideWidth} ` +
    `dilation ${g.dilationHeight},${g.dilationWidth} pad ${g.padTop},${g.padLeft} groups ${g.groups}`;
  return { ...geometry, name };
}

/** Element counts of a problem: x, weights (of a convolution), out. */
export function sizesOf(g: ConvGeometry): { readonly x: number; readonly weights: number; readonly out: number } {
  return {
    x: g.batch * g.inHeight * g.inWidth * g.inChannels,
    weights: g.outChannels * (g.inChannels / g.groups) * g.kernelHeight * g.kernelWidth,
    out: g.batch * g.outHeight * g.outWidth * g.outChannels,
  };
}

/**
 * The definition, one output at a time, over real numbers that `x` and `w` give; what lies outside is 0.
 *
 * @returns sums and sums of absolute products, both [N, H', W', O], for derived bounds.
 */
export function convDefinition(
  g: ConvGeometry,
  x: (index: number) => number,
  w: (index: number, channel: number) => number,
  bias: (channel: number) => number,
): { readonly sums: Float64Array; readonly magnitudes: Float64Array } {
  const length = sizesOf(g).out;
  const sums = new Float64Array(length);
  const magnitudes = new Float64Array(length);
  const depth = g.inChannels / g.groups;
  for (let at = 0; at < length; at++) {
    const o = at % g.outChannels;
    const ox = Math.floor(at / g.outChannels) % g.outWidth;
    const oy = Math.floor(at / g.outChannels / g.outWidth) % g.outHeight;
    const n = Math.floor(at / g.outChannels / g.outWidth / g.outHeight);
    const group = Math.floor(o / (g.outChannels / g.groups));
    let sum = bias(o);
    let magnitude = Math.abs(sum);
    for (let i = 0; i < depth; i++) {
      for (let ky = 0; ky < g.kernelHeight; ky++) {
        for (let kx = 0; kx < g.kernelWidth; kx++) {
          const iy = oy * g.strideHeight + ky * g.dilationHeight - g.padTop;
          const ix = ox * g.strideWidth + kx * g.dilationWidth - g.padLeft;
          if (iy < 0 || ix < 0 || iy >= g.inHeight || ix >= g.inWidth) continue;
          const pixel = ((n * g.inHeight + iy) * g.inWidth + ix) * g.inChannels + group * depth + i;
          const product = x(pixel) * w(((o * depth + i) * g.kernelHeight + ky) * g.kernelWidth + kx, o);
          sum += product;
          magnitude += Math.abs(product);
        }
      }
    }
    sums[at] = sum;
    magnitudes[at] = magnitude;
  }
  return { sums, magnitudes };
}

/** A requantizer that spreads accumulators of about `spread` over the codes. */
export function requantizerFor(
  numbers: Numbers,
  channels: number,
  kind: CodeKind,
  flavour: Requantizer['flavour'],
  spread: number,
): Requantizer {
  const real = Array.from({ length: channels }, () => ((0.3 + numbers.next()) * 100) / spread);
  const [qmin, qmax] = kind === 'signed' ? [-128, 127] : [0, 255];
  return {
    ...multipliersOf(real, flavour === 'fp32' ? 'fp32' : { bits: numbers.within(1, 31) }),
    zeroPoint: numbers.within(qmin, qmax),
    signed: kind === 'signed',
    lo: numbers.pick([qmin, qmin + 100]),
    hi: numbers.pick([qmax, qmax - 60]),
  };
}
