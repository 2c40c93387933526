import type { LayoutInput } from '../../webview/graph/layout/types.ts';

/** Groups of a graph's items, outer ones before inner ones. */
export interface Groups {
  /** Group around each group, -1 at the top. */
  readonly parent: readonly number[];
  /** Innermost group of each item, -1 for none. */
  readonly of: readonly number[];
}

export interface GroupedLayout {
  readonly input: LayoutInput;
  /** What each item of the input is: `node 3`, `group 1`; an open group keeps its name. */
  readonly names: readonly string[];
}

const CLOSED_HEIGHT = 48;
const HEADER_HEIGHT = 26;

/** The layout input that shows `flat` with the groups in `open` as frames and the outermost others as items. */
export function withGroups(flat: LayoutInput, groups: Groups, open: ReadonlySet<number>): GroupedLayout {
  const itemOfGroup = new Map<number, number>();
  const names: string[] = [];
  const sizes: [number, number][] = [];
  const parent: number[] = [];
  const isFrame: number[] = [];
  const add = (name: string, size: [number, number], frame: number, framed: number) => {
    names.push(name);
    sizes.push(size);
    isFrame.push(framed);
    return parent.push(frame) - 1;
  };
  const shown = groups.of.map((innermost, node) => {
    const chain: number[] = [];
    for (let g = innermost; g >= 0; g = groups.parent[g] as number) chain.unshift(g);
    let frame = -1;
    for (const g of chain) {
      const closed = !open.has(g);
      const item =
        itemOfGroup.get(g) ?? add(`group ${g}`, [140, closed ? CLOSED_HEIGHT : HEADER_HEIGHT], frame, closed ? 0 : 1);
      itemOfGroup.set(g, item);
      if (closed) return item;
      frame = item;
    }
    return add(`node ${node}`, [flat.width[node] as number, flat.height[node] as number], frame, 0);
  });
  const seen = new Set<string>();
  const edges = [...flat.edgeFrom].flatMap((from, e) => {
    const [a, b] = [shown[from] as number, shown[flat.edgeTo[e] as number] as number];
    if (a === b || seen.has(`${a} ${b}`)) return [];
    seen.add(`${a} ${b}`);
    return [[a, b, flat.edgeGroup[e] as number] as const];
  });
  return {
    names,
    input: {
      count: names.length,
      width: Float64Array.from(sizes, ([width]) => width),
      height: Float64Array.from(sizes, ([, height]) => height),
      parent: Int32Array.from(parent),
      isFrame: Uint8Array.from(isFrame),
      edgeFrom: Int32Array.from(edges, ([from]) => from),
      edgeTo: Int32Array.from(edges, ([, to]) => to),
      edgeGroup: Int32Array.from(edges, ([, , group]) => group),
    },
  };
}

/** Nested groups of neighbours in the file: `fan` parts of `fan` parts … `depth` times. */
export function nestedGroups(count: number, fan: number, depth: number): Groups {
  const parent: number[] = [];
  const of = new Array<number>(count).fill(-1);
  const split = (first: number, end: number, around: number, left: number) => {
    if (left === 0) return;
    for (let part = 0; part < fan; part++) {
      const from = first + Math.floor(((end - first) * part) / fan);
      const to = first + Math.floor(((end - first) * (part + 1)) / fan);
      if (to - from < 3) continue;
      const group = parent.push(around) - 1;
      of.fill(group, from + 1, to);
      split(from + 1, to, group, left - 1);
    }
  };
  split(0, count, -1, depth);
  return { parent, of };
}
