import { DATA_LABELS } from '../protocol/dataLabels.ts';
import type { Evidence } from '../protocol/diagnosisViews.ts';
import { type ClassFigures, chanceProminence } from './dataScores.ts';
import { mean, signTest } from './dataStatistics.ts';

/** What the float model makes of one sample; a figure that it does not have is left out. */
export interface Reaction {
  /** Of an output with a score for each class. */
  readonly classes?: ClassFigures & { readonly count: number };
  /** Where the sample has a label. */
  readonly isRight?: boolean;
  /** Distance of the activations from the statistics at BatchNormalization, in nats, mean over layers and channels. */
  readonly divergence?: number;
  /** Mean of the ten highest of an output's many scores. */
  readonly peak?: number;
}

/** How the same samples are taken now and with a change, and whether both feed values of a like size. */
export interface Comparison {
  readonly now: readonly Reaction[];
  readonly changed: readonly Reaction[];
  /** Scores of detectors grow with the scale of the input; only of a like one can they be compared. */
  readonly isLikeScale: boolean;
}

/** One way to see which of two preparations a model expects. */
interface Sight {
  readonly id: 'labels' | 'statistics' | 'classes' | 'peak';
  /** More is better; undefined where the sample does not show it. */
  readonly of: (r: Reaction) => number | undefined;
  /** Whether the means differ enough to matter. */
  readonly isMore: (now: number, changed: number) => boolean;
  readonly isValid?: (c: Comparison) => boolean;
}

/**
 * Half the distance (data are never quite those of the training: what was wrong explains most of it), a thirtieth of the
 * lead, a hundredth of a probability: less is not worth a change.
 */
const SIGHTS: readonly Sight[] = [
  { id: 'labels', of: (r) => (r.isRight === undefined ? undefined : Number(r.isRight)), isMore: (a, b) => b > a },
  { id: 'statistics', of: (r) => negative(r.divergence), isMore: (a, b) => -b < -a / 2 },
  {
    id: 'classes',
    of: (r) => r.classes?.prominence,
    isMore: (a, b) => b > a * (1 + 1 / 30),
    isValid: ({ now, changed }) => [now, changed].some(knowsClasses),
  },
  { id: 'peak', of: (r) => r.peak, isMore: (a, b) => b > a + 0.01, isValid: (c) => c.isLikeScale },
];

/** Chance at which something is advised, over all that is tried together, and at which it counts against an advice. */
const CHANCE = 0.01;
const DOUBT = 0.05;

interface Seen {
  readonly sight: Sight;
  readonly now: number;
  readonly changed: number;
  readonly better: number;
  readonly worse: number;
}

function negative(x: number | undefined): number | undefined {
  return x === undefined ? undefined : -x;
}

/** Whether the best logits stand out more than those of an output that is no list of classes. */
function knowsClasses(reactions: readonly Reaction[]): boolean {
  const all = reactions.flatMap((r) => r.classes ?? []);
  const [first] = all;
  return first !== undefined && mean(all.map((c) => c.prominence)) > chanceProminence(first.count);
}

function seen(c: Comparison): Seen[] {
  return SIGHTS.flatMap((sight) => {
    const pairs = c.now.flatMap((r, i) => {
      const [a, b] = [sight.of(r), sight.of(c.changed[i] ?? {})];
      return a === undefined || b === undefined ? [] : [[a, b] as const];
    });
    if (pairs.length === 0 || sight.isValid?.(c) === false) return [];
    const count = (better: (a: number, b: number) => boolean): number => pairs.filter(([a, b]) => better(a, b)).length;
    return {
      sight,
      now: mean(pairs.map(([a]) => a)),
      changed: mean(pairs.map(([, b]) => b)),
      better: count((a, b) => b > a),
      worse: count((a, b) => b < a),
    };
  });
}

/**
 * Whether the evidence calls for a change: in some sight it is better on so many samples that chance explains it in one
 * of a hundred diagnoses at most, and by enough to matter; and no other sight speaks against it.
 *
 * @param tried alternatives, among which one may look better by chance.
 */
