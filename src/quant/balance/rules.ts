import { sizeOf } from '../../base/shape.ts';
import type { Graph, Node, ValueId } from '../../graph/model.ts';
import { readsOf, type Wiring, wiringOf } from '../../graph/topo.ts';
import { type ChannelCounts, ChannelTies } from './ties.ts';

/** A reader that needs a value as it was: a Mul by its factors goes before it. */
export interface Restore {
  readonly node: Node;
  readonly input: number;
}

/** How factors per channel may run through a graph. */
export interface Flow {
  readonly ties: ChannelTies;
  /** Products with a constant weight: they take up the factors of what they read and give those of what they make. */
  readonly products: readonly Node[];
  /** Adds of a constant, which takes up the factor. */
  readonly addends: readonly Node[];
  readonly restores: readonly Restore[];
}

export interface FlowOptions {
  readonly dimsOf: (value: ValueId) => readonly number[] | undefined;
  /** Whether a Mul may be put before operators that do not keep factors. */
  readonly inserts: boolean;
}

/** f(s x) = s f(x) for s > 0, channel by channel. */
const HOMOGENEOUS: ReadonlySet<string> = new Set([
  ...[
    'AveragePool',
    'GlobalAveragePool',
    'GlobalMaxPool',
    'Identity',
    'LeakyRelu',
    'MaxPool',
    'PRelu',
    'Relu',
    'Resize',
  ],
]);
/** Make values of known size whatever they read: what gates another value keeps its scale. */
const BOUNDED: ReadonlySet<string> = new Set(['Clip', 'HardSigmoid', 'Sigmoid', 'Softmax', 'Tanh']);

/** Reads off each operator what it does with factors; whatever is not known here keeps all it reads and makes as it is. */
export function flowOf(graph: Graph, options: FlowOptions): Flow {
  return new FlowReader(graph, options).read();
}

class FlowReader {
  readonly #graph: Graph;
  readonly #options: FlowOptions;
  readonly #wiring: Wiring;
  readonly #ties: ChannelTies;
  readonly #products: Node[] = [];
  readonly #addends: Node[] = [];
  readonly #restores: Restore[] = [];

  constructor(graph: Graph, options: FlowOptions) {
    this.#graph = graph;
    this.#options = options;
    this.#wiring = wiringOf(graph);
    this.#ties = new ChannelTies(channelCounts(graph, options));
  }

