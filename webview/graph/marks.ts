import type { Marks } from './draw/stage.ts';
import type { Drawing } from './drawing.ts';
import type { NodeMark } from './heat.ts';
import { ItemKind } from './picture.ts';

/** What items show of the run: a node its own, a closed group what the worst node inside does. */
export function marksOf(drawing: Drawing | undefined, marks: ReadonlyMap<number, NodeMark>): Marks {
  if (drawing === undefined) return { of: () => undefined, any: false };
  const { scene, table } = drawing;
  const worst = new Map<number, NodeMark>();
  let any = false;
  for (const [nodeId, mark] of marks) {
    any ||= mark.level !== null;
    const item = scene.itemOfNode[table.nodeIndex(nodeId)] ?? -1;
    if (item < 0 || scene.kind[item] !== ItemKind.group || mark.level === null) continue;
    const known = worst.get(item);
    if (known === undefined || (known.level ?? -1) < mark.level) {
      worst.set(item, { level: mark.level, text: mark.text, figures: null, pending: mark.pending });
    }
  }
  return {
    any,
    of: (item) => {
      const nodeId = drawing.nodeId(item);
      return nodeId === undefined ? worst.get(item) : marks.get(nodeId);
    },
  };
}
