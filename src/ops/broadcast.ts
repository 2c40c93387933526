import type { BroadcastLevel } from '../kernels/kernelSet.ts';

/** Adjacent output dimensions over which each operand either moves or repeats. */
interface Group {
  size: number;
  readonly a: boolean;
  readonly b: boolean;
}

/** The dims of an element-wise node of two operands. */
export interface BroadcastDims {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly out: readonly number[];
}

/** out[i] = f(a[...], b[...]) under NumPy broadcasting. */
export function zipBroadcast<X, Y, Z>(
  dims: BroadcastDims,
  a: ArrayLike<X>,
  b: ArrayLike<Y>,
  out: { [index: number]: Z },
  f: (x: X, y: Y) => Z,
): void {
  const groups = groupsOf(dims);
  const inner = groups.pop() as Group;
  const stepA = inner.a ? 1 : 0;
  const stepB = inner.b ? 1 : 0;
  const extent = { size: inner.size, sizeA: inner.a ? inner.size : 1, sizeB: inner.b ? inner.size : 1 };
  forEachOuter(groups, extent, (at, ia, ib) => {
    for (let i = 0; i < inner.size; i++) out[at + i] = f(a[ia + i * stepA] as X, b[ib + i * stepB] as Y);
  });
}

/** The loops of a broadcast, as few as there can be. */
export function broadcastLevels(dims: BroadcastDims): BroadcastLevel[] {
  const levels: BroadcastLevel[] = [];
  let [stepA, stepB] = [1, 1];
  for (const { size, a, b } of groupsOf(dims).reverse()) {
    levels.unshift({ size, a: a ? stepA : 0, b: b ? stepB : 0 });
    if (a) stepA *= size;
    if (b) stepB *= size;
  }
  return levels;
}

/** A block whose operands are whole (`rows x inner`), one row, or one element. */
export interface Block {
  readonly at: number;
  readonly ia: number;
  readonly ib: number;
  readonly rows: number;
  readonly inner: number;
  readonly sizeA: number;
  readonly sizeB: number;
}

/** Splits a broadcast into as few blocks as the two-level repetition of the kernels allows. */
export function forEachBlock(dims: BroadcastDims, visit: (block: Block) => void): void {
  const groups = groupsOf(dims);
  const inner = groups.pop() as Group;
  const rowGroup = inner.a && inner.b ? groups.pop() : undefined;
  const rows = rowGroup?.size ?? 1;
  const sizeA = (inner.a ? inner.size : 1) * (rowGroup?.a ? rows : 1);
  const sizeB = (inner.b ? inner.size : 1) * (rowGroup?.b ? rows : 1);
  const block = { size: rows * inner.size, sizeA, sizeB };
  forEachOuter(groups, block, (at, ia, ib) => visit({ at, ia, ib, rows, inner: inner.size, sizeA, sizeB }));
}

/** Which operand stays at one element along the innermost output dimensions; 'none' where both move. */
export type Repeated = 'none' | 'a' | 'b';

/** The innermost repetition of a broadcast: dimensions of length 1 and those on which operands agree count as one. */
export function repeatedInside(dims: BroadcastDims): Repeated {
  const inner = groupsOf(dims).at(-1) as Group;
  if (!inner.a) return 'a';
  return inner.b ? 'none' : 'b';
}

/** Elements one visit covers, in the output and in each operand. */
interface Extent {
  readonly size: number;
  readonly sizeA: number;
  readonly sizeB: number;
}

function forEachOuter(
  groups: readonly Group[],
  inner: Extent,
  visit: (at: number, ia: number, ib: number) => void,
): void {
  const walk = (level: number, at: number, ia: number, ib: number): void => {
    const group = groups[level];
    if (group === undefined) {
      visit(at, ia, ib);
      return;
    }
    let stepOut = inner.size;
    let stepA = inner.sizeA;
    let stepB = inner.sizeB;
    for (let l = groups.length - 1; l > level; l--) {
      const g = groups[l] as Group;
      stepOut *= g.size;
      if (g.a) stepA *= g.size;
      if (g.b) stepB *= g.size;
    }
    for (let i = 0; i < group.size; i++) {
      walk(level + 1, at + i * stepOut, group.a ? ia + i * stepA : ia, group.b ? ib + i * stepB : ib);
    }
  };
  if (inner.size > 0 && groups.every((g) => g.size > 0)) walk(0, 0, 0, 0);
}

function groupsOf({ a, b, out }: BroadcastDims): Group[] {
  const groups: Group[] = [];
  for (let i = 0; i < out.length; i++) {
    const size = out[i] as number;
    if (size === 1) continue;
    const movesA = (a[a.length - out.length + i] ?? 1) !== 1;
    const movesB = (b[b.length - out.length + i] ?? 1) !== 1;
    const last = groups.at(-1);
    if (last !== undefined && last.a === movesA && last.b === movesB) last.size *= size;
    else groups.push({ size, a: movesA, b: movesB });
  }
  if (groups.length === 0) groups.push({ size: 1, a: true, b: true });
  return groups;
}
