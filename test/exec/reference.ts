import type { Tensor } from '../../src/base/tensor.ts';
import type { Graph, Node, ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { evaluateNode } from '../../src/ops/evaluate.ts';
import { bodiesOf } from '../../src/ops/evaluateGraph.ts';
import { findOp } from '../../src/ops/registry.ts';

/** All values of a graph, computed node by node on plain tensors: nothing fused, planned or lowered. */
export async function valuesOf(
  graph: Graph,
  feeds: ReadonlyMap<ValueId, Tensor>,
  opsets: ReadonlyMap<string, number>,
  kernels: KernelSet,
): Promise<Map<ValueId, Tensor>> {
  const values = new Map(feeds);
  const constants = new Set<ValueId>();
  for (const { id, constant } of graph.values.values()) {
    if (constant === undefined) continue;
    values.set(id, await constant.load());
    constants.add(id);
  }
  for (const node of graph.nodes) {
    const opset = opsets.get(node.domain) ?? 1;
    const inputs = node.inputs.map((id) => (id === undefined ? undefined : values.get(id)));
    const outputs = evaluateNode(findOp(node.domain, node.opType, opset)!, node, inputs, {
      kernels,
      opset,
      isConstant: (i) => constants.has(node.inputs[i]!),
      outputFacts: [],
      body: bodiesOf(node, values, { kernels, opsets, fail: failIn }),
      fail: (message) => failIn(node, message),
    });
    node.outputs.forEach((id, i) => {
      if (id !== undefined && outputs[i] !== undefined) values.set(id, outputs[i]);
    });
  }
  return values;
}

function failIn(node: Node, message: string): never {
  throw new Error(`${node.handle}: ${message}`);
}
