import type { GraphTable } from '../../../src/protocol/graphTable.ts';
import { type Adjacency, PairList, readersOf } from './adjacency.ts';

/**
 * Which nodes of a graph follow which, as a hierarchy sees it. Nodes that only prepare or pass on a tensor (constants,
 * Identity, QuantizeLinear, DequantizeLinear) are part of the node they belong to, their owner; links join owners, each
 * pair once, and there is no way back.
 */
export interface Links extends Adjacency {
  /** What a node is part of; itself for most. */
  readonly owner: Int32Array;
  /** 1 for nodes that make a constant of constants. */
  readonly isConstant: Uint8Array;
  /** Owners, each after those it reads from; in file order otherwise. */
  readonly order: Int32Array;
  /** `succs[succStart[v]]` to `succs[succStart[v + 1] - 1]` are the owners that read from `v`. */
  readonly succStart: Int32Array;
  readonly succs: Int32Array;
}

/** What belongs to the node whose output it passes on. */
const PASSES_ON = new Set(['QuantizeLinear', 'DequantizeLinear', 'Identity']);
/** What belongs to the first reader of what it makes of a constant or an input. */
const PREPARES = new Set(['QuantizeLinear', 'DequantizeLinear', 'Identity', 'Cast']);

/** Whether a node is drawn as part of its consumers. */
export function isFolded(table: GraphTable, node: number): boolean {
  return table.opType(node) === 'Constant' && table.domain(node) === '';
}

/** The links of a graph. A file whose nodes run in a circle loses the links that point backwards. */
export function linksOf(table: GraphTable): Links {
  const reads = readsOf(table);
  const [succStart, succs] = readersOf(reads);
  const order = orderOf(reads, succStart, succs);
  const place = new Int32Array(table.nodeCount);
  order.forEach((node, i) => {
    place[node] = i;
  });
  const { owner, isConstant } = ownersOf({ table, reads, succStart, succs, order, place });
  const pairs = new PairList();
  for (let node = 0; node < table.nodeCount; node++) {
    for (let e = reads.predStart[node] as number; e < (reads.predStart[node + 1] as number); e++) {
      const from = reads.preds[e] as number;
      const [u, v] = [owner[from] as number, owner[node] as number];
      if ((place[u] as number) < (place[v] as number) && !isFolded(table, from))
        pairs.add(u, v, 1 - (isConstant[from] as number));
    }
  }
  const adjacency = pairs.sorted(table.nodeCount);
  const [ownerSuccStart, ownerSuccs] = readersOf(adjacency);
  return {
    owner,
    isConstant,
    order: order.filter((node) => owner[node] === node),
    ...adjacency,
    succStart: ownerSuccStart,
    succs: ownerSuccs,
  };
}

function readsOf(table: GraphTable): Adjacency {
  const pairs = new PairList();
  for (let node = 0; node < table.nodeCount; node++) {
    const inputs = table.inputsOf(node);
    for (let i = 0; i < inputs.length; i++) {
      const value = inputs[i] as number;
      const producer = value < 0 ? -1 : table.producerOf(value);
      if (producer >= 0 && producer !== node) pairs.add(producer, node, 1);
    }
  }
  return pairs.sorted(table.nodeCount);
}

/** File order where that is one; else Kahn's algorithm, with what a circle holds at the end. */
function orderOf({ predStart, preds }: Adjacency, succStart: Int32Array, succs: Int32Array): Int32Array {
  const count = predStart.length - 1;
  const waiting = new Int32Array(count);
  let isOrdered = true;
  for (let node = 0; node < count; node++) {
    waiting[node] = (predStart[node + 1] as number) - (predStart[node] as number);
    for (let e = predStart[node] as number; e < (predStart[node + 1] as number); e++) {
      isOrdered &&= (preds[e] as number) < node;
    }
  }
  if (isOrdered) return Int32Array.from({ length: count }, (_, node) => node);
  const order: number[] = [];
  for (let node = 0; node < count; node++) if (waiting[node] === 0) order.push(node);
  for (let next = 0; next < order.length; next++) {
    const node = order[next] as number;
    for (let e = succStart[node] as number; e < (succStart[node + 1] as number); e++) {
      if (--waiting[succs[e] as number]! === 0) order.push(succs[e] as number);
    }
  }
  for (let node = 0; node < count; node++) if ((waiting[node] as number) > 0) order.push(node);
  return Int32Array.from(order);
}

interface OwnerSource {
  readonly table: GraphTable;
  readonly reads: Adjacency;
  readonly succStart: Int32Array;
  readonly succs: Int32Array;
  readonly order: Int32Array;
  readonly place: Int32Array;
}

function ownersOf({ table, reads, succStart, succs, order, place }: OwnerSource): Pick<Links, 'owner' | 'isConstant'> {
  const owner = Int32Array.from({ length: table.nodeCount }, (_, node) => node);
  const prepares = new Uint8Array(table.nodeCount);
  const isConstant = new Uint8Array(table.nodeCount);
  for (let i = 0; i < order.length; i++) {
    const node = order[i] as number;
    const operator = table.domain(node) === '' ? table.opType(node) : '';
    const source = onlySource(reads, prepares, node);
    if (source === NONE && (operator === 'Constant' || PREPARES.has(operator))) {
      prepares[node] = 1;
      isConstant[node] = Number(readsConstantsOnly(table, node, isConstant));
    } else if (source >= 0 && passesOn(operator, table.opType(source))) owner[node] = owner[source] as number;
  }
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i] as number;
    if (prepares[node] === 0) continue;
    // Of several readers the first in the order, so that no link points backwards.
    let first = -1;
    for (let e = succStart[node] as number; e < (succStart[node + 1] as number); e++) {
      const reader = owner[succs[e] as number] as number;
      if (first < 0 || (place[reader] as number) < (place[first] as number)) first = reader;
    }
    if (first >= 0) owner[node] = first;
  }
  return { owner, isConstant };
}

/** PyTorch writes a Cast between the two. */
function passesOn(operator: string, source: string): boolean {
  return PASSES_ON.has(operator) || (operator === 'Cast' && source === 'QuantizeLinear');
}

const NONE = -1;
const SEVERAL = -2;

/** The one node that `node` reads from, but for what only prepares. */
function onlySource({ predStart, preds }: Adjacency, prepares: Uint8Array, node: number): number {
  let source = NONE;
  for (let e = predStart[node] as number; e < (predStart[node + 1] as number); e++) {
    const pred = preds[e] as number;
    if (prepares[pred] === 1) continue;
    if (source !== NONE) return SEVERAL;
    source = pred;
  }
  return source;
}

function readsConstantsOnly(table: GraphTable, node: number, isConstant: Uint8Array): boolean {
  return table.inputsOf(node).every((value) => {
    if (value < 0) return true;
    const producer = table.producerOf(value);
    return producer < 0 ? table.valueKind(value) === 'constant' : isConstant[producer] === 1;
  });
}
