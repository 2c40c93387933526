import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import type { Samples } from '../../base/samples.ts';
import { hasDType } from '../../base/tensor.ts';
import type { Extremes } from '../../diagnose/dataRanges.ts';
import { feedsById } from '../../quant/calibrate.ts';
import { PairReader } from '../../whatif/pairReader.ts';
import type { Lab } from '../lab.ts';

/** What calibration samples do to the tensors of both models. */
export interface Pass {
  /** By index, as they were looked at. */
  readonly names: readonly string[];
  /** Of each activation of the float model. */
  readonly tensors: readonly Extremes[];
  /** Noise of each sample, relative to the mean signal of all samples, mean over the outputs: an empty sample has no signal. */
  readonly noise: readonly number[];
}

export interface PassParts {
  readonly lab: Lab;
  readonly samples: Samples;
  /** Indices of those that are looked at. */
  readonly chosen: readonly number[];
  readonly signal: AbortSignalLike;
  readonly onSample: (done: number, total: number, name: string) => void;
}

/** Runs both models once over calibration samples; nothing but extremes and errors is kept. @throws Cancelled */
export async function calibrationPass({ lab, samples, chosen, signal, onSample }: PassParts): Promise<Pass> {
  const { float } = lab.run;
  const { program: quant, pairs } = lab.result.build;
  const outputs = pairs.filter((p) => float.graph.outputs.includes(p.value));
  const values = new Set(pairs.map((p) => p.value));
  const extremes = new Map([...values].map((id) => [id, extremesOf(chosen.length)]));
  const powers = outputs.map(() => ({ noise: [] as number[], signal: 0 }));
  const reader = new PairReader(quant.kernels);
  try {
    for (const [s, index] of chosen.entries()) {
      throwIfAborted(signal);
      onSample(s, chosen.length, samples.nameOf(index));
      const feeds = feedsById(float.graph, await samples.read(index));
      const run = float.start(feeds, { signal, wanted: values });
      for (let step = run.advance(); step !== undefined; step = run.advance())
        for (const id of step.outputs) {
          const [at, tensor] = [extremes.get(id), run.value(id)?.tensor];
          if (at === undefined || tensor === undefined || !hasDType(tensor, 'float32')) continue;
          const { min, max } = float.kernels.momentsF32(tensor.data);
          at.lo[s] = Math.min(min, max); // without finite elements neither is finite
          at.hi[s] = Math.max(min, max);
        }
      const wanted = new Set(outputs.map((p) => p.quantized));
      const made = quant.start(feeds, { signal, wanted });
      for (let step = made.advance(); step !== undefined; step = made.advance())
        for (const [i, pair] of outputs.entries()) {
          const [origin, stored] = [run.value(pair.value), made.value(pair.quantized)];
          if (origin === undefined || stored === undefined || !step.outputs.includes(pair.quantized)) continue;
          const read = reader.read(quant, pair, origin, stored);
          const power = powers[i];
          power?.noise.push(read.figures.mse);
          if (power !== undefined) power.signal += meanSquare(read.origin);
        }
      await Promise.resolve();
    }
  } finally {
    reader.release();
  }
  const seen = [...extremes.values()].filter(({ lo, hi }) => lo.every(Number.isFinite) && hi.every(Number.isFinite));
  const relative = powers.filter((p) => p.signal > 0 && p.noise.length === chosen.length);
  const noise = chosen.map((_, s) => {
    const ratios = relative.map((p) => ((p.noise[s] as number) * chosen.length) / p.signal); // a number for each sample
    return ratios.reduce((a, b) => a + b, 0) / Math.max(1, ratios.length);
  });
  return { names: chosen.map((i) => samples.nameOf(i)), tensors: seen, noise };
}

function meanSquare(x: Float32Array): number {
  let sum = 0;
  for (const v of x) sum += v * v;
  return sum / Math.max(1, x.length);
}

function extremesOf(samples: number): { readonly lo: Float64Array; readonly hi: Float64Array } {
  return { lo: new Float64Array(samples).fill(Number.NaN), hi: new Float64Array(samples).fill(Number.NaN) };
}
