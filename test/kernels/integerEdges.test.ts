import { describe, expect, it } from 'vitest';
import { clamp, rint } from '../../src/base/round.ts';
import type { PoolGeometry, Requantizer } from '../../src/kernels/kernelSet.ts';
import { type ConvCase, convCases, convDefinition, requantizerFor, sizesOf } from '../suites/conv.ts';
import { firstDifference, numbersOf } from '../suites/numbers.ts';
import { forEachPool } from '../suites/pool.ts';
import { requantizeExactly } from '../suites/requantize.ts';
import { ENGINES } from './engines.ts';

const GEMM_SHAPES = [
  ...[1, 3, 4, 5].flatMap((m) => [1, 8, 9, 33].flatMap((n) => [1, 2, 7, 34].map((k) => ({ m, k, n })))),
  { m: 1, k: 1280, n: 1000 },
  { m: 1, k: 4097, n: 3 },
  { m: 2, k: 513, n: 70 },
];

/** Windows as large as an image, and those of spatial pyramids. */
const POOLS: readonly PoolGeometry[] = [5, 9, 13].flatMap((size) =>
  [1, 8, 21].map((channels) => ({
    ...{ batch: 2, channels, inHeight: 13, inWidth: 13, kernelHeight: size, kernelWidth: size },
    ...{ strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1 },
    ...(size === 13
      ? { outHeight: 1, outWidth: 1, padTop: 0, padLeft: 0 }
      : { outHeight: 13, outWidth: 13, padTop: size >> 1, padLeft: size >> 1 }),
  })),
);

/** Every kind of convolution once: dense, strided, grouped, depthwise 3x3 and 5x5, dilated. */
function kindsOfConv(): readonly ConvCase[] {
  const kinds = new Map<string, ConvCase>();
  for (const g of convCases()) {
    const depthwise = g.groups === g.inChannels && g.groups > 1;
    const group = depthwise ? 'depthwise' : g.groups > 1 ? 'grouped' : 'dense';
    const kind = [group, g.kernelHeight, g.kernelWidth, g.strideHeight > 1, g.dilationHeight > 1].join();
    const known = kinds.get(kind);
    if (known === undefined || g.inChannels > known.inChannels) kinds.set(kind, g);
  }
  return [...kinds.values()];
}

