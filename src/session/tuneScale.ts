import type { AbortSignalLike } from '../base/abort.ts';
import { throwIfAborted } from '../base/abort.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { Samples } from '../base/samples.ts';
import { sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Program } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import { isFloat32Stored } from '../ops/numbers.ts';
import type { AutoTuneView } from '../protocol/views.ts';
import { feedsById } from '../quant/calibrate.ts';
import { autoTune, type Candidate } from '../quant/weightOnly/autoTune.ts';
import { coarsestScale, MOST_HALVINGS } from '../quant/weightOnly/coarsestScale.ts';
import { noImages, nothingToTune, notTunable, tunedTo, untunable } from '../quant/weightOnly/errors.ts';
import type { TunedStep } from '../quant/weightOnly/mixedBit.ts';
import { pairFigures } from '../whatif/figures.ts';
import type { Prepared } from './prepared.ts';
import type { RunParts } from './run.ts';
import { constantBytes, quantizedBytes } from './sizes.ts';
import { variantOf } from './variant.ts';
import type { WeightBuilder } from './weightBuilder.ts';
import type { AutoTune } from './weightSettings.ts';

/** Bytes of float outputs that are kept from candidate to candidate; of further samples the float model runs again. */
const KEPT_OUTPUT_BYTES = 1 << 28;

interface TunedModels {
  readonly prepared: Prepared;
  readonly builder: WeightBuilder;
  readonly float: Program;
}

export interface Tuned {
  readonly view: AutoTuneView | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Sets a builder to the scale of mixed bits that auto_tune asks for: judged by the mean cosine similarity of all float
 * outputs over the calibration samples, or those that stand in for them. Candidates are models of an init_scale; where
 * converter_lite is followed they have its own steps, are walked as there, and judged on the first sample.
 * @throws DiagnosticError QNT308 where no output is float, QNT309 where no scale keeps the target; Cancelled
 */
export async function tuneScale(parts: RunParts, wanted: AutoTune, models: TunedModels): Promise<Tuned> {
  const { settings, calibration } = parts;
  const { builder, float } = models;
  const at = settings.at('mixed_bit_weight_quant_param', 'auto_tune');
  if (builder.everything.codes.length === 0) return { view: undefined, diagnostics: [nothingToTune(at)] };
  const { strict } = settings.weight;
  const rule = strict ? 'converter_lite' : 'search';
  const samples = strict ? Math.min(1, calibration.count) : calibration.count;
  const outputs = new FloatOutputs(float, calibration, samples);
  if (outputs.values.length === 0) throw untunable(at);
  const { target, maxIterations, useCvData } = wanted;
  const most = strict ? maxIterations : Math.min(maxIterations, MOST_HALVINGS);
  const measure = measureWith(parts, models, { outputs, target, rule, most });
  const { best, tried } = strict
    ? await autoTune({
        target,
        maxIterations,
        largestWeight: largestOf(builder),
        measure: (scale) => measure({ scale, initScale: 1 / scale }),
      })
    : await coarsestScale({
        target,
        maxIterations,
        measure: (initScale) => measure({ scale: 1 / initScale, initScale }),
      });
  if (best === undefined) throw notTunable(at, { target, rule }, tried);
  builder.tuneTo({ rule, initScale: best.initScale });
  const missing = useCvData && settings.sampleSource === 'pseudo-random' ? [noImages(at)] : [];
  return {
    view: { target, samples, rule, best, tried },
    diagnostics: [...missing, tunedTo(at, best, { tried: tried.length, samples, rule })],
  };
}

interface Measuring {
  readonly outputs: FloatOutputs;
  readonly target: number;
  readonly rule: TunedStep['rule'];
  /** Candidates that are measured, about. */
  readonly most: number;
}

type Scale = Pick<Candidate, 'scale' | 'initScale'>;

/** Builds a candidate, measures it and gives it back; tells how many came before. */
function measureWith(
  { open, settings, signal, onProgress }: RunParts,
  { prepared, builder }: TunedModels,
  { outputs, target, rule, most }: Measuring,
): (scale: Scale) => Promise<Candidate> {
  const variant = variantOf(settings, open, prepared);
  const floatBytes = constantBytes(open.model.graph);
  let tries = 0;
  return async ({ scale, initScale }) => {
    const text = `auto_tune: init_scale ${rule === 'search' ? initScale : `1/${scale}`}`;
    const onSample = (): void => onProgress({ stage: 'quantize', done: Math.min(tries, most), total: most, text });
    onSample();
    builder.tuneTo({ rule, initScale });
    const build = await builder.build(variant, signal);
    try {
      const cosine = await outputs.meanCosine(build.program, target, { signal, onSample });
      tries++;
      return { scale, initScale, cosine, ratio: floatBytes / quantizedBytes(build) };
    } finally {
      build.program.release();
    }
  };
}

/** Elements of the largest weight that is quantized. */
function largestOf({ everything }: WeightBuilder): number {
  return everything.codes.reduce((most, { dims }) => Math.max(most, sizeOf(dims)), 1);
}

/** What the float model makes of the samples, as far as it fits into memory. */
class FloatOutputs {
  /** The outputs that are compared. */
  readonly values: readonly ValueId[];
  readonly #float: Program;
  readonly #samples: Samples;
  readonly #count: number;
  readonly #kept = new Map<number, ReadonlyMap<ValueId, Tensor>>();
  #keptBytes = 0;

  constructor(float: Program, samples: Samples, count: number) {
    this.#float = float;
    this.#samples = samples;
    this.#count = count;
    this.values = float.graph.outputs.filter((id) => isFloat32Stored(float.slots.get(id)?.dtype ?? 'bool'));
  }

  /**
   * Mean over samples of the mean over outputs. Ends at the sample from which on `target` is out of reach; the mean is
   * then that of the samples so far.
   */
  async meanCosine(
    program: Program,
    target: number,
    { signal, onSample }: { signal: AbortSignalLike; onSample: () => void },
  ): Promise<number> {
    let sum = 0;
    for (let i = 0; i < this.#count; i++) {
      throwIfAborted(signal);
      onSample();
      const feeds = feedsById(this.#float.graph, await this.#samples.read(i));
      const origin = this.#kept.get(i) ?? this.#keep(i, this.#float.start(feeds, { signal }).finish());
      const quantized = program.start(feeds, { signal }).finish();
      const cosines = this.values.map((id) => this.#cosine(origin.get(id), quantized.get(id)));
      sum += cosines.reduce((a, b) => a + b, 0) / cosines.length;
      const best = sum + this.#count - (i + 1);
      if (best < target * this.#count) return sum / (i + 1);
    }
    return sum / this.#count;
  }

  #cosine(origin: Tensor | undefined, quantized: Tensor | undefined): number {
    const [a, b] = [origin?.data, quantized?.data];
    if (!(a instanceof Float32Array && b instanceof Float32Array)) return 0; // a float output that was not made
    const { cosine } = pairFigures(this.#float.kernels, a, b);
    return Number.isNaN(cosine) ? 0 : cosine;
  }

  #keep(sample: number, outputs: ReadonlyMap<ValueId, Tensor>): ReadonlyMap<ValueId, Tensor> {
    const compared = new Map([...outputs].filter(([id]) => this.values.includes(id)));
    const bytes = [...compared.values()].reduce((all, { data }) => all + 4 * data.length, 0); // all are float32
    if (this.#keptBytes + bytes > KEPT_OUTPUT_BYTES) return outputs;
    this.#keptBytes += bytes;
    this.#kept.set(sample, compared);
    return compared;
  }
}
