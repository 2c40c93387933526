import { bytesInMemory, isNumericDType } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import type { Program, Slot, Step } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import { isFloat32Stored } from '../ops/numbers.ts';

/** What a cache keeps of each sample, by value of the float model. */
export interface CachePlan {
  /** Of evaluation samples: the float model's tensors, and those of quantized forms. */
  readonly floats: ReadonlySet<ValueId>;
  readonly codes: ReadonlySet<ValueId>;
  /** The float model's tensors of calibration samples. */
  readonly calibration: ReadonlySet<ValueId>;
}

export interface CacheNeeds {
  readonly float: Program;
  /** Of an element in quantized forms, as far as it can be told: those with more make way when memory ends. */
  readonly codeBytes: 1 | 4;
  /** Values that a quantized form rarely makes, so that they are not asked for: what a folded clamp reads. */
  readonly inside?: ReadonlySet<ValueId>;
  readonly samples: number;
  readonly calibrationSamples: number;
  readonly maxBytes: number;
}

/** A full run's and a trial's. */
const FORMS = 2;
/** Of the memory: every change asks for evaluation samples, calibration samples matter where a range or a bias changes. */
const EVALUATION_SHARE = 0.75;
/** Of the memory, at most, left free for nodes that a trial gives wider codes or floats. */
const MOST_SPARE = 0.1;

interface Candidate {
  readonly value: ValueId;
  readonly bytes: number;
  /** Estimated multiplications since the candidate before. */
  readonly cost: number;
  readonly isOutput: boolean;
}

/**
 * Chooses what to keep where not all fits: values at cuts of the graph from which much can be made again, for few bytes.
 * The same for every sample, so that what is kept does not depend on the order of work.
 * @returns undefined where everything fits.
 */
export function planCache(needs: CacheNeeds): CachePlan | undefined {
  const { float, codeBytes, samples, calibrationSamples, maxBytes } = needs;
  const candidates = candidatesOf(float, needs.inside ?? NOTHING);
  const codesOf = ({ bytes }: Candidate): number => FORMS * codeBytes * (bytes / 4);
  let total = 0;
  for (const c of candidates) total += samples * (c.bytes + codesOf(c)) + calibrationSamples * c.bytes;
  if (total <= maxBytes) return undefined;
  const budget = maxBytes - Math.min(maxBytes * MOST_SPARE, wideningOf(candidates, needs));
  const plan = { floats: new Set<ValueId>(), codes: new Set<ValueId>(), calibration: new Set<ValueId>() };
  const worths = worthsOf(candidates);
  const worthOf = (i: number): number => worths[i] as number; // one for each
  const evaluation = candidates.flatMap((c, i) => [
    { value: c.value, into: plan.codes, bytes: samples * codesOf(c), worth: (worthOf(i) * c.bytes) / codesOf(c) },
    { value: c.value, into: plan.floats, bytes: samples * c.bytes, worth: worthOf(i) },
  ]);
  const calibration = candidates.map((c, i) => ({
    ...{ value: c.value, into: plan.calibration, bytes: calibrationSamples * c.bytes, worth: worthOf(i) },
  }));
  const left = take(evaluation, budget * (calibrationSamples > 0 ? EVALUATION_SHARE : 1));
  take(calibration, left + (calibrationSamples > 0 ? budget * (1 - EVALUATION_SHARE) : 0));
  return plan;
}

/** What a node takes more, with its largest input and output, when its codes become floats. */
function wideningOf(candidates: readonly Candidate[], { samples, codeBytes }: CacheNeeds): number {
  const [first = 0, second = 0] = candidates.map((c) => c.bytes).sort((a, b) => b - a);
  return samples * (first + second) * (1 - codeBytes / 4);
}

interface Item {
  readonly value: ValueId;
  readonly into: Set<ValueId>;
  readonly bytes: number;
  readonly worth: number;
}

/** Puts those of most worth where they belong, of equal ones the smallest. @returns bytes that are left */
function take(items: readonly Item[], budget: number): number {
  let left = budget;
  for (const { value, into, bytes } of [...items].sort(byWorth)) {
    if (bytes > left) continue;
    left -= bytes;
    into.add(value);
  }
  return left;
}

