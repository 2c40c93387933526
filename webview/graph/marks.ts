import type { MetricMark, NodeMark } from '../heat/marks.ts';
import type { Drawing } from './drawing.ts';
import type { CardMark } from './node.ts';
import { ItemKind } from './picture.ts';

export interface Marks {
  readonly of: (item: number) => CardMark | undefined;
  /** Whether anything is coloured by a figure. */
  readonly any: boolean;
}

/** What items show of the run: a node its own, a closed group what the worst node inside does, by either metric. */
export function marksOf(drawing: Drawing | undefined, marks: ReadonlyMap<number, NodeMark>): Marks {
  if (drawing === undefined) return { of: () => undefined, any: false };
  const { scene, table } = drawing;
  const worst = { main: new Map<number, MetricMark>(), second: new Map<number, MetricMark>() };
  let any = false;
  for (const [nodeId, mark] of marks) {
    any ||= mark.level !== null;
    const item = scene.itemOfNode[table.nodeIndex(nodeId)] ?? -1;
    if (item < 0 || scene.kind[item] !== ItemKind.group) continue;
    keepWorse(worst.main, item, mark);
    keepWorse(worst.second, item, mark.second);
  }
  return {
    any,
    of: (item) => {
      const nodeId = drawing.nodeId(item);
      if (nodeId !== undefined) return marks.get(nodeId);
      const [main, second] = [worst.main.get(item), worst.second.get(item) ?? null];
      if (main === undefined && second === null) return undefined;
      return { level: main?.level ?? null, text: main?.text ?? '', second, figures: null, pending: false };
    },
  };
}

function keepWorse(worst: Map<number, MetricMark>, item: number, mark: MetricMark | null | undefined): void {
  if (mark?.level == null) return;
  const known = worst.get(item);
  const isWorse =
    known?.level == null ||
    known.level < mark.level ||
    (known.level === mark.level && (known.badness ?? 0) < (mark.badness ?? 0));
  if (isWorse) worst.set(item, mark);
}
