import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import { invariant } from '../base/diagnostics.ts';
import { isNumericDType } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';
import { sourceOf } from '../graph/build.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Graph, Node, Value, ValueId } from '../graph/model.ts';
import { capturesOf } from '../graph/topo.ts';
import { commonFact } from '../ops/bodyFacts.ts';
import type { Program } from './program.ts';

/** Plans a body whose constants are decoded, for input shapes in which symbols may stand for any length. */
export type PlanBody = (graph: Graph, constants: ReadonlyMap<ValueId, Tensor>) => Program;

/** The graphs of one control-flow step, planned when they first run. */
export class Bodies {
  readonly #bodies = new Map<string, Body>();

  /** @param constants values around the node that are constant. */
  constructor(node: Node, constants: ReadonlyMap<ValueId, Tensor>, plan: PlanBody) {
    for (const [name, attribute] of node.attributes) {
      if (attribute.kind === 'graph') this.#bodies.set(name, new Body(attribute.value, constants, plan));
    }
  }

  /** @param outer values around the node by id; those that the body captures are among them or constant. */
  run(
    name: string,
    inputs: readonly Tensor[],
    outer: ReadonlyMap<ValueId, Tensor>,
    signal: AbortSignalLike | undefined,
  ): readonly Tensor[] {
    const body = this.#bodies.get(name);
    invariant(body !== undefined, `attribute ${name} is a graph`);
    return body.run(inputs, outer, signal);
  }

  release(): void {
    for (const body of this.#bodies.values()) body.release();
  }
}

/**
 * One body. Its program is planned for the shapes of the first run; where later ones differ it is planned again with
 * symbols in their place, so that it settles after few runs whatever the shapes do.
 */
class Body {
  readonly #graph: Graph;
  readonly #captured: readonly ValueId[];
  readonly #constants: ReadonlyMap<ValueId, Tensor>;
  readonly #plan: PlanBody;
  #facts: readonly TensorFact[] = [];
  #program: Program | undefined;
  #symbols = 0;

  constructor(graph: Graph, outerConstants: ReadonlyMap<ValueId, Tensor>, plan: PlanBody) {
    const captures = [...capturesOf(graph)];
    this.#captured = captures.filter((id) => !outerConstants.has(id));
    const constants = new Map<ValueId, Tensor>();
    const values = new Map(graph.values);
    for (const id of captures) {
      const tensor = outerConstants.get(id);
      if (tensor === undefined) continue;
      constants.set(id, tensor);
      values.set(id, {
        id,
        name: `captured ${id}`,
        dtype: tensor.dtype,
        dims: tensor.dims,
        constant: sourceOf(tensor),
      });
    }
    for (const { id, constant } of graph.values.values()) {
      if (constant?.tensor !== undefined) constants.set(id, constant.tensor);
    }
    this.#graph = { ...graph, values };
    this.#constants = constants;
    this.#plan = plan;
  }

  run(
    inputs: readonly Tensor[],
    outer: ReadonlyMap<ValueId, Tensor>,
    signal: AbortSignalLike | undefined,
  ): readonly Tensor[] {
    throwIfAborted(signal);
    const ids = [...this.#graph.inputs, ...this.#captured];
    const captured = this.#captured.map((id) => {
      const tensor = outer.get(id);
      invariant(tensor !== undefined, `value ${id} is captured from around the body`);
      return tensor;
    });
    const tensors = [...inputs, ...captured];
    const program = this.#programFor(ids, tensors);
    const feeds = new Map(ids.flatMap((id, i) => (tensors[i] === undefined ? [] : [[id, tensors[i]] as const])));
    const outputs = program.start(feeds, signal === undefined ? {} : { signal }).finish();
    return this.#graph.outputs.map((id) => outputs.get(id) as Tensor); // `finish` has all graph outputs
  }

  release(): void {
    this.#program?.release();
    this.#program = undefined;
  }

  #programFor(ids: readonly ValueId[], tensors: readonly Tensor[]): Program {
    if (this.#program !== undefined && tensors.every((t, i) => covers(this.#facts[i], t))) return this.#program;
    const symbol = (): string => `body_${this.#symbols++}`;
    const known = this.#program === undefined ? undefined : this.#facts;
    this.#facts = tensors.map((t, i) => widened(known?.[i], factOfTensor(t), symbol));
    this.release();
    const values = new Map(this.#graph.values);
    ids.forEach((id, i) => {
      const name = values.get(id)?.name ?? `captured ${id}`;
      const { dtype, dims, element } = this.#facts[i] as TensorFact; // one for each id
      const value: Value = { id, name, dtype, ...(dims && { dims }), ...(element && { element }) };
      values.set(id, value);
    });
    this.#program = this.#plan({ ...this.#graph, inputs: ids, values }, this.#constants);
    return this.#program;
  }
}

/** What holds of both; what is of another type than before replaces it. */
function widened(before: TensorFact | undefined, now: TensorFact, symbol: () => string): TensorFact {
  if (before === undefined || before.dtype !== now.dtype) return now;
  const common = commonFact(before, now, symbol);
  return common ?? { dtype: now.dtype, dims: undefined };
}

/** Whether a plan made for `fact` holds for `t`. */
function covers(fact: TensorFact | undefined, t: Tensor): boolean {
  if (fact?.dtype !== t.dtype) return false;
  if (!isNumericDType(t.dtype) && fact.element !== undefined) {
    return (t.data as readonly Tensor[]).every((element) => covers(fact.element, element));
  }
  if (fact.dims === undefined) return true;
  return fact.dims.length === t.dims.length && fact.dims.every((d, i) => typeof d === 'string' || d === t.dims[i]);
}

function factOfTensor(t: Tensor): TensorFact {
  if (t.dtype !== 'sequence' && t.dtype !== 'optional') return { dtype: t.dtype, dims: t.dims };
  let symbols = 0;
  const facts = (t.data as readonly Tensor[]).map(factOfTensor);
  const element = facts.reduce<TensorFact | undefined>((a, b) => commonFact(a, b, () => `of_${symbols++}`), facts[0]);
  return { dtype: t.dtype, dims: ['length'], ...(element && { element }) };
}