describe.each(ENGINES)('integer kernels at their edges ($name)', ({ create }) => {
  it('gemmQ8 is exact with uint8 weights and a zero point per column, one row included', async () => {
    const kernels = await create();
    for (const [seed, { m, k, n }] of GEMM_SHAPES.entries()) {
      const numbers = numbersOf(seed);
      const transposed = seed % 2 === 1;
      const kind = seed % 3 === 0 ? 'signed' : 'unsigned';
      const a = numbers.codes(m * k, kind);
      const codes = numbers.codes(k * n, seed % 4 === 0 ? 'signed' : 'unsigned');
      const zeroPoint = Int32Array.from({ length: n }, () => numbers.within(0, seed % 4 === 0 ? 40 : 255));
      const inputZero = kind === 'signed' ? numbers.within(-128, 127) : numbers.within(0, 255);
      const bias = seed % 5 === 0 ? undefined : numbers.int32(n, 1e6);
      const packed = kernels.packGemmQ8({ codes, zeroPoint, bias }, { k, n, transposed }, inputZero);
      const sums = Array.from({ length: m * n }, (_, at) => {
        const [row, column] = [Math.floor(at / n), at % n];
        let sum = bias?.[column] ?? 0;
        for (let i = 0; i < k; i++) {
          const w = (codes[transposed ? column * k + i : i * n + column] as number) - (zeroPoint[column] as number);
          sum += ((a[row * k + i] as number) - inputZero) * w;
        }
        return sum;
      });
      const accumulators = new Int32Array(m * n);
      kernels.gemmQ8Accumulators(a, packed, accumulators, m);
      expect(firstDifference(accumulators, sums), `${m}x${k}x${n}, accumulators`).toBeUndefined();
      for (const flavour of ['fp32', 'fixedPoint'] as const) {
        const requantizer = requantizerFor(numbers, n, kind, flavour, 8000 * Math.sqrt(k + 1));
        const out = codesOf(requantizer, m * n);
        kernels.gemmQ8(a, packed, requantizer, out, m);
        expect(
          firstDifference(out, requantizeExactly(sums, requantizer)),
          `${m}x${k}x${n}, ${flavour}`,
        ).toBeUndefined();
      }
      packed.release();
    }
  });

  it.each([
    ['unsigned', 255, 0, 'signed', -128, 0],
    ['unsigned', 255, 0, 'unsigned', 255, 0],
    ['unsigned', 0, 255, 'signed', 127, 0],
    ['signed', -128, 127, 'signed', -128, 0],
    ['signed', 127, -128, 'unsigned', 0, 255],
  ] as const)('convolutions and products of %s %i - %i and %s %i - %i saturate nowhere', async (...ends) => {
    const [xKind, x, xZero, wKind, w, wZero] = ends;
    const kernels = await create();
    for (const g of [...kindsOfConv(), denseOf(1024)]) {
      const sizes = sizesOf(g);
      const activation = xKind === 'signed' ? new Int8Array(sizes.x).fill(x) : new Uint8Array(sizes.x).fill(x);
      const codes = wKind === 'signed' ? new Int8Array(sizes.weights).fill(w) : new Uint8Array(sizes.weights).fill(w);
      const packed = kernels.packConvQ8({ codes, zeroPoint: Int32Array.of(wZero), bias: undefined }, g, xZero);
      const out = new Int32Array(sizes.out);
      kernels.convQ8Accumulators(activation, packed, out, g);
      packed.release();
      const { sums } = convDefinition(
        g,
        () => x - xZero,
        () => w - wZero,
        () => 0,
      );
      expect(firstDifference(out, sums), g.name).toBeUndefined();
    }
  });

  it('binaryQ8 rounds exact ties half to even before it adds the zero point', async () => {
    const kernels = await create();
    const a = Uint8Array.from({ length: 256 * 256 }, (_, i) => i >> 8);
    const b = Uint8Array.from({ length: 256 * 256 }, (_, i) => i & 255);
    for (const zeroPoint of [0, 1, 128, 129]) {
      const q = { scale: 0.25, zeroPoint: 128, signed: false };
      const out = new Uint8Array(a.length);
      kernels.binaryQ8('add', a, q, b, q, out, { scale: 0.5, zeroPoint, signed: false }, 256, 256);
      const expected = Array.from(a, (x, i) => clamp(rint((x + (b[i] as number) - 256) / 2) + zeroPoint, 0, 255));
      expect(firstDifference(out, expected), `zero point ${zeroPoint}`).toBeUndefined();
    }
  });

  it('lookup8 works in place, from and to either signedness, on every code at every offset', async () => {
    const kernels = await create();
    const table = Uint8Array.from({ length: 256 }, (_, i) => (i * 29 + 11) & 255);
    for (let length = 250; length < 283; length++) {
      for (const [from, to] of [
        [Int8Array, Uint8Array],
        [Uint8Array, Int8Array],
        [Uint8Array, Uint8Array],
      ] as const) {
        const bytes = Uint8Array.from({ length }, (_, i) => i + length);
        const expected = new to(Uint8Array.from(bytes, (v) => table[v] as number).buffer);
        kernels.lookup8(new from(bytes.buffer), table, new to(bytes.buffer));
        expect([...new to(bytes.buffer)]).toEqual([...expected]);
      }
    }
  });

  it('pools over windows as large as an image', async () => {
    const kernels = await create();
    for (const [seed, g] of POOLS.entries()) {
      const x = numbersOf(seed).codes(g.batch * g.inHeight * g.inWidth * g.channels, 'unsigned');
      if (seed % 2 === 0) x.fill(255);
      const length = g.batch * g.outHeight * g.outWidth * g.channels;
      const [largest, mean] = [new Uint8Array(length), new Uint8Array(length)];
      const [qx, qy] = [
        { scale: 0.03, zeroPoint: seed, signed: false },
        { scale: 0.02, zeroPoint: 3, signed: false },
      ];
      kernels.maxPoolQ8(x, largest, g);
      kernels.averagePoolQ8(x, qx, mean, qy, g, false);
      forEachPool(g, (at, inside) => {
        const codes = inside.map((i) => x[i] as number);
        const sum = codes.reduce((total, c) => total + c - qx.zeroPoint, 0);
        const multiplier = Math.fround(Math.fround(qx.scale) / Math.fround(Math.fround(qy.scale) * inside.length));
        const code = clamp(rint(Math.fround(sum * multiplier)) + qy.zeroPoint, 0, 255);
        expect([largest[at], mean[at]], JSON.stringify(g)).toEqual([Math.max(...codes), code]);
      });
    }
  });
});

function denseOf(inChannels: number): ConvCase {
  const pixel = convCases().find((g) => g.kernelHeight === 1 && g.groups === 1) as ConvCase; // the first cases are such
  return { ...pixel, inChannels, outChannels: 9, name: `1x1 over ${inChannels} channels` };
}

function codesOf({ signed }: Requantizer, length: number): Int8Array | Uint8Array {
  return signed ? new Int8Array(length) : new Uint8Array(length);
}
