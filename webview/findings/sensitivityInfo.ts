import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { formatFraction, formatSmall } from '../../src/protocol/metricNumbers.ts';
import { type MetricColumn, type MetricId, type MetricInfo, metricInfo } from '../../src/protocol/metrics.ts';
import type { SensitivityEntry, SensitivityRequest, SensitivityView } from '../../src/protocol/sensitivityViews.ts';
import { formatCount } from '../format.ts';
import { t } from '../l10n.ts';
import { judgeWords } from './judges.ts';

/** What the metric `sensitivity` says depends on how it was measured; texts are in the user's language. */
export type OwnInfo = Omit<MetricInfo, 'id'>;

/** A column of a metric that is told of in words of its own. */
export interface ToldColumn extends MetricColumn {
  readonly info: OwnInfo;
  /** By which borders that were moved are kept: those of one judge mean nothing to another. */
  readonly bordersKey: string;
}

const NOISE = { kind: 'value', borders: [0.0001, 0.001, 0.01, 0.1] } as const;
const ACCURACY = { kind: 'value', borders: [0, 0.001, 0.005, 0.02] } as const;
const SPREAD = { kind: 'quantile', borders: [0.25, 0.5, 0.75, 0.95] } as const;

/** The metric `sensitivity` as a request measures it. */
export function sensitivityInfo(request: SensitivityRequest): OwnInfo {
  const { id: _, ...own } = metricInfo('sensitivity');
  const { mode, judge } = request;
  if (mode === 'local')
    return {
      ...own,
      title: t('Noise / signal of the node alone'),
      doc: t('Noise-to-signal ratio of the node’s own output on float inputs: Σ(x − y)² / Σx².'),
      borders: NOISE,
    };
  const { loss } = judgeWords(judge);
  const isShare = judge.id === 'top1' || judge.id === 'top5';
  const borders = judge.id === 'cosine' ? own.borders : judge.id === 'sqnrDb' ? NOISE : isShare ? ACCURACY : SPREAD;
  const told = mode === 'layerwise' ? alone(request, loss) : leftFloat(request, loss);
  return { ...own, ...told, borders, format: isShare ? formatFraction : formatSmall };
}

function alone({ part }: SensitivityRequest, loss: string): Pick<OwnInfo, 'title' | 'doc'> {
  const docs = {
    both: t('Loss at the model’s output when only this node is quantized: {0}.', loss),
    activations: t('Loss at the model’s output when only what this node makes is quantized: {0}.', loss),
    weights: t('Loss at the model’s output when only this node’s weights are quantized: {0}.', loss),
  };
  return { title: t('Sensitivity: {0}', loss), doc: docs[part] };
}

function leftFloat({ part }: SensitivityRequest, loss: string): Pick<OwnInfo, 'title' | 'doc'> {
  const docs = {
    both: t('How much less the quantized model loses when this node stays float: {0}, before minus after.', loss),
    activations: t(
      'How much less the quantized model loses when what this node makes stays float: {0}, before minus after.',
      loss,
    ),
    weights: t(
      'How much less the quantized model loses when this node’s weights stay float: {0}, before minus after.',
      loss,
    ),
  };
  return { title: t('Sensitivity, left float: {0}', loss), doc: docs[part] };
}

/** Noise over signal of a local SQNR; null where it was not measured. */
export function noiseRatio(localSqnrDb: number | null): number | null {
  return localSqnrDb === null ? null : 10 ** (-localSqnrDb / 10);
}

/** What an entry is ranked and coloured by; null where it was not measured. */
export function lossOf(entry: SensitivityEntry, { mode }: Pick<SensitivityRequest, 'mode'>): number | null {
  return mode === 'local' ? (entry.loss ?? noiseRatio(entry.localSqnrDb)) : entry.loss;
}

const entriesOf = new WeakMap<SensitivityView, ReadonlyMap<number, SensitivityEntry>>();

/** What a sweep says of a node; undefined where it is none of its units. */
export function entryOf(view: SensitivityView | null, nodeId: number): SensitivityEntry | undefined {
  if (view === null) return undefined;
  const known = entriesOf.get(view) ?? new Map(view.entries.map((entry) => [entry.nodeId, entry]));
  entriesOf.set(view, known);
  return known.get(nodeId);
}

/** The losses of a sweep as a column of all nodes, as far as it came. */
export function sensitivityColumn(view: SensitivityView, graph: GraphTable): ToldColumn {
  const values = new Float64Array(graph.nodeCount).fill(Number.NaN);
  for (const entry of view.entries) {
    const index = graph.nodeIndex(entry.nodeId);
    const loss = lossOf(entry, view.request);
    if (index >= 0 && loss !== null) values[index] = loss;
  }
  return { metric: 'sensitivity', of: 'mean', samples: [], values, ...toldOf(view.request) };
}

function toldOf(request: SensitivityRequest): Pick<ToldColumn, 'info' | 'bordersKey'> {
  const { mode, judge } = request;
  const isOwn = mode !== 'local' && judge.id === 'cosine';
  const bordersKey = isOwn ? 'sensitivity' : `sensitivity ${mode === 'local' ? 'local' : judge.id}`;
  return { info: sensitivityInfo(request), bordersKey };
}

/** What is to be said of a metric, and by which key its moved borders are kept, where a sweep may have measured it. */
export function toldMetric(id: MetricId, view: SensitivityView | null): Pick<ToldColumn, 'info' | 'bordersKey'> {
  if (id === 'sensitivity' && view !== null) return toldOf(view.request);
  return { info: metricInfo(id), bordersKey: id };
}

/** What a sweep says of a node, with what its number is; undefined where it has not measured it. */
export function sensitivityText(view: SensitivityView | null, nodeId: number): string | undefined {
  const entry = entryOf(view, nodeId);
  const loss = entry === undefined || view === null ? null : lossOf(entry, view.request);
  if (loss === null || view === null) return undefined;
  const { mode, judge } = view.request;
  const { formatLoss, loss: what } = judgeWords(mode === 'local' ? { id: 'sqnrDb' } : judge);
  return `${formatLoss(loss)} (${what})`;
}

/** How many nodes were measured, and on how many samples so far. */
export function measuredText({ request, entries, samples }: SensitivityView): string {
  const measured = entries.filter((entry) => lossOf(entry, request) !== null);
  const soFar = measured.reduce((least, entry) => Math.min(least, entry.samples ?? samples), samples);
  const nodes = t('nodes: {0} of {1}', formatCount(measured.length), formatCount(entries.length));
  return soFar < samples
    ? `${nodes} · ${t('samples: {0} of {1}', soFar, samples)}`
    : `${nodes} · ${t('samples: {0}', samples)}`;
}
