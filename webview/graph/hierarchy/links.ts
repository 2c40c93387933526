import type { GraphTable } from '../../../src/protocol/graphTable.ts';

/**
 * Which nodes of a graph follow which, as a hierarchy sees it. Nodes that only prepare or pass on a tensor (constants,
 * Identity, QuantizeLinear, DequantizeLinear) are part of the node they belong to, their owner; links join owners, each
 * pair once, and there is no way back.
 */
export interface Links {
  /** What a node is part of; itself for most. */
  readonly owner: Int32Array;
  /** 1 for nodes that make a constant of constants. */
  readonly isConstant: Uint8Array;
  /** Owners, each after those it reads from; in file order otherwise. */
  readonly order: Int32Array;
  /** `preds[predStart[v]]` to `preds[predStart[v + 1] - 1]` are the owners that `v` reads from. */
  readonly predStart: Int32Array;
  readonly preds: Int32Array;
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
  const order = orderOf(table.nodeCount, reads);
  const place = new Int32Array(table.nodeCount);
  order.forEach((node, i) => {
    place[node] = i;
  });
  const { owner, isConstant } = ownersOf(table, reads, order, place);
  const { from, to } = betweenOwners(reads, owner, place);
  const [predStart, preds] = byEnd(to, from, table.nodeCount);
  const [succStart, succs] = byEnd(from, to, table.nodeCount);
  return { owner, isConstant, order: order.filter((node) => owner[node] === node), predStart, preds, succStart, succs };
}

/** Pairs of a node and one that reads from it, sorted by the reader. */
interface Reads {
  readonly from: Int32Array;
  readonly to: Int32Array;
}

function readsOf(table: GraphTable): Reads {
  const from: number[] = [];
  const to: number[] = [];
  for (let node = 0; node < table.nodeCount; node++) {
    for (const value of table.inputsOf(node)) {
      const producer = value < 0 ? -1 : table.producerOf(value);
      if (producer < 0 || producer === node) continue;
      from.push(producer);
      to.push(node);
    }
  }
  return { from: Int32Array.from(from), to: Int32Array.from(to) };
}

/** File order where that is one; else Kahn's algorithm, with what a circle holds at the end. */
function orderOf(count: number, { from, to }: Reads): Int32Array {
  if (from.every((u, e) => u < (to[e] as number))) return Int32Array.from({ length: count }, (_, node) => node);
  const waiting = new Int32Array(count);
  for (const node of to) waiting[node]!++;
  const [start, succs] = byEnd(from, to, count);
  const order: number[] = [];
  for (let node = 0; node < count; node++) if (waiting[node] === 0) order.push(node);
  for (let next = 0; next < order.length; next++) {
    const node = order[next] as number;
    for (let e = start[node] as number; e < (start[node + 1] as number); e++) {
      if (--waiting[succs[e] as number]! === 0) order.push(succs[e] as number);
    }
  }
  for (let node = 0; node < count; node++) if ((waiting[node] as number) > 0) order.push(node);
  return Int32Array.from(order);
}

function ownersOf(
  table: GraphTable,
  { from, to }: Reads,
  order: Int32Array,
  place: Int32Array,
): Pick<Links, 'owner' | 'isConstant'> {
  const [predStart, preds] = byEnd(to, from, table.nodeCount);
  const [succStart, succs] = byEnd(from, to, table.nodeCount);
  const owner = Int32Array.from({ length: table.nodeCount }, (_, node) => node);
  const prepares = new Uint8Array(table.nodeCount);
  const isConstant = new Uint8Array(table.nodeCount);
  for (const node of order) {
    const sources = preds.subarray(predStart[node], predStart[node + 1]).filter((p) => prepares[p] === 0);
    const operator = table.domain(node) === '' ? table.opType(node) : '';
    if (sources.length === 0) {
      prepares[node] = Number(isFolded(table, node) || PREPARES.has(operator));
      isConstant[node] = Number(prepares[node] === 1 && readsConstantsOnly(table, node, isConstant));
    }
    if (sources.length === 1 && PASSES_ON.has(operator)) owner[node] = owner[sources[0] as number] as number;
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

function readsConstantsOnly(table: GraphTable, node: number, isConstant: Uint8Array): boolean {
  return table.inputsOf(node).every((value) => {
    if (value < 0) return true;
    const producer = table.producerOf(value);
    return producer < 0 ? table.valueKind(value) === 'constant' : isConstant[producer] === 1;
  });
}

function betweenOwners({ from, to }: Reads, owner: Int32Array, place: Int32Array): Reads {
  const seen = new Set<number>();
  const kept: number[] = [];
  for (let e = 0; e < from.length; e++) {
    const u = owner[from[e] as number] as number;
    const v = owner[to[e] as number] as number;
    const pair = u * owner.length + v;
    if ((place[u] as number) >= (place[v] as number) || seen.has(pair)) continue;
    seen.add(pair);
    kept.push(u, v);
  }
  const half = kept.length / 2;
  return {
    from: Int32Array.from({ length: half }, (_, i) => kept[2 * i] as number),
    to: Int32Array.from({ length: half }, (_, i) => kept[2 * i + 1] as number),
  };
}

/** The other ends of pairs, sorted by one end: starts and ends. */
function byEnd(end: Int32Array, other: Int32Array, count: number): readonly [Int32Array, Int32Array] {
  const start = new Int32Array(count + 1);
  for (const node of end) start[node + 1]!++;
  for (let i = 0; i < count; i++) start[i + 1]! += start[i] as number;
  const next = start.slice();
  const sorted = new Int32Array(end.length);
  for (let e = 0; e < end.length; e++) sorted[next[end[e] as number]!++] = other[e] as number;
  return [start, sorted];
}