function byWorth(a: Item, b: Item): number {
  return a.worth === b.worth ? a.bytes - b.bytes : b.worth - a.worth; // of infinite ones there is no difference
}

const NOTHING: ReadonlySet<ValueId> = new Set();

/** Floats that steps make, in order, but those inside; who reads these pays for them. */
function candidatesOf(program: Program, inside: ReadonlySet<ValueId>): Candidate[] {
  const { slots, steps, graph } = program;
  const outputs = new Set(graph.outputs);
  const found: Candidate[] = [];
  let cost = 0;
  for (const step of steps) {
    cost += costOf(step, program);
    for (const value of step.outputs) {
      const slot = slots.get(value);
      const elements = elementsOf(slot);
      if (slot === undefined || elements === undefined || !isFloat32Stored(slot.dtype)) continue;
      if (!graph.values.has(value) || inside.has(value)) continue; // not in the graph: a copy in another layout
      found.push({ value, bytes: Math.max(1, elements) * 4, cost, isOutput: outputs.has(value) });
      cost = 0;
    }
  }
  return found;
}

/** Multiplications of a product with a constant weight; one an element for all else. */
function costOf({ inputs, outputs }: Step, { slots, graph }: Program): number {
  const out = outputs[0] === undefined ? undefined : slots.get(outputs[0]);
  const elements = elementsOf(out) ?? 1;
  const read = inputs[1] === undefined ? undefined : graph.values.get(inputs[1]);
  const weight = read?.constant === undefined ? undefined : slots.get(read.id);
  const rank = weight?.dims?.length ?? 0;
  const size = elementsOf(weight);
  if (rank < 2 || size === undefined || out?.dims === undefined) return elements;
  const channels = out.dims.at(out.dims.length === 4 ? 1 : -1);
  return typeof channels === 'number' && channels > 0 ? elements * Math.max(1, size / channels) : elements;
}

function elementsOf(slot: Slot | undefined): number | undefined {
  if (slot?.dims === undefined || !isNumericDType(slot.dtype) || bytesInMemory(slot.dtype) === 0) return undefined;
  return slot.dims.every((d) => typeof d === 'number') ? sizeOf(slot.dims as readonly number[]) : undefined;
}

/** One of those that are left, with all that only it can give back: itself and those that went before it. */
interface Segment {
  readonly index: number;
  cost: number;
  count: number;
  gone: boolean;
}

/**
 * What keeping each saves per byte. Candidates go in rounds, those that are missed least first and no two neighbours at
 * once; who is left longer is worth more. Leaving one out makes its segment and the next one: whoever asks for any of both
 * runs both.
 */
function worthsOf(candidates: readonly Candidate[]): Float64Array {
  const worths = new Float64Array(candidates.length);
  let left: Segment[] = candidates.map(({ cost }, index) => ({ index, cost, count: 1, gone: false }));
  let least = 0;
  while (left.length > 0) {
    const ordered = left.map((segment, at) => {
      const next = left[at + 1];
      const missed =
        next === undefined ? segment.cost : segment.cost * next.count + next.cost * segment.count + segment.cost;
      return { segment, at, worth: missed / (candidates[segment.index] as Candidate).bytes }; // segments are of candidates
    });
    ordered.sort((a, b) => a.worth - b.worth || a.at - b.at);
    let removed = 0;
    for (const { segment, at, worth } of ordered) {
      if (removed * 2 > left.length) break;
      const next = left[at + 1];
      if (left[at - 1]?.gone || next?.gone) continue;
      segment.gone = true;
      removed++;
      least = Math.max(least, worth);
      worths[segment.index] = (candidates[segment.index] as Candidate).isOutput ? Number.POSITIVE_INFINITY : least;
      if (next === undefined) continue;
      next.cost += segment.cost;
      next.count += segment.count;
    }
    left = left.filter((s) => !s.gone);
  }
  return worths;
}
