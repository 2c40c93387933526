/** What each of `count` nodes reads from, every pair once. */
export interface Adjacency {
  /** `preds[predStart[v]]` to `preds[predStart[v + 1] - 1]` are the nodes that `v` reads from. */
  readonly predStart: Int32Array;
  readonly preds: Int32Array;
  /** Of every pair: 1 when anything but constants joins them. */
  readonly isFlow: Uint8Array;
}

/** Pairs of a node and one that reads from it, as they are found. */
export class PairList {
  readonly from: number[] = [];
  readonly to: number[] = [];
  readonly flow: number[] = [];

  add(from: number, to: number, isFlow: number): void {
    this.from.push(from);
    this.to.push(to);
    this.flow.push(isFlow);
  }

  /** The pairs by reader, in the order they were found in. */
  sorted(count: number): Adjacency {
    const { from, to, flow } = this;
    const [start, edges] = byEnd(to, count);
    const predStart = new Int32Array(count + 1);
    const preds = new Int32Array(from.length);
    const isFlow = new Uint8Array(from.length);
    const lastReader = new Int32Array(count).fill(-1);
    const lastPlace = new Int32Array(count);
    let length = 0;
    for (let reader = 0; reader < count; reader++) {
      for (let i = start[reader] as number; i < (start[reader + 1] as number); i++) {
        const edge = edges[i] as number;
        const source = from[edge] as number;
        if (lastReader[source] !== reader) {
          lastReader[source] = reader;
          lastPlace[source] = length;
          preds[length++] = source;
        }
        isFlow[lastPlace[source] as number]! |= flow[edge] as number;
      }
      predStart[reader + 1] = length;
    }
    return { predStart, preds: preds.subarray(0, length), isFlow: isFlow.subarray(0, length) };
  }
}

/** Numbers of pairs sorted by one end: starts and numbers. */
export function byEnd(end: ArrayLike<number>, count: number): readonly [Int32Array, Int32Array] {
  const start = new Int32Array(count + 1);
  for (let e = 0; e < end.length; e++) start[(end[e] as number) + 1]!++;
  for (let i = 0; i < count; i++) start[i + 1]! += start[i] as number;
  const next = start.slice();
  const sorted = new Int32Array(end.length);
  for (let e = 0; e < end.length; e++) sorted[next[end[e] as number]!++] = e;
  return [start, sorted];
}

/** Who reads from each node. */
export function readersOf({ predStart, preds }: Adjacency): readonly [Int32Array, Int32Array] {
  const count = predStart.length - 1;
  const [succStart, edges] = byEnd(preds, count);
  const reader = new Int32Array(preds.length);
  for (let v = 0; v < count; v++) reader.fill(v, predStart[v], predStart[v + 1]);
  return [succStart, edges.map((edge) => reader[edge] as number)];
}
