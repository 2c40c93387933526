import type { NumericArray } from '../base/dtype.ts';
import type { ClampRange } from '../kernels/kernelSet.ts';
import * as layout from './assembly/layout.ts';
import { DescriptorForm, DescriptorForms } from './descriptor.ts';
import type { Engine } from './engine.ts';
import { describeEpilogue, type Epilogue } from './epilogue.ts';
import { type Loan, lend } from './lend.ts';
import { roundUp } from './packed.ts';

/** A matrix product over the patches of an image: convolution, transposed convolution by phases, or plain. */
export interface PatchProblem {
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  /** Output pixels per image. */
  readonly gridHeight: number;
  readonly gridWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  /** Input row or column of each tap, relative to the stride position. */
  readonly offsetsY: readonly number[];
  readonly offsetsX: readonly number[];
  readonly groups: number;
  readonly groupIn: number;
  readonly groupOut: number;
  /** The patches are the input as it lies there. */
  readonly direct: boolean;
  /** Where output pixels lie, in elements: the first, and steps per image, row and pixel. */
  readonly outFirst: number;
  readonly outImage: number;
  readonly outRow: number;
  readonly outPixel: number;
}

/** Addresses of the packed weights, in panels. */
export interface Panels {
  readonly weights: number;
  readonly bias: number;
}

/** Patches that are worked on at a time shall stay in the second-level cache. */
const BLOCK_BYTES = 160 * 1024;
/** Likewise for padded input rows, of which a window may need this much at least. */
const ROWS_BYTES = 256 * 1024;
const MAX_ROWS_BYTES = 768 * 1024;
const MIN_BLOCK = 16;
const MAX_BLOCK = 2048;

/** float32: clamp(patches x weights + bias). */
export function gemmOverPatchesF32(
  engine: Engine,
  x: Float32Array,
  panels: Panels,
  out: Float32Array,
  problem: PatchProblem,
  clamp: ClampRange,
): void {
  if (out.length === 0) return;
  const rowBytes = 4 * sumLength(problem);
  const form = formsF32.get(problem, [clamp.lo, clamp.hi], () => {
    const made = patchForm(problem, rowBytes, out.BYTES_PER_ELEMENT);
    made.setFloats({ [layout.CONV_LO]: clamp.lo, [layout.CONV_HI]: clamp.hi });
    return made;
  });
  lend(engine.memory, (loan) => {
    const descriptor = place(engine, loan, form, { x, panels, out, problem });
    runBlocks(engine, loan, 'convF32', { descriptor, problem, rowBytes });
  });
}

const formsF32 = new DescriptorForms<PatchProblem>();
const formsQ8 = new DescriptorForms<PatchProblem>();

export interface IntegerOptions {
  readonly inputZeroPoint: number;
  readonly epilogue: Epilogue;
  /** Of the weights; see `PackedShape`. */
  readonly reach: Float64Array | undefined;
}

/** Equation (A), and (R) unless the accumulators are asked for. */
export function gemmOverPatchesQ8(
  engine: Engine,
  x: Int8Array | Uint8Array,
  panels: Panels,
  out: NumericArray,
  problem: PatchProblem,
  { inputZeroPoint, epilogue, reach }: IntegerOptions,
): void {
  if (out.length === 0) return;
  const { offsetsY, offsetsX, groupIn } = problem;
  const rowBytes = 2 * offsetsY.length * roundUp(offsetsX.length * groupIn, 2);
  const rows = rowBlockOf(problem);
  const signed = x instanceof Int8Array;
  const form = formsQ8.get(problem, [epilogue, reach, signed, inputZeroPoint], () => {
    const made = patchForm(problem, rowBytes, out.BYTES_PER_ELEMENT);
    made.setInts({ [layout.CONV_X_SIGNED]: signed ? 1 : 0, [layout.CONV_X_ZERO]: inputZeroPoint });
    if (rows !== undefined) describeRows(made, problem, rows);
    describeEpilogue(made, epilogue, problem, reach);
    return made;
  });
  lend(engine.memory, (loan) => {
    const descriptor = place(engine, loan, form, { x, panels, out, problem });
    if (rows === undefined) runBlocks(engine, loan, 'convQs8Qc8w', { descriptor, problem, rowBytes });
    else runRows(engine, loan, { descriptor, problem, rows });
  });
}

