import type { GraphTable } from '../../../src/protocol/graphTable.ts';
import { type Adjacency, PairList, readersOf } from './adjacency.ts';
import type { Links } from './links.ts';
import { Role } from './roles.ts';
import type { Scoped } from './scopes.ts';

/**
 * What lies directly in one scope: nodes, and scopes as one unit each. Units are numbered in an order in which each comes
 * after those it reads from, and what makes up a block comes together.
 */
export interface Units {
  readonly count: number;
  /** A node, or -1 - scope. */
  readonly ref: Int32Array;
  readonly role: readonly Role[];
  /** Says which operators a unit has; equal for those of one kind, whatever their sizes. */
  readonly hash: Int32Array;
  /** Nodes in it. */
  readonly size: Int32Array;
  readonly predStart: Int32Array;
  readonly preds: Int32Array;
  /** Last unit that reads from one; itself when there is none. */
  readonly lastUse: Int32Array;
  readonly uses: Int32Array;
  /** 1 for shapes, masks and positions: no weights made them, and they may be read from anywhere. */
  readonly isLight: Uint8Array;
}

/** What all scopes share. */
export interface UnitSource {
  readonly table: GraphTable;
  readonly links: Links;
  readonly scoped: Scoped;
  readonly roles: readonly Role[];
  /** Hash of the operator and role of every node, {@link operatorHashes}. */
  readonly hashes: Int32Array;
  /** -1 for every node between questions. */
  readonly unitOfNode: Int32Array;
}

/** The units of `scope` (-1: the whole graph), given the nodes in it, inner ones included, in order. */
export function unitsOf(source: UnitSource, scope: number, nodes: readonly number[]): Units {
  const { links, scoped, roles, unitOfNode } = source;
  const depth = scoped.tree.depthOf(scope) + 1;
  const unitOfScope = new Map<number, number>();
  const refs: number[] = [];
  const hash: number[] = [];
  const size: number[] = [];
  for (const node of nodes) {
    const inner = scoped.tree.ancestorAt(scoped.scopeOf[node] as number, depth);
    let unit = inner < 0 ? undefined : unitOfScope.get(inner);
    if (unit === undefined) {
      unit = refs.push(inner < 0 ? node : -1 - inner) - 1;
      if (inner >= 0) unitOfScope.set(inner, unit);
      hash.push(0);
      size.push(0);
    }
    unitOfNode[node] = unit;
    hash[unit] = mix(hash[unit] as number, source.hashes[node] as number);
    size[unit]!++;
  }
  const pairs = new PairList();
  for (const node of nodes) {
    const unit = unitOfNode[node] as number;
    for (let e = links.predStart[node] as number; e < (links.predStart[node + 1] as number); e++) {
      const from = unitOfNode[links.preds[e] as number] as number;
      if (from >= 0 && from !== unit) pairs.add(from, unit, links.isFlow[e] as number);
    }
  }
  for (const node of nodes) unitOfNode[node] = -1;
  const isWeighted = Uint8Array.from(refs, (ref) => Number(ref < 0 || WEIGHTED.has(roles[ref] as Role)));
  const role = refs.map((ref) => (ref < 0 ? Role.other : (roles[ref] as Role)));
  return inBlocks({ refs, role, hash, size, isWeighted, adjacency: pairs.sorted(refs.length) });
}

const WEIGHTED = new Set<Role>([
  Role.convolution,
  Role.pointwise,
  Role.depthwise,
  Role.dense,
  Role.product,
  Role.recurrent,
  Role.attention,
  Role.layerNorm,
  Role.batchNorm,
  Role.lookup,
]);

/** Units as they come in the file. */
interface Found {
  readonly refs: readonly number[];
  readonly role: readonly Role[];
  readonly hash: readonly number[];
  readonly size: readonly number[];
  readonly isWeighted: Uint8Array;
  readonly adjacency: Adjacency;
}

