import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { NodeFigures } from '../../src/protocol/views.ts';
import type { NodeGroups } from './nodeGroups.ts';
import { type Attribute, type Dims, Lines, type Rows } from './rows.ts';

/** Figures of nodes by short name (`cos`, `sqnr`), by index in the graph's table; NaN is not measured. */
export interface MetricSource {
  column(name: string): Float64Array | undefined;
}

/** How a node ran, by its index; undefined before a run. */
export type FiguresOf = (node: number) => NodeFigures | undefined;

export interface NodeRowsParts {
  readonly table: GraphTable;
  readonly metrics: MetricSource;
  readonly figuresOf: FiguresOf;
  readonly groups: NodeGroups;
}

type Texts = (index: number) => readonly string[];

/** The nodes of a graph as rows of a query, in the order of the file. */
export class NodeRows implements Rows {
  readonly count: number;
  readonly #parts: NodeRowsParts;
  readonly #lines: Lines;
  readonly #texts: Readonly<Record<string, Texts>>;

  /** With the lines of earlier rows of the same table: those do not change with a run. */
  constructor(parts: NodeRowsParts, earlier?: NodeRows) {
    this.#parts = parts;
    this.count = parts.table.nodeCount;
    this.#lines =
      earlier !== undefined && earlier.#parts.table === parts.table ? earlier.#lines : new Lines(this.count);
    this.#texts = nodeTexts(parts);
  }

  line(node: number): string {
    return this.#lines.of(node, () => this.#wordsOf(node));
  }

  texts(node: number): readonly string[] {
    const { names, more } = this.#wordsOf(node);
    return [...names, ...more];
  }

  textsOf(field: string): Texts | undefined {
    return this.#texts[field];
  }

  numbersOf(field: string): Float64Array | undefined {
    return this.#parts.metrics.column(field);
  }

  /** Of all tensors that a node reads and makes. */
  readonly shapes = (node: number): Dims[] => {
    const { table } = this.#parts;
    return valuesOf(table, node).map((value) => table.dims(value));
  };

  readonly attributes = (node: number): readonly Attribute[] => this.#parts.table.attributes(node);

  #wordsOf(node: number): { names: string[]; more: string[] } {
    const { table } = this.#parts;
    const attributes = table.attributes(node).map(({ name, value }) => `${name}=${value}`);
    const more = [...attributes, ...Array.from(table.outputsOf(node), (value) => shapeText(table.dims(value)))];
    return { names: [...namesOf(table, node), table.opType(node)], more };
  }
}

function nodeTexts({ table, figuresOf, groups }: NodeRowsParts): Readonly<Record<string, Texts>> {
  const ofFigures =
    (pick: (figures: NodeFigures) => string): Texts =>
    (node) => {
      const figures = figuresOf(node);
      return figures === undefined ? [] : [pick(figures)];
    };
  return {
    op: (node) => [table.opType(node)],
    domain: (node) => [table.domain(node) || 'ai.onnx'],
    name: (node) => namesOf(table, node),
    tensor: (node) => valuesOf(table, node).map((value) => table.valueName(value)),
    dtype: (node) => valuesOf(table, node).map((value) => table.dtype(value)),
    group: (node) => groups.textsOf(node),
    supported: (node) => [table.supported(node) ? 'yes' : 'no'],
    form: ofFigures((f) => f.form),
    precision: ofFigures((f) => f.precision ?? ''),
    skipped: ofFigures((f) => (f.skipped ? 'yes' : 'no')),
    quantized: ofFigures((f) => (f.quantized ? 'yes' : 'no')),
    why: ofFigures((f) => f.why),
  };
}

/** The tensors of a graph as rows of a query: its values in the order of the file. */
export class ValueRows implements Rows {
  readonly count: number;
  readonly attributes = undefined;
  readonly #table: GraphTable;
  readonly #lines: Lines;
  readonly #texts: Readonly<Record<string, Texts>>;

  constructor(table: GraphTable) {
    this.#table = table;
    this.count = table.valueCount;
    this.#lines = new Lines(this.count);
    const name: Texts = (value) => [table.valueName(value)];
    this.#texts = {
      name,
      tensor: name,
      dtype: (value) => [table.dtype(value)],
      kind: (value) => kindsOf(table, value),
    };
  }

  line(value: number): string {
    return this.#lines.of(value, () => this.#wordsOf(value));
  }

  texts(value: number): readonly string[] {
    const { names, more } = this.#wordsOf(value);
    return [...names, ...more];
  }

  textsOf(field: string): Texts | undefined {
    return this.#texts[field];
  }

  numbersOf(): undefined {
    return undefined;
  }

  readonly shapes = (value: number): Dims[] => [this.#table.dims(value)];

  #wordsOf(value: number): { names: string[]; more: string[] } {
    const table = this.#table;
    return { names: [table.valueName(value)], more: [shapeText(table.dims(value)), table.dtype(value)] };
  }
}

/** The handle, and the name in the file where it is another one. */
function namesOf(table: GraphTable, node: number): string[] {
  const handle = table.handle(node);
  const name = table.nodeName(node);
  return name === '' || name === handle ? [handle] : [handle, name];
}

/** Indices of all tensors a node reads and makes. */
function valuesOf(table: GraphTable, node: number): number[] {
  return [...table.inputsOf(node), ...table.outputsOf(node)].filter((value) => value >= 0);
}

function kindsOf(table: GraphTable, value: number): string[] {
  const kind = table.valueKind(value);
  return kind === 'constant' ? [kind, 'weight'] : [kind];
}

export function shapeText(dims: Dims): string {
  if (dims === null) return '';
  return dims.length === 0 ? 'scalar' : dims.join('x');
}
