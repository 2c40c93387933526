import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { type ItemText, itemText } from './items.ts';
import type { LayoutResult } from './layout/types.ts';
import { type Hierarchy, ItemKind, type Picture, type Scene } from './picture.ts';
import type { Measure } from './text.ts';

/** A picture with the texts of its graph: all that is needed to draw and to find what is under the pointer. */
export class Drawing {
  readonly table: GraphTable;
  readonly hierarchy: Hierarchy;
  readonly scene: Scene;
  readonly layout: LayoutResult;
  /** left, top, right, bottom of each edge. */
  readonly edgeBoxes: Float64Array;
  readonly #measure: Measure;
  readonly #texts = new Map<number, ItemText>();

  constructor(
    graph: { readonly table: GraphTable; readonly hierarchy: Hierarchy },
    { scene, layout }: Picture,
    measure: Measure,
  ) {
    this.table = graph.table;
    this.hierarchy = graph.hierarchy;
    this.scene = scene;
    this.layout = layout;
    this.#measure = measure;
    this.edgeBoxes = boxesOf(scene, layout);
  }

  /** What an item says; made when it is first asked for. */
  text(item: number): ItemText {
    let text = this.#texts.get(item);
    if (text === undefined) {
      const { kind, ref } = this.scene;
      text = itemText(this, kind[item] as ItemKind, ref[item] as number, this.#measure);
      this.#texts.set(item, text);
    }
    return text;
  }

  /** Id of the node that an item is the card of. */
  nodeId(item: number): number | undefined {
    const { kind, ref } = this.scene;
    return kind[item] === ItemKind.node ? this.table.nodeId(ref[item] as number) : undefined;
  }

  /** Item that shows a node. */
  itemOf(nodeId: number): number | undefined {
    const item = this.scene.itemOfNode[this.table.nodeIndex(nodeId)];
    return item === undefined || item < 0 ? undefined : item;
  }

  /** Items at the other end of the lines that reach an item. */
  before(item: number): number[] {
    const { inStart, inEdges, edgeFrom } = this.scene;
    return Array.from(inEdges.subarray(inStart[item], inStart[item + 1]), (e) => edgeFrom[e] as number);
  }

  /** Items at the other end of the lines that leave an item. */
  after(item: number): number[] {
    const { outStart, outEdges, edgeTo } = this.scene;
    return Array.from(outEdges.subarray(outStart[item], outStart[item + 1]), (e) => edgeTo[e] as number);
  }

  /** The item at a point of the graph; of a frame only its content counts. */
  itemAt(x: number, y: number): number | undefined {
    const { scene, layout } = this;
    for (let i = scene.count - 1; i >= 0; i--) {
      const top = layout.y[i] as number;
      if (scene.kind[i] === ItemKind.frame || y < top || y > top + (layout.itemHeight[i] as number)) continue;
      if (Math.abs(x - (layout.x[i] as number)) <= (layout.itemWidth[i] as number) / 2) return i;
    }
    return undefined;
  }
}

function boxesOf(scene: Scene, layout: LayoutResult): Float64Array {
  const boxes = new Float64Array(scene.edgeFrom.length * 4);
  for (let e = 0; e < scene.edgeFrom.length; e++) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let p = layout.pointStart[e] as number; p < (layout.pointStart[e + 1] as number); p++) {
      const px = layout.points[2 * p] as number;
      const py = layout.points[2 * p + 1] as number;
      left = Math.min(left, px);
      right = Math.max(right, px);
      top = Math.min(top, py);
      bottom = Math.max(bottom, py);
    }
    boxes.set([left, top, right, bottom], 4 * e);
  }
  return boxes;
}
