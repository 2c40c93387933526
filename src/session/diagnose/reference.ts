import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import { DiagnosticError } from '../../base/diagnostics.ts';
import { overrideWordsOf } from '../../config/changes.ts';
import { enoughOf, marginOf, type ReferencePoint } from '../../diagnose/dataReference.ts';
import type { ConfigChange } from '../../protocol/changes.ts';
import type { Reference } from '../../protocol/diagnosisViews.ts';
import { FIGURE_JUDGES, type Judging } from '../../whatif/judge.ts';
import { AccuracyCounter } from '../accuracy.ts';
import type { Build } from '../build.ts';
import type { Lab } from '../lab.ts';
import { MetricDesk } from '../metrics/metricDesk.ts';
import type { DataParts } from './data.ts';

/** Labelled samples that every trial is measured on at most. */
const MOST = 256;
/** Bits of the weights: each step of one doubles the step of their codes, twice the error. */
const BITS = [8, 7, 6, 5, 4, 3] as const;
/** RMSE of rounding evenly: the step, divided by the root of 12. */
const HEALTHY = 1 / Math.sqrt(12);
/** Of so many times the healthy value a node counts as worse. */
const WORSE = 2;

/**
 * What number is good enough: with labels how top-1 follows the cosine of the output as weights get fewer bits, without
 * them how many nodes make more error than rounding does. Null where there is neither.
 *
 * @throws Cancelled, DiagnosticError
 */
export async function referenceOf(parts: DataParts, signal: AbortSignalLike): Promise<Reference | null> {
  const { labels } = parts.lab.settings;
  const isLabelled = labels !== undefined && parts.lab.result.accuracy !== null;
  return (isLabelled ? await byAccuracy(parts, signal) : null) ?? byRmse(parts, signal);
}

async function byAccuracy(parts: DataParts, signal: AbortSignalLike): Promise<Reference | null> {
  const { onProgress } = parts;
  const steps = laddersOf(parts);
  const measured: (Measured & { readonly at: number })[] = [];
  const report = (done: number, text: string): void =>
    onProgress({ stage: 'measure', done, total: steps.length + REFINED, text });
  for (const [k, { bits, change }] of steps.entries()) {
    report(k, bits === undefined ? 'as configured' : `weights of ${bits} bits`);
    const point = await measure(parts, change, signal);
    if (point !== undefined) measured.push({ ...point, at: k });
  }
  const [first] = measured;
  if (first === undefined) return null;
  const { floatTop1, samples } = first;
  const margin = marginOf(floatTop1, samples);
  const holds = ({ top1 }: ReferencePoint): boolean => floatTop1 - top1 <= margin;
  const lost = measured.find((p) => !holds(p));
  if (lost !== undefined && lost.at > 0)
    for (let k = 0; k < REFINED; k++) {
      report(steps.length + k, 'between');
      const change = between(steps[lost.at - 1]?.change, steps[lost.at]?.change, (k + 1) / (REFINED + 1));
      const point = await measure(parts, change, signal);
      if (point !== undefined) measured.push({ ...point, at: lost.at });
    }
  const points = measured.map(({ cosine, top1 }) => ({ cosine, top1 })).sort((a, b) => b.cosine - a.cosine);
  return { kind: 'accuracy', points, floatTop1, enough: enoughOf(points, floatTop1, margin), margin };
}

/** Trials between the last that holds and the first that does not. */
const REFINED = 3;

/** The config as it is, then with fewer and fewer bits for the weights of all nodes that have some. */
function laddersOf({ lab }: DataParts): { readonly bits?: number; readonly change: ConfigChange }[] {
  const { plan } = lab.result.build;
  const words = overrideWordsOf(lab.settings.configText);
  const nodes = lab.run.prepared.graph.nodes.filter((n) => plan.weights.some((w) => w.node === n.id));
  const handles = new Set(nodes.flatMap((n) => lab.userNode(n)?.handle ?? []));
  const withBits = (bits: number): ConfigChange => ({
    overrides: Object.fromEntries([...handles].map((h) => [h, wordsWith(words.get(h), bits)])),
  });
  return [{ change: {} }, ...(handles.size === 0 ? [] : BITS.map((bits) => ({ bits, change: withBits(bits) })))];
}

function wordsWith(words: string | undefined, bits: number): string {
  const others = (words ?? '').split('+').filter((w) => w !== '' && !/^w\d+$/.test(w));
  return [...others, `w${bits}`].join('+');
}

/** The second change for the first `share` of the nodes, the first one for the rest. */
function between(from: ConfigChange = {}, to: ConfigChange = {}, share: number): ConfigChange {
  const all = Object.entries(to.overrides ?? {});
  const count = Math.round(all.length * share);
  const [now, rest] = [all.slice(0, count), Object.entries(from.overrides ?? {})];
  return { overrides: { ...Object.fromEntries(rest), ...Object.fromEntries(now) } };
}

interface Measured extends ReferencePoint {
  readonly floatTop1: number;
  readonly samples: number;
}

/** Undefined where the change cannot be built, or no sample has a label. @throws Cancelled */
async function measure(
  { lab }: DataParts,
  change: ConfigChange,
  signal: AbortSignalLike,
): Promise<Measured | undefined> {
  throwIfAborted(signal);
  const { labels } = lab.settings;
  if (labels === undefined) return undefined;
  const top = new AccuracyCounter(labels, lab.run.samples);
  let [cosines, count] = [0, 0];
  const judging: Judging = {
    add: (sample, [first]) => {
      if (first === undefined) return;
      top.add(sample, first.origin, first.dequant);
      cosines += first.figures.cosine;
      count++;
    },
    finish: async () => cosines / count,
  };
  const judge = { ...FIGURE_JUDGES.cosine, start: () => judging };
  const build = await built(lab, change, signal);
  if (build === undefined) return undefined;
  try {
    const { value } = await lab.judge(build, { judge, samples: MOST, signal });
    const { accuracy } = top;
    if (accuracy === null) return undefined;
    return { cosine: value, top1: accuracy.top1.quantized, floatTop1: accuracy.top1.float, samples: accuracy.samples };
  } finally {
    build.program.release();
  }
}

/** Undefined where the target or the kind of run does not take the change. */
async function built(lab: Lab, change: ConfigChange, signal: AbortSignalLike): Promise<Build | undefined> {
  try {
    return await lab.run.builder.build(lab.variantOf(change), signal);
  } catch (error) {
    if (error instanceof DiagnosticError && change.overrides !== undefined) return undefined;
    throw error;
  }
}

async function byRmse(
  { lab, kernels, clock, onProgress }: DataParts,
  signal: AbortSignalLike,
): Promise<Reference | null> {
  const { run, result } = lab;
  const after = { run, result, sensitivity: new Map() };
  const desk = new MetricDesk(() => ({ open: run.open, after, clock, onProgress, kernels, lab }));
  const { values } = await desk.column({ metric: 'rmseScale', of: 'mean' }, signal);
  const known = [...values].filter(Number.isFinite);
  if (known.length === 0) return null;
  const above = known.filter((v) => v > WORSE * HEALTHY).length;
  return { kind: 'rmseScale', healthy: HEALTHY, worst: Math.max(...known), above, nodes: known.length };
}
