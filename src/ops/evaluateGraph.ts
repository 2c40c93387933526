import { invariant } from '../base/diagnostics.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Graph, Node, ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { evaluateNode } from './evaluate.ts';
import { findOp } from './registry.ts';

export interface EvaluateGraphOptions {
  readonly kernels: KernelSet;
  readonly opsets: ReadonlyMap<string, number>;
  /** Reports at a node and unwinds. */
  fail(node: Node, message: string): never;
}

/**
 * Runs the body of a control-flow node by {@link evaluateNode}, node by node: the reference that programs are checked
 * against.
 *
 * @param body its constants are decoded, see `loadAttributeTensors`.
 * @param outer values of the graphs around it.
 * @returns its outputs in order.
 */
export function evaluateGraph(
  body: Graph,
  inputs: readonly Tensor[],
  outer: ReadonlyMap<ValueId, Tensor>,
  options: EvaluateGraphOptions,
): readonly Tensor[] {
  const values = new Map(outer);
  for (const { id, constant } of body.values.values()) {
    if (constant?.tensor !== undefined) values.set(id, constant.tensor);
  }
  body.inputs.forEach((id, i) => {
    const fed = inputs[i];
    if (fed !== undefined) values.set(id, fed);
  });
  for (const node of body.nodes) {
    const made = evaluateIn(node, values, options);
    node.outputs.forEach((id, i) => {
      const tensor = made[i];
      if (id !== undefined && tensor !== undefined) values.set(id, tensor);
    });
  }
  return body.outputs.map((id) => {
    const made = values.get(id);
    invariant(made !== undefined, `output ${id} of ${body.name} was computed`);
    return made;
  });
}

function evaluateIn(
  node: Node,
  values: ReadonlyMap<ValueId, Tensor>,
  options: EvaluateGraphOptions,
): readonly Tensor[] {
  const { kernels, opsets } = options;
  const opset = opsets.get(node.domain) ?? 1;
  const def = findOp(node.domain, node.opType, opset);
  const fail = (message: string): never => options.fail(node, message);
  if (def === undefined) return fail(`operator ${node.opType} is not supported`);
  const inputs = node.inputs.map((id) => (id === undefined ? undefined : values.get(id)));
  const body = bodiesOf(node, values, options);
  return evaluateNode(def, node, inputs, { kernels, opset, isConstant: () => false, outputFacts: [], body, fail });
}

/** What {@link evaluateNode} needs to run a node's graphs. */
export function bodiesOf(
  node: Node,
  values: ReadonlyMap<ValueId, Tensor>,
  options: EvaluateGraphOptions,
): (name: string, inputs: readonly Tensor[]) => readonly Tensor[] {
  return (name, inputs) => {
    const attribute = node.attributes.get(name);
    if (attribute?.kind !== 'graph') return options.fail(node, `attribute ${name} is no graph`);
    return evaluateGraph(attribute.value, inputs, values, options);
  };
}
