import type { NumericArray } from '../base/dtype.ts';
import type { KernelSet, Packed } from '../kernels/kernelSet.ts';
import type { Engine } from './engine.ts';
import type { Epilogue } from './epilogue.ts';
import { gemmOverPatchesF32, gemmOverPatchesQ8, type PatchProblem } from './gemmOverPatches.ts';
import { gemmOrder, packPanelsF32 } from './pack.ts';
import { asWasmPacked, type PackedShape, type WasmPacked } from './packed.ts';
import { packPanelsQ8 } from './packQ8.ts';

type GemmKernels = Pick<KernelSet, 'packGemmF32' | 'gemmF32' | 'packGemmQ8' | 'gemmQ8' | 'gemmQ8Accumulators'>;

/** Matrix products: the rows are the pixels of an image of height 1. */
export function gemmKernels(engine: Engine): GemmKernels {
  const gemmQ8 = (a: Int8Array | Uint8Array, packed: Packed, epilogue: Epilogue, out: NumericArray, m: number) => {
    const weights = asWasmPacked(packed);
    const { inputZeroPoint, reach } = weights.shape;
    gemmOverPatchesQ8(engine, a, weights, out, gemmProblem(weights, m), { inputZeroPoint, epilogue, reach });
  };
  return {
    packGemmF32: (b, bias, shape) => packPanelsF32(engine, b, bias, gemmOrder(shape)),
    gemmF32: (a, packed, out, m, clamp) => {
      const weights = asWasmPacked(packed);
      gemmOverPatchesF32(engine, a, weights, out, gemmProblem(weights, m), clamp);
    },
    packGemmQ8: (weights, shape, inputZeroPoint) => packPanelsQ8(engine, weights, gemmOrder(shape), inputZeroPoint),
    gemmQ8: (a, packed, requantizer, out, m) => gemmQ8(a, packed, requantizer, out, m),
    gemmQ8Accumulators: (a, packed, out, m) => gemmQ8(a, packed, 'accumulators', out, m),
  };
}

/** The last problem of each weights: callers seldom change the number of rows. */
const problems = new WeakMap<WasmPacked, PatchProblem>();

function gemmProblem(weights: WasmPacked, m: number): PatchProblem {
  const last = problems.get(weights);
  if (last?.gridWidth === m) return last;
  const made = rowsProblem(m, weights.shape);
  problems.set(weights, made);
  return made;
}

function rowsProblem(m: number, { n, k }: PackedShape): PatchProblem {
  return {
    batch: 1,
    inHeight: 1,
    inWidth: m,
    inChannels: k,
    gridHeight: 1,
    gridWidth: m,
    strideHeight: 1,
    strideWidth: 1,
    offsetsY: [0],
    offsetsX: [0],
    groups: 1,
    groupIn: k,
    groupOut: n,
    direct: true,
    outFirst: 0,
    outImage: m * n,
    outRow: m * n,
    outPixel: n,
  };
}
