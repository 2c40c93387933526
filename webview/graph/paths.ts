import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { ItemKind, type Scene } from './picture.ts';

/** Nodes and tensors of a graph, by index: 1 for those meant. */
export interface Reach {
  readonly nodes: Uint8Array;
  readonly values: Uint8Array;
}

/** Where to start from, by index. */
export type Start = { readonly node: number } | { readonly value: number };

export type Along = 'upstream' | 'downstream';

/** Everything that `start` depends on, or everything that depends on it; `start` is part of it. Constants are not. */
export function follow(table: GraphTable, start: Start, along: Along): Reach {
  const reach = { nodes: new Uint8Array(table.nodeCount), values: new Uint8Array(table.valueCount) };
  const waiting: number[] = [];
  const meetValue = (value: number) => {
    if (value < 0 || reach.values[value] === 1 || table.valueKind(value) === 'constant') return;
    reach.values[value] = 1;
    if (along === 'upstream') meetNode(table.producerOf(value));
    else for (const node of table.consumersOf(value)) meetNode(node);
  };
  const meetNode = (node: number) => {
    if (node < 0 || reach.nodes[node] === 1) return;
    reach.nodes[node] = 1;
    waiting.push(node);
  };
  if ('node' in start) meetNode(start.node);
  else meetValue(start.value);
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const value of along === 'upstream' ? table.inputsOf(node) : table.outputsOf(node)) meetValue(value);
  }
  return reach;
}

/** All paths from one node to another, whichever comes first in the graph; null when no path joins them. */
export function pathsBetween(table: GraphTable, a: number, b: number): Reach | null {
  const ahead = follow(table, { node: a }, 'downstream');
  if (ahead.nodes[b] === 1) return common(ahead, follow(table, { node: b }, 'upstream'));
  const behind = follow(table, { node: b }, 'downstream');
  return behind.nodes[a] === 1 ? common(behind, follow(table, { node: a }, 'upstream')) : null;
}

function common(a: Reach, b: Reach): Reach {
  return {
    nodes: a.nodes.map((flag, i) => flag & (b.nodes[i] as number)),
    values: a.values.map((flag, i) => flag & (b.values[i] as number)),
  };
}

/** Items and lines of a scene: 1 for those meant. */
export interface Trace {
  readonly items: Uint8Array;
  readonly edges: Uint8Array;
}

/** How a scene shows what was reached: a closed group is meant when a node inside is. */
export function traceOf(scene: Scene, { nodes, values }: Reach): Trace {
  const items = new Uint8Array(scene.count);
  nodes.forEach((flag, node) => {
    const item = scene.itemOfNode[node] as number;
    if (flag === 1 && item >= 0) items[item] = 1;
  });
  for (let i = 0; i < scene.count; i++) {
    const isPill = scene.kind[i] === ItemKind.input || scene.kind[i] === ItemKind.output;
    if (isPill && values[scene.ref[i] as number] === 1) items[i] = 1;
  }
  const edges = new Uint8Array(scene.edgeFrom.length);
  for (let e = 0; e < edges.length; e++) {
    const joined = items[scene.edgeFrom[e] as number] === 1 && items[scene.edgeTo[e] as number] === 1;
    const carries = values[scene.edgeValue[e] as number] === 1 || (scene.edgeMore[e] as number) > 0;
    edges[e] = joined && carries ? 1 : 0;
  }
  return { items, edges };
}

/** How many nodes were reached, the start included. */
export function countNodes({ nodes }: Reach): number {
  let count = 0;
  for (const flag of nodes) count += flag;
  return count;
}
