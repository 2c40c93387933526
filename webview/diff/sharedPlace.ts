import type { SharedPlace } from '../../src/protocol/compareViews.ts';
import type { Drawing } from '../graph/drawing.ts';
import { ItemKind } from '../graph/picture.ts';
import type { Camera } from '../store.ts';

/** How many items are looked at for the one nearest to the middle; of more, every n-th. */
const LOOKED_AT = 4000;

/**
 * Where a camera looks, told by the node with a counterpart that is nearest to the middle.
 *
 * @param counterpart of each node by index, -1 for none.
 */
export function placeOf(drawing: Drawing, { x, y, zoom }: Camera, counterpart: Int32Array): SharedPlace | undefined {
  const { scene, table } = drawing;
  const step = Math.max(1, Math.floor(scene.count / LOOKED_AT));
  let best: { readonly node: number; readonly dx: number; readonly dy: number; readonly far: number } | undefined;
  for (let item = 0; item < scene.count; item += step) {
    const node = scene.ref[item] as number;
    if (scene.kind[item] !== ItemKind.node || counterpart[node] === -1) continue;
    const centre = centreOf(drawing, item);
    const [dx, dy] = [centre.x - x, centre.y - y];
    const far = Math.abs(dx) + Math.abs(dy);
    if (best === undefined || far < best.far) best = { node, dx, dy, far };
  }
  return best && { nodeId: table.nodeId(best.node), dx: best.dx, dy: best.dy, zoom };
}

/** The camera that shows a node where the other side shows its counterpart; undefined when nothing shows the node. */
export function cameraFor(drawing: Drawing, nodeId: number, { dx, dy, zoom }: SharedPlace): Camera | undefined {
  const item = drawing.itemOf(nodeId);
  if (item === undefined) return undefined;
  const { x, y } = centreOf(drawing, item);
  return { x: x - dx, y: y - dy, zoom };
}

function centreOf({ layout }: Drawing, item: number): { readonly x: number; readonly y: number } {
  return { x: layout.x[item] as number, y: (layout.y[item] as number) + (layout.itemHeight[item] as number) / 2 };
}