export function isAdvised(c: Comparison, tried: number): boolean {
  const sights = seen(c);
  const isBetter = (s: Seen): boolean =>
    signTest(s.better, s.worse) <= CHANCE / tried && s.sight.isMore(s.now, s.changed);
  const isWorse = (s: Seen): boolean => signTest(s.worse, s.better) <= DOUBT && s.sight.isMore(s.changed, s.now);
  return sights.some(isBetter) && !sights.some(isWorse);
}

/** Whether the change is better in some sight by more than chance explains. */
export function isClearlyBetter(c: Comparison): boolean {
  return seen(c).some((s) => signTest(s.better, s.worse) <= DOUBT);
}

/** Whether it is worth to look at more samples: in some sight it is not worse on most of those so far. */
export function isPromising(c: Comparison): boolean {
  return seen(c).some((s) => s.better >= s.worse);
}

/**
 * Index of the best of several changes: of those that are not clearly worse than the best by labels, which tell few apart,
 * the one with the best mean of what else is known, statistics before classes before peaks; -1 of none.
 */
export function bestOf(all: readonly (readonly Reaction[])[]): number {
  const indices = all.map((_, i) => i);
  const by = (sight: Sight, among: readonly number[]): number | undefined => {
    const meanOf = (i: number): number => mean((all[i] ?? []).flatMap((r) => sight.of(r) ?? []));
    const [first, ...others] = among.filter((i) => !Number.isNaN(meanOf(i)));
    return first === undefined ? undefined : others.reduce((a, b) => (meanOf(b) > meanOf(a) ? b : a), first);
  };
  const [labels, ...others] = SIGHTS as readonly [Sight, ...Sight[]]; // the table has them
  const best = by(labels, indices);
  const isClearlyWorse = (i: number): boolean =>
    seen({ now: all[i] ?? [], changed: all[best ?? i] ?? [], isLikeScale: false }).some(
      (s) => s.sight === labels && signTest(s.better, s.worse) <= DOUBT,
    );
  const left = best === undefined ? indices : indices.filter((i) => !isClearlyWorse(i));
  const telling = others.filter((sight) => sight.id !== 'classes' || all.some(knowsClasses));
  return telling.map((sight) => by(sight, left)).find((i) => i !== undefined) ?? best ?? -1;
}

/** The figures, those of the strongest sight first. */
export function evidenceOf(c: Comparison, tried: number): readonly Evidence[] {
  const L = DATA_LABELS;
  const evidence: Evidence[] = [];
  const pair = (was: string, is: string, [a, b]: readonly [number, number], unit: Evidence['unit']): void => {
    evidence.push({ label: is, value: b, unit }, { label: was, value: a, unit });
  };
  for (const { sight, now, changed, better, worse } of seen(c)) {
    if (sight.id === 'labels') pair(L.accuracyNow, L.accuracyThen, [now, changed], 'share');
    if (sight.id === 'statistics') pair(L.divergenceNow, L.divergenceThen, [-now, -changed], 'number');
    if (sight.id === 'classes') pair(L.prominenceNow, L.prominenceThen, [now, changed], 'number');
    if (sight.id === 'peak') pair(L.peakNow, L.peakThen, [now, changed], 'share');
    evidence.push(
      { label: L.better, value: better, unit: 'count' },
      { label: L.worse, value: worse, unit: 'count' },
      { label: L.chance, value: signTest(better, worse), unit: 'number' },
      { label: L.border, value: CHANCE / tried, unit: 'number' },
    );
  }
  const classes = (of: (f: ClassFigures) => number): readonly [number, number] => [
    mean(c.now.flatMap((r) => (r.classes === undefined ? [] : [of(r.classes)]))),
    mean(c.changed.flatMap((r) => (r.classes === undefined ? [] : [of(r.classes)]))),
  ];
  if (c.now.some((r) => r.classes !== undefined)) {
    pair(
      L.probabilityNow,
      L.probabilityThen,
      classes((f) => f.probability),
      'share',
    );
    pair(
      L.entropyNow,
      L.entropyThen,
      classes((f) => f.entropy),
      'number',
    );
  }
  return evidence;
}
