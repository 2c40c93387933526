import type { ClampRange, ConvGeometry, KernelSet } from '../kernels/kernelSet.ts';
import type { Engine } from './engine.ts';
import { gemmOverPatchesF32, type PatchProblem } from './gemmOverPatches.ts';
import { lend } from './lend.ts';
import { convTransposeOrder, packPanelsF32, type WeightOrder } from './pack.ts';
import { asWasmPacked, roundUp, type WasmPacked } from './packed.ts';

/**
 * Transposed convolution by phases: output pixels whose positions have the same remainder by the stride are an
 * ordinary convolution of stride 1 with the taps that reach them. No product with an inserted zero is computed.
 */
export function convTransposeKernels(engine: Engine): Pick<KernelSet, 'packConvTransposeF32' | 'convTransposeF32'> {
  return {
    packConvTransposeF32: (weights, bias, geometry) =>
      packPanelsF32(engine.memory, weights, bias, convTransposeOrder(geometry)),
    convTransposeF32: (x, packed, out, geometry, clamp) =>
      lend(engine.memory, (loan) => {
        const from = engine.memory.at('float32', loan.read(x), x.length);
        const to = engine.memory.at('float32', loan.write(out), out.length);
        for (const phase of phasesOf(geometry)) {
          runPhase(engine, asWasmPacked(packed), { x: from, out: to, geometry, clamp }, phase);
        }
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
  const { outHeight, outWidth, inChannels, outChannels, groups, strideHeight, strideWidth } = geometry;
  return {
    batch: geometry.batch,
    inHeight: geometry.inHeight,
    inWidth: geometry.inWidth,
    inChannels,
    gridHeight: Math.ceil((outHeight - y) / strideHeight),
    gridWidth: Math.ceil((outWidth - x) / strideWidth),
    strideHeight: 1,
    strideWidth: 1,
    offsetsY: rows.map(({ offset }) => offset),
    offsetsX: columns.map(({ offset }) => offset),
    groups,
    groupIn: inChannels / groups,
    groupOut: outChannels / groups,
    direct: false,
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

function weightsOf({ groups, inChannels, outChannels }: ConvGeometry, taps: number): number {
  return groups * roundUp(outChannels / groups, 8) * (inChannels / groups) * taps;
}
