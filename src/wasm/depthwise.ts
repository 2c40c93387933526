import type { ClampRange, ConvGeometry } from '../kernels/kernelSet.ts';
import * as layout from './assembly/layout.ts';
import { DescriptorForm, DescriptorForms } from './descriptor.ts';
import type { Engine } from './engine.ts';
import { type Loan, lend } from './lend.ts';
import type { WasmPacked } from './packed.ts';

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
  const form = forms.get(geometry, [clamp.lo, clamp.hi], () => {
    const made = depthwiseForm(geometry);
    made.setFloats({ [layout.CONV_LO]: clamp.lo, [layout.CONV_HI]: clamp.hi });
    return made;
  });
  lend(engine.memory, (loan) => {
    const descriptor = form.place(engine.memory, loan, [
      [layout.CONV_X, loan.read(x)],
      [layout.CONV_OUT, loan.write(out)],
      [layout.CONV_WEIGHTS, weights.weights],
      [layout.CONV_BIAS, weights.bias],
    ]);
    const scratchBytes = 12 * geometry.kernelHeight * geometry.kernelWidth;
    runRows(engine, loan, 'depthwiseF32', { descriptor, geometry, scratchBytes });
  });
}

const forms = new DescriptorForms<ConvGeometry>();

/** What the kernels of either type read of a depthwise convolution. */
export function depthwiseForm(geometry: ConvGeometry): DescriptorForm {
  const form = new DescriptorForm(layout.CONV_BYTES);
  form.setInts({
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
  return form;
}

interface Run {
  readonly descriptor: number;
  readonly geometry: ConvGeometry;
  readonly scratchBytes: number;
}

function runRows(engine: Engine, loan: Loan, kernel: string, { descriptor, geometry, scratchBytes }: Run): void {
  const taps = geometry.kernelHeight * geometry.kernelWidth;
  const rows = geometry.batch * geometry.outHeight;
  const work = (rows * geometry.outWidth * geometry.outChannels * taps) / 10;
  engine.run(
    kernel,
    engine.split(rows, work, 1).map(([first, end]) => [descriptor, first, end, loan.scratch(scratchBytes)]),
  );
}
