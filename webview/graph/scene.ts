import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { isFolded } from './hierarchy/links.ts';
import { itemSize, itemText } from './items.ts';
import type { LayoutInput } from './layout/types.ts';
import { type Group, type Hierarchy, ItemKind, type Scene } from './picture.ts';
import type { Measure } from './text.ts';

/** No groups at all. */
export function noHierarchy(table: GraphTable): Hierarchy {
  return { groups: [], groupOfNode: new Int32Array(table.nodeCount).fill(-1) };
}

export interface SceneSource {
  readonly table: GraphTable;
  readonly hierarchy: Hierarchy;
  /** Keys of the groups that are open. */
  readonly open: ReadonlySet<string>;
}

/** Builds what is drawn of a graph. Several tensors from one item to another are one line. */
export function buildScene(source: SceneSource, measure: Measure): Scene {
  const { table } = source;
  const items = new ItemList(source);
  const inputOf = new Int32Array(table.valueCount).fill(-1);
  for (const id of table.inputs) {
    const value = table.valueIndex(id);
    if (value >= 0 && table.valueKind(value) !== 'constant') inputOf[value] = items.add(ItemKind.input, value, -1);
  }
  const shown = new Int32Array(table.nodeCount).fill(-1);
  for (let node = 0; node < table.nodeCount; node++) {
    if (!isFolded(table, node)) shown[node] = items.itemOf(node);
  }
  const itemOfNode = shown.slice();
  const edges = new EdgeList();
  const sourceOf = (value: number) => {
    const producer = table.producerOf(value);
    return producer < 0 ? (inputOf[value] as number) : (shown[producer] as number);
  };
  for (let node = 0; node < table.nodeCount; node++) {
    const to = shown[node] as number;
    if (to < 0) continue;
    for (const value of table.inputsOf(node)) {
      if (value < 0) continue;
      const producer = table.producerOf(value);
      if (producer >= 0 && shown[producer] === -1) {
        if (itemOfNode[producer] === -1) itemOfNode[producer] = to; // a folded constant is shown by its first consumer
      } else edges.add(sourceOf(value), to, value);
    }
  }
  for (const id of table.outputs) {
    const value = table.valueIndex(id);
    if (value >= 0) edges.add(sourceOf(value), items.add(ItemKind.output, value, -1), value);
  }
  return assemble(source, { items, edges, itemOfNode }, measure);
}

/** Items in the order of the file, each behind the frames that hold it. */
class ItemList {
  readonly kinds: number[] = [];
  readonly refs: number[] = [];
  readonly parents: number[] = [];
  readonly #source: SceneSource;
  /** Item of a group: its frame, or the closed group around it that shows it; -1 while there is none. */
  readonly #itemOfGroup: Int32Array;

  constructor(source: SceneSource) {
    this.#source = source;
    this.#itemOfGroup = new Int32Array(source.hierarchy.groups.length).fill(-1);
  }

  add(kind: ItemKind, ref: number, parent: number): number {
    this.kinds.push(kind);
    this.parents.push(parent);
    return this.refs.push(ref) - 1;
  }

  /** The item that shows a node: its own, or that of the outermost closed group around it. */
  itemOf(node: number): number {
    const around = this.#around(this.#source.hierarchy.groupOfNode[node] as number);
    return around >= 0 && this.kinds[around] === ItemKind.group ? around : this.add(ItemKind.node, node, around);
  }

  #around(group: number): number {
    if (group < 0) return -1;
    const known = this.#itemOfGroup[group] as number;
    if (known >= 0) return known;
    const { key, parent } = this.#source.hierarchy.groups[group] as Group;
    const around = this.#around(parent);
    const isShown = around < 0 || this.kinds[around] === ItemKind.frame;
    const kind = this.#source.open.has(key) ? ItemKind.frame : ItemKind.group;
    const item = isShown ? this.add(kind, group, around) : around;
    this.#itemOfGroup[group] = item;
    return item;
  }
}

/** The scene as the layout sees it. */
export function toLayoutInput(scene: Scene): LayoutInput {
  return {
    count: scene.count,
    width: scene.width,
    height: scene.height,
    parent: scene.parent,
    isFrame: scene.kind.map((kind) => Number(kind === ItemKind.frame)),
    edgeFrom: scene.edgeFrom,
    edgeTo: scene.edgeTo,
    edgeGroup: scene.edgeValue,
  };
}

interface Parts {
  readonly items: ItemList;
  readonly edges: EdgeList;
  readonly itemOfNode: Int32Array;
}

function assemble(source: SceneSource, { items, edges, itemOfNode }: Parts, measure: Measure): Scene {
  const { kinds, refs, parents } = items;
  const count = kinds.length;
  const width = new Float64Array(count);
  const height = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const text = itemText(source, kinds[i] as ItemKind, refs[i] as number, measure);
    const size = itemSize(text, measure);
    width[i] = size.width;
    height[i] = size.height;
  }
  const edgeFrom = Int32Array.from(edges.from);
  const edgeTo = Int32Array.from(edges.to);
  const out = byItem(count, edgeFrom);
  const into = byItem(count, edgeTo);
  return {
    count,
    kind: Uint8Array.from(kinds),
    ref: Int32Array.from(refs),
    width,
    height,
    parent: Int32Array.from(parents),
    edgeFrom,
    edgeTo,
    edgeValue: Int32Array.from(edges.value),
    edgeMore: Int32Array.from(edges.more),
    itemOfNode,
    outStart: out.start,
    outEdges: out.edges,
    inStart: into.start,
    inEdges: into.edges,
  };
}

/** More items than any graph has. */
const MANY_ITEMS = 2 ** 26;

class EdgeList {
  readonly from: number[] = [];
  readonly to: number[] = [];
  readonly value: number[] = [];
  readonly more: number[] = [];
  readonly #edgeOf = new Map<number, number>();
  /** Further values of a line. */
  readonly #bundled = new Map<number, Set<number>>();

  add(from: number, to: number, value: number): void {
    if (from < 0 || from === to) return;
    const ends = from * MANY_ITEMS + to;
    const edge = this.#edgeOf.get(ends);
    if (edge !== undefined) {
      if (this.value[edge] !== value) this.#bundle(edge, value);
      return;
    }
    this.#edgeOf.set(ends, this.from.push(from) - 1);
    this.to.push(to);
    this.value.push(value);
    this.more.push(0);
  }

  #bundle(edge: number, value: number): void {
    const values = this.#bundled.get(edge) ?? new Set<number>();
    this.#bundled.set(edge, values.add(value));
    this.more[edge] = values.size;
  }
}

/** Edges of each item, in their order. */
function byItem(count: number, ends: Int32Array): { readonly start: Int32Array; readonly edges: Int32Array } {
  const start = new Int32Array(count + 1);
  for (const item of ends) start[item + 1]!++;
  for (let i = 0; i < count; i++) start[i + 1]! += start[i] as number;
  const next = start.slice();
  const edges = new Int32Array(ends.length);
  ends.forEach((item, e) => {
    edges[next[item]!++] = e;
  });
  return { start, edges };
}
