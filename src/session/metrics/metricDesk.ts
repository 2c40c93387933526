import { type AbortSignalLike, NEVER } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { NodeId, ValueId } from '../../graph/model.ts';
import type { MetricColumn, MetricRequest, SampleChoice } from '../../protocol/metrics.ts';
import type { Progress } from '../../protocol/views.ts';
import { noSuchSample, nothingYet } from '../errors.ts';
import { measuredOutput } from '../figures.ts';
import type { OpenModel } from '../model.ts';
import type { Result } from '../result.ts';
import type { RunState } from '../run.ts';
import { fileBytes, quantizedBytesByNode } from './constantBytes.ts';
import { nodeMacs } from './nodeMacs.ts';
import { meanDecibels, relativeError, type SampledFigure } from './sampleFigures.ts';
import { type NodeTimes, nodeTimes } from './stepTimes.ts';
import { weightErrors } from './weightErrors.ts';

/** What the session has at the moment. */
export interface MetricDeskParts {
  readonly open: OpenModel;
  /** The last run or trial. */
  readonly after:
    | { readonly run: RunState; readonly result: Result; readonly sensitivity: ReadonlyMap<NodeId, number> }
    | undefined;
  readonly clock: Clock;
  readonly onProgress: (progress: Progress) => void;
}

type After = NonNullable<MetricDeskParts['after']>;

/** Answers what is known of all nodes by one metric. What costs time to measure is kept until there is another run. */
export class MetricDesk {
  readonly #parts: () => MetricDeskParts;
  readonly #measured = new WeakMap<Result, (ValueId | undefined)[]>();
  readonly #times = new WeakMap<Result, NodeTimes>();

  constructor(parts: () => MetricDeskParts) {
    this.#parts = parts;
  }

  /**
   * One metric of all nodes, by index, in an array of its own that may be transferred. Times are measured when they are
   * first asked for.
   *
   * @throws DiagnosticError SES401 where it needs a run first, SES426 where there is no such sample; Cancelled.
   */
  async column({ metric, of }: MetricRequest, signal: AbortSignalLike = NEVER): Promise<MetricColumn> {
    const { open, after } = this.#parts();
    const alike = (values: Float64Array): MetricColumn => ({ metric, of, samples: [], values });
    if (metric === 'macs') return alike(await nodeMacs(open, after?.run.prepared));
    if (metric === 'bytes') {
      const { graph } = open.model;
      return alike(after === undefined ? fileBytes(graph) : quantizedBytesByNode(after.result.build, graph));
    }
    if (after === undefined) throw nothingYet(open.file, 'run');
    switch (metric) {
      case 'sensitivity':
        return alike(Float64Array.from(open.model.graph.nodes, (n) => after.sensitivity.get(n.id) ?? Number.NaN));
      case 'weightError':
        return alike(await weightErrors(after.run, after.result.build, signal));
      case 'timeMs':
        return alike((await this.#timesOf(after, signal)).quantized.slice());
      case 'floatTimeMs':
        return alike((await this.#timesOf(after, signal)).float.slice());
      case 'localSqnrDb':
      case 'localError':
        return this.#local(after, metric, of);
      default:
        return this.#sampled(after, metric, of);
    }
  }

  #sampled(
    { run, result }: After,
    metric: Exclude<SampledFigure, 'rmse'> | 'rmseScale',
    of: SampleChoice,
  ): MetricColumn {
    const { figures, build } = result;
    const samples = sampleNames(run, figures.kept, of);
    const figure = (value: ValueId): number => {
      if (metric !== 'rmseScale') return figures.of(value, metric, of);
      const { scale, table } = build.assignment.activations.get(value) ?? {};
      const isPerTensor = scale?.length === 1 && table === undefined;
      return isPerTensor ? figures.of(value, 'rmse', of) / (scale[0] as number) : Number.NaN;
    };
    const values = this.#outputs(run, result).map((value) => (value === undefined ? Number.NaN : figure(value)));
    return { metric, of, samples, values: Float64Array.from(values) };
  }

  #local({ run, result }: After, metric: 'localSqnrDb' | 'localError', of: SampleChoice): MetricColumn {
    const most = Math.max(0, ...[...result.local.values()].map((decibels) => decibels.length));
    const samples = sampleNames(run, result.figures.kept, of).slice(0, most);
    const values = this.#outputs(run, result).map((value) => {
      const decibels = value === undefined ? undefined : result.local.get(value);
      return decibels === undefined ? Number.NaN : ofDecibels(decibels, metric, of);
    });
    return { metric, of, samples, values: Float64Array.from(values) };
  }

  /** The value that is compared for each node. */
  #outputs(run: RunState, result: Result): readonly (ValueId | undefined)[] {
    const known = this.#measured.get(result);
    if (known !== undefined) return known;
    const parts = { values: result.evaluation.values, standIns: run.standIns };
    const outputs = run.open.model.graph.nodes.map((node) => {
      const owner = run.prepared.ownerOf.get(node.id);
      return owner === undefined ? undefined : measuredOutput(parts, node, owner);
    });
    this.#measured.set(result, outputs);
    return outputs;
  }

  async #timesOf({ run, result }: After, signal: AbortSignalLike): Promise<NodeTimes> {
    const known = this.#times.get(result);
    if (known !== undefined) return known;
    const { clock, onProgress } = this.#parts();
    const times = await nodeTimes({ run, build: result.build, clock, signal, onProgress });
    this.#times.set(result, times);
    return times;
  }
}

/** @throws DiagnosticError SES426 */
function sampleNames(run: RunState, kept: number, of: SampleChoice): string[] {
  if (typeof of === 'number' && (!Number.isInteger(of) || of < 0 || of >= kept))
    throw noSuchSample(run.open.file, of, kept);
  const files = Array.from({ length: kept }, (_, i) => run.samples.pathsOf?.(i) ?? [run.samples.nameOf(i)]);
  const common = commonFolder(files.flat()).length;
  return files.map((paths) => paths.map((path) => path.slice(common)).join(', '));
}

/** The folders that all paths begin with, as they are written. */
function commonFolder(paths: readonly string[]): string {
  let folder = /^.*[\\/]/.exec(paths[0] ?? '')?.[0] ?? '';
  for (const path of paths) while (!path.startsWith(folder)) folder = folder.replace(/[^\\/]*[\\/]$/, '');
  return folder;
}

function ofDecibels(decibels: Float64Array, metric: 'localSqnrDb' | 'localError', of: SampleChoice): number {
  if (of === 'mean' && metric === 'localSqnrDb') return meanDecibels(decibels);
  if (of === 'mean') return decibels.reduce((sum, db) => sum + relativeError(db), 0) / decibels.length;
  const one = of === 'worst' ? Math.min(...decibels) : (decibels[of] ?? Number.NaN);
  return metric === 'localSqnrDb' ? one : relativeError(one);
}
