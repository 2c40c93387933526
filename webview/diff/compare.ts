import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { formatShape } from '../format.ts';
import { type Matching, matchNodes } from './match.ts';

/** What became of a node: it is only on this side, differs from its counterpart, or is the same. */
export const Status = { same: 0, changed: 1, only: 2 } as const;
export type Status = (typeof Status)[keyof typeof Status];

/** One difference between a node and its counterpart; an absent one is ''. */
export interface Change {
  readonly kind: 'operator' | 'attribute' | 'constant' | 'output' | 'connection';
  readonly name: string;
  readonly left: string;
  readonly right: string;
}

export interface Comparison extends Matching {
  /** {@link Status} of each node, by index. */
  readonly left: Uint8Array;
  readonly right: Uint8Array;
}

/** Matches the nodes of two graphs and finds which of them differ. */
export function compareGraphs(left: GraphTable, right: GraphTable): Comparison {
  const { toRight, toLeft } = matchNodes(left, right);
  const status = { left: new Uint8Array(left.nodeCount), right: new Uint8Array(right.nodeCount) };
  toLeft.forEach((node, other) => {
    if (node < 0) status.right[other] = Status.only;
  });
  const pair = { left, right, toRight, toLeft };
  toRight.forEach((other, node) => {
    if (other < 0) status.left[node] = Status.only;
    else if (changesOf(pair, node, other).length > 0) {
      status.left[node] = Status.changed;
      status.right[other] = Status.changed;
    }
  });
  return { toRight, toLeft, ...status };
}

/** Both graphs and which of their nodes are counterparts. */
export interface ComparedPair extends Matching {
  readonly left: GraphTable;
  readonly right: GraphTable;
}

/** What differs between a node of the left graph and its counterpart. */
export function changesOf(pair: ComparedPair, node: number, other: number): Change[] {
  const { left, right } = pair;
  return [
    ...differing('operator', [['', operatorOf(left, node)]], [['', operatorOf(right, other)]]),
    ...differing('attribute', attributesOf(left, node), attributesOf(right, other)),
    ...differing('constant', constantsOf(left, node), constantsOf(right, other)),
    ...differing('output', outputsOf(left, node), outputsOf(right, other)),
    ...connections(pair, node, other),
  ];
}

type Entries = readonly (readonly [string, string])[];

function differing(kind: Change['kind'], left: Entries, right: Entries): Change[] {
  const [a, b] = [new Map(left), new Map(right)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((name) => ({ kind, name, left: a.get(name) ?? '', right: b.get(name) ?? '' }))
    .filter((change) => change.left !== change.right);
}

function operatorOf(table: GraphTable, node: number): string {
  return [table.domain(node), table.opType(node)].filter((part) => part !== '').join('.');
}

function attributesOf(table: GraphTable, node: number): Entries {
  return table.attributes(node).map(({ name, value }) => [name, value] as const);
}

function constantsOf(table: GraphTable, node: number): Entries {
  return [...table.inputsOf(node)].flatMap((value, input) => {
    const constant = storedIn(table, value);
    return constant < 0 ? [] : [[`#${input}`, typeOf(table, constant)] as const];
  });
}

/** The constant that a value is, or that it is dequantized from; -1 when there is none. */
function storedIn(table: GraphTable, value: number): number {
  if (value < 0) return -1;
  if (table.valueKind(value) === 'constant') return value;
  const producer = table.producerOf(value);
  if (producer < 0 || !CONVERSIONS.has(table.opType(producer))) return -1;
  return storedIn(table, table.inputsOf(producer)[0] ?? -1);
}

function outputsOf(table: GraphTable, node: number): Entries {
  return [...table.outputsOf(node)].map((value, output) => [`#${output}`, typeOf(table, value)] as const);
}

/** `float32 64×3×7×7`; as far as either side knows, so that what shape inference did not find is no difference. */
function typeOf(table: GraphTable, value: number): string {
  return `${table.dtype(value)} ${formatShape(table.dims(value))}`.trim();
}

/** Inputs that come from nodes that are no counterparts; Quantize- and DequantizeLinear in between do not count. */
function connections({ left, right, toRight }: ComparedPair, node: number, other: number): Change[] {
  const [a, b] = [left.inputsOf(node), right.inputsOf(other)];
  const changes: Change[] = [];
  for (let input = 0; input < Math.max(a.length, b.length); input++) {
    const [from, to] = [sourceOf(left, a[input] ?? -1), sourceOf(right, b[input] ?? -1)];
    const isSame = from >= 0 && to >= 0 ? toRight[from] === to : from === to;
    if (!isSame) {
      const name = (table: GraphTable, source: number) => (source < 0 ? '' : table.handle(source));
      changes.push({ kind: 'connection', name: `#${input}`, left: name(left, from), right: name(right, to) });
    }
  }
  return changes;
}

const CONVERSIONS = new Set(['QuantizeLinear', 'DequantizeLinear', 'Cast']);

/** The node a value comes from, through conversions; -1 for graph inputs and constants, those of nodes included. */
function sourceOf(table: GraphTable, value: number): number {
  let at = producerOf(table, value);
  while (at >= 0 && CONVERSIONS.has(table.opType(at))) at = producerOf(table, table.inputsOf(at)[0] ?? -1);
  return at;
}

function producerOf(table: GraphTable, value: number): number {
  return value < 0 || table.valueKind(value) === 'constant' ? -1 : table.producerOf(value);
}