interface Operands {
  readonly x: NumericArray;
  readonly panels: Panels;
  readonly out: NumericArray;
  readonly problem: PatchProblem;
}

/** The descriptor of one call, by address. */
function place(engine: Engine, loan: Loan, form: DescriptorForm, { x, panels, out, problem }: Operands): number {
  return form.place(engine.memory, loan, [
    [layout.CONV_X, loan.read(x)],
    [layout.CONV_OUT, loan.write(out) + problem.outFirst * out.BYTES_PER_ELEMENT],
    [layout.CONV_WEIGHTS, panels.weights],
    [layout.CONV_BIAS, panels.bias],
  ]);
}

/** @param rowBytes of one patch; @param bytes of one output. */
function patchForm(problem: PatchProblem, rowBytes: number, bytes: number): DescriptorForm {
  const { offsetsY, offsetsX } = problem;
  const form = new DescriptorForm(layout.CONV_BYTES);
  form.pointTo(layout.CONV_OFFSETS, form.addConstants(Int32Array.of(...offsetsY, ...offsetsX)));
  form.setInts({
    [layout.CONV_IN_HEIGHT]: problem.inHeight,
    [layout.CONV_IN_WIDTH]: problem.inWidth,
    [layout.CONV_IN_CHANNELS]: problem.inChannels,
    [layout.CONV_GRID_HEIGHT]: problem.gridHeight,
    [layout.CONV_GRID_WIDTH]: problem.gridWidth,
    [layout.CONV_STRIDE_Y]: problem.strideHeight,
    [layout.CONV_STRIDE_X]: problem.strideWidth,
    [layout.CONV_TAPS_Y]: offsetsY.length,
    [layout.CONV_TAPS_X]: offsetsX.length,
    [layout.CONV_GROUP_IN]: problem.groupIn,
    [layout.CONV_GROUP_OUT]: problem.groupOut,
    [layout.CONV_PANELS]: Math.ceil(problem.groupOut / 8),
    [layout.CONV_K]: sumLength(problem),
    [layout.CONV_OUT_IMAGE]: problem.outImage * bytes,
    [layout.CONV_OUT_ROW]: problem.outRow * bytes,
    [layout.CONV_OUT_PIXEL]: problem.outPixel * bytes,
    [layout.CONV_BLOCK]: blockOf(rowBytes),
    [layout.CONV_DIRECT]: problem.direct ? 1 : 0,
    [layout.CONV_CONTIGUOUS]: isContiguous(problem) ? 1 : 0,
    [layout.CONV_DENSE_TAPS]: problem.groups === 1 && isConsecutive(offsetsX) ? 1 : 0,
  });
  return form;
}

interface Run {
  readonly descriptor: number;
  readonly problem: PatchProblem;
  readonly rowBytes: number;
}

/** Splits over pixels, or over panels where there are few pixels; each call has scratch of its own. */
function runBlocks(engine: Engine, loan: Loan, kernel: string, { descriptor, problem, rowBytes }: Run): void {
  const pixels = problem.batch * problem.gridHeight * problem.gridWidth;
  const panels = problem.groups * Math.ceil(problem.groupOut / 8);
  const work = (pixels * panels * 8 * sumLength(problem)) / 40;
  const byPixels = pixels >= 64 || panels < 2 * engine.threads;
  const ranges = engine.split(byPixels ? pixels : panels, work, byPixels ? 4 : 1);
  const rows = Math.min(roundUp(pixels, 4), roundUp(blockOf(rowBytes), 4));
  const scratchBytes = rows * rowBytes + layout.SLACK;
  engine.run(
    kernel,
    ranges.map(([first, end]) => [
      descriptor,
      ...(byPixels ? [first, end, 0, panels] : [0, pixels, first, end]),
      loan.scratch(scratchBytes),
    ]),
  );
}

