import { type Tensor, tensor } from '../../base/tensor.ts';
import { Ids } from '../../graph/build.ts';
import type { TensorFact } from '../../graph/fact.ts';
import type { Node, NodeId, ValueId } from '../../graph/model.ts';
import { GraphEditor } from '../../graph/patch.ts';
import type { FloatGraph } from '../equalize.ts';
import { LEAST_SHARE } from './peaks.ts';
import { type Flow, flowOf, groupOf } from './rules.ts';

export interface BalanceOptions {
  /** Sizes of channels relative to one another, [C], by value. */
  readonly shares: ReadonlyMap<ValueId, Float64Array>;
  /** Whether Mul nodes may be put where an operator needs a value as it was. */
  readonly inserts: boolean;
  /** Share of the difference between channels that is levelled out, in (0, 1); the rest spares the weights behind them. */
  readonly exponent: number;
}

/** A graph whose activations have channels of like size, and what that took. */
export interface Balanced extends FloatGraph {
  /** Values whose channels have factors. */
  readonly values: number;
  readonly inserted: number;
}

/**
 * Divides the channels of activations by factors, so that one scale per tensor serves all of them; the weights that make
 * them and those that read them take the factors up. Factors run through whatever keeps them: ReLU, pooling, Resize, sums,
 * Concat, gates. Where an operator does not, as the Sigmoid of SiLU, a Mul before it brings the value back.
 *
 * The factor of a class of tied channels is the geometric mean, over the values of the class, of
 * max(share / largest share of the value, 0.01) ^ exponent. The graph computes what it did, but for float32 rounding.
 */
export async function balanceChannels(source: FloatGraph, options: BalanceOptions): Promise<Balanced> {
  const { graph, facts } = source;
  const dimsOf = (id: ValueId): readonly number[] | undefined => {
    const dims = facts.get(id)?.dims;
    return dims?.every((d): d is number => typeof d === 'number') ? dims : undefined;
  };
  const flow = flowOf(graph, { dimsOf, inserts: options.inserts });
  const factors = new Factors(flow, options);
  const ids = new Ids(source);
  const rewrite = new Rewrite(source, ids, factors);
  for (const node of flow.products) await rewrite.product(node);
  for (const node of flow.addends) await rewrite.addend(node);
  let inserted = 0;
  for (const { node, input } of flow.restores) inserted += rewrite.restore(node, input);
  const values = [...options.shares.keys()].filter((id) => factors.of(id) !== undefined).length;
  return { ...rewrite.finish(), nextNodeId: ids.nextNodeId, nextValueId: ids.nextValueId, values, inserted };
}

/** Factors of channels: the value in the new graph is the old one divided by them. */
class Factors {
  readonly #flow: Flow;
  readonly #byClass: Float64Array;
  readonly #known = new Map<ValueId, Float64Array | undefined>();

  constructor(flow: Flow, { shares, exponent }: BalanceOptions) {
    this.#flow = flow;
    const logs = new Float64Array(flow.ties.size);
    const counts = new Float64Array(flow.ties.size);
    for (const [id, share] of shares) {
      const classes = flow.ties.classesOf(id);
      const most = share.reduce((a, b) => Math.max(a, b), 0);
      if (classes?.length !== share.length || !(most > 0)) continue;
      for (const [c, group] of classes.entries()) {
        if (group < 0) continue;
        logs[group] = (logs[group] as number) + Math.log(Math.max((share[c] as number) / most, LEAST_SHARE));
        counts[group] = (counts[group] as number) + 1;
      }
    }
    this.#byClass = logs.map((log, i) => Math.exp((exponent * log) / Math.max(1, counts[i] as number)));
  }

