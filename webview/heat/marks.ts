import type { NodeFigures, RunView } from '../../src/protocol/views.ts';
import { bandOf } from './bands.ts';
import type { Heat, ShownMetric } from './state.ts';

/** Colour and number of one metric. */
export interface MetricMark {
  /** Which of the palette's levels, higher for worse; null: not coloured. */
  readonly level: number | null;
  readonly text: string;
  /** Orders marks of one level, higher for worse; NaN or missing where nothing was measured. */
  readonly badness?: number;
}

/** What a node shows of the run: its number and colour, and how it ran. */
export interface NodeMark extends MetricMark {
  readonly figures: NodeFigures | null;
  readonly pending: boolean;
  /** A second metric, on the right edge. */
  readonly second?: MetricMark | null;
}

/** Marks by node id, of those that ran or have a value. Texts are made when they are read. */
export function markNodes(
  run: RunView | null,
  heat: Heat | null,
  pendingSkips: ReadonlySet<number>,
): ReadonlyMap<number, NodeMark> {
  const marks = new Map<number, NodeMark>();
  const add = (index: number, id: number, figures: NodeFigures | null): void => {
    marks.set(id, new LazyMark({ index, figures, pending: pendingSkips.has(id), heat }));
  };
  for (const figures of run?.nodes ?? []) add(heat?.graph.nodeIndex(figures.nodeId) ?? -1, figures.nodeId, figures);
  if (heat === null) return marks;
  const { main, second, graph } = heat;
  for (let i = 0; i < graph.nodeCount; i++) {
    const hasValue = (main.shades[i] ?? -1) >= 0 || (second?.shades[i] ?? -1) >= 0;
    const id = graph.nodeId(i);
    if (hasValue && !marks.has(id)) add(i, id, null);
  }
  return marks;
}

interface MarkParts {
  readonly index: number;
  readonly figures: NodeFigures | null;
  readonly pending: boolean;
  readonly heat: Heat | null;
}

class LazyMark implements NodeMark {
  readonly level: number | null;
  readonly figures: NodeFigures | null;
  readonly pending: boolean;
  readonly second: MetricMark | null;
  readonly #index: number;
  readonly #main: ShownMetric | undefined;

  constructor({ index, figures, pending, heat }: MarkParts) {
    this.#index = index;
    this.#main = heat?.main;
    this.figures = figures;
    this.pending = pending;
    const shade = heat?.main.shades[index] ?? -1;
    const isShown = heat !== null && shade >= 0 && (heat.band === null || bandOf(shade, heat.scale) === heat.band);
    this.level = isShown ? shade : null;
    this.second = heat === null || heat.second === null ? null : new LazyMetricMark(heat.second, index);
  }

  get text(): string {
    return textOf(this.#main, this.#index);
  }

  get badness(): number {
    return badnessOf(this.#main, this.#index);
  }
}

class LazyMetricMark implements MetricMark {
  readonly level: number | null;
  readonly #metric: ShownMetric;
  readonly #index: number;

  constructor(metric: ShownMetric, index: number) {
    this.#metric = metric;
    this.#index = index;
    const shade = metric.shades[index] ?? -1;
    this.level = shade < 0 ? null : shade;
  }

  get text(): string {
    return textOf(this.#metric, this.#index);
  }

  get badness(): number {
    return badnessOf(this.#metric, this.#index);
  }
}

function badnessOf(metric: ShownMetric | undefined, index: number): number {
  const value = metric?.values[index] ?? Number.NaN;
  return metric?.info.higherIsBetter ? -value : value;
}

function textOf(metric: ShownMetric | undefined, index: number): string {
  const value = metric?.values[index] ?? Number.NaN;
  return metric === undefined || Number.isNaN(value) ? '' : metric.info.format(value);
}
