import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import type { Samples } from '../../base/samples.ts';
import { hasDType, type Tensor } from '../../base/tensor.ts';
import { classFigures, type DenseForm, denseForm, densePeak } from '../../diagnose/dataScores.ts';
import { mean } from '../../diagnose/dataStatistics.ts';
import type { Reaction } from '../../diagnose/dataVerdict.ts';
import type { Program } from '../../exec/program.ts';
import type { Graph, ValueId } from '../../graph/model.ts';
import { wiringOf } from '../../graph/topo.ts';
import type { KernelSet } from '../../kernels/kernelSet.ts';
import { feedsById } from '../../quant/calibrate.ts';
import type { LabelLookup } from '../accuracy.ts';
import type { OpenModel } from '../model.ts';
import { compileGraph, prepare } from '../prepared.ts';
import { divergence, type Normalization, normalizationsOf } from './dataNormalizations.ts';

export interface ProbeParts {
  readonly open: OpenModel;
  readonly kernels: KernelSet;
  readonly fixedDims: ReadonlyMap<string, number>;
  readonly signal: AbortSignalLike;
}

/** Runs the float model on samples, and says how it takes them. {@link release} it afterwards. */
export class DataProbe {
  readonly normalizations: readonly Normalization[];
  readonly #program: Program;
  readonly #owns: boolean;
  readonly #classes: ValueId | undefined;
  readonly #dense: readonly ValueId[];
  /** By output, from the first sample that is seen. */
  readonly #forms = new Map<ValueId, DenseForm | undefined>();

  private constructor(program: Program, owns: boolean, normalizations: readonly Normalization[]) {
    this.#program = program;
    this.#owns = owns;
    this.normalizations = normalizations.filter((n) => program.slots.has(n.value));
    const { graph } = program;
    this.#classes = graph.outputs.find((id) => isVector(program.slots.get(id)?.dims));
    this.#dense = this.#classes === undefined ? graph.outputs.filter((id) => isScored(graph, id)) : [];
  }

  /** With the values kept that BatchNormalization makes. @throws DiagnosticError, Cancelled */
  static async open({ open, kernels, fixedDims, signal }: ProbeParts): Promise<DataProbe> {
    const normalizations = await normalizationsOf(open.model.graph);
    const prepared = await prepare(open, kernels, fixedDims);
    const keep = new Set(normalizations.map((n) => n.value).filter((id) => prepared.graph.values.has(id)));
    const parts = { open, prepared, kernels, requantizer: 'fp32' as const };
    return new DataProbe(await compileGraph(parts, prepared.graph, { keep, signal }), true, normalizations);
  }

  /** Of a float program that is there already: without statistics. */
  static of(float: Program): DataProbe {
    return new DataProbe(float, false, []);
  }

  /** Whether it can say anything at all of a sample without a label. */
  get isBlind(): boolean {
    return this.normalizations.length + this.#dense.length === 0 && this.#classes === undefined;
  }

  release(): void {
    if (this.#owns) this.#program.release();
  }

  /** @throws Cancelled, DiagnosticError where the sample cannot be read. */
  async react(
    samples: Samples,
    index: number,
    labels: LabelLookup | undefined,
    signal: AbortSignalLike,
  ): Promise<Reaction> {
    throwIfAborted(signal);
    const feeds = feedsById(this.#program.graph, await samples.read(index));
    const byValue = new Map(this.normalizations.map((n) => [n.value, n]));
    const distances: number[] = [];
    const run = this.#program.start(feeds, { signal, wanted: new Set(byValue.keys()) });
    for (let step = run.advance(); step !== undefined; step = run.advance())
      for (const id of step.outputs) {
        const normalization = byValue.get(id);
        const stored = normalization && run.value(id);
        const distance = normalization && stored && divergence(normalization, stored);
        if (distance !== undefined && Number.isFinite(distance)) distances.push(distance);
      }
    const outputs = run.finish();
    const classes = this.#classesIn(outputs);
    const label = labels?.labelOf(samples.nameOf(index));
    const peaks = this.#dense.flatMap((id) => this.#peakIn(id, outputs.get(id)) ?? []);
    return {
      ...(classes && { classes }),
      ...(classes && label !== undefined && { isRight: classes.best === label }),
      ...(distances.length > 0 && { divergence: mean(distances) }),
      ...(peaks.length > 0 && { peak: mean(peaks) }),
    };
  }

  #classesIn(outputs: ReadonlyMap<ValueId, Tensor>): Reaction['classes'] {
    const t = this.#classes === undefined ? undefined : outputs.get(this.#classes);
    if (t === undefined || !hasDType(t, 'float32') || !isVector(t.dims) || !t.data.every(Number.isFinite))
      return undefined;
    return { ...classFigures(t.data), count: t.data.length };
  }

  #peakIn(id: ValueId, t: Tensor | undefined): number | undefined {
    if (t === undefined || !hasDType(t, 'float32')) return undefined;
    if (!this.#forms.has(id)) this.#forms.set(id, denseForm(t.data, t.dims));
    const form = this.#forms.get(id);
    return form && densePeak(t.data, form);
  }
}

/** Fewer classes leave no room for being sure. */
const LEAST_CLASSES = 3;

/** One number for each class and nothing else. */
function isVector(dims: readonly (number | string)[] | undefined): boolean {
  const longer = dims?.filter((d) => d !== 1) ?? [];
  return longer.length === 1 && typeof longer[0] === 'number' && longer[0] >= LEAST_CLASSES;
}

const SCORES: ReadonlySet<string> = new Set(['Sigmoid', 'Softmax', 'HardSigmoid']);
const MOVES: ReadonlySet<string> = new Set([
  'Concat',
  'Reshape',
  'Transpose',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Identity',
  'Slice',
]);

/** Whether an output holds what a Sigmoid or Softmax makes, moved at most. */
function isScored(graph: Graph, output: ValueId): boolean {
  const { producer } = wiringOf(graph);
  const seen = new Set<ValueId>();
  const look = (id: ValueId | undefined): boolean => {
    const node = id === undefined || seen.has(id) ? undefined : producer.get(id);
    if (id === undefined || node === undefined) return false;
    seen.add(id);
    return SCORES.has(node.opType) || (MOVES.has(node.opType) && node.inputs.some(look));
  };
  return look(output);
}
