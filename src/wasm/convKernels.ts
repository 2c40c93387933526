import { invariant } from '../base/diagnostics.ts';
import type { NumericArray } from '../base/dtype.ts';
import type { ClampRange, ConvGeometry, KernelSet, Packed } from '../kernels/kernelSet.ts';
import { depthwiseF32 } from './depthwise.ts';
import { depthwiseQ8 } from './depthwiseQ8.ts';
import type { Engine } from './engine.ts';
import type { Epilogue } from './epilogue.ts';
import { gemmOverPatchesF32, gemmOverPatchesQ8, type PatchProblem } from './gemmOverPatches.ts';
import { convOrder, packDepthwiseF32, packPanelsF32 } from './pack.ts';
import { asWasmPacked, isDepthwise, type PackedForm } from './packed.ts';
import { packDepthwiseQ8, packPanelsQ8 } from './packQ8.ts';
import { packWinogradF32, usesWinograd, winogradF32 } from './winograd.ts';

type ConvKernels = Pick<KernelSet, 'packConvF32' | 'convF32' | 'packConvQ8' | 'convQ8' | 'convQ8Accumulators'>;

/** Convolutions: depthwise by kernels of their own, everything else as a GEMM over patches, transformed where it pays. */
export function convKernels(engine: Engine): ConvKernels {
  const { memory } = engine;
  const convQ8 = (
    x: Int8Array | Uint8Array,
    packed: Packed,
    epilogue: Epilogue,
    out: NumericArray,
    geometry: ConvGeometry,
    inputZeroPoint = asWasmPacked(packed).shape.inputZeroPoint,
  ) => {
    const weights = asWasmPacked(packed);
    checkForm(weights.shape.form, isDepthwise(geometry) ? 'depthwise' : 'panels');
    const { form, reach, inputZeroPoint: packedZeroPoint } = weights.shape;
    if (form === 'depthwise') {
      invariant(inputZeroPoint === packedZeroPoint, 'depthwise weights have the zero point of their input packed in');
      depthwiseQ8(engine, x, weights, out, geometry, epilogue);
    } else gemmOverPatchesQ8(engine, x, weights, out, convProblem(geometry), { inputZeroPoint, epilogue, reach });
  };
  return {
    packConvF32: (weights, bias, geometry) => {
      const form = formF32(geometry);
      if (form === 'depthwise') return packDepthwiseF32(memory, weights, bias, geometry);
      if (form === 'winograd') return packWinogradF32(memory, weights, bias, geometry);
      return packPanelsF32(engine, weights, bias, convOrder(geometry));
    },
    convF32: (x, packed, out, geometry, clamp: ClampRange) => {
      const weights = asWasmPacked(packed);
      const form = formF32(geometry);
      checkForm(weights.shape.form, form);
      if (form === 'depthwise') depthwiseF32(engine, x, weights, out, geometry, clamp);
      else if (form === 'winograd') winogradF32(engine, x, weights, out, geometry, clamp);
      else gemmOverPatchesF32(engine, x, weights, out, convProblem(geometry), clamp);
    },
    packConvQ8: (weights, geometry, inputZeroPoint) =>
      isDepthwise(geometry)
        ? packDepthwiseQ8(engine, weights, geometry, inputZeroPoint)
        : packPanelsQ8(engine, weights, convOrder(geometry), inputZeroPoint),
    convQ8: (x, packed, requantizer, out, geometry) => convQ8(x, packed, requantizer, out, geometry),
    convQ8Accumulators: (x, packed, out, geometry, inputZeroPoint) =>
      convQ8(x, packed, 'accumulators', out, geometry, inputZeroPoint),
  };
}

/** How float weights are arranged; it depends on the kernel, strides, dilations, groups and channels alone. */
function formF32(geometry: ConvGeometry): PackedForm {
  if (isDepthwise(geometry)) return 'depthwise';
  return usesWinograd(geometry) ? 'winograd' : 'panels';
}

function checkForm(packed: PackedForm, expected: PackedForm): void {
  invariant(packed === expected, `${packed} weights for a convolution that takes ${expected}`);
}

/** By geometry: callers that keep theirs spare what follows from it. */
const problems = new WeakMap<ConvGeometry, PatchProblem>();

function convProblem(geometry: ConvGeometry): PatchProblem {
  const known = problems.get(geometry) ?? patchProblem(geometry);
  problems.set(geometry, known);
  return known;
}

function patchProblem(geometry: ConvGeometry): PatchProblem {
  const { inHeight, inWidth, outHeight, outWidth, inChannels, outChannels, groups } = geometry;
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, padTop, padLeft } = geometry;
  const pointwise = kernelHeight === 1 && kernelWidth === 1 && strideHeight === 1 && strideWidth === 1;
  const direct =
    pointwise && groups === 1 && padTop === 0 && padLeft === 0 && inHeight === outHeight && inWidth === outWidth;
  return {
    batch: geometry.batch,
    inHeight,
    inWidth,
    inChannels,
    gridHeight: outHeight,
    gridWidth: outWidth,
    strideHeight,
    strideWidth,
    offsetsY: Array.from({ length: kernelHeight }, (_, k) => k * geometry.dilationHeight - padTop),
    offsetsX: Array.from({ length: kernelWidth }, (_, k) => k * geometry.dilationWidth - padLeft),
    groups,
    groupIn: inChannels / groups,
    groupOut: outChannels / groups,
    direct,
    outFirst: 0,
    outImage: outHeight * outWidth * outChannels,
    outRow: outWidth * outChannels,
    outPixel: outChannels,
  };
}
