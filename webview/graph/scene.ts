import type { GraphView, NodeView, ValueView } from '../../src/protocol/views.ts';
import { formatShape } from '../format.ts';
import { type Category, categoryOf } from './category.ts';
import type { LayoutInput } from './layout.ts';

/** A card or pill on the canvas. */
export interface SceneItem {
  readonly kind: 'node' | 'input' | 'output';
  /** Node id of a node, value id of an input or output. */
  readonly id: number;
  /** Operator, or `input` and `output`. */
  readonly title: string;
  /** Handle or tensor name, shortened to fit. */
  readonly label: string;
  /** The same in full. */
  readonly fullLabel: string;
  /** Shape of the largest constant, or of an input or output. */
  readonly shape: string;
  readonly category: Category;
  readonly supported: boolean;
  readonly width: number;
  readonly height: number;
}

export interface SceneEdge {
  /** Indices of items. */
  readonly from: number;
  readonly to: number;
  readonly group: number;
  readonly name: string;
  readonly shape: string;
}

/** What is drawn of a graph, without positions. Constants and `Constant` nodes are part of their consumers. */
export interface Scene {
  readonly items: readonly SceneItem[];
  readonly edges: readonly SceneEdge[];
  /** Item that shows a node; a folded `Constant` is shown by its first consumer. */
  readonly itemOf: ReadonlyMap<number, number>;
  /** Edges by item. */
  readonly incoming: readonly (readonly number[])[];
  readonly outgoing: readonly (readonly number[])[];
}

/** Width of `text` in pixels at zoom 1. */
export type Measure = (text: string, font: 'title' | 'label') => number;

const NODE_HEIGHT = 42;
const PILL_HEIGHT = 36;
const MIN_WIDTH = 128;
const MAX_LABEL = 176;
/** Room kept for the number of the heat map, so that a change of metric moves nothing. */
const NUMBER_ROOM = 72;

/** Builds what is drawn of `graph`. */
export function buildScene(graph: GraphView, measure: Measure): Scene {
  const values = new Map(graph.values.map((v) => [v.id, v]));
  const items: SceneItem[] = [];
  const itemOf = new Map<number, number>();
  const producer = new Map<number, number>();
  for (const id of graph.inputs) {
    const value = values.get(id);
    if (value === undefined || value.kind === 'constant') continue;
    producer.set(id, items.push(pill('input', value, measure)) - 1);
  }
  for (const node of graph.nodes) {
    if (isFolded(node)) continue;
    const index = items.push(card(node, values, measure)) - 1;
    itemOf.set(node.id, index);
    for (const id of node.outputs) producer.set(id, index);
  }
  const edges: SceneEdge[] = [];
  const connect = (id: number | null, to: number) => {
    const from = id === null ? undefined : producer.get(id);
    const value = id === null ? undefined : values.get(id);
    if (from === undefined || value === undefined || from === to) return;
    edges.push({ from, to, group: value.id, name: value.name, shape: formatShape(value.dims) });
  };
  for (const node of graph.nodes) {
    const index = itemOf.get(node.id);
    if (index !== undefined) for (const id of new Set(node.inputs)) connect(id, index);
  }
  for (const id of graph.outputs) {
    const value = values.get(id);
    if (value !== undefined) connect(id, items.push(pill('output', value, measure)) - 1);
  }
  foldConstants(graph, itemOf);

  const incoming: number[][] = items.map(() => []);
  const outgoing: number[][] = items.map(() => []);
  edges.forEach((edge, e) => {
    outgoing[edge.from]?.push(e);
    incoming[edge.to]?.push(e);
  });
  return { items, edges, itemOf, incoming, outgoing };
}

/** The scene as the layout sees it. */
export function toLayoutInput(scene: Scene): LayoutInput {
  return {
    nodes: scene.items.map(({ width, height }) => ({ width, height })),
    edges: scene.edges.map(({ from, to, group }) => ({ from, to, group })),
  };
}

function isFolded(node: NodeView): boolean {
  return node.opType === 'Constant' && node.domain === '';
}

function foldConstants(graph: GraphView, itemOf: Map<number, number>): void {
  const folded = new Map<number, number>();
  for (const node of graph.nodes) if (isFolded(node)) for (const id of node.outputs) folded.set(id, node.id);
  if (folded.size === 0) return;
  for (const node of graph.nodes) {
    const index = itemOf.get(node.id);
    if (index === undefined) continue;
    for (const id of node.inputs) {
      const constant = id === null ? undefined : folded.get(id);
      if (constant !== undefined && !itemOf.has(constant)) itemOf.set(constant, index);
    }
  }
}

function card(node: NodeView, values: ReadonlyMap<number, ValueView>, measure: Measure): SceneItem {
  const label = shorten(node.handle, MAX_LABEL, (text) => measure(text, 'label'));
  const width = Math.max(
    MIN_WIDTH,
    measure(node.opType, 'title') + NUMBER_ROOM + 24,
    Math.min(MAX_LABEL, measure(label, 'label')) + 26,
  );
  return {
    kind: 'node',
    id: node.id,
    title: node.opType,
    label,
    fullLabel: node.handle,
    shape: largestConstant(node, values),
    category: categoryOf(node.opType),
    supported: node.supported,
    width: Math.ceil(width / 4) * 4,
    height: NODE_HEIGHT,
  };
}

function pill(kind: 'input' | 'output', value: ValueView, measure: Measure): SceneItem {
  const label = shorten(value.name, MAX_LABEL, (text) => measure(text, 'title'));
  const shape = [value.dtype, formatShape(value.dims)].filter((part) => part !== '').join(' ');
  const width = Math.max(96, measure(label, 'title') + 36, measure(shape, 'label') + 36);
  return {
    kind,
    id: value.id,
    title: kind,
    label,
    fullLabel: value.name,
    shape,
    category: 'other',
    supported: true,
    width: Math.ceil(width / 4) * 4,
    height: PILL_HEIGHT,
  };
}

function largestConstant(node: NodeView, values: ReadonlyMap<number, ValueView>): string {
  let best: ValueView | undefined;
  for (const id of node.inputs) {
    const value = id === null ? undefined : values.get(id);
    if (value?.kind === 'constant' && (value.dims?.length ?? 0) > (best?.dims?.length ?? 0)) best = value;
  }
  return formatShape(best?.dims ?? null);
}

/** Cuts the middle out of a name that is wider than `limit`: its ends tell most. */
export function shorten(text: string, limit: number, widthOf: (text: string) => number): string {
  if (widthOf(text) <= limit) return text;
  let lo = 1;
  let hi = text.length - 1;
  while (lo < hi) {
    const mid = (lo + hi + 1) >> 1;
    if (widthOf(cut(text, mid)) <= limit) lo = mid;
    else hi = mid - 1;
  }
  return cut(text, lo);
}

function cut(text: string, kept: number): string {
  const head = Math.floor(kept * 0.4);
  return `${text.slice(0, head)}…${text.slice(text.length - (kept - head))}`;
}
