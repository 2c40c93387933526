import type { HeatView, Metric, NodeFigures, RunView } from '../../src/protocol/views.ts';

export type Level = 0 | 1 | 2 | 3 | 4;

export const METRICS: readonly (readonly [Metric, string])[] = [
  ['cosine', 'Cosine similarity'],
  ['sqnrDb', 'SQNR'],
  ['localSqnrDb', 'Local SQNR'],
  ['clipRate', 'Clip rate'],
  ['sensitivity', 'Sensitivity'],
];

/** What a node shows of the run: its number and colour, and how it ran. */
export interface NodeMark {
  readonly level: Level | null;
  readonly text: string;
  readonly figures: NodeFigures | null;
  readonly pending: boolean;
}

/** Marks by node id. */
export function markNodes(
  run: RunView | null,
  heat: HeatView | null,
  pending: ReadonlySet<number>,
): ReadonlyMap<number, NodeMark> {
  const marks = new Map<number, NodeMark>();
  const heats = new Map(heat?.values.map((v) => [v.nodeId, v]) ?? []);
  for (const figures of run?.nodes ?? []) {
    const value = heats.get(figures.nodeId);
    marks.set(figures.nodeId, {
      level: value?.level ?? null,
      text: value?.text ?? '',
      figures,
      pending: pending.has(figures.nodeId),
    });
  }
  for (const value of heat?.values ?? []) {
    if (!marks.has(value.nodeId)) {
      marks.set(value.nodeId, { level: value.level, text: value.text, figures: null, pending: false });
    }
  }
  return marks;
}
