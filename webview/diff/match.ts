import type { GraphTable } from '../../src/protocol/graphTable.ts';

/** For each node of one graph (by index) its counterpart in the other, -1 for none. */
export interface Matching {
  readonly toRight: Int32Array;
  readonly toLeft: Int32Array;
}

/** Longest stretches between two pairs that are compared element by element: the effort is their product. */
const MAX_STRETCH = 300;

/**
 * Finds which nodes of two graphs are the same one: by name, by the name of an output, by what they are connected with,
 * and, where all that says nothing, by their order among equals. Near-linear.
 */
export function matchNodes(left: GraphTable, right: GraphTable): Matching {
  const matcher = new Matcher(left, right);
  matcher.byKey(namesOf(left), namesOf(right));
  matcher.byKey(outputNamesOf(left), outputNamesOf(right));
  matcher.byKey(signaturesOf(left), signaturesOf(right));
  matcher.byNeighbours();
  matcher.byOrder();
  matcher.byNeighbours();
  return matcher;
}

class Matcher implements Matching {
  readonly toRight: Int32Array;
  readonly toLeft: Int32Array;
  readonly #left: GraphTable;
  readonly #right: GraphTable;

  constructor(left: GraphTable, right: GraphTable) {
    this.#left = left;
    this.#right = right;
    this.toRight = new Int32Array(left.nodeCount).fill(-1);
    this.toLeft = new Int32Array(right.nodeCount).fill(-1);
  }

  /** Pairs nodes whose key is the only one of its kind among the nodes without a pair, on both sides. */
  byKey(leftKeys: readonly string[], rightKeys: readonly string[]): void {
    const [a, b] = [unique(leftKeys, this.toRight), unique(rightKeys, this.toLeft)];
    for (const [key, node] of a) {
      const other = b.get(key);
      if (node >= 0 && other !== undefined && other >= 0) this.#pair(node, other);
    }
  }

  /** Pairs nodes of one operator at the same place beside nodes that are pairs, downward and then upward. */
  byNeighbours(): void {
    const [left, right] = [this.#left, this.#right];
    for (let node = 0; node < left.nodeCount; node++) {
      if ((this.toRight[node] as number) >= 0) continue;
      for (const found of this.#below(node)) if (this.#tryPair(node, found)) break;
    }
    for (let node = left.nodeCount - 1; node >= 0; node--) {
      if ((this.toRight[node] as number) >= 0) continue;
      const reader = firstReader(left, node);
      const other = reader === undefined ? -1 : (this.toRight[reader.node] as number);
      if (reader === undefined || other < 0) continue;
      const value = right.inputsOf(other)[reader.input] ?? -1;
      if (value >= 0) this.#tryPair(node, right.producerOf(value));
    }
  }

  /** Pairs what lies between pairs, in file order, by the longest common sequence of operators. */
  byOrder(): void {
    let [a, b] = [0, 0];
    for (let node = 0; node <= this.toRight.length; node++) {
      const other = node < this.toRight.length ? (this.toRight[node] as number) : this.toLeft.length;
      if (other < b) continue; // without a pair, or paired out of order
      this.#stretch([a, node], [b, other]);
      a = node + 1;
      b = other + 1;
    }
  }

  #stretch([a0, a1]: readonly [number, number], [b0, b1]: readonly [number, number]): void {
    const free = (from: number, to: number, taken: Int32Array) =>
      Array.from({ length: Math.min(MAX_STRETCH, to - from) }, (_, i) => from + i).filter((n) => taken[n] === -1);
    const as = free(a0, a1, this.toRight);
    const bs = free(b0, b1, this.toLeft);
    for (const [i, j] of longestCommon(
      as.map((n) => this.#left.opType(n)),
      bs.map((n) => this.#right.opType(n)),
    )) {
      this.#pair(as[i] as number, bs[j] as number);
    }
  }

  /** Nodes that read what the counterparts of a node's producers write. */
  *#below(node: number): Generator<number> {
    for (const [input, value] of this.#left.inputsOf(node).entries()) {
      const producer = value < 0 ? -1 : this.#left.producerOf(value);
      const other = producer < 0 ? -1 : (this.toRight[producer] as number);
      if (other < 0) continue;
      const output = this.#right.outputsOf(other)[this.#left.outputsOf(producer).indexOf(value)];
      if (output === undefined) continue;
      for (const reader of this.#right.consumersOf(output)) {
        if (this.#right.inputsOf(reader)[input] === output) yield reader;
      }
    }
  }

  #tryPair(node: number, other: number): boolean {
    if (other < 0 || this.toLeft[other] !== -1) return false;
    if (this.#left.opType(node) !== this.#right.opType(other)) return false;
    this.#pair(node, other);
    return true;
  }

  #pair(node: number, other: number): void {
    this.toRight[node] = other;
    this.toLeft[other] = node;
  }
}

/** Node of each key, -2 where several have it; nodes that are taken and empty keys do not count. */
function unique(keys: readonly string[], taken: Int32Array): Map<string, number> {
  const nodes = new Map<string, number>();
  keys.forEach((key, node) => {
    if (key !== '' && taken[node] === -1) nodes.set(key, nodes.has(key) ? -2 : node);
  });
  return nodes;
}

function namesOf(table: GraphTable): string[] {
  return Array.from({ length: table.nodeCount }, (_, node) => table.nodeName(node));
}

function outputNamesOf(table: GraphTable): string[] {
  return Array.from({ length: table.nodeCount }, (_, node) => {
    const output = table.outputsOf(node)[0];
    return output === undefined ? '' : table.valueName(output);
  });
}

/** Operator, attributes, shapes of constants and of the first output. */
function signaturesOf(table: GraphTable): string[] {
  return Array.from({ length: table.nodeCount }, (_, node) => {
    const constants = [...table.inputsOf(node)].filter((v) => v >= 0 && table.valueKind(v) === 'constant');
    const output = table.outputsOf(node)[0];
    const dims = output === undefined ? null : table.dims(output);
    return JSON.stringify([
      table.opType(node),
      table.attributes(node),
      constants.map((v) => [table.valueName(v), table.dims(v)]),
      dims,
    ]);
  });
}

function firstReader(table: GraphTable, node: number): { readonly node: number; readonly input: number } | undefined {
  for (const output of table.outputsOf(node)) {
    const reader = table.consumersOf(output)[0];
    if (reader !== undefined) return { node: reader, input: table.inputsOf(reader).indexOf(output) };
  }
  return undefined;
}

/** Pairs of indices of a longest common subsequence. */
function longestCommon(a: readonly string[], b: readonly string[]): [number, number][] {
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        a[i] === b[j]
          ? (lengths[(i + 1) * width + j + 1] as number) + 1
          : Math.max(lengths[(i + 1) * width + j] as number, lengths[i * width + j + 1] as number);
    }
  }
  const pairs: [number, number][] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if ((lengths[(i + 1) * width + j] as number) >= (lengths[i * width + j + 1] as number)) i++;
    else j++;
  }
  return pairs;
}
