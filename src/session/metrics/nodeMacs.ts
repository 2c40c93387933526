import { DiagnosticError } from '../../base/diagnostics.ts';
import { sizeOf } from '../../base/shape.ts';
import type { Tensor } from '../../base/tensor.ts';
import type { Facts } from '../../graph/fact.ts';
import type { Graph, Node, ValueId } from '../../graph/model.ts';
import { loadAttributeTensors, readAttributes } from '../../ops/attributes.ts';
import { findOp } from '../../ops/registry.ts';
import { bindInputs } from '../../passes/bindInputs.ts';
import { inferFacts } from '../../passes/inferFacts.ts';
import type { OpenModel } from '../model.ts';
import type { Prepared } from '../prepared.ts';

/** Constants of more elements tell no shape. */
const MOST_ELEMENTS = 256;

/**
 * Multiply-accumulates of each node of the user's file on one sample, NaN for operators without products and where
 * shapes are not known. What the bodies of loops and branches do is not counted.
 *
 * @param prepared of a run, whose shapes then hold; without one the first dimension that is open is 1.
 * @throws DiagnosticError ONX… where a constant cannot be read.
 */
export async function nodeMacs(
  { model, file, facts }: OpenModel,
  prepared: Pick<Prepared, 'inputDims' | 'facts'> | undefined,
): Promise<Float64Array> {
  const { opsets } = model;
  const graph = await loadAttributeTensors(model.graph);
  const inputDims = prepared?.inputDims ?? boundDims(model, file);
  const options = { opsets, file, constants: await smallConstants(graph), ...(inputDims && { inputDims }) };
  const bound = inferFacts(graph, options).facts;
  const factOf = (id: ValueId | undefined) =>
    id === undefined ? undefined : (prepared?.facts.get(id) ?? bound.get(id) ?? facts.get(id));
  return Float64Array.from(graph.nodes, (node) => macsOf(node, opsets.get(node.domain) ?? 1, factOf));
}

/** Those that may say a shape: of Reshape, Resize and the like. */
async function smallConstants(graph: Graph): Promise<Map<ValueId, Tensor>> {
  const loaded = new Map<ValueId, Tensor>();
  for (const { id, constant } of graph.values.values())
    if (constant !== undefined && sizeOf(constant.dims) <= MOST_ELEMENTS) loaded.set(id, await constant.load());
  return loaded;
}

/** Undefined where the file leaves more open than the first dimension. */
function boundDims(model: OpenModel['model'], file: string): ReadonlyMap<ValueId, readonly number[]> | undefined {
  try {
    return bindInputs(model, new Map(), file).inputDims;
  } catch (error) {
    if (error instanceof DiagnosticError) return undefined;
    throw error;
  }
}

class UnreadAttribute extends Error {}

function macsOf(node: Node, opset: number, factOf: (id: ValueId | undefined) => ReturnType<Facts['get']>): number {
  const def = findOp(node.domain, node.opType, opset);
  if (def?.macs === undefined) return Number.NaN;
  try {
    const attributes = readAttributes(def.attributes, node.attributes, (message) => {
      throw new UnreadAttribute(message);
    });
    return def.macs(node.inputs.map(factOf), node.outputs.map(factOf), attributes);
  } catch (error) {
    if (error instanceof UnreadAttribute) return Number.NaN; // opening the model reported it
    throw error;
  }
}
