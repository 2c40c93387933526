import type { Diagnostic } from '../base/diagnostics.ts';
import { COLUMNS, type ColumnName, type Columns, type Head, NO_RANK, VALUE_KINDS } from './graphTableFormat.ts';
import type { FileQuantizationView, NodeView, ValueView } from './views.ts';

/**
 * A {@link GraphView} in one buffer, decoded where it is read: it crosses to the webview and its worker in one piece, and
 * a model of 50,000 nodes costs a few megabytes and no time. Nodes and values are addressed by index (file order); ids
 * are those of the {@link GraphView}.
 */
export class GraphTable {
  /** What {@link encodeGraph} made. */
  readonly buffer: ArrayBuffer;
  readonly #head: Head;
  readonly #columns: Columns;
  readonly #decoder = new TextDecoder();
  readonly #nodeIndex: IdIndex;
  readonly #valueIndex: IdIndex;
  #uses: Uses | undefined;
  readonly nodes: LazyList<NodeView>;
  readonly values: LazyList<ValueView>;

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    const length = new Uint32Array(buffer, 0, 1)[0] as number;
    const text = new TextDecoder().decode(new Uint8Array(buffer, 4, length));
    this.#head = JSON.parse(text) as Head; // what encodeGraph wrote
    this.#columns = Object.fromEntries(
      Object.entries(this.#head.columns).map(([name, [offset, count]]) => [
        name,
        new COLUMNS[name as ColumnName](buffer, offset, count),
      ]),
    ) as unknown as Columns;
    this.#nodeIndex = new IdIndex(this.#columns.nodeIds);
    this.#valueIndex = new IdIndex(this.#columns.valueIds);
    this.nodes = new LazyList(this.nodeCount, (i) => this.#node(i));
    this.values = new LazyList(this.valueCount, (i) => this.#value(i));
  }

  get file(): string {
    return this.#head.file;
  }
  get name(): string {
    return this.#head.name;
  }
  get opsets(): string {
    return this.#head.opsets;
  }
  get producer(): string {
    return this.#head.producer;
  }
  /** Ids of values. */
  get inputs(): readonly number[] {
    return this.#head.inputs;
  }
  get outputs(): readonly number[] {
    return this.#head.outputs;
  }
  get diagnostics(): readonly Diagnostic[] {
    return this.#head.diagnostics;
  }
  get quantization(): FileQuantizationView | null {
    return this.#head.quantization;
  }
  get runnable(): boolean {
    return this.#head.runnable;
  }
  get nodeCount(): number {
    return this.#columns.nodeIds.length;
  }
  get valueCount(): number {
    return this.#columns.valueIds.length;
  }

  /** Index of a node by its id, -1 when there is none. */
  nodeIndex(id: number): number {
    return this.#nodeIndex.of(id);
  }
  valueIndex(id: number): number {
    return this.#valueIndex.of(id);
  }
  nodeId(node: number): number {
    return this.#columns.nodeIds[node] as number;
  }
  valueId(value: number): number {
    return this.#columns.valueIds[value] as number;
  }
  nodeOf(id: number): NodeView | undefined {
    return this.nodes.at(this.nodeIndex(id));
  }
  valueOf(id: number): ValueView | undefined {
    return this.values.at(this.valueIndex(id));
  }

  opType(node: number): string {
    return this.#operator(node)[0];
  }
  domain(node: number): string {
    return this.#operator(node)[1];
  }
  handle(node: number): string {
    return this.#text('handleStart', 'handles', node);
  }
  nodeName(node: number): string {
    return this.#text('nameStart', 'names', node);
  }
  supported(node: number): boolean {
    return this.#columns.supported[node] === 1;
  }
  attributes(node: number): NodeView['attributes'] {
    const text = this.#text('attributeStart', 'attributes', node);
    return text === '' ? [] : (JSON.parse(text) as NodeView['attributes']); // what encodeGraph wrote
  }
  /** Indices of the values a node reads, -1 for an input that is left out. */
  inputsOf(node: number): Int32Array {
    const { inputStart, inputValues } = this.#columns;
    return inputValues.subarray(inputStart[node], inputStart[node + 1]);
  }
  outputsOf(node: number): Int32Array {
    const { outputStart, outputValues } = this.#columns;
    return outputValues.subarray(outputStart[node], outputStart[node + 1]);
  }

  valueName(value: number): string {
    return this.#text('valueNameStart', 'valueNames', value);
  }
  valueKind(value: number): ValueView['kind'] {
    return VALUE_KINDS[this.#columns.valueKinds[value] as 0 | 1 | 2];
  }
  /** `float32`, or '' when unknown. */
  dtype(value: number): string {
    return this.#head.dtypes[this.#columns.dtypeOf[value] as number] as string;
  }
  dims(value: number): ValueView['dims'] {
    const { rank, dimStart, dims } = this.#columns;
    if (rank[value] === NO_RANK) return null;
    const start = dimStart[value] as number;
    const lengths = dims.subarray(start, start + (rank[value] as number));
    return Array.from(lengths, (d) => (d < 0 ? (this.#head.symbols[-d - 1] as string) : d));
  }

  /** Index of the node that writes a value, -1 for inputs and constants. */
  producerOf(value: number): number {
    return this.#usesOf().producer[value] as number;
  }
  /** Indices of the nodes that read a value, in file order, each once. */
  consumersOf(value: number): Int32Array {
    const { consumerStart, consumers } = this.#usesOf();
    return consumers.subarray(consumerStart[value], consumerStart[value + 1]);
  }

  #operator(node: number): readonly [string, string] {
    return this.#head.operators[this.#columns.operatorOf[node] as number] as readonly [string, string];
  }

  #text(start: 'handleStart' | 'nameStart' | 'attributeStart' | 'valueNameStart', of: ColumnName, i: number): string {
    const offsets = this.#columns[start];
    return this.#decoder.decode((this.#columns[of] as Uint8Array).subarray(offsets[i], offsets[i + 1]));
  }

  #node(i: number): NodeView {
    const ids = (values: Int32Array) => Array.from(values, (v) => this.valueId(v));
    return {
      id: this.nodeId(i),
      handle: this.handle(i),
      name: this.nodeName(i),
      opType: this.opType(i),
      domain: this.domain(i),
      inputs: Array.from(this.inputsOf(i), (v) => (v < 0 ? null : this.valueId(v))),
      outputs: ids(this.outputsOf(i)),
      attributes: this.attributes(i),
      supported: this.supported(i),
    };
  }

  #value(i: number): ValueView {
    return {
      id: this.valueId(i),
      name: this.valueName(i),
      kind: this.valueKind(i),
      dtype: this.dtype(i),
      dims: this.dims(i),
    };
  }

  #usesOf(): Uses {
    this.#uses ??= findUses(this.#columns);
    return this.#uses;
  }
}

