import { sizeOf } from '../../base/shape.ts';
import { hasDType, type Tensor, tensor } from '../../base/tensor.ts';
import type { Dim, Graph, Node, ValueId } from '../../graph/model.ts';
import { wiringOf } from '../../graph/topo.ts';
import type { KernelSet } from '../../kernels/kernelSet.ts';
import { evaluateNode } from '../../ops/evaluate.ts';
import { findOp } from '../../ops/registry.ts';

/**
 * What element-wise operators make of a value before anything else reads it: SiLU's product for what its Sigmoid and Mul
 * read. Each exit is a function of the value alone, per channel where constants differ by channel.
 */
export interface Response {
  /** 1, or the channels of the value: axis 1 of rank 4. */
  readonly channels: number;
  /**
   * What each exit is where the value is `x`.
   * @param x [channels, n].
   * @returns [channels, n] per exit; at least one exit.
   */
  at(x: Float32Array): readonly Float32Array[];
}

export interface ResponseOptions {
  readonly kernels: KernelSet;
  readonly opsets: ReadonlyMap<string, number>;
  /** Undefined where nothing is known. */
  readonly dimsOf: (value: ValueId) => readonly Dim[] | undefined;
}

/** Continuous functions of one number, and of two of which one is constant or a function of the same number. */
const ELEMENTWISE: ReadonlySet<string> = new Set([
  ...['Abs', 'Celu', 'Clip', 'Elu', 'Erf', 'Gelu', 'HardSigmoid', 'HardSwish', 'Identity', 'LeakyRelu', 'Mish', 'Neg'],
  ...['Relu', 'Selu', 'Sigmoid', 'Softplus', 'Softsign', 'Tanh'],
  ...['Add', 'Div', 'Max', 'Min', 'Mul', 'Sub'],
]);

/** Finds the responses of the values of one graph. */
export class Responses {
  readonly #graph: Graph;
  readonly #options: ResponseOptions;
  readonly #consumers: ReadonlyMap<ValueId, readonly Node[]>;
  readonly #constants: ReadonlyMap<ValueId, Tensor<'float32'>>;
  readonly #placeOf = new Map<ValueId, number>();

  private constructor(graph: Graph, options: ResponseOptions, constants: ReadonlyMap<ValueId, Tensor<'float32'>>) {
    this.#graph = graph;
    this.#options = options;
    this.#constants = constants;
    this.#consumers = wiringOf(graph).consumers;
    graph.nodes.forEach((node, i) => {
      for (const id of node.outputs) if (id !== undefined) this.#placeOf.set(id, i);
    });
  }

  /** Loads the constants of element-wise operators. */
  static async load(graph: Graph, options: ResponseOptions): Promise<Responses> {
    const constants = new Map<ValueId, Tensor<'float32'>>();
    for (const node of graph.nodes) {
      if (!isElementwise(node)) continue;
      for (const id of node.inputs) {
        const source = id === undefined ? undefined : graph.values.get(id)?.constant;
        if (id === undefined || source === undefined || constants.has(id) || !isNarrow(source.dims)) continue;
        const loaded = await source.load();
        if (hasDType(loaded, 'float32')) constants.set(id, loaded);
      }
    }
    return new Responses(graph, options, constants);
  }

  /** Undefined where the value's own error is all that counts: something else reads it, and nothing element-wise does. */
  of(value: ValueId): Response | undefined {
    const channels = this.#channelsOf(value);
    const members = new Set([value]);
    const cone = new Set<Node>();
    let widest = 1;
    for (let i = (this.#placeOf.get(value) ?? -1) + 1; i < this.#graph.nodes.length; i++) {
      const node = this.#graph.nodes[i] as Node;
      const size = this.#sizeIn(node, members, channels);
      if (size === undefined) continue;
      widest = Math.max(widest, size);
      cone.add(node);
      members.add(node.outputs[0] as ValueId); // element-wise operators make one value
    }
    if (cone.size === 0) return undefined;
    const exits = [...members].filter((id) => this.#leaves(id, cone));
    return { channels: widest, at: (x) => this.#evaluate(value, [...cone], exits, { x, channels: widest }) };
  }

  /** Elements along the channels that `node` needs when all it varies with is among `members`; undefined elsewhere. */
  #sizeIn(node: Node, members: ReadonlySet<ValueId>, channels: number): number | undefined {
    if (!isElementwise(node) || !node.inputs.some((id) => id !== undefined && members.has(id))) return undefined;
    const [, divisor] = node.inputs;
    if (node.opType === 'Div' && divisor !== undefined && members.has(divisor)) return undefined;
    let size = 1;
    for (const id of node.inputs) {
      if (id === undefined || members.has(id)) continue;
      const constant = this.#constants.get(id);
      if (constant === undefined) return undefined;
      if (constant.data.length === 1) continue;
      if (constant.data.length !== channels || constant.dims.at(-3) !== channels) return undefined;
      size = channels;
    }
    return size;
  }

  #leaves(id: ValueId, cone: ReadonlySet<Node>): boolean {
    if (this.#graph.outputs.includes(id)) return true;
    return (this.#consumers.get(id) ?? []).some((reader) => !cone.has(reader));
  }

  #channelsOf(value: ValueId): number {
    const dims = this.#options.dimsOf(value);
    return dims?.length === 4 && typeof dims[1] === 'number' ? dims[1] : 1;
  }

  #evaluate(
    value: ValueId,
    cone: readonly Node[],
    exits: readonly ValueId[],
    { x, channels }: { readonly x: Float32Array; readonly channels: number },
  ): Float32Array[] {
    const { kernels, opsets } = this.#options;
    const opset = opsets.get('') ?? 1;
    const dims = [1, channels, 1, x.length / channels];
    const known = new Map<ValueId, Tensor>([[value, tensor('float32', dims, x)]]);
    for (const node of cone) {
      const fail = (message: string): never => {
        throw new Error(`invariant: ${node.handle}: ${message}`); // it ran on the same model before
      };
      const def = findOp('', node.opType, opset);
      if (def === undefined) return fail('its operator is known');
      const inputs = node.inputs.map((id) =>
        id === undefined ? undefined : (known.get(id) ?? this.#constants.get(id)),
      );
      const isConstant = (index: number): boolean => this.#constants.has(node.inputs[index] as ValueId);
      const outputFacts = [{ dtype: 'float32', dims } as const];
      const [made] = evaluateNode(def, node, inputs, { kernels, opset, isConstant, outputFacts, fail });
      if (made !== undefined) known.set(node.outputs[0] as ValueId, made);
    }
    return exits.map((id) => known.get(id)?.data as Float32Array);
  }
}

function isElementwise(node: Node): boolean {
  return node.domain === '' && ELEMENTWISE.has(node.opType);
}

/** One number, or one per channel. */
function isNarrow(dims: readonly number[]): boolean {
  return sizeOf(dims) === 1 || sizeOf(dims) === dims.at(-3);
}