  read(): Flow {
    for (const id of [...this.#graph.inputs, ...this.#graph.outputs]) this.#ties.fix(id);
    for (const node of this.#graph.nodes) this.#readNode(node);
    return { ties: this.#ties, products: this.#products, addends: this.#addends, restores: this.#restores };
  }

  #readNode(node: Node): void {
    const [x] = node.inputs;
    const [made] = node.outputs;
    const known = node.domain === '' && x !== undefined && made !== undefined && node.outputs.length === 1;
    if (!known || !this.#passesFactors(node, x, made)) this.#keep(node);
  }

  /** Ties what the operator ties; false where it is none that keeps factors. */
  #passesFactors(node: Node, x: ValueId, made: ValueId): boolean {
    if (HOMOGENEOUS.has(node.opType)) return this.#readHomogeneous(node, x, made);
    if (BOUNDED.has(node.opType)) return this.#readBounded(node, made);
    switch (node.opType) {
      case 'Conv':
      case 'ConvTranspose':
        return this.#readConvolution(node);
      case 'Concat':
        return this.#readConcat(node, made);
      case 'Add':
      case 'Sub':
        return this.#readSum(node, made);
      case 'Mul':
      case 'Div':
        return this.#readProduct(node, made);
      default:
        return false;
    }
  }

  #readBounded(node: Node, made: ValueId): boolean {
    this.#restoreOrKeep(node, 0);
    this.#ties.fix(made);
    return true;
  }

  #readConvolution(node: Node): boolean {
    const [, weight, bias] = node.inputs;
    if (weight === undefined || !this.#isConstant(weight)) return false;
    if (bias !== undefined && !this.#isConstant(bias)) return false;
    if (this.#options.dimsOf(weight)?.length !== 4) return false;
    if (node.opType === 'ConvTranspose' && groupOf(node) !== 1) return false;
    this.#products.push(node);
    return true;
  }

  #readHomogeneous(node: Node, x: ValueId, made: ValueId): boolean {
    const mode = node.attributes.get('coordinate_transformation_mode');
    const extrapolates = mode?.kind === 'string' && mode.value === 'tf_crop_and_resize';
    if (extrapolates || this.#channels(x) !== this.#channels(made)) return false;
    for (const other of node.inputs.slice(1)) if (other !== undefined) this.#ties.fix(other);
    this.#ties.tie(x, made);
    return true;
  }

  #readConcat(node: Node, made: ValueId): boolean {
    const axis = node.attributes.get('axis');
    if (axis?.kind !== 'int' || (axis.value !== 1 && axis.value !== -3)) return false;
    let bFrom = 0;
    for (const id of node.inputs) {
      const count = id === undefined || this.#isConstant(id) ? undefined : this.#channels(id);
      if (id === undefined || count === undefined) return false;
      this.#ties.tie(id, made, { bFrom, count });
      bFrom += count;
    }
    return true;
  }

  #readSum(node: Node, made: ValueId): boolean {
    const [a, b] = node.inputs as readonly [ValueId, ValueId];
    const constant = [a, b].findIndex((id) => this.#isConstant(id));
    if (constant < 0) {
      if (!this.#sameDims(a, made) || !this.#sameDims(b, made)) return false;
      this.#ties.tie(a, b);
      this.#ties.tie(a, made);
      return true;
    }
    const x = constant === 0 ? b : a;
    if (this.#isConstant(x) || !this.#isNarrow(constant === 0 ? a : b, x)) return false;
    const readers = this.#wiring.consumers.get(made) ?? [];
    if (readers.length > 0 && readers.every((r) => BOUNDED.has(r.opType))) {
      this.#restoreOrKeep(node, 1 - constant);
      this.#ties.fix(made);
      return true;
    }
    this.#ties.tie(x, made);
    this.#addends.push(node);
    return true;
  }

  #readProduct(node: Node, made: ValueId): boolean {
    const [a, b] = node.inputs as readonly [ValueId, ValueId];
    const gate = this.#isGate(b, made) ? b : node.opType === 'Mul' && this.#isGate(a, made) ? a : undefined;
    const x = gate === a ? b : a;
    if (gate === undefined || gate === x || !this.#sameDims(x, made)) return false;
    if (!this.#isConstant(gate)) this.#ties.fix(gate);
    this.#ties.tie(x, made);
    return true;
  }

  /** Whether factors of a product belong to its other operand: a constant, a value per channel or sample, a bounded one. */
  #isGate(id: ValueId, made: ValueId): boolean {
    if (this.#isConstant(id)) return true;
    const [own, all] = [this.#options.dimsOf(id), this.#options.dimsOf(made)];
    if (own !== undefined && all !== undefined && sizeOf(own) < sizeOf(all)) return true;
    return BOUNDED.has(this.#wiring.producer.get(id)?.opType ?? '');
  }

  /** Worth a Mul only where the value goes on, multiplied with what is made of it, as in SiLU and hard swish. */
  #restoreOrKeep(node: Node, input: number): void {
    const id = node.inputs[input] as ValueId;
    const readers = this.#wiring.consumers.get(id) ?? [];
    if (this.#options.inserts && readers.some((r) => r.opType === 'Mul')) this.#restores.push({ node, input });
    else this.#ties.fix(id);
  }

  #keep(node: Node): void {
    for (const id of [...readsOf(node), ...node.outputs]) if (id !== undefined) this.#ties.fix(id);
  }

  #isConstant(id: ValueId): boolean {
    return this.#graph.values.get(id)?.constant !== undefined;
  }

  /** One number, or one per channel of `x`. */
  #isNarrow(constant: ValueId, x: ValueId): boolean {
    const dims = this.#options.dimsOf(constant);
    if (dims === undefined) return false;
    return sizeOf(dims) === 1 || (dims.at(-3) === this.#channels(x) && sizeOf(dims) === this.#channels(x));
  }

  #sameDims(a: ValueId, b: ValueId): boolean {
    const [x, y] = [this.#options.dimsOf(a), this.#options.dimsOf(b)];
    return x !== undefined && y !== undefined && x.length === y.length && x.every((d, i) => d === y[i]);
  }

  #channels(id: ValueId): number | undefined {
    const dims = this.#options.dimsOf(id);
    return dims?.length === 4 ? dims[1] : undefined;
  }
}

function channelCounts(graph: Graph, { dimsOf }: FlowOptions): ChannelCounts {
  const counts = new Map<ValueId, number>();
  for (const { id, constant } of graph.values.values()) {
    const dims = constant === undefined ? dimsOf(id) : undefined;
    if (dims?.length === 4) counts.set(id, dims[1] as number);
  }
  return counts;
}

export function groupOf(node: Node): number {
  const group = node.attributes.get('group');
  return group?.kind === 'int' ? group.value : 1;
}
