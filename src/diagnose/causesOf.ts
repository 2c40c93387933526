import { CAUSES } from '../protocol/causes.ts';
import type { CauseId } from '../protocol/diagnosisViews.ts';
import { deadChannels, dominatingChannel } from './channels.ts';
import type { Named } from './named.ts';
import type { NodeNumbers } from './numbers.ts';
import { calibrationRange, clipping, outliers, symmetricAfterClamp, unlikeRanges } from './ranges.ts';
import { activations, biasOverflow, carried, floatIsland, shareEvidence, weights } from './shares.ts';

type Judge = (node: NodeNumbers) => Named | undefined;

/** Those that say what is wrong with a tensor or weight. */
const SPECIFIC: readonly Judge[] = [
  calibrationRange,
  clipping,
  unlikeRanges,
  biasOverflow,
  dominatingChannel,
  deadChannels,
  outliers,
  symmetricAfterClamp,
];

/** Those that say no more than where an error comes from. */
const GENERAL: readonly Judge[] = [weights, activations];

/** What follows from a cause and is none by itself: a wide input brings its channels, a wide channel its outliers. */
const FOLLOWS: Readonly<Partial<Record<CauseId, readonly CauseId[]>>> = {
  unlikeRanges: ['dominatingChannel', 'deadChannels', 'outliers'],
  dominatingChannel: ['deadChannels', 'outliers'],
  calibrationRange: ['outliers'],
};

/**
 * The causes that the figures of a node speak for, the more certain first. What part of its error is the weight's stands
 * with each; alone it is a cause only where there is no other.
 */
export function causesOf(node: NodeNumbers): readonly Named[] {
  const judged = SPECIFIC.flatMap((judge) => judge(node) ?? []);
  const following = new Set(judged.flatMap(({ id }) => FOLLOWS[id] ?? []));
  const specific = judged.filter(({ id }) => !following.has(id));
  const carries = carried(node);
  const general = specific.length > 0 || carries !== undefined ? [] : GENERAL.flatMap((judge) => judge(node) ?? []);
  const shares = node.error === null ? [] : shareEvidence(node.error);
  const named = specific.map((n) => ({ ...n, evidence: [...n.evidence, ...shares] }));
  const all = [...named, ...general, ...(specific.length === 0 && carries ? [carries] : [])];
  const island = floatIsland(node);
  return [...all.sort(byCertainty), ...(island === undefined ? [] : [island])];
}

/** Certainties within this are alike: the order of the table then decides. */
const ALIKE = 0.1;

function byCertainty(a: Named, b: Named): number {
  const [x, y] = [Math.round(a.certainty / ALIKE), Math.round(b.certainty / ALIKE)];
  return y - x || placeOf(a.id) - placeOf(b.id);
}

function placeOf(id: CauseId): number {
  return CAUSES.findIndex((row) => row.id === id);
}
