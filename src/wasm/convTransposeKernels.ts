import type { ClampRange, ConvGeometry, KernelSet } from '../kernels/kernelSet.ts';
import type { Engine } from './engine.ts';
import { gemmOverPatchesF32, type PatchProblem } from './gemmOverPatches.ts';
import { lend } from './lend.ts';
import { convTransposeOrder, packPanelsF32, spreadBias, type WeightOrder } from './pack.ts';
import { asWasmPacked, roundUp, type WasmPacked } from './packed.ts';

/**
 * Transposed convolution by phases: output pixels whose positions have the same remainder by the stride are an
 * ordinary convolution of stride 1 with the taps that reach them. No product with an inserted zero is computed. Where the
 * kernel is as large as the stride, rows of it are plain matrix products.
 */
export function convTransposeKernels(engine: Engine): Pick<KernelSet, 'packConvTransposeF32' | 'convTransposeF32'> {
  return {
    packConvTransposeF32: (weights, bias, geometry) =>
      packPanelsF32(engine, weights, bias, convTransposeOrder(geometry)),
    convTransposeF32: (x, packed, out, geometry, clamp) =>
      lend(engine.memory, (loan) => {
        const from = engine.memory.at('float32', loan.read(x), x.length);
        const to = engine.memory.at('float32', loan.write(out), out.length);
        const call: Call = { x: from, out: to, geometry, clamp };
        if (isTiling(geometry)) runTiles(engine, asWasmPacked(packed), call);
        else for (const phase of phasesOf(geometry)) runPhase(engine, asWasmPacked(packed), call, phase);
      }),
  };
}

interface Call {
  readonly x: Float32Array;
  readonly out: Float32Array;
  readonly geometry: ConvGeometry;
  readonly clamp: ClampRange;
}

function runPhase(engine: Engine, weights: WasmPacked, { x, out, geometry, clamp }: Call, phase: Phase): void {
  lend(engine.memory, (loan) => {
    const panels = loan.scratch(4 * weightsOf(geometry, phase.rows.length * phase.columns.length));
    gatherTaps(engine, weights, panels, geometry, phase);
    gemmOverPatchesF32(engine, x, { weights: panels, bias: weights.bias }, out, phaseProblem(geometry, phase), clamp);
  });
}

/** Output pixels by the remainders of their positions by the strides. */
export function phasesOf(geometry: ConvGeometry): readonly Phase[] {
  const { strideHeight, kernelHeight, dilationHeight, padTop } = geometry;
  const { strideWidth, kernelWidth, dilationWidth, padLeft } = geometry;
  const count = (stride: number, size: number) => Array.from({ length: Math.min(stride, size) }, (_, i) => i);
  return count(strideHeight, geometry.outHeight).flatMap((y) =>
    count(strideWidth, geometry.outWidth).map((x) => ({
      y,
      x,
      rows: phaseTaps(y, strideHeight, kernelHeight, dilationHeight, padTop),
      columns: phaseTaps(x, strideWidth, kernelWidth, dilationWidth, padLeft),
    })),
  );
}

/** A tap that reaches the outputs of a phase, and the input it reads relative to the phase's position. */
interface PhaseTap {
  readonly tap: number;
  readonly offset: number;
}

/** The taps k with (phase + pad - k * dilation) divisible by the stride, by ascending offset. */
function phaseTaps(phase: number, stride: number, kernel: number, dilation: number, pad: number): readonly PhaseTap[] {
  return Array.from({ length: kernel }, (_, tap) => ({ tap, offset: (phase + pad - tap * dilation) / stride }))
    .filter(({ offset }) => Number.isInteger(offset))
    .sort((a, b) => a.offset - b.offset);
}

export interface Phase {
  readonly y: number;
  readonly x: number;
  readonly rows: readonly PhaseTap[];
  readonly columns: readonly PhaseTap[];
}

/** A phase as a convolution over its own output pixels. */
export function phaseProblem(geometry: ConvGeometry, { y, x, rows, columns }: Phase): PatchProblem {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = geometry;
  const { groups, strideHeight, strideWidth } = geometry;
  const gridHeight = Math.ceil((outHeight - y) / strideHeight);
  const gridWidth = Math.ceil((outWidth - x) / strideWidth);
  const isPixel = [rows, columns].every((taps) => taps.length === 1 && taps[0]?.offset === 0);
  return {
    batch: geometry.batch,
    inHeight,
    inWidth,
    inChannels,
    gridHeight,
    gridWidth,
    strideHeight: 1,
    strideWidth: 1,
    offsetsY: rows.map(({ offset }) => offset),
    offsetsX: columns.map(({ offset }) => offset),
    groups,
    groupIn: inChannels / groups,
    groupOut: outChannels / groups,
    direct: isPixel && groups === 1 && gridHeight === inHeight && gridWidth === inWidth,
    outFirst: (y * outWidth + x) * outChannels,
    outImage: outHeight * outWidth * outChannels,
    outRow: strideHeight * outWidth * outChannels,
    outPixel: strideWidth * outChannels,
  };
}

