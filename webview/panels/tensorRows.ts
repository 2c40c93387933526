import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { TensorTable } from '../../src/protocol/tensorTable.ts';
import { type FiguresOf, shapeText } from '../query/graphRows.ts';
import type { NodeGroups } from '../query/nodeGroups.ts';
import { type Dims, Lines, type Rows } from '../query/rows.ts';

/** Which tensor of which node a row is, as indices of the graph's table; in the order of a {@link TensorTable}. */
export interface TensorRefs {
  readonly node: Int32Array;
  readonly value: Int32Array;
  /** 1 where the node makes it. */
  readonly isOutput: Uint8Array;
  /** First row of each node, and the number of rows behind the last. */
  readonly first: Int32Array;
}

/** All tensors of all nodes: of each its inputs, those that are given, then its outputs. */
export function tensorRefs(table: GraphTable): TensorRefs {
  const first = new Int32Array(table.nodeCount + 1);
  for (let node = 0; node < table.nodeCount; node++) {
    const given = table.inputsOf(node).filter((value) => value >= 0).length;
    first[node + 1] = (first[node] as number) + given + table.outputsOf(node).length;
  }
  const count = first[table.nodeCount] as number;
  const refs = { node: new Int32Array(count), value: new Int32Array(count), isOutput: new Uint8Array(count), first };
  let row = 0;
  const add = (node: number, value: number, isOutput: number) => {
    refs.node[row] = node;
    refs.value[row] = value;
    refs.isOutput[row++] = isOutput;
  };
  for (let node = 0; node < table.nodeCount; node++) {
    for (const value of table.inputsOf(node)) if (value >= 0) add(node, value, 0);
    for (const value of table.outputsOf(node)) add(node, value, 1);
  }
  return refs;
}

/** The row of a tensor at a node; without a tensor, or one that is not its own, that of the node's first output. */
export function rowOf(refs: TensorRefs, node: number, value: number): number {
  if (node < 0 || node + 1 >= refs.first.length) return -1;
  const [from, to] = [refs.first[node] as number, refs.first[node + 1] as number];
  const own = refs.value.subarray(from, to).indexOf(value);
  if (own >= 0) return from + own;
  const output = refs.isOutput.subarray(from, to).indexOf(1);
  return from + Math.max(0, output);
}

export interface TensorRowsParts {
  readonly table: GraphTable;
  readonly refs: TensorRefs;
  readonly figuresOf: FiguresOf;
  readonly groups: NodeGroups;
  readonly figures: TensorTable | null;
  /** Figures by the short name of their field. */
  readonly columns: ReadonlyMap<string, (figures: TensorTable) => Float64Array>;
}

type Texts = (row: number) => readonly string[];

/** The tensors of all nodes as rows of a query. Fields of nodes speak of the node that a tensor is of. */
export class TensorRows implements Rows {
  readonly count: number;
  readonly #parts: TensorRowsParts;
  readonly #lines: Lines;
  readonly #texts: Readonly<Record<string, Texts>>;

  constructor(parts: TensorRowsParts, earlier?: TensorRows) {
    this.#parts = parts;
    this.count = parts.refs.node.length;
    this.#lines = earlier !== undefined && earlier.#parts.refs === parts.refs ? earlier.#lines : new Lines(this.count);
    this.#texts = tensorTexts(parts);
  }

  line(row: number): string {
    return this.#lines.of(row, () => this.#wordsOf(row));
  }

  texts(row: number): readonly string[] {
    const { names, more } = this.#wordsOf(row);
    return [...names, ...more];
  }

  textsOf(field: string): Texts | undefined {
    return this.#texts[field];
  }

  numbersOf(field: string): Float64Array | undefined {
    const { columns, figures } = this.#parts;
    return figures === null ? undefined : columns.get(field)?.(figures);
  }

  readonly shapes = (row: number): Dims[] => {
    const { table, refs } = this.#parts;
    return [table.dims(refs.value[row] as number)];
  };

  readonly attributes = (row: number) => {
    const { table, refs } = this.#parts;
    return table.attributes(refs.node[row] as number);
  };

  #wordsOf(row: number): { names: string[]; more: string[] } {
    const { table, refs } = this.#parts;
    const [node, value] = [refs.node[row] as number, refs.value[row] as number];
    return {
      names: [table.valueName(value), table.handle(node)],
      more: [table.opType(node), shapeText(table.dims(value)), table.dtype(value)],
    };
  }
}

function tensorTexts({ table, refs, figuresOf, groups, figures }: TensorRowsParts): Readonly<Record<string, Texts>> {
  const node = (row: number) => refs.node[row] as number;
  const value = (row: number) => refs.value[row] as number;
  const ran =
    (pick: (figures: NonNullable<ReturnType<FiguresOf>>) => string): Texts =>
    (row) => {
      const own = figuresOf(node(row));
      return own === undefined ? [] : [pick(own)];
    };
  return {
    tensor: (row) => [table.valueName(value(row))],
    name: (row) => [table.handle(node(row)), table.nodeName(node(row))],
    op: (row) => [table.opType(node(row))],
    domain: (row) => [table.domain(node(row)) || 'ai.onnx'],
    group: (row) => groups.textsOf(node(row)),
    role: (row) => [refs.isOutput[row] === 1 ? 'Output' : 'Input'],
    kind: (row) => [table.valueKind(value(row)) === 'constant' ? 'Weight' : 'Activation'],
    dtype: (row) => [table.dtype(value(row)), codeTypeOf(figures, row)].filter((dtype) => dtype !== ''),
    supported: (row) => [table.supported(node(row)) ? 'yes' : 'no'],
    form: ran((f) => f.form),
    precision: ran((f) => f.precision ?? ''),
    skipped: ran((f) => (f.skipped ? 'yes' : 'no')),
    quantized: ran((f) => (f.quantized ? 'yes' : 'no')),
    why: ran((f) => f.why),
  };
}

/** Type of a tensor's codes; '' where it stays float or nothing is known. */
export function codeTypeOf(figures: TensorTable | null, row: number): string {
  return figures?.codeTypes[figures.codeType[row] ?? 0] ?? '';
}
