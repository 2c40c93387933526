import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { Samples } from '../base/samples.ts';
import { hasDType, type Tensor } from '../base/tensor.ts';
import type { Program, Step } from '../exec/program.ts';
import type { Graph, ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { nonFiniteActivation } from './errors.ts';
import { MinMaxObserver } from './observers/minMax.ts';
import type { Range } from './qparams.ts';

export interface CalibrateOptions {
  readonly kernels: KernelSet;
  readonly file: string;
  /** Activations to observe: graph inputs and step outputs of the program. */
  readonly values: ReadonlySet<ValueId>;
  readonly signal?: AbortSignalLike;
  /** Called before each step of each sample. */
  readonly onStep?: (sample: number, name: string, step: Step) => void;
}

export interface Calibration {
  readonly ranges: ReadonlyMap<ValueId, Range>;
  readonly samples: number;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Runs the float program over all samples and records the range of each value, while it is in cache. Nothing but the
 * extremes is kept, so memory does not grow with the number of samples.
 */
export async function calibrate(program: Program, samples: Samples, options: CalibrateOptions): Promise<Calibration> {
  const { kernels, values, signal } = options;
  const observers = new Map([...values].map((id) => [id, new MinMaxObserver()]));
  const diagnostics: Diagnostic[] = [];
  for (let i = 0; i < samples.count; i++) {
    throwIfAborted(signal);
    const name = samples.nameOf(i);
    const feeds = feedsById(program.graph, await samples.read(i));
    const run = program.start(feeds, {
      ...(signal !== undefined && { signal }),
      onStep: (step) => options.onStep?.(i, name, step),
    });
    const observe = (id: ValueId, x: Tensor | undefined, node?: { handle: string; opType: string }): void => {
      const observer = observers.get(id);
      if (observer === undefined || x === undefined || !hasDType(x, 'float32')) return;
      const m = kernels.momentsF32(x.data);
      observer.observe(m);
      if (m.nan + m.inf > 0 && diagnostics.length === 0) {
        const at = { file: options.file, ...(node === undefined ? {} : { node: node.handle, opType: node.opType }) };
        diagnostics.push(nonFiniteActivation(at, name, m.nan, m.inf));
      }
    };
    for (const id of program.graph.inputs) observe(id, feeds.get(id));
    for (let step = run.advance(); step !== undefined; step = run.advance())
      for (const id of step.outputs) observe(id, run.value(id)?.tensor, step.node);
  }
  const ranges = new Map<ValueId, Range>();
  for (const [id, observer] of observers) if (observer.range !== undefined) ranges.set(id, observer.range);
  return { ranges, samples: samples.count, diagnostics };
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
