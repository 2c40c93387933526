import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import type { Diagnostic, Location } from '../base/diagnostics.ts';
import { PER_TENSOR, type QuantScheme } from '../base/quantParams.ts';
import type { Samples } from '../base/samples.ts';
import { hasDType, type Tensor } from '../base/tensor.ts';
import type { Program, Run, Step, Stored } from '../exec/program.ts';
import type { Graph, Node, ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { type Channels, channelsOf } from './channels.ts';
import { type ChosenRanges, extremesUsed, nonFiniteActivation, rangesChosen } from './errors.ts';
import type { KeptFloats } from './keptFloats.ts';
import type { CalibrationMethod } from './methods.ts';
import { firstPassOf } from './observers/firstPass.ts';
import type { KlFlavour } from './observers/kl.ts';
import { MinMaxObserver } from './observers/minMax.ts';
import type { Outcome, SecondPass } from './observers/observer.ts';
import type { Range } from './qparams.ts';
import type { Response } from './response/elementwise.ts';

/** Where a calibration is: methods with histograms look at all samples twice. */
export interface CalibrationPosition {
  readonly pass: 'ranges' | 'histograms';
  readonly sample: number;
  readonly name: string;
}

export interface CalibrateOptions {
  readonly kernels: KernelSet;
  readonly file: string;
  /** Activations to observe: graph inputs and step outputs of the program. */
  readonly values: ReadonlySet<ValueId>;
  readonly methodOf: (value: ValueId) => CalibrationMethod;
  /** Codes that a value will have. */
  readonly schemeOf: (value: ValueId) => QuantScheme;
  /** In (50, 100), for PERCENTILE. */
  readonly percentile: number;
  readonly klFlavour: KlFlavour;
  /** What element-wise operators make of a value, for OUTPUT_MSE. */
  readonly responseOf: (value: ValueId) => Response | undefined;
  /** From earlier passes over the same samples. */
  readonly kept?: KeptFloats;
  readonly signal?: AbortSignalLike;
  /** Called before each step of each sample. */
  readonly onStep?: (at: CalibrationPosition, step: Step) => void;
}

export interface Calibration {
  readonly ranges: ReadonlyMap<ValueId, Range>;
  /** What the other flavour of a value's method takes, where it has two. */
  readonly counterparts: ReadonlyMap<ValueId, () => Range>;
  readonly samples: number;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Runs the float program over all samples, once or, where a method asks for it, twice, and finds the range of each value
 * while it is in cache. Nothing but extremes and histograms is kept, so memory does not grow with the number of samples.
 * @throws Cancelled
 */
export async function calibrate(program: Program, samples: Samples, options: CalibrateOptions): Promise<Calibration> {
  const { kernels, file, values, methodOf, schemeOf, percentile, klFlavour, responseOf } = options;
  const diagnostics: Diagnostic[] = [];
  const observers = new Map(
    [...values].map((id) => {
      const method = methodOf(id);
      const response = method === 'OUTPUT_MSE' ? responseOf(id) : undefined;
      return [id, firstPassOf(method, { kernels, scheme: schemeOf(id), percentile, klFlavour, response })] as const;
    }),
  );
  const extremes = new Map([...values].map((id) => [id, new MinMaxObserver()]));
  await runPass(program, samples, 'ranges', options, ({ id, x, sample, node }) => {
    const observer = observers.get(id);
    if (observer === undefined) return;
    const m = kernels.momentsF32(x);
    extremes.get(id)?.observe(x, m);
    observer.observe(x, m);
    if (m.nan + m.inf > 0 && diagnostics.length === 0)
      diagnostics.push(nonFiniteActivation(locationOf(file, node), sample, m.nan, m.inf));
  });
  const outcomes = new Map([...observers].map(([id, observer]) => [id, observer.finish()]));
  const again = new Map<ValueId, SecondPass>();
  for (const [id, outcome] of outcomes) if (outcome.kind === 'again') again.set(id, outcome.pass);
  if (again.size > 0) {
    await runPass(program, samples, 'histograms', options, ({ id, x, channels }) =>
      again.get(id)?.observe(x, channels),
    );
    for (const [id, pass] of again) {
      throwIfAborted(options.signal);
      outcomes.set(id, pass.finish());
    }
  }
  const ranges = new Map<ValueId, Range>();
  const counterparts = new Map<ValueId, () => Range>();
  for (const [id, outcome] of outcomes) {
    if (outcome.kind === 'range' && outcome.counterpart !== undefined) counterparts.set(id, outcome.counterpart);
    const range = rangeOf(outcome);
    if (range !== undefined) ranges.set(id, range);
    if (outcome.kind === 'extremes')
      diagnostics.push(extremesUsed({ file, tensor: nameOf(program, id) }, methodOf(id), outcome));
  }
  diagnostics.push(...choicesOf({ program, samples, options, ranges, extremes }));
  return { ranges, counterparts, samples: samples.count, diagnostics };
}

interface Chosen {
  readonly program: Program;
  readonly samples: Samples;
  readonly options: CalibrateOptions;
  readonly ranges: ReadonlyMap<ValueId, Range>;
  readonly extremes: ReadonlyMap<ValueId, MinMaxObserver>;
}

/** A note for each method that does not just take the extremes. */
function choicesOf({ program, samples, options, ranges, extremes }: Chosen): Diagnostic[] {
  const { file, methodOf } = options;
  const byMethod = new Map<CalibrationMethod, ChosenRanges['shares'][number][]>();
  for (const [id, range] of ranges) {
    const whole = spanOf(extremes.get(id)?.range);
    const method = methodOf(id);
    if (method === 'MAX_MIN' || whole === 0) continue;
    const shares = byMethod.get(method) ?? [];
    byMethod.set(method, [...shares, { tensor: nameOf(program, id), share: spanOf(range) / whole }]);
  }
  return [...byMethod].map(([method, shares]) => rangesChosen(file, { method, samples: samples.count, shares }));
}

/** Length of the range that also holds 0. */
function spanOf(range: Range | undefined): number {
  return range === undefined ? 0 : Math.max(range.hi, 0) - Math.min(range.lo, 0);
}

function nameOf({ graph }: Program, id: ValueId): string {
  return graph.values.get(id)?.name ?? `#${id}`;
}

function rangeOf(outcome: Outcome): Range | undefined {
  return outcome.kind === 'again' ? undefined : outcome.range;
}

function locationOf(file: string, node: Node | undefined): Location {
  return { file, ...(node === undefined ? {} : { node: node.handle, opType: node.opType }) };
}

/** A float activation of one sample, valid until the call returns. */
interface Seen {
  readonly id: ValueId;
  readonly x: Float32Array;
  readonly channels: Channels;
  readonly sample: string;
  /** What makes it; undefined for inputs of the graph. */
  readonly node: Node | undefined;
}

/** Shows the values that are asked for, sample after sample; what comes behind the last of them does not run. */
async function runPass(
  program: Program,
  samples: Samples,
  pass: CalibrationPosition['pass'],
  { values, kept, signal, onStep }: Pick<CalibrateOptions, 'values' | 'kept' | 'signal' | 'onStep'>,
  look: (seen: Seen) => void,
): Promise<void> {
  for (let sample = 0; sample < samples.count; sample++) {
    throwIfAborted(signal);
    const name = samples.nameOf(sample);
    const given = kept?.of(sample) ?? new Map<ValueId, Stored>();
    const wanted = new Set([...values].filter((id) => !given.has(id)));
    const feeds = wanted.size === 0 ? new Map<ValueId, Tensor>() : feedsById(program.graph, await samples.read(sample));
    const run = program.start(feeds, {
      ...(signal !== undefined && { signal }),
      ...{ given, wanted, onlyWanted: true },
      onStep: (step) => onStep?.({ pass, sample, name }, step),
    });
    const show = (id: ValueId, stored: Stored | undefined, node?: Node): void => {
      const x = stored?.tensor;
      if (stored !== undefined && x !== undefined && hasDType(x, 'float32'))
        look({ id, x: x.data, channels: channelsIn(stored), sample: name, node });
    };
    const left = new Set(values);
    for (const id of program.graph.inputs) if (left.delete(id)) show(id, plain(feeds.get(id)));
    for (const step of program.steps) {
      if (left.size === 0) break;
      if (step.outputs.some((id) => left.has(id) && !given.has(id)))
        runUntil(run, step, (id, stored) => kept?.offer(sample, id, stored));
      for (const id of step.outputs) if (left.delete(id)) show(id, given.get(id) ?? run.value(id), step.node);
    }
  }
}

function runUntil(run: Run, last: Step, onMade: (id: ValueId, stored: Stored) => void): void {
  for (let step = run.advance(); step !== undefined; step = run.advance()) {
    for (const id of step.outputs) {
      const made = run.value(id);
      if (made !== undefined) onMade(id, made);
    }
    if (step === last) return;
  }
}

function plain(tensor: Tensor | undefined): Stored | undefined {
  return tensor && { tensor, layout: 'plain' };
}

/** Channels of rank-4 data, which lie along axis 1; anything else is one channel. */
export function channelsIn({ tensor: { dims }, layout }: Stored): Channels {
  if (dims.length !== 4) return channelsOf(dims, PER_TENSOR);
  return channelsOf(dims, { kind: 'perChannel', axis: layout === 'nhwc' ? 3 : 1 });
}

/** Feeds keyed by value instead of by the graph input's name. */
export function feedsById(graph: Graph, feeds: ReadonlyMap<string, Tensor>): Map<ValueId, Tensor> {
  const byId = new Map<ValueId, Tensor>();
  for (const id of graph.inputs) {
    const feed = feeds.get(graph.values.get(id)?.name ?? '');
    if (feed !== undefined) byId.set(id, feed);
  }
  return byId;
}
