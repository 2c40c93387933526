import { formatDims } from '../../src/base/shape.ts';
import type { Tensor } from '../../src/base/tensor.ts';
import type { TensorFact } from '../../src/graph/fact.ts';
import type { Model, ValueId } from '../../src/graph/model.ts';
import { allNodes } from '../../src/graph/topo.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { loadAttributeTensors } from '../../src/ops/attributes.ts';
import { evaluateNode } from '../../src/ops/evaluate.ts';
import { bodiesOf } from '../../src/ops/evaluateGraph.ts';
import { inferGraph } from '../../src/ops/inferGraph.ts';
import { findOp } from '../../src/ops/registry.ts';

/** A node whose operator has no definition. */
export class Unsupported extends Error {}

/** Loads all constants of a graph. */
export async function loadConstants(model: Model): Promise<Map<ValueId, Tensor>> {
  const loaded = new Map<ValueId, Tensor>();
  for (const value of model.graph.values.values()) {
    if (value.constant !== undefined) loaded.set(value.id, await value.constant.load());
  }
  return loaded;
}

/**
 * Runs a model node by node and checks every output against what shape inference said of it, with constants known
 * and with graph inputs of known dims.
 */
export async function runGraph(model: Model, feeds: readonly Tensor[], kernels: KernelSet): Promise<readonly Tensor[]> {
  const { opsets } = model;
  const graph = await loadAttributeTensors(model.graph);
  const constants = await loadConstants(model);
  const values = new Map<ValueId, Tensor>(constants);
  const fed = graph.inputs.filter((id) => graph.values.get(id)?.constant === undefined);
  for (const [i, id] of fed.entries()) {
    const feed = feeds[i];
    if (feed !== undefined) values.set(id, feed);
  }
  for (const node of allNodes(graph)) {
    const opset = opsets.get(node.domain) ?? 1;
    if (findOp(node.domain, node.opType, opset) === undefined)
      throw new Unsupported(`${node.domain} ${node.opType} ${opset}`);
  }
  const inputDims = new Map(fed.map((id) => [id, values.get(id)?.dims ?? []]));
  const complaints: string[] = [];
  const report = (node: { opType: string }, message: string) => complaints.push(`${node.opType}: ${message}`);
  const facts = inferGraph(graph, { opsets, inputDims, constants, report });
  if (complaints.length > 0) throw new Error(`inference: ${complaints.join('; ')}`);
  for (const node of graph.nodes) {
    const opset = opsets.get(node.domain) ?? 1;
    const def = findOp(node.domain, node.opType, opset);
    if (def === undefined) throw new Unsupported(node.opType);
    const inputs = node.inputs.map((id) => (id === undefined ? undefined : values.get(id)));
    const outputs = evaluateNode(def, node, inputs, {
      kernels,
      opset,
      isConstant: (i) => constants.has(node.inputs[i] as ValueId),
      outputFacts: node.outputs.map((id) => (id === undefined ? undefined : facts.get(id))),
      body: bodiesOf(node, values, { kernels, opsets, fail: (inner, m) => failIn(inner.opType, m) }),
      fail: (m) => failIn(node.opType, m),
    });
    for (const [i, id] of node.outputs.entries()) {
      const made = outputs[i];
      if (id === undefined || made === undefined) continue;
      checkFact(`${node.opType} output ${i}`, facts.get(id), made);
      values.set(id, made);
    }
  }
  return graph.outputs.map((id) => {
    const made = values.get(id);
    if (made === undefined) throw new Error(`output ${graph.values.get(id)?.name} was not computed`);
    return made;
  });
}

function failIn(opType: string, message: string): never {
  throw new Error(`${opType}: ${message}`);
}

function checkFact(what: string, fact: TensorFact | undefined, made: Tensor): void {
  if (fact === undefined) return;
  if (fact.dtype !== made.dtype) throw new Error(`${what}: inferred ${fact.dtype}, computed ${made.dtype}`);
  const wrong = fact.dims?.some((d, i) => typeof d === 'number' && d !== made.dims[i]);
  if (fact.dims !== undefined && (wrong || fact.dims.length !== made.dims.length)) {
    throw new Error(`${what}: inferred ${formatDims(fact.dims)}, computed ${formatDims(made.dims)}`);
  }
}
