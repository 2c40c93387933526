import { formatDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim, Graph, Node, ValueId } from '../graph/model.ts';
import { readAttributes } from './attributes.ts';
import { findOp } from './registry.ts';

export interface InferGraphOptions {
  readonly opsets: ReadonlyMap<string, number>;
  /** Dims of graph inputs in place of the declared ones. */
  readonly inputDims?: ReadonlyMap<ValueId, readonly Dim[]> | undefined;
  /** What is known of graph inputs, in place of their declared types: of a body, which declares little. */
  readonly inputFacts?: ReadonlyMap<ValueId, TensorFact> | undefined;
  /** Values of the graphs around this one. */
  readonly outer?: ReadonlyMap<ValueId, TensorFact> | undefined;
  /** Values whose elements are known: loaded initializers, results of Constant nodes. */
  readonly constants?: ReadonlyMap<ValueId, Tensor> | undefined;
  /** Takes what an operator says is wrong with its inputs; its outputs stay unknown. */
  report(node: Node, message: string): void;
  /** Merges an inferred fact (undefined: nothing is known) with what else is known of the value. */
  refine?(id: ValueId, inferred: TensorFact | undefined, node: Node): TensorFact | undefined;
}

/**
 * Types and shapes of all values of `graph`, from its inputs and constants on, node by node. Symbols are kept; a value
 * that nothing is known of, such as the result of an unknown operator, has no entry.
 */
export function inferGraph(graph: Graph, options: InferGraphOptions): Map<ValueId, TensorFact> {
  const facts = new Map<ValueId, TensorFact>(options.outer);
  for (const value of graph.values.values()) {
    const known = options.constants?.get(value.id) ?? value.constant?.tensor;
    if (known !== undefined) facts.set(value.id, { dtype: known.dtype, dims: known.dims, constant: known });
    else if (value.constant) facts.set(value.id, { dtype: value.constant.dtype, dims: value.constant.dims });
  }
  for (const id of graph.inputs) {
    const value = graph.values.get(id);
    if (value === undefined || value.constant !== undefined) continue;
    const { dtype, element } = value;
    const dims = options.inputDims?.get(id) ?? value.dims;
    const fact = options.inputFacts?.get(id);
    if (fact !== undefined) facts.set(id, fact);
    else if (dtype !== undefined) facts.set(id, { dtype, dims, ...(element && { element }) });
  }
  const symbol = symbolMaker(graph);
  for (const node of graph.nodes) {
    const inferred = inferNode(node, facts, options, symbol);
    node.outputs.forEach((id, i) => {
      if (id === undefined || facts.has(id)) return;
      const fact = options.refine ? options.refine(id, inferred?.[i], node) : inferred?.[i];
      if (fact !== undefined) facts.set(id, fact);
    });
  }
  return facts;
}

function inferNode(
  node: Node,
  facts: ReadonlyMap<ValueId, TensorFact>,
  options: InferGraphOptions,
  symbol: (hint: string) => string,
): readonly (TensorFact | undefined)[] | undefined {
  if (node.outputs.every((id) => id === undefined || facts.has(id))) return undefined;
  const opset = options.opsets.get(node.domain) ?? 1;
  const def = findOp(node.domain, node.opType, opset);
  if (def === undefined) return undefined;
  const inputs = node.inputs.map((id) => (id === undefined ? undefined : facts.get(id)));
  if (node.inputs.some((id, i) => id !== undefined && inputs[i] === undefined)) return undefined;
  try {
    checkArity(node, def.arity);
    const outputs = def.infer({
      attributes: readAttributes(def.attributes, node.attributes, fail),
      inputs,
      outputCount: node.outputs.length,
      opset,
      input: (i) => inputs[i] ?? fail(`input ${i} is missing`),
      symbol,
      body: (name, bodyInputs) => inferBody(node, name, bodyInputs, facts, options),
      fail,
    });
    checkDims(outputs, fail);
    return outputs;
  } catch (e) {
    if (!(e instanceof InferFailure)) throw e;
    const shapes = inputs.map((f) => (f === undefined ? '-' : f.dims === undefined ? '?' : formatDims(f.dims)));
    options.report(node, `${e.message} (inputs ${shapes.join(', ')})`);
    return undefined;
  }
}

/** Outputs of the graph in attribute `name`; what is wrong inside is left to whoever runs it with real shapes. */
function inferBody(
  node: Node,
  name: string,
  inputs: readonly (TensorFact | undefined)[],
  outer: ReadonlyMap<ValueId, TensorFact>,
  { opsets }: InferGraphOptions,
): readonly (TensorFact | undefined)[] {
  const attribute = node.attributes.get(name);
  if (attribute?.kind !== 'graph') return fail(`attribute ${name} is no graph`);
  const body = attribute.value;
  const inputFacts = new Map<ValueId, TensorFact>();
  body.inputs.forEach((id, i) => {
    const fact = inputs[i];
    if (fact !== undefined) inputFacts.set(id, fact);
  });
  const facts = inferGraph(body, { opsets, inputFacts, outer, report: () => undefined });
  return body.outputs.map((id) => facts.get(id));
}

class InferFailure extends Error {}

function fail(message: string): never {
  throw new InferFailure(message);
}

/** Fails where a shape has a dimension that no tensor has: what sizes below 0 among the elements of an input make of it. */
export function checkDims(outputs: readonly (TensorFact | undefined)[], fail: (message: string) => never): void {
  outputs.forEach((fact, i) => {
    if (fact?.dims?.some((d) => typeof d === 'number' && !(Number.isInteger(d) && d >= 0)))
      fail(`output ${i} would have shape ${formatDims(fact.dims)}, expected lengths of at least 0`);
  });
}

function checkArity(node: Node, [least, most]: readonly [number, number]): void {
  const { length } = node.inputs;
  if (length < least || length > most) {
    fail(`has ${length} inputs, expected ${least === most ? least : `${least} to ${most}`}`);
  }
}

/** Makes symbols that the graph does not use yet: `batch_1`, `batch_2`, ... */
function symbolMaker(graph: Graph): (hint: string) => string {
  const used = new Set<string>();
  for (const { dims } of graph.values.values()) {
    for (const d of dims ?? []) if (typeof d === 'string') used.add(d);
  }
  let next = 1;
  return (hint) => {
    let name = `${hint}_${next++}`;
    while (used.has(name)) name = `${hint}_${next++}`;
    return name;
  };
}
