import { invariant } from '../base/diagnostics.ts';
import type { ConvGeometry, ConvQ8Weights, KernelSet, Packed, Requantizer } from '../kernels/kernelSet.ts';
import { type Phase, phaseProblem, phasesOf } from './convTransposeKernels.ts';
import type { Engine } from './engine.ts';
import { gemmOverPatchesQ8, type PatchProblem } from './gemmOverPatches.ts';
import { convOrder } from './pack.ts';
import type { WasmPacked } from './packed.ts';
import { packPanelsQ8 } from './packQ8.ts';

/** Transposed convolution of codes by phases, each with panels of its own. */
export function convTransposeQ8Kernels(engine: Engine): Pick<KernelSet, 'packConvTransposeQ8' | 'convTransposeQ8'> {
  return {
    packConvTransposeQ8: (weights, geometry, inputZeroPoint) =>
      new PackedPhases(
        problemsOf(geometry).map(({ phases, problem }) => {
          const order = convOrder(convolutionOf(geometry, problem));
          return {
            phases: phases.length,
            problem,
            panels: packPanelsQ8(engine, weightsOf(weights, geometry, phases), order, inputZeroPoint),
          };
        }),
      ),
    convTransposeQ8: (x, packed, requantizer, out, { batch }) => {
      invariant(packed instanceof PackedPhases, 'weights of a transposed convolution packed by the wasm engine');
      for (const { phases, problem, panels } of packed.parts) {
        const { inputZeroPoint, reach } = panels.shape;
        const epilogue = repeated(requantizer, phases);
        gemmOverPatchesQ8(engine, x, panels, out, { ...problem, batch }, { inputZeroPoint, epilogue, reach });
      }
    },
  };
}

interface PackedPart {
  /** Phases that are computed together. */
  readonly phases: number;
  readonly problem: PatchProblem;
  readonly panels: WasmPacked;
}

class PackedPhases implements Packed {
  readonly parts: readonly PackedPart[];

  constructor(parts: readonly PackedPart[]) {
    this.parts = parts;
  }

  get byteLength(): number {
    return this.parts.reduce((sum, { panels }) => sum + panels.byteLength, 0);
  }

  release(): void {
    for (const { panels } of this.parts) panels.release();
  }
}

interface Part {
  readonly phases: readonly Phase[];
  readonly problem: PatchProblem;
}

/**
 * One problem per phase; where the windows of neighbours in a row just touch, the phases of a row are the channels of
 * one: they lie next to each other in the output and read the same input.
 */
function problemsOf(geometry: ConvGeometry): readonly Part[] {
  const { groups, kernelWidth, strideWidth, dilationWidth, padLeft, inWidth, outWidth } = geometry;
  const phases = phasesOf(geometry);
  const touch = kernelWidth === strideWidth && dilationWidth === 1 && padLeft === 0;
  if (groups > 1 || !touch || outWidth !== inWidth * strideWidth) {
    return phases.map((phase) => ({ phases: [phase], problem: phaseProblem(geometry, phase) }));
  }
  return phases
    .filter(({ x }) => x === 0)
    .map((first) => {
      const problem = phaseProblem(geometry, first);
      const row = phases.filter(({ y }) => y === first.y);
      return { phases: row, problem: { ...problem, groupOut: problem.groupOut * row.length } };
    });
}

/** The convolution that a problem is, for packing. */
function convolutionOf(geometry: ConvGeometry, { groups, groupOut, offsetsY, offsetsX }: PatchProblem): ConvGeometry {
  return {
    ...geometry,
    outChannels: groups * groupOut,
    kernelHeight: offsetsY.length,
    kernelWidth: offsetsX.length,
  };
}

/** From [I, O/groups, kH, kW] to [phases x O, I/groups, rows, columns] of the taps that reach the phases. */
function weightsOf(weights: ConvQ8Weights, geometry: ConvGeometry, phases: readonly Phase[]): ConvQ8Weights {
  const { inChannels, outChannels, groups, kernelHeight, kernelWidth } = geometry;
  const [groupIn, groupOut] = [inChannels / groups, outChannels / groups];
  const codes: number[] = [];
  for (const { rows, columns } of phases) {
    for (let channel = 0; channel < outChannels; channel++) {
      const firstInput = Math.floor(channel / groupOut) * groupIn;
      for (let i = firstInput; i < firstInput + groupIn; i++) {
        const first = (i * groupOut + (channel % groupOut)) * kernelHeight * kernelWidth;
        for (const row of rows)
          for (const column of columns) codes.push(weights.codes[first + row.tap * kernelWidth + column.tap] as number);
      }
    }
  }
  const { zeroPoint, bias } = weights;
  return {
    codes: weights.codes instanceof Int8Array ? Int8Array.from(codes) : Uint8Array.from(codes),
    zeroPoint: zeroPoint.length === 1 ? zeroPoint : Int32Array.from(phases.flatMap(() => [...zeroPoint])),
    bias: bias && Int32Array.from(phases.flatMap(() => [...bias])),
  };
}

/** Requantizers of several phases, made once for each that belongs to a node. */
const repetitions = new WeakMap<Requantizer, Map<number, Requantizer>>();

function repeated(requantizer: Requantizer, phases: number): Requantizer {
  if (phases === 1) return requantizer;
  const known = repetitions.get(requantizer) ?? new Map<number, Requantizer>();
  repetitions.set(requantizer, known);
  const times = <T>(list: Iterable<T>): T[] => Array.from({ length: phases }, () => [...list]).flat();
  const made =
    known.get(phases) ??
    (requantizer.flavour === 'fp32'
      ? { ...requantizer, multiplier: Float32Array.from(times(requantizer.multiplier)) }
      : { ...requantizer, multiplier: times(requantizer.multiplier) });
  known.set(phases, made);
  return made;
}
