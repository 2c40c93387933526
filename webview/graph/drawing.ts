import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { Found, findInRect, type Rect } from './draw/boxTree.ts';
import type { SceneIndex } from './draw/sceneIndex.ts';
import type { DrawnGraph } from './graphMessages.ts';
import { type ItemText, itemText, typeAndShape } from './items.ts';
import type { LayoutResult } from './layout/types.ts';
import { type Group, type Hierarchy, ItemKind, type Picture, type Scene } from './picture.ts';
import type { Measure } from './text.ts';

/** Texts kept; what comes into sight later pushes all out. */
const MOST_TEXTS = 20_000;

/** A picture with the texts of its graph: all that is needed to draw and to find what is under the pointer. */
export class Drawing {
  readonly table: GraphTable;
  readonly hierarchy: Hierarchy;
  readonly scene: Scene;
  readonly layout: LayoutResult;
  readonly picture: Picture;
  readonly index: SceneIndex;
  readonly measure: Measure;
  readonly #texts = new Map<number, ItemText>();
  readonly #edgeTexts = new Map<number, string>();
  readonly #found = new Found();
  #frames: Int32Array | undefined;

  constructor(
    graph: { readonly table: GraphTable; readonly hierarchy: Hierarchy },
    { picture, index }: DrawnGraph,
    measure: Measure,
  ) {
    this.table = graph.table;
    this.hierarchy = graph.hierarchy;
    this.picture = picture;
    this.scene = picture.scene;
    this.layout = picture.layout;
    this.index = index;
    this.measure = measure;
  }

  /** What an item says; made when it is first asked for. */
  text(item: number): ItemText {
    let text = this.#texts.get(item);
    if (text === undefined) {
      const { kind, ref } = this.scene;
      text = itemText(this, kind[item] as ItemKind, ref[item] as number, this.measure);
      if (this.#texts.size >= MOST_TEXTS) this.#texts.clear();
      this.#texts.set(item, text);
    }
    return text;
  }

  /** Type and shape of the tensor a line stands for, and how many more it stands for. */
  edgeText(edge: number): string {
    let text = this.#edgeTexts.get(edge);
    if (text === undefined) {
      const more = this.scene.edgeMore[edge] as number;
      const shown = typeAndShape(this.table, this.scene.edgeValue[edge] as number);
      text = more > 0 ? `${shown} +${more}` : shown;
      if (this.#edgeTexts.size >= MOST_TEXTS) this.#edgeTexts.clear();
      this.#edgeTexts.set(edge, text);
    }
    return text;
  }

  /** Index of the group that an item is the card or the frame of. */
  groupIndex(item: number): number | undefined {
    const { kind, ref } = this.scene;
    return kind[item] === ItemKind.group || kind[item] === ItemKind.frame ? ref[item] : undefined;
  }

  group(item: number): Group | undefined {
    const index = this.groupIndex(item);
    return index === undefined ? undefined : this.hierarchy.groups[index];
  }

  /** The card or frame that shows a group; undefined while it lies in a closed one. */
  itemOfGroup(group: number): number | undefined {
    const { count } = this.scene;
    for (let i = 0; i < count; i++) if (this.groupIndex(i) === group) return i;
    return undefined;
  }

  /** The pill of a graph's input or output. */
  itemOfValue(kind: ItemKind, value: number): number | undefined {
    const { scene } = this;
    for (let i = 0; i < scene.count; i++) if (scene.kind[i] === kind && scene.ref[i] === value) return i;
    return undefined;
  }

  rectOf(item: number): Rect {
    const half = (this.layout.itemWidth[item] as number) / 2;
    const x = this.layout.x[item] as number;
    const top = this.layout.y[item] as number;
    return { left: x - half, top, right: x + half, bottom: top + (this.layout.itemHeight[item] as number) };
  }

  /** A copy whose items can be moved, for as long as they are on their way. */
  withOwnPlaces(): Drawing & { place(item: number, rect: Rect): void } {
    const { layout, scene } = this.picture;
    const own = {
      ...layout,
      x: layout.x.slice(),
      y: layout.y.slice(),
      itemWidth: layout.itemWidth.slice(),
      itemHeight: layout.itemHeight.slice(),
    };
    const copy = new Drawing(this, { picture: { scene, layout: own }, index: this.index }, this.measure);
    const place = (item: number, { left, top, right, bottom }: Rect) => {
      own.x[item] = (left + right) / 2;
      own.y[item] = top;
      own.itemWidth[item] = right - left;
      own.itemHeight[item] = bottom - top;
    };
    return Object.assign(copy, { place });
  }

  /** Frames, those that cover most first. */
  get framesBySize(): Int32Array {
    if (this.#frames === undefined) {
      const { kind, count } = this.scene;
      const { itemWidth, itemHeight } = this.layout;
      const area = (i: number) => (itemWidth[i] as number) * (itemHeight[i] as number);
      const frames: number[] = [];
      for (let i = 0; i < count; i++) if (kind[i] === ItemKind.frame) frames.push(i);
      this.#frames = Int32Array.from(frames.sort((a, b) => area(b) - area(a)));
    }
    return this.#frames;
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

  /** The item at a point of the graph; of a frame only its header counts. */
  itemAt(x: number, y: number): number | undefined {
    const { scene, layout } = this;
    findInRect(this.index.items, { left: x, top: y, right: x, bottom: y }, this.#found);
    let best: number | undefined;
    for (const i of this.#found.items.subarray(0, this.#found.count)) {
      const below = y - (layout.y[i] as number);
      if (scene.kind[i] === ItemKind.frame && below > (scene.height[i] as number)) continue;
      if (best === undefined || i > best) best = i;
    }
    return best;
  }
}
