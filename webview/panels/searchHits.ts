import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { type Expression, visitTerms } from '../query/expression.ts';
import { findRows } from '../query/find.ts';
import type { NodeRows, ValueRows } from '../query/graphRows.ts';
import type { Rows } from '../query/rows.ts';

/** What a query found, best first: nodes, then tensors that fit as well, in the order of the file. */
export interface Hits {
  readonly count: number;
  /** Index of the node or of the value. */
  readonly ref: Int32Array;
  readonly isTensor: Uint8Array;
  /** Index of the node to go to: of a tensor the one that makes it, else the first that reads it. */
  readonly node: Int32Array;
}

export const NO_HITS: Hits = {
  count: 0,
  ref: new Int32Array(0),
  isTensor: new Uint8Array(0),
  node: new Int32Array(0),
};

/** A node counts for more than a tensor of the same name. */
const NODE_BONUS = 1.5;

/** Asks nodes and tensors. @returns null when `signal` was aborted meanwhile */
export async function findHits(
  table: GraphTable,
  rows: { readonly nodes: NodeRows; readonly values: ValueRows },
  expression: Expression,
  signal: AbortSignal,
): Promise<Hits | null> {
  const nodes = await findRows(rows.nodes, expression, signal);
  const values = isAskable(expression, rows.values) ? await findRows(rows.values, expression, signal) : NOTHING;
  if (nodes === null || values === null) return null;
  const owners = values.rows.map((value) => ownerOf(table, value));
  const kept = [...values.rows.keys()].filter((i) => (owners[i] as number) >= 0);
  const count = nodes.rows.length + kept.length;
  const all = {
    ref: new Int32Array(count),
    isTensor: new Uint8Array(count),
    node: new Int32Array(count),
    score: new Float64Array(count),
  };
  nodes.rows.forEach((node, i) => {
    all.ref[i] = node;
    all.node[i] = node;
    all.score[i] = (nodes.scores[i] as number) + NODE_BONUS;
  });
  kept.forEach((found, k) => {
    const i = nodes.rows.length + k;
    all.ref[i] = values.rows[found] as number;
    all.isTensor[i] = 1;
    all.node[i] = owners[found] as number;
    all.score[i] = values.scores[found] as number;
  });
  const order = Int32Array.from({ length: count }, (_, i) => i);
  if (all.score.some((score) => score !== all.score[0])) {
    order.sort((a, b) => (all.score[b] as number) - (all.score[a] as number) || a - b);
  }
  return {
    count,
    ref: order.map((i) => all.ref[i] as number),
    node: order.map((i) => all.node[i] as number),
    isTensor: Uint8Array.from(order, (i) => all.isTensor[i] as number),
  };
}

const NOTHING = { rows: new Int32Array(0), scores: new Float32Array(0) };

function ownerOf(table: GraphTable, value: number): number {
  const producer = table.producerOf(value);
  return producer >= 0 ? producer : (table.consumersOf(value)[0] ?? -1);
}

/** Whether rows have all that is asked about; of tensors alone an operator or a figure says nothing. */
function isAskable(expression: Expression, rows: Rows): boolean {
  let isKnown = true;
  visitTerms(expression, (term) => {
    if (term.kind !== 'field') return;
    const { kind, name } = term.field;
    if (kind === 'shape') isKnown &&= rows.shapes !== undefined;
    else if (kind === 'attribute') isKnown &&= rows.attributes !== undefined;
    else if (kind === 'number') isKnown &&= rows.numbersOf(name) !== undefined;
    else isKnown &&= rows.textsOf(name) !== undefined;
  });
  return isKnown;
}
