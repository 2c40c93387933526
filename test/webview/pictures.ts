import { ItemKind, type Picture } from '../../webview/graph/picture.ts';

export interface DrawnLine {
  readonly from: number;
  readonly to: number;
  /** x, y of one point after another; a straight line between the items without. */
  readonly points?: readonly number[];
  readonly value?: number;
}

/** A picture made by hand. Boxes are left, top, width, height; an item shows the node of its own number unless told. */
export function pictureOf(drawn: {
  readonly boxes: readonly (readonly number[])[];
  readonly lines?: readonly DrawnLine[];
  readonly kinds?: readonly ItemKind[];
  readonly refs?: readonly number[];
  readonly parents?: readonly number[];
}): Picture {
  const { boxes, lines = [], kinds, refs, parents } = drawn;
  const count = boxes.length;
  const column = (k: number) => Float64Array.from(boxes, (b) => b[k] as number);
  const width = column(2);
  const height = column(3);
  const x = column(0).map((left, i) => left + (width[i] as number) / 2);
  const y = column(1);
  const points = lines.map(
    (line) =>
      line.points ??
      ([x[line.from], (y[line.from] as number) + (height[line.from] as number), x[line.to], y[line.to]] as number[]),
  );
  const pointStart = new Uint32Array(lines.length + 1);
  points.forEach((p, e) => {
    pointStart[e + 1] = (pointStart[e] as number) + p.length / 2;
  });
  const edgeFrom = Int32Array.from(lines, (l) => l.from);
  const edgeTo = Int32Array.from(lines, (l) => l.to);
  const out = rows(count, edgeFrom);
  const into = rows(count, edgeTo);
  return {
    scene: {
      count,
      kind: Uint8Array.from(boxes, (_, i) => kinds?.[i] ?? ItemKind.node),
      ref: Int32Array.from(boxes, (_, i) => refs?.[i] ?? i),
      width,
      height,
      parent: Int32Array.from(boxes, (_, i) => parents?.[i] ?? -1),
      edgeFrom,
      edgeTo,
      edgeValue: Int32Array.from(lines, (l) => l.value ?? l.from),
      edgeMore: new Int32Array(lines.length),
      itemOfNode: Int32Array.from(boxes, (_, i) => i),
      outStart: out.start,
      outEdges: out.edges,
      inStart: into.start,
      inEdges: into.edges,
    },
    layout: {
      x,
      y,
      itemWidth: width,
      itemHeight: height,
      rank: Int32Array.from(boxes, (_, i) => i),
      width: Math.max(0, ...boxes.slice(0, 5000).map((b) => (b[0] as number) + (b[2] as number))),
      height: boxes.reduce((most, b) => Math.max(most, (b[1] as number) + (b[3] as number)), 0),
      points: Float64Array.from(points.flat()),
      pointStart,
      upward: new Uint8Array(lines.length),
    },
  };
}

function rows(count: number, ends: Int32Array): { readonly start: Int32Array; readonly edges: Int32Array } {
  const lists: number[][] = Array.from({ length: count }, () => []);
  ends.forEach((item, e) => {
    lists[item]?.push(e);
  });
  const start = new Int32Array(count + 1);
  lists.forEach((list, i) => {
    start[i + 1] = (start[i] as number) + list.length;
  });
  return { start, edges: Int32Array.from(lists.flat()) };
}
