import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { Tensor } from '../../base/tensor.ts';
import type { Program, Step } from '../../exec/program.ts';
import type { Graph, ValueId } from '../../graph/model.ts';
import type { Progress } from '../../protocol/views.ts';
import { feedsById } from '../../quant/calibrate.ts';
import type { Build } from '../build.ts';
import type { RunState } from '../run.ts';
import { userNodes } from './userNodes.ts';

/** Milliseconds of each node of the user's file; NaN for nodes that no step stands for. */
export interface NodeTimes {
  readonly float: Float64Array;
  readonly quantized: Float64Array;
}

export interface NodeTimesParts {
  readonly run: RunState;
  readonly build: Build;
  readonly clock: Clock;
  readonly signal: AbortSignalLike;
  readonly onProgress: (progress: Progress) => void;
}

/** Measures both models on the first evaluation sample. @throws Cancelled; DiagnosticError DAT… */
export async function nodeTimes({ run, build, clock, signal, onProgress }: NodeTimesParts): Promise<NodeTimes> {
  const { float, cache, samples, open } = run;
  const user = open.model.graph;
  const feeds = cache.feeds(0) ?? feedsById(float.graph, await samples.read(0));
  const measure = async (program: Program, standsFor: ReadonlyMap<ValueId, ValueId>, before: number) => {
    const onRepeat = (done: number, total: number): void =>
      onProgress({ stage: 'time', done: before + done, total: 2 * total, text: samples.nameOf(0) });
    const times = await stepTimes(program, feeds, { clock, signal, onRepeat });
    return timesByNode(program, times, { user, standsFor });
  };
  const times = {
    float: await measure(float, new Map(), 0),
    quantized: await measure(build.program, build.qdq.floatOf, REPEATS),
  };
  onProgress({ stage: 'time', done: 2 * REPEATS, total: 2 * REPEATS, text: '' });
  return times;
}

/** Times a program runs; the first also fills caches. */
const REPEATS = 6;

export interface TimeOptions {
  readonly clock: Clock;
  readonly signal: AbortSignalLike;
  /** Called before each repeat. */
  readonly onRepeat: (done: number, total: number) => void;
}

/** Milliseconds of each step of a program, the best of several runs. @throws Cancelled */
export async function stepTimes(
  program: Program,
  feeds: ReadonlyMap<ValueId, Tensor>,
  { clock, signal, onRepeat }: TimeOptions,
): Promise<Float64Array> {
  const best = new Float64Array(program.steps.length).fill(Number.NaN);
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    onRepeat(repeat, REPEATS);
    throwIfAborted(signal);
    const run = program.start(feeds, { signal });
    for (let from = clock.now(), step = run.advance(); step !== undefined; step = run.advance()) {
      const to = clock.now();
      const known = best[step.index] as number;
      best[step.index] = Number.isNaN(known) ? to - from : Math.min(known, to - from);
      from = clock.now();
    }
    await Promise.resolve();
  }
  return best;
}

/**
 * The steps' milliseconds by node of the user's file: at the node that makes what the step makes, which is the last one of
 * a fused group; conversions at the node they serve. NaN for nodes that no step stands for.
 *
 * @param standsFor the user's value of a value of the program's, where it is another one: codes.
 */
export function timesByNode(
  program: Program,
  times: Float64Array,
  { user, standsFor }: { readonly user: Graph; readonly standsFor: ReadonlyMap<ValueId, ValueId> },
): Float64Array {
  const owners = userNodes(program.graph, user);
  const makers = new Map(user.nodes.flatMap((n, i) => n.outputs.map((id) => [id, i] as const)));
  const ownerOf = ({ node, outputs }: Step): number | undefined => {
    const made = outputs.map((id) => makers.get(standsFor.get(id) ?? id)).find((i) => i !== undefined);
    return made ?? owners.get(node.id);
  };
  const total = new Float64Array(user.nodes.length).fill(Number.NaN);
  for (const step of program.steps) {
    const [owner, time] = [ownerOf(step), times[step.index] as number];
    if (owner === undefined || Number.isNaN(time)) continue;
    const known = total[owner] as number;
    total[owner] = Number.isNaN(known) ? time : known + time;
  }
  return total;
}
