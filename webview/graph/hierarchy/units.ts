import type { GraphTable } from '../../../src/protocol/graphTable.ts';
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
}

/** The units of `scope` (-1: the whole graph), given the nodes in it, inner ones included, in order. */
export function unitsOf(source: UnitSource, scope: number, nodes: readonly number[]): Units {
  const { links, scoped, roles } = source;
  const depth = scoped.tree.depthOf(scope) + 1;
  const unitOfRef = new Map<number, number>();
  const unitOfNode = new Map<number, number>();
  const refs: number[] = [];
  const hash: number[] = [];
  const size: number[] = [];
  for (const node of nodes) {
    const inner = scoped.tree.ancestorAt(scoped.scopeOf[node] as number, depth);
    const ref = inner < 0 ? node : -1 - inner;
    let unit = unitOfRef.get(ref);
    if (unit === undefined) {
      unit = refs.push(ref) - 1;
      unitOfRef.set(ref, unit);
      hash.push(0);
      size.push(0);
    }
    unitOfNode.set(node, unit);
    hash[unit] = mix(hash[unit] as number, textHash(source.table.opType(node) + roles[node]));
    size[unit]!++;
  }
  const preds: number[][] = refs.map(() => []);
  const succs: number[][] = refs.map(() => []);
  for (const node of nodes) {
    const unit = unitOfNode.get(node) as number;
    for (let e = links.predStart[node] as number; e < (links.predStart[node + 1] as number); e++) {
      const from = unitOfNode.get(links.preds[e] as number);
      if (from === undefined || from === unit || preds[unit]?.includes(from)) continue;
      preds[unit]?.push(from);
      succs[from]?.push(unit);
    }
  }
  const role = refs.map((ref) => (ref < 0 ? Role.other : (roles[ref] as Role)));
  const isWeighted = refs.map((ref) => ref < 0 || WEIGHTED.has(roles[ref] as Role));
  const order = inBlocks(preds, succs, isWeighted);
  return ordered(order, { refs, role, hash, size, preds, succs, isWeighted });
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

interface Loose {
  readonly refs: readonly number[];
  readonly role: readonly Role[];
  readonly hash: readonly number[];
  readonly size: readonly number[];
  readonly preds: readonly (readonly number[])[];
  readonly succs: readonly (readonly number[])[];
  readonly isWeighted: readonly boolean[];
}

function ordered(order: readonly number[], loose: Loose): Units {
  const count = order.length;
  const place = new Int32Array(count);
  order.forEach((unit, i) => {
    place[unit] = i;
  });
  const predStart = new Int32Array(count + 1);
  const preds: number[] = [];
  const lastUse = new Int32Array(count);
  const isLight = new Uint8Array(count);
  const anyWeighted = loose.isWeighted.some((weighted) => weighted);
  order.forEach((unit, i) => {
    lastUse[i] = i;
    isLight[i] = Number(anyWeighted && loose.isWeighted[unit] === false);
    for (const pred of loose.preds[unit] ?? []) {
      const from = place[pred] as number;
      preds.push(from);
      lastUse[from] = i;
      if (isLight[from] === 0 && loose.role[unit] !== Role.shape) isLight[i] = 0;
    }
    predStart[i + 1] = preds.length;
  });
  return {
    count,
    ref: Int32Array.from(order, (unit) => loose.refs[unit] as number),
    role: order.map((unit) => loose.role[unit] as Role),
    hash: Int32Array.from(order, (unit) => loose.hash[unit] as number),
    size: Int32Array.from(order, (unit) => loose.size[unit] as number),
    uses: Int32Array.from(order, (unit) => loose.succs[unit]?.length ?? 0),
    predStart,
    preds: Int32Array.from(preds),
    lastUse,
    isLight,
  };
}

/**
 * An order in which a unit comes right after all it needs, as deep as possible first. What needs no weights comes before
 * everything that does.
 */
function inBlocks(
  preds: readonly (readonly number[])[],
  succs: readonly (readonly number[])[],
  isWeighted: readonly boolean[],
): number[] {
  const order: number[] = [];
  const state = new Uint8Array(preds.length); // 0 unseen, 1 on the way, 2 placed
  const next = new Int32Array(preds.length);
  const place = (root: number) => {
    const stack = [root];
    while (stack.length > 0) {
      const unit = stack[stack.length - 1] as number;
      state[unit] = Math.max(1, state[unit] as number);
      const pred = preds[unit]?.[next[unit]!++];
      if (pred === undefined) {
        stack.pop();
        if (state[unit] !== 2) order.push(unit);
        state[unit] = 2;
      } else if (state[pred] === 0) stack.push(pred);
    }
  };
  const depends = new Uint8Array(preds.length);
  const forward = preds.map((_, unit) => unit);
  for (const unit of forward) {
    depends[unit] = Number(isWeighted[unit] === true || (preds[unit] ?? []).some((p) => depends[p] === 1));
    if (depends[unit] === 0 && (succs[unit]?.length ?? 0) > 0) place(unit);
  }
  for (const unit of forward) if (state[unit] === 0 && (succs[unit]?.length ?? 0) === 0) place(unit);
  for (const unit of forward) if (state[unit] === 0) place(unit);
  return order;
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
