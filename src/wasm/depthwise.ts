import type { NumericArray } from '../base/dtype.ts';
import type { ClampRange, ConvGeometry } from '../kernels/kernelSet.ts';
import * as layout from './assembly/layout.ts';
import { Descriptor } from './descriptor.ts';
import type { Engine } from './engine.ts';
import { describeEpilogue, type Epilogue } from './epilogue.ts';
import { type Loan, lend } from './lend.ts';
import { roundUp, type WasmPacked } from './packed.ts';

/** Padded input rows that are worked on at a time shall stay in the second-level cache. */
const BLOCK_BYTES = 192 * 1024;

/** Depthwise convolution in float32, one filter per channel. */
export function depthwiseF32(
  engine: Engine,
  x: Float32Array,
  weights: WasmPacked,
  out: Float32Array,
  geometry: ConvGeometry,
  clamp: ClampRange,
): void {
  if (out.length === 0) return;
  lend(engine.memory, (loan) => {
    const descriptor = describe(engine, loan, { x, weights, out, geometry });
    descriptor.setFloats({ [layout.CONV_LO]: clamp.lo, [layout.CONV_HI]: clamp.hi });
    const scratchBytes = 12 * geometry.kernelHeight * geometry.kernelWidth;
    runRows(engine, loan, 'depthwiseF32', { descriptor, geometry, scratchBytes });
  });
}

/** Depthwise convolution of codes: equation (A), and (R) unless the accumulators are asked for. */
export function depthwiseQ8(
  engine: Engine,
  x: Int8Array | Uint8Array,
  weights: WasmPacked,
  out: NumericArray,
  geometry: ConvGeometry,
  epilogue: Epilogue,
): void {
  if (out.length === 0) return;
  lend(engine.memory, (loan) => {
    const pixelBytes = 2 * roundUp(geometry.inChannels, 8);
    const block = blockOf(geometry, pixelBytes);
    const descriptor = describe(engine, loan, { x, weights, out, geometry });
    descriptor.setInts({
      [layout.CONV_BLOCK]: block,
      [layout.CONV_X_SIGNED]: x instanceof Int8Array ? 1 : 0,
      [layout.CONV_X_ZERO]: weights.shape.inputZeroPoint,
    });
    describeEpilogue(engine, loan, descriptor, epilogue, { groups: 1, groupOut: geometry.outChannels });
    const taps = geometry.kernelHeight * geometry.kernelWidth;
    const inRows = (block - 1) * geometry.strideHeight + reachOf(geometry);
    const scratchBytes = 4 * roundUp(taps + 16, 16) + inRows * rowBytesOf(geometry, pixelBytes) + layout.SLACK;
    runRows(engine, loan, 'depthwiseQs8Qc8w', { descriptor, geometry, scratchBytes });
  });
}

interface Described {
  readonly x: NumericArray;
  readonly weights: WasmPacked;
  readonly out: NumericArray;
  readonly geometry: ConvGeometry;
}

function describe(engine: Engine, loan: Loan, { x, weights, out, geometry }: Described): Descriptor {
  const descriptor = new Descriptor(engine.memory, loan, layout.CONV_BYTES);
  descriptor.setInts({
    [layout.CONV_X]: loan.read(x),
    [layout.CONV_OUT]: loan.write(out),
    [layout.CONV_WEIGHTS]: weights.weights,
    [layout.CONV_BIAS]: weights.bias,
    [layout.CONV_IN_HEIGHT]: geometry.inHeight,
    [layout.CONV_IN_WIDTH]: geometry.inWidth,
    [layout.CONV_IN_CHANNELS]: geometry.inChannels,
    [layout.CONV_GRID_HEIGHT]: geometry.outHeight,
    [layout.CONV_GRID_WIDTH]: geometry.outWidth,
    [layout.CONV_STRIDE_Y]: geometry.strideHeight,
    [layout.CONV_STRIDE_X]: geometry.strideWidth,
    [layout.CONV_TAPS_Y]: geometry.kernelHeight,
    [layout.CONV_TAPS_X]: geometry.kernelWidth,
    [layout.CONV_PAD_TOP]: geometry.padTop,
    [layout.CONV_PAD_LEFT]: geometry.padLeft,
    [layout.CONV_DILATION_Y]: geometry.dilationHeight,
    [layout.CONV_DILATION_X]: geometry.dilationWidth,
  });
  return descriptor;
}

interface Run {
  readonly descriptor: Descriptor;
  readonly geometry: ConvGeometry;
  readonly scratchBytes: number;
}

function runRows(engine: Engine, loan: Loan, kernel: string, { descriptor, geometry, scratchBytes }: Run): void {
  const taps = geometry.kernelHeight * geometry.kernelWidth;
  const rows = geometry.batch * geometry.outHeight;
  const work = (rows * geometry.outWidth * geometry.outChannels * taps) / 10;
  engine.run(
    kernel,
    engine.split(rows, work, 1).map(([first, end]) => [descriptor.pointer, first, end, loan.scratch(scratchBytes)]),
  );
}

/** Output rows per block. */
function blockOf(geometry: ConvGeometry, pixelBytes: number): number {
  const fitting = Math.floor(BLOCK_BYTES / rowBytesOf(geometry, pixelBytes)) - reachOf(geometry);
  const rows = Math.floor(fitting / geometry.strideHeight) + 1;
  return Math.min(geometry.outHeight, Math.max(1, rows));
}

/** Input rows that one output row sees. */
function reachOf(geometry: ConvGeometry): number {
  return (geometry.kernelHeight - 1) * geometry.dilationHeight + 1;
}

function rowBytesOf(geometry: ConvGeometry, pixelBytes: number): number {
  const { outWidth, strideWidth, kernelWidth, dilationWidth } = geometry;
  return ((outWidth - 1) * strideWidth + (kernelWidth - 1) * dilationWidth + 1) * pixelBytes;
}
