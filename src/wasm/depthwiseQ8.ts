import type { NumericArray } from '../base/dtype.ts';
import type { ConvGeometry } from '../kernels/kernelSet.ts';
import * as layout from './assembly/layout.ts';
import { depthwiseForm } from './depthwise.ts';
import { DescriptorForms } from './descriptor.ts';
import type { Engine } from './engine.ts';
import { describeEpilogue, type Epilogue } from './epilogue.ts';
import { lend } from './lend.ts';
import { roundUp, type WasmPacked } from './packed.ts';
import { pairsOfRows, unsignedBias } from './packQ8.ts';

/** Planes of input rows that are worked on at a time shall stay in the second-level cache. */
const BLOCK_BYTES = 192 * 1024;
/** Bytes of one column of a plane: four channels of two rows. */
const ENTRY = 8;

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
  const block = blockOf(geometry);
  const signed = x instanceof Int8Array;
  const { reach, inputZeroPoint, k } = weights.shape;
  const form = forms.get(geometry, [epilogue, reach, signed, inputZeroPoint], () => {
    const made = depthwiseForm(geometry);
    made.setInts({
      [layout.CONV_BLOCK]: block,
      [layout.CONV_X_SIGNED]: signed ? 1 : 0,
      [layout.CONV_X_ZERO]: inputZeroPoint,
    });
    describeEpilogue(made, epilogue, { groups: 1, groupOut: geometry.outChannels }, reach);
    return made;
  });
  lend(engine.memory, (loan) => {
    const descriptor = form.place(engine.memory, loan, [
      [layout.CONV_X, loan.read(x)],
      [layout.CONV_OUT, loan.write(out)],
      [layout.CONV_WEIGHTS, weights.weights],
      [layout.CONV_BIAS, signed ? weights.bias : unsignedBias(weights)],
    ]);
    const rows = geometry.batch * geometry.outHeight;
    const work = (rows * geometry.outWidth * geometry.outChannels * k) / 20;
    const scratchBytes = 16 + pairsOf(geometry, block) * pairBytes(geometry) + layout.SLACK;
    const ranges = engine.split(rows, work, 1);
    engine.run(
      'depthwiseQs8Qc8w',
      ranges.map(([first, end]) => [descriptor, first, end, loan.scratch(scratchBytes)]),
    );
  });
}

const forms = new DescriptorForms<ConvGeometry>();

/** Output rows per block. */
function blockOf(geometry: ConvGeometry): number {
  const { strideHeight, dilationHeight, kernelHeight, outHeight } = geometry;
  const further = Math.floor(BLOCK_BYTES / pairBytes(geometry) / dilationHeight) - pairsOfRows(kernelHeight);
  const rows = Math.floor((2 * (further + 1) * dilationHeight - 1) / strideHeight) + 1;
  return Math.min(outHeight, Math.max(1, rows));
}

/** Pairs of input rows that `rows` output rows see. */
function pairsOf({ strideHeight, dilationHeight, kernelHeight }: ConvGeometry, rows: number): number {
  const last = Math.floor(((rows - 1) * strideHeight) / dilationHeight);
  return ((last >> 1) + pairsOfRows(kernelHeight)) * dilationHeight;
}

/** Bytes of one pair of rows in all planes. */
function pairBytes({ outWidth, strideWidth, kernelWidth, dilationWidth, inChannels }: ConvGeometry): number {
  const width = (outWidth - 1) * strideWidth + (kernelWidth - 1) * dilationWidth + 1;
  return (width * ENTRY * roundUp(inChannels, 16)) / 4;
}
