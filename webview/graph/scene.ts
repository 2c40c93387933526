import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { itemSize, itemText } from './items.ts';
import type { LayoutInput } from './layout/types.ts';
import { type Hierarchy, ItemKind, type Scene } from './picture.ts';
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

/** Builds what is drawn of a graph. */
export function buildScene(source: SceneSource, measure: Measure): Scene {
  const { table } = source;
  const kinds: number[] = [];
  const refs: number[] = [];
  const add = (kind: ItemKind, ref: number) => {
    kinds.push(kind);
    return refs.push(ref) - 1;
  };
  const itemOfNode = new Int32Array(table.nodeCount).fill(-1);
  const inputOf = new Int32Array(table.valueCount).fill(-1);
  for (const id of table.inputs) {
    const value = table.valueIndex(id);
    if (value >= 0 && table.valueKind(value) !== 'constant') inputOf[value] = add(ItemKind.input, value);
  }
  for (let node = 0; node < table.nodeCount; node++) {
    if (!isFolded(table, node)) itemOfNode[node] = add(ItemKind.node, node);
  }
  const shown = itemOfNode.slice();
  const edges = new EdgeList();
  const sourceOf = (value: number) => {
    const producer = table.producerOf(value);
    return producer < 0 ? (inputOf[value] as number) : (shown[producer] as number);
  };
  for (let node = 0; node < table.nodeCount; node++) {
    const to = shown[node] as number;
    if (to < 0) continue;
    for (const value of new Set(table.inputsOf(node))) {
      if (value < 0) continue;
      const producer = table.producerOf(value);
      if (producer >= 0 && shown[producer] === -1) {
        if (itemOfNode[producer] === -1) itemOfNode[producer] = to; // a folded constant is shown by its first consumer
      } else edges.add(sourceOf(value), to, value);
    }
  }
  for (const id of table.outputs) {
    const value = table.valueIndex(id);
    if (value >= 0) edges.add(sourceOf(value), add(ItemKind.output, value), value);
  }
  return assemble(source, { kinds, refs, edges, itemOfNode }, measure);
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
  readonly kinds: readonly number[];
  readonly refs: readonly number[];
  readonly edges: EdgeList;
  readonly itemOfNode: Int32Array;
}

function assemble(source: SceneSource, { kinds, refs, edges, itemOfNode }: Parts, measure: Measure): Scene {
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
    parent: new Int32Array(count).fill(-1),
    edgeFrom,
    edgeTo,
    edgeValue: Int32Array.from(edges.value),
    edgeMore: new Int32Array(edgeFrom.length),
    itemOfNode,
    outStart: out.start,
    outEdges: out.edges,
    inStart: into.start,
    inEdges: into.edges,
  };
}

class EdgeList {
  readonly from: number[] = [];
  readonly to: number[] = [];
  readonly value: number[] = [];

  add(from: number, to: number, value: number): void {
    if (from < 0 || from === to) return;
    this.from.push(from);
    this.to.push(to);
    this.value.push(value);
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

function isFolded(table: GraphTable, node: number): boolean {
  return table.opType(node) === 'Constant' && table.domain(node) === '';
}
