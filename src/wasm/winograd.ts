import type { ClampRange, ConvGeometry } from '../kernels/kernelSet.ts';
import * as layout from './assembly/layout.ts';
import { Descriptor } from './descriptor.ts';
import type { Engine } from './engine.ts';
import { lend } from './lend.ts';
import type { WasmMemory } from './memory.ts';
import { roundUp, WasmPacked } from './packed.ts';

/** Transformed patches that are worked on at a time shall stay in the second-level cache. */
const BLOCK_BYTES = 256 * 1024;
const MIN_BLOCK = 8;
const MAX_BLOCK = 128;
/** Fewer channels do not pay for the transforms. */
const MIN_CHANNELS = 8;
/** True for dense 3x3 convolutions of stride 1, which then take 16 products for 2x2 outputs instead of 36. */
export function usesWinograd(geometry: ConvGeometry): boolean {
  const { groups, inChannels, outChannels, kernelHeight, kernelWidth } = geometry;
  const { strideHeight, strideWidth, dilationHeight, dilationWidth } = geometry;
  const dense = groups === 1 && inChannels >= MIN_CHANNELS && outChannels >= MIN_CHANNELS;
  const steps = [strideHeight, strideWidth, dilationHeight, dilationWidth];
  return dense && kernelHeight === 3 && kernelWidth === 3 && steps.every((step) => step === 1);
}

/**
 * Transformed weights G g G': [O / 8][16][I][8], computed in float64 and rounded once.
 *
 * @param weights [O, I, 3, 3]; @param bias [O] or undefined (zero).
 */
export function packWinogradF32(
  memory: WasmMemory,
  weights: Float32Array,
  bias: Float32Array | undefined,
  { inChannels, outChannels }: ConvGeometry,
): WasmPacked {
  const padded = roundUp(outChannels, 8);
  const packed = new WasmPacked(memory, {
    form: 'winograd',
    paddedChannels: padded,
    weightBytes: 4 * padded * 16 * inChannels,
    inputZeroPoint: 0,
    n: outChannels,
    k: inChannels,
  });
  const to = memory.at('float32', packed.weights, padded * 16 * inChannels);
  const rows = new Float64Array(12);
  const tile = new Float64Array(16);
  for (let o = 0; o < outChannels; o++) {
    for (let i = 0; i < inChannels; i++) {
      const first = 9 * (o * inChannels + i);
      for (let k = 0; k < 3; k++) transform(weights, first + k, 3, rows, k, 3);
      for (let r = 0; r < 4; r++) transform(rows, 3 * r, 1, tile, 4 * r, 1);
      const at = (o & ~7) * 16 * inChannels + 8 * i + (o & 7);
      for (let p = 0; p < 16; p++) to[at + 8 * inChannels * p] = tile[p] as number;
    }
  }
  if (bias !== undefined) memory.at('float32', packed.bias, outChannels).set(bias);
  return packed;
}

/** G v: four numbers of three, with G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1]. */
function transform(
  from: Float32Array | Float64Array,
  at: number,
  step: number,
  to: Float64Array,
  start: number,
  stride: number,
): void {
  const a = from[at] as number;
  const b = from[at + step] as number;
  const c = from[at + 2 * step] as number;
  to[start] = a;
  to[start + stride] = (a + b + c) / 2;
  to[start + 2 * stride] = (a - b + c) / 2;
  to[start + 3 * stride] = c;
}

/**
 * Convolution by F(2x2, 3x3); see assembly/winograd.ts.
 *
 * Every output depends on its own 3x3 window alone, NaN included; infinite inputs may give NaN, and sums of inputs
 * whose magnitude exceeds a quarter of the largest float32 overflow.
 *
 * With e = 2^-24 and m = |A'| [ sum over C channels of |G g G'| * (|B'| |d| |B|) ] |A| + |bias|, the result is within
 * (C + 8) e m (1 + o(e)) of the exact one: one rounding of each weight, two sums in its patch, a product and at most C
 * sums over channels and bias, and four sums at the end.
 */
export function winogradF32(
  engine: Engine,
  x: Float32Array,
  weights: WasmPacked,
  out: Float32Array,
  geometry: ConvGeometry,
  clamp: ClampRange,
): void {
  if (out.length === 0) return;
  const { batch, inChannels, outChannels, outHeight, outWidth } = geometry;
  lend(engine.memory, (loan) => {
    const rowBytes = 4 * roundUp(inChannels, 4);
    const tiles = batch * Math.ceil(outHeight / 2) * Math.ceil(outWidth / 2);
    const panels = Math.ceil(outChannels / 8);
    const byTiles = tiles >= 32 || panels < engine.threads;
    const work = (tiles * panels * 8 * inChannels * 16) / 20;
    const ranges = engine.split(byTiles ? tiles : panels, work, byTiles ? 4 : 1);
    const block = Math.min(blockOf(rowBytes), roundUp(byTiles ? Math.ceil(tiles / ranges.length) : tiles, 4));
    const descriptor = new Descriptor(engine.memory, loan, layout.CONV_BYTES);
    descriptor.setInts({
      [layout.CONV_X]: loan.read(x),
      [layout.CONV_OUT]: loan.write(out),
      [layout.CONV_WEIGHTS]: weights.weights,
      [layout.CONV_BIAS]: weights.bias,
      [layout.CONV_IN_HEIGHT]: geometry.inHeight,
      [layout.CONV_IN_WIDTH]: geometry.inWidth,
      [layout.CONV_IN_CHANNELS]: inChannels,
      [layout.CONV_GRID_HEIGHT]: outHeight,
      [layout.CONV_GRID_WIDTH]: outWidth,
      [layout.CONV_GROUP_OUT]: outChannels,
      [layout.CONV_PAD_TOP]: geometry.padTop,
      [layout.CONV_PAD_LEFT]: geometry.padLeft,
      [layout.CONV_BLOCK]: block,
    });
    descriptor.setFloats({ [layout.CONV_LO]: clamp.lo, [layout.CONV_HI]: clamp.hi });
    const scratchBytes = layout.WINOGRAD_HEADER + 16 * (rowBytes + block * 32 + block * rowBytes) + layout.SLACK;
    engine.run(
      'winogradF32',
      ranges.map(([first, end]) => [
        descriptor.pointer,
        ...(byTiles ? [first, end, 0, panels] : [0, tiles, first, end]),
        loan.scratch(scratchBytes),
      ]),
    );
  });
}

/** Tiles that are transformed at a time. */
function blockOf(rowBytes: number): number {
  const tiles = Math.floor(BLOCK_BYTES / (16 * rowBytes) / 4) * 4;
  return Math.min(MAX_BLOCK, Math.max(MIN_BLOCK, tiles));
}
