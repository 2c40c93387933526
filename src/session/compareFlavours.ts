import type { AbortSignalLike } from '../base/abort.ts';
import { invariant } from '../base/diagnostics.ts';
import type { Program, Run, Step, Stored } from '../exec/program.ts';
import type { NodeId, ValueId } from '../graph/model.ts';
import type { Progress } from '../protocol/views.ts';
import type { Build } from './build.ts';
import { type RunState, stepText } from './run.ts';
import type { Settings } from './settings.ts';

/** Codes of a node that differ between the flavours. */
export interface CodeDifferences {
  readonly codes: number;
  readonly different: number;
  /** The largest difference, in codes. */
  readonly most: number;
}

/** What the other flavour of requantizer makes of the same integers, node by node. */
export interface FlavourComparison {
  readonly samples: number;
  /** By node of the prepared graph. */
  readonly byNode: ReadonlyMap<NodeId, CodeDifferences>;
}

/** What is compared, and by which settings. */
export interface ComparisonParts {
  readonly run: Pick<RunState, 'cache'>;
  readonly build: Build;
  readonly settings: Pick<Settings, 'compareRequantizers' | 'requantizer' | 'fixedPoint'>;
  readonly signal: AbortSignalLike;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Runs the quantized program and, with the inputs of each step that requantizes sums, that step in the other flavour:
 * differences do not add up from node to node. Undefined where the settings do not ask for it, or nothing requantizes.
 *
 * @param most samples, of those whose inputs are kept. @throws Cancelled
 */
export async function compareFlavours(parts: ComparisonParts, most: number): Promise<FlavourComparison | undefined> {
  const { build, settings, signal } = parts;
  if (!settings.compareRequantizers || build.withRequantizer === undefined) return undefined;
  const other = await build.withRequantizer(settings.requantizer === 'fp32' ? settings.fixedPoint : 'fp32', signal);
  try {
    return await compareWith(other, parts, most);
  } finally {
    other.release();
  }
}

async function compareWith(
  other: Program,
  { run, build, signal, onProgress }: ComparisonParts,
  most: number,
): Promise<FlavourComparison> {
  const byNode = new Map<NodeId, CodeDifferences>();
  let samples = 0;
  for (; samples < most; samples++) {
    const feeds = run.cache.feeds(samples);
    if (feeds === undefined) break;
    const going = build.program.start(feeds, { signal });
    for (let step = going.advance(); step !== undefined; step = going.advance()) {
      if (step.multipliers === undefined) continue;
      onProgress({ stage: 'evaluate', done: samples, total: most, text: stepText('both requantizers', step) });
      const found = differencesOf(other, going, step);
      byNode.set(step.node.id, sum(byNode.get(step.node.id), found));
    }
    await Promise.resolve();
  }
  return { samples, byNode };
}

function differencesOf(other: Program, going: Run, step: Step): CodeDifferences {
  const twin = other.steps[step.index];
  const [output] = step.outputs;
  const made = output === undefined ? undefined : going.value(output);
  invariant(twin !== undefined && twin.node.id === step.node.id, 'both flavours have the same steps');
  invariant(made !== undefined, `${step.node.handle} has just made its output`);
  const given = new Map<ValueId, Stored>();
  for (const id of step.inputs) {
    const stored = id === undefined ? undefined : going.value(id);
    if (id !== undefined && stored !== undefined) given.set(id, stored);
  }
  return compareCodes(codesOf(made), codesOf(other.runStep(twin, given)));
}

function codesOf({ tensor }: Stored): ArrayLike<number> {
  return tensor.data as ArrayLike<number>; // of an integer step: int8 or uint8
}

function compareCodes(a: ArrayLike<number>, b: ArrayLike<number>): CodeDifferences {
  let different = 0;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const apart = Math.abs((a[i] as number) - (b[i] as number));
    if (apart === 0) continue;
    different++;
    most = Math.max(most, apart);
  }
  return { codes: a.length, different, most };
}

function sum(before: CodeDifferences | undefined, now: CodeDifferences): CodeDifferences {
  if (before === undefined) return now;
  return {
    codes: before.codes + now.codes,
    different: before.different + now.different,
    most: Math.max(before.most, now.most),
  };
}