/** Output rows whose padded input rows are worked on at a time; see {@link runRows}. */
interface RowBlock {
  readonly block: number;
  readonly scratchBytes: number;
}

/** How patches can be read in padded input rows; undefined where their taps are no neighbours, or copying is cheaper. */
function rowBlockOf(problem: PatchProblem): RowBlock | undefined {
  const { offsetsY, offsetsX, groups, direct, inChannels, strideHeight, strideWidth, gridHeight, gridWidth } = problem;
  const [dilation = 1] = stepsOf(offsetsY);
  const isWindow = stepsOf(offsetsX).every((s) => s === 1) && stepsOf(offsetsY).every((s) => s === dilation);
  const taps = offsetsY.length * offsetsX.length;
  if (direct || groups !== 1 || taps < 2 || !isWindow || dilation < 1 || strideWidth > offsetsX.length)
    return undefined;
  const rowBytes = 2 * ((gridWidth - 1) * strideWidth + offsetsX.length) * inChannels;
  const further = (offsetsY.length - 1) * dilation;
  if ((further + 1) * rowBytes > MAX_ROWS_BYTES) return undefined;
  const fitting = Math.floor((ROWS_BYTES / rowBytes - further - 1) / strideHeight) + 1;
  const block = Math.min(gridHeight, Math.max(1, fitting));
  const tableBytes = 4 * roundUp(block * gridWidth + 3, 16);
  return { block, scratchBytes: tableBytes + ((block - 1) * strideHeight + further + 1) * rowBytes + layout.SLACK };
}

function stepsOf(offsets: readonly number[]): readonly number[] {
  return offsets.slice(1).map((offset, i) => offset - (offsets[i] as number));
}

function describeRows(form: DescriptorForm, { offsetsY, offsetsX }: PatchProblem, { block }: RowBlock): void {
  form.setInts({
    [layout.CONV_BLOCK]: block,
    [layout.CONV_PAD_TOP]: -(offsetsY[0] as number), // one tap or more
    [layout.CONV_PAD_LEFT]: -(offsetsX[0] as number),
    [layout.CONV_DILATION_Y]: stepsOf(offsetsY)[0] ?? 1,
  });
}

function runRows(
  engine: Engine,
  loan: Loan,
  {
    descriptor,
    problem,
    rows,
  }: { readonly descriptor: number; readonly problem: PatchProblem; readonly rows: RowBlock },
): void {
  const { batch, gridHeight, gridWidth, groupOut } = problem;
  const work = (batch * gridHeight * gridWidth * roundUp(groupOut, 8) * sumLength(problem)) / 40;
  const ranges = engine.split(batch * gridHeight, work, 1);
  engine.run(
    'convRowsQs8Qc8w',
    ranges.map(([first, end]) => [descriptor, first, end, loan.scratch(rows.scratchBytes)]),
  );
}

/** Sums per output. */
function sumLength({ offsetsY, offsetsX, groupIn }: PatchProblem): number {
  return offsetsY.length * offsetsX.length * groupIn;
}

function blockOf(rowBytes: number): number {
  const rows = Math.floor(BLOCK_BYTES / Math.max(1, rowBytes) / 4) * 4;
  return Math.min(MAX_BLOCK, Math.max(MIN_BLOCK, rows));
}

function isContiguous({ gridHeight, gridWidth, outImage, outRow, outPixel }: PatchProblem): boolean {
  return outRow === gridWidth * outPixel && outImage === gridHeight * outRow;
}

function isConsecutive(offsets: readonly number[]): boolean {
  return offsets.every((offset, i) => offset === (offsets[0] as number) + i);
}