/** Panels of the chosen taps alone, out of panels that have them all. */
function gatherTaps(
  engine: Engine,
  weights: WasmPacked,
  to: number,
  geometry: ConvGeometry,
  { rows, columns }: Pick<Phase, 'rows' | 'columns'>,
): void {
  const order: WeightOrder = convTransposeOrder(geometry);
  const tapLength = 8 * order.groupIn;
  const panels = order.groups * Math.ceil(order.groupOut / 8);
  const from = engine.memory.at('float32', weights.weights, panels * order.taps * tapLength);
  const gathered = engine.memory.at('float32', to, panels * rows.length * columns.length * tapLength);
  let at = 0;
  for (let panel = 0; panel < panels; panel++) {
    for (const row of rows) {
      for (const column of columns) {
        const first = (panel * order.taps + row.tap * geometry.kernelWidth + column.tap) * tapLength;
        gathered.set(from.subarray(first, first + tapLength), at);
        at += tapLength;
      }
    }
  }
}

/** True where every output pixel has one input pixel: a kernel as large as its stride, without pads. */
function isTiling(g: ConvGeometry): boolean {
  const { kernelHeight, kernelWidth, inHeight, inWidth } = g;
  const steps = g.strideHeight === kernelHeight && g.strideWidth === kernelWidth;
  const dense = g.dilationHeight === 1 && g.dilationWidth === 1 && g.groups === 1 && g.padTop === 0 && g.padLeft === 0;
  return steps && dense && g.outHeight === inHeight * kernelHeight && g.outWidth === inWidth * kernelWidth;
}

/** A matrix product per row of the kernel: an input pixel gives the neighbouring outputs [kernelWidth, outChannels]. */
function runTiles(engine: Engine, weights: WasmPacked, { x, out, geometry, clamp }: Call): void {
  const { kernelHeight, inHeight, inWidth, inChannels, outWidth, outChannels } = geometry;
  const columns = geometry.kernelWidth * outChannels;
  const padded = roundUp(columns, 8);
  const order = { groups: 1, groupOut: columns };
  for (let ky = 0; ky < kernelHeight; ky++) {
    lend(engine.memory, (loan) => {
      const panels = loan.scratch(4 * padded * inChannels);
      const bias = loan.scratch(4 * padded);
      gatherColumns(engine, weights, geometry, ky, engine.memory.at('float32', panels, padded * inChannels));
      const perChannel = engine.memory.at('float32', weights.bias, outChannels);
      const perColumn = Float32Array.from({ length: columns }, (_, n) => perChannel[n % outChannels] as number);
      spreadBias(engine.memory.at('float32', bias, padded), perColumn, order);
      const problem: PatchProblem = {
        batch: geometry.batch,
        inHeight,
        inWidth,
        inChannels,
        gridHeight: inHeight,
        gridWidth: inWidth,
        strideHeight: 1,
        strideWidth: 1,
        offsetsY: [0],
        offsetsX: [0],
        ...order,
        groupIn: inChannels,
        direct: true,
        outFirst: ky * outWidth * outChannels,
        outImage: geometry.outHeight * outWidth * outChannels,
        outRow: kernelHeight * outWidth * outChannels,
        outPixel: columns,
      };
      gemmOverPatchesF32(engine, x, { weights: panels, bias }, out, problem, clamp);
    });
  }
}

/** Panels [kernelWidth * outChannels / 8][inChannels][8] of one row of the kernel; columns that pad are 0. */
function gatherColumns(
  engine: Engine,
  weights: WasmPacked,
  geometry: ConvGeometry,
  ky: number,
  to: Float32Array,
): void {
  const { kernelHeight, kernelWidth, inChannels, outChannels } = geometry;
  const taps = kernelHeight * kernelWidth;
  const from = engine.memory.at('float32', weights.weights, roundUp(outChannels, 8) * taps * inChannels);
  to.fill(0);
  for (let n = 0; n < kernelWidth * outChannels; n++) {
    const [kx, o] = [Math.floor(n / outChannels), n % outChannels];
    const first = ((o & ~7) * taps + 8 * (ky * kernelWidth + kx)) * inChannels + (o & 7);
    const start = (n & ~7) * inChannels + (n & 7);
    for (let i = 0; i < inChannels; i++) to[start + 8 * i] = from[first + 8 * i] as number;
  }
}

function weightsOf({ groups, inChannels, outChannels }: ConvGeometry, taps: number): number {
  return groups * roundUp(outChannels / groups, 8) * (inChannels / groups) * taps;
}
