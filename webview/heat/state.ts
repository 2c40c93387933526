import type { GraphTable } from '../../src/protocol/graphTable.ts';
import {
  type Borders,
  isMetricId,
  type MetricColumn,
  type MetricId,
  type MetricInfo,
  metricInfo,
  type SampleChoice,
} from '../../src/protocol/metrics.ts';
import type { ToldColumn } from '../findings/sensitivityInfo.ts';
import { t } from '../l10n.ts';
import { bordersOf, type HeatScale, shadesOf } from './bands.ts';

/** A metric of the table, or one that was loaded from a file. */
export type HeatMetric = MetricId | `overlay:${string}`;

/** Values of nodes that were loaded from a file. */
export interface Overlay {
  readonly id: `overlay:${string}`;
  /** As its file calls it. */
  readonly name: string;
  readonly info: Omit<MetricInfo, 'id'>;
  /** By index of the node; NaN where the file says nothing. */
  readonly values: Float64Array;
}

/** Borders that were moved, by metric. */
export type Thresholds = Readonly<Record<string, Borders>>;

/** One metric as it is shown. */
export interface ShownMetric {
  readonly metric: HeatMetric;
  readonly info: Omit<MetricInfo, 'id'>;
  readonly title: string;
  readonly of: SampleChoice;
  /** Names of the samples there are; none where the metric does not depend on them. */
  readonly samples: readonly string[];
  readonly values: Float64Array;
  readonly borders: Borders;
  /** By what borders that are moved are kept. */
  readonly bordersKey: string;
  readonly isMoved: boolean;
  /** By index of the node; -1 where there is no value. */
  readonly shades: Int8Array;
}

/** What colours the graph. */
export interface Heat {
  readonly main: ShownMetric;
  /** On the right edges of the cards. */
  readonly second: ShownMetric | null;
  readonly scale: HeatScale;
  /** The only band that is coloured; null: all are. */
  readonly band: number | null;
  /** What the indices of values are of. */
  readonly graph: GraphTable;
}

export function isOverlay(metric: HeatMetric): metric is Overlay['id'] {
  return !isMetricId(metric);
}

/** A column from the session, or an overlay, ready to be shown. */
export function shownMetric(
  source: MetricColumn | ToldColumn | Overlay,
  moved: Borders | undefined,
  scale: HeatScale,
): ShownMetric {
  const { metric, info, title, of, samples } = describe(source);
  const { values } = source;
  const borders = bordersOf(info, moved, values);
  const isMoved = moved !== undefined && borders === moved;
  const shades = shadesOf(info, borders, values, scale);
  return { metric, info, title, of, samples, values, borders, bordersKey: bordersKeyOf(source), isMoved, shades };
}

/** By what moved borders of a column are kept. */
export function bordersKeyOf(source: MetricColumn | ToldColumn | Overlay): string {
  if ('bordersKey' in source) return source.bordersKey;
  return 'metric' in source ? source.metric : source.id;
}

function describe(
  source: MetricColumn | ToldColumn | Overlay,
): Pick<ShownMetric, 'metric' | 'info' | 'title' | 'of' | 'samples'> {
  if ('metric' in source) {
    const { metric, of, samples } = source;
    const info = 'info' in source ? source.info : metricInfo(metric);
    return { metric, info, title: t(info.title), of, samples };
  }
  return { metric: source.id, info: source.info, title: t('Overlay: {0}', source.name), of: 'mean', samples: [] };
}
