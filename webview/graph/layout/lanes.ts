import { bucketBy } from './buckets.ts';
import type { LevelGraph } from './levelGraph.ts';
import type { Ranks } from './rank.ts';

export interface LaneInput {
  readonly graph: LevelGraph;
  readonly ranks: Ranks;
  readonly bendCount: Int32Array;
  /** 1 for vertices whose long lines run in a lane. */
  readonly inLane: Uint8Array;
}

export interface Lanes {
  readonly lane: Int32Array;
  readonly upwardLane: Int32Array;
  readonly laneCount: number;
}

/**
 * Gives trunks that are too long to have bends, and lines that run upward, columns beside the graph: those that overlap
 * different ones. Lane 0 is the outermost and begins first, so that nested lines do not cross.
 */
export function assignLanes({ graph, ranks, bendCount, inLane }: LaneInput): Lanes {
  const { vertexCount, pairFrom, pairTo } = graph;
  const { rank, upward, layerCount } = ranks;
  const lane = new Int32Array(vertexCount).fill(-1);
  const upwardLane = new Int32Array(pairFrom.length).fill(-1);
  const first = new Int32Array(vertexCount + pairFrom.length).fill(-1);
  const last = new Int32Array(first.length);
  for (let v = 0; v < vertexCount; v++) {
    if (inLane[v] === 0) continue;
    first[v] = rank[v]!;
    last[v] = rank[v]! + bendCount[v]! + 1;
  }
  for (let p = 0; p < pairFrom.length; p++) {
    if (upward[p] === 0) continue;
    first[vertexCount + p] = rank[pairTo[p]!]!;
    last[vertexCount + p] = rank[pairFrom[p]!]! + 1;
  }
  const { elements } = bucketBy(first, layerCount);
  const columns = new Columns(elements.length);
  for (const i of elements) {
    const column = columns.take(first[i]!, last[i]!);
    if (i < vertexCount) lane[i] = column;
    else upwardLane[i - vertexCount] = column;
  }
  return { lane, upwardLane, laneCount: columns.count };
}

/** A heap of columns by the layer from which they are free. */
class Columns {
  count = 0;
  readonly #column: Int32Array;
  readonly #freeFrom: Int32Array;

  constructor(most: number) {
    this.#column = new Int32Array(most);
    this.#freeFrom = new Int32Array(most);
  }

  take(first: number, last: number): number {
    const reuse = this.count > 0 && this.#freeFrom[this.#column[0]!]! <= first;
    const column = reuse ? this.#column[0]! : this.count;
    this.#freeFrom[column] = last;
    if (reuse) this.#sink();
    else this.#rise(column);
    return column;
  }

  #rise(column: number): void {
    let at = this.count++;
    while (at > 0 && this.#freeFrom[this.#column[(at - 1) >> 1]!]! > this.#freeFrom[column]!) {
      this.#column[at] = this.#column[(at - 1) >> 1]!;
      at = (at - 1) >> 1;
    }
    this.#column[at] = column;
  }

  #sink(): void {
    const column = this.#column[0]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.count) break;
      if (child + 1 < this.count && this.#before(child + 1, child)) child++;
      if (this.#freeFrom[this.#column[child]!]! >= this.#freeFrom[column]!) break;
      this.#column[at] = this.#column[child]!;
      at = child;
    }
    this.#column[at] = column;
  }

  #before(a: number, b: number): boolean {
    return this.#freeFrom[this.#column[a]!]! < this.#freeFrom[this.#column[b]!]!;
  }
}
