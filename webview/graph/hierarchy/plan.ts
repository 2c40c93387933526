import { foldedPlan, MANY } from './fold.ts';
import type { MarkSums } from './markSums.ts';
import type { Naming } from './naming.ts';
import { withPatterns } from './patterns.ts';
import type { Planned } from './planned.ts';
import { regionsOf } from './regions.ts';
import { withRepeats } from './repeats.ts';
import { type Item, itemsOf, Letter } from './sequence.ts';
import { openAt, type Units } from './units.ts';

/** Known blocks become groups from this many nodes on, */
const MIN_KNOWN = 3;
/** other runs from this many. */
const MIN_UNKNOWN = 6;
/** What holds more than this share of what lies side by side says nothing as a group, */
const NEARLY_ALL = 0.5;
/** nor do branches that are this share of a known block. */
const MOST = 0.6;
/** Blocks that are worth a group only where much lies side by side. */
const SMALL_BLOCKS: ReadonlySet<string> = new Set(['Convolution', 'Swish']);

/** The groups of what lies in one scope. */
export function planUnits(units: Units, sums: MarkSums, naming: Naming): readonly Planned[] {
  const isLoose = ({ parts, letter, last }: Item) =>
    letter === Letter.layer || (parts.length === 0 && (units.ref[last] as number) >= 0);
  const isBlock = (period: readonly Item[]) => {
    const [head, tail] = [period[0] as Item, period[period.length - 1] as Item];
    if (units.isLight.subarray(head.first, tail.last + 1).every((light) => light === 1)) return false;
    return sums.blockOf(head.first, tail.last) !== '' || 2 * sizeOf(period.filter(isLoose)) >= sizeOf(period);
  };
  const open = openAt(units);
  const arrange = (items: readonly Item[]) => withRepeats(withPatterns(items), open, isBlock);
  const items = arrange(itemsOf(units, regionsOf(units), arrange));
  const plan = planItems({ units, sums, smallest: MIN_UNKNOWN }, items, null);
  if (plan.length <= MANY) return naming.named(plan);
  return foldedPlan(units, open, naming.named(planItems({ units, sums, smallest: MIN_KNOWN }, items, null)));
}

function sizeOf(items: readonly Item[]): number {
  return items.reduce((size, item) => size + item.size, 0);
}

interface Planning {
  readonly units: Units;
  readonly sums: MarkSums;
  /** Nodes that small blocks must have to be groups. */
  readonly smallest: number;
}

function planItems(planning: Planning, items: readonly Item[], around: Planned | null): Planned[] {
  const plan: Planned[] = [];
  for (const item of items) {
    if (item.parts.length === 0) {
      for (let unit = item.first; unit <= item.last; unit++) plan.push(singleUnit(planning.units, unit));
      continue;
    }
    const shell = shellOf(planning, item, around);
    const inner = planItems(planning, item.parts, shell ?? around);
    const lead = singleUnits(planning.units, item.first, (item.parts[0] as Item).first - 1);
    const all = lead.length === 0 ? inner : [...lead, ...inner];
    if (shell !== null) plan.push({ ...shell, inner: all });
    else for (const planned of all) plan.push(planned);
  }
  return plan;
}

/** Units `first` to `last`, each by itself. */
export function singleUnits(units: Units, first: number, last: number): Planned[] {
  const plan: Planned[] = [];
  for (let unit = first; unit <= last; unit++) plan.push(singleUnit(units, unit));
  return plan;
}

function singleUnit({ size }: Units, unit: number): Planned {
  return { label: '', name: '', block: '', first: unit, last: unit, size: size[unit] as number, inner: null };
}

/** The group that an item becomes; null for one that is none. */
function shellOf({ sums, smallest }: Planning, item: Item, around: Planned | null): Planned | null {
  const { first, last, letter, size } = item;
  const block = sums.blockOf(first, last);
  const isKnown = block !== '' && !SMALL_BLOCKS.has(block);
  const least = isKnown || letter === Letter.block ? MIN_KNOWN : block === '' ? MIN_UNKNOWN : smallest;
  if (size < least) return null;
  if (around === null && !isKnown && size > NEARLY_ALL * sums.size) return null;
  if (around !== null && isPartOf(block, size, around)) return null;
  const label = block !== '' ? block : letter === Letter.branches ? BRANCHES : 'Block';
  return { label, name: null, block, first, last, size, inner: null };
}

const BRANCHES = 'Parallel branches';

/** Whether a group around says all that a group would. */
function isPartOf(block: string, size: number, around: Planned): boolean {
  if (block === around.block) return block !== '' || 2 * size > around.size;
  return (block === '' || block === BRANCHES) && around.block !== '' && size > MOST * around.size;
}