  /** [C] float64; undefined where all are 1. */
  of(id: ValueId | undefined): Float64Array | undefined {
    if (id === undefined) return undefined;
    if (!this.#known.has(id)) {
      const classes = this.#flow.ties.classesOf(id);
      const found = classes && Float64Array.from(classes, (k) => (k < 0 ? 1 : (this.#byClass[k] as number)));
      this.#known.set(id, found?.some((f) => f !== 1) ? found : undefined);
    }
    return this.#known.get(id);
  }
}

/** New constants and nodes; the graph given is untouched. */
class Rewrite {
  readonly #source: FloatGraph;
  readonly #editor: GraphEditor;
  readonly #facts: Map<ValueId, TensorFact>;
  readonly #factors: Factors;
  /** What stands for a value as it was. */
  readonly #restored = new Map<ValueId, ValueId>();

  constructor(source: FloatGraph, ids: Ids, factors: Factors) {
    this.#source = source;
    this.#editor = new GraphEditor(source.graph, ids);
    this.#facts = new Map(source.facts);
    this.#factors = factors;
  }

  /** Weights take the factors of what is read, and give those of what is made to weights and bias. */
  async product(node: Node): Promise<void> {
    const [x, weight, bias] = node.inputs;
    const [reads, makes] = [this.#factors.of(x), this.#factors.of(node.outputs[0])];
    if (reads === undefined && makes === undefined) return;
    const w = await this.#load(weight);
    const transposed = node.opType === 'ConvTranspose';
    const [first = 1, second = 1] = w.dims;
    const kernel = w.data.length / (first * second);
    const perGroup = first / groupOf(node);
    const scaled = w.data.map((v, i) => {
      const [row, column] = [Math.floor(i / kernel / second), Math.floor(i / kernel) % second];
      const output = transposed ? column : row;
      const input = transposed ? row : Math.floor(row / perGroup) * second + column;
      return (v * (reads?.[input] ?? 1)) / (makes?.[output] ?? 1);
    });
    this.#put(node.id, 1, tensor('float32', w.dims, scaled));
    if (bias === undefined || makes === undefined) return;
    const b = await this.#load(bias);
    this.#put(
      node.id,
      2,
      tensor(
        'float32',
        b.dims,
        b.data.map((v, c) => v / (makes[c] as number)),
      ),
    );
  }

  async addend(node: Node): Promise<void> {
    const makes = this.#factors.of(node.outputs[0]);
    if (makes === undefined) return;
    const input = node.inputs.findIndex((id) => id !== undefined && this.#source.graph.values.get(id)?.constant);
    const { data } = await this.#load(node.inputs[input]);
    const divided = Float32Array.from(makes, (f, c) => (data[data.length === 1 ? 0 : c] as number) / f);
    this.#put(node.id, input, tensor('float32', [1, makes.length, 1, 1], divided));
  }

  /** Makes `node` read a value as it was. @returns how many nodes that took: 1 or 0. */
  restore(node: Node, input: number): number {
    const id = node.inputs[input] as ValueId;
    const factors = this.#factors.of(id);
    if (factors === undefined) return 0;
    const known = this.#restored.get(id);
    if (known !== undefined) {
      this.#editor.setInput(node.id, input, known);
      return 0;
    }
    const value = this.#editor.value(id);
    const name = value?.name ?? `value_${id}`;
    const constant = tensor('float32', [1, factors.length, 1, 1], Float32Array.from(factors));
    const factor = this.#addConstant(`${name}_factors`, constant);
    const { dtype, dims } = this.#facts.get(id) as TensorFact; // it has factors, so it has dims
    const restored = this.#editor.addValue({ name: `${name}_restored`, dtype, ...(dims && { dims }) });
    this.#facts.set(restored, { dtype, dims });
    const inputs = [id, factor];
    this.#editor.addNode({ name: `${name}_restore`, opType: 'Mul', inputs, outputs: [restored], origin: [] });
    this.#restored.set(id, restored);
    this.#editor.setInput(node.id, input, restored);
    return 1;
  }

  finish(): Pick<FloatGraph, 'graph' | 'facts'> {
    return { graph: this.#editor.finish(), facts: this.#facts };
  }

  async #load(id: ValueId | undefined): Promise<Tensor<'float32'>> {
    const source = id === undefined ? undefined : this.#editor.value(id)?.constant;
    return (await source?.load()) as Tensor<'float32'>; // the rules saw that it is a constant of a float node
  }

  #put(node: NodeId, input: number, constant: Tensor<'float32'>): void {
    const old = this.#editor.node(node)?.inputs[input];
    const name = (old === undefined ? undefined : this.#editor.value(old)?.name) ?? '';
    this.#editor.setInput(node, input, this.#addConstant(name, constant));
  }

  #addConstant(name: string, constant: Tensor<'float32'>): ValueId {
    const id = this.#editor.addConstant(name, constant);
    this.#facts.set(id, { dtype: 'float32', dims: constant.dims, constant });
    return id;
  }
}