interface Uses {
  readonly producer: Int32Array;
  readonly consumerStart: Int32Array;
  readonly consumers: Int32Array;
}

/** Flat loops: this runs in the view, over all nodes at once. */
function findUses({ inputStart, inputValues, outputStart, outputValues, valueIds }: Columns): Uses {
  const nodes = inputStart.length - 1;
  const values = valueIds.length;
  const producer = new Int32Array(values).fill(-1);
  const consumerStart = new Int32Array(values + 1);
  const lastReader = new Int32Array(values).fill(-1);
  for (let node = 0; node < nodes; node++) {
    for (let k = outputStart[node] as number; k < (outputStart[node + 1] as number); k++) {
      producer[outputValues[k] as number] = node;
    }
    for (let k = inputStart[node] as number; k < (inputStart[node + 1] as number); k++) {
      const value = inputValues[k] as number;
      if (value < 0 || lastReader[value] === node) continue;
      lastReader[value] = node;
      consumerStart[value + 1]!++;
    }
  }
  for (let v = 0; v < values; v++) consumerStart[v + 1]! += consumerStart[v] as number;
  const next = consumerStart.slice();
  const consumers = new Int32Array(consumerStart[values] as number);
  lastReader.fill(-1);
  for (let node = 0; node < nodes; node++) {
    for (let k = inputStart[node] as number; k < (inputStart[node + 1] as number); k++) {
      const value = inputValues[k] as number;
      if (value < 0 || lastReader[value] === node) continue;
      lastReader[value] = node;
      consumers[next[value]!++] = node;
    }
  }
  return { producer, consumerStart, consumers };
}

/** Finds the index of an id; made at the first question. */
class IdIndex {
  readonly #ids: Int32Array;
  #known: Map<number, number> | undefined;

  constructor(ids: Int32Array) {
    this.#ids = ids;
  }

  of(id: number): number {
    if (this.#ids[id] === id) return id; // ids mostly are the file order
    this.#known ??= new Map(Array.from(this.#ids, (known, i) => [known, i]));
    return this.#known.get(id) ?? -1;
  }
}

/** A list whose elements are made when they are asked for, a new one each time. */
export class LazyList<T> implements Iterable<T> {
  readonly length: number;
  readonly #make: (index: number) => T;

  constructor(length: number, make: (index: number) => T) {
    this.length = length;
    this.#make = make;
  }

  /** Unlike an array's, negative indices are outside. */
  at(index: number): T | undefined {
    return index >= 0 && index < this.length ? this.#make(index) : undefined;
  }

  map<U>(change: (element: T, index: number) => U): U[] {
    return Array.from({ length: this.length }, (_, i) => change(this.#make(i), i));
  }

  find(wanted: (element: T) => boolean): T | undefined {
    for (const element of this) if (wanted(element)) return element;
    return undefined;
  }

  some(wanted: (element: T) => boolean): boolean {
    return this.find(wanted) !== undefined;
  }

  filter(wanted: (element: T) => boolean): T[] {
    return [...this].filter(wanted);
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.length; i++) yield this.#make(i);
  }
}