function inBlocks(found: Found): Units {
  const { adjacency, role, isWeighted } = found;
  const { predStart, preds, isFlow } = adjacency;
  const order = blockOrder(adjacency, isWeighted);
  const count = order.length;
  const place = new Int32Array(count);
  order.forEach((unit, i) => {
    place[unit] = i;
  });
  const starts = new Int32Array(count + 1);
  const flows = new Int32Array(preds.length);
  const lastUse = new Int32Array(count);
  const uses = new Int32Array(count);
  const isLight = new Uint8Array(count);
  const anyWeighted = isWeighted.includes(1);
  let length = 0;
  for (let i = 0; i < count; i++) {
    const unit = order[i] as number;
    lastUse[i] = i;
    isLight[i] = Number(anyWeighted && isWeighted[unit] === 0);
    for (let e = predStart[unit] as number; e < (predStart[unit + 1] as number); e++) {
      if (isFlow[e] === 0) continue;
      const from = place[preds[e] as number] as number;
      flows[length++] = from;
      lastUse[from] = i;
      uses[from]!++;
      if (isLight[from] === 0 && role[unit] !== Role.shape) isLight[i] = 0;
    }
    starts[i + 1] = length;
  }
  return {
    count,
    ref: order.map((unit) => found.refs[unit] as number),
    role: Array.from(order, (unit) => role[unit] as Role),
    hash: order.map((unit) => found.hash[unit] as number),
    size: order.map((unit) => found.size[unit] as number),
    uses,
    predStart: starts,
    preds: flows.subarray(0, length),
    lastUse,
    isLight,
  };
}

/**
 * An order in which a unit comes right after all it needs, as deep as possible first. What needs no weights comes before
 * everything that does.
 */
function blockOrder(adjacency: Adjacency, isWeighted: Uint8Array): Int32Array {
  const { predStart, preds } = adjacency;
  const count = isWeighted.length;
  const [succStart] = readersOf(adjacency);
  const order = new Int32Array(count);
  let length = 0;
  const isPlaced = new Uint8Array(count);
  const next = predStart.slice(0, count);
  const stack = new Int32Array(count);
  const place = (root: number) => {
    if (isPlaced[root] === 1) return;
    let depth = 0;
    stack[0] = root;
    while (depth >= 0) {
      const unit = stack[depth] as number;
      const e = next[unit]!++;
      if (e < (predStart[unit + 1] as number)) {
        const pred = preds[e] as number;
        if (isPlaced[pred] === 0) stack[++depth] = pred;
      } else {
        isPlaced[unit] = 1;
        order[length++] = unit;
        depth--;
      }
    }
  };
  const isRead = (unit: number) => (succStart[unit + 1] as number) > (succStart[unit] as number);
  const depends = isWeighted.slice();
  for (let unit = 0; unit < count; unit++) {
    for (let e = predStart[unit] as number; e < (predStart[unit + 1] as number); e++) {
      depends[unit]! |= depends[preds[e] as number] as number;
    }
    if (depends[unit] === 0 && isRead(unit)) place(unit);
  }
  for (let unit = 0; unit < count; unit++) if (!isRead(unit)) place(unit);
  return order;
}

/** Hashes of what nodes do, by operator and role. */
export function operatorHashes(table: GraphTable, roles: readonly Role[]): Int32Array {
  const known = new Map<string, number>();
  return Int32Array.from(roles, (role, node) => {
    const text = table.opType(node) + role;
    const hash = known.get(text) ?? textHash(text);
    known.set(text, hash);
    return hash;
  });
}

/** FNV-1a. */
function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** A hash of a sequence, one element more. */
export function mix(hash: number, element: number): number {
  return Math.imul((hash ^ (element + 0x9e3779b9)) + (hash << 6), 0x85ebca6b) ^ (hash >>> 13);
}

/** Of every unit: those before it that are read from it on. */
export function openAt({ count, isLight, lastUse }: Units): Int32Array {
  const open = new Int32Array(count + 1);
  for (let unit = 0; unit < count; unit++) {
    if (isLight[unit] === 1) continue;
    open[unit + 1]!++;
    open[Math.min(count, (lastUse[unit] as number) + 1)]!--;
  }
  for (let unit = 1; unit <= count; unit++) open[unit]! += open[unit - 1] as number;
  return open;
}
