import { Ids } from '../graph/build.ts';
import type { Facts } from '../graph/fact.ts';
import type { Graph, Model, ValueId } from '../graph/model.ts';
import { GraphEditor } from '../graph/patch.ts';
import { isDequantize, isQuantize } from '../ops/quantNodes.ts';
import { NARROW_AND_WIDE_CODES, raiseToLater } from './laterOpsets.ts';
import { raiseOpset, TARGET_OPSET } from './raiseOpset.ts';

/** The first IR versions in which models of opset 13 and 21 are valid everywhere. */
const IR_VERSION = 7;
const LATER_IR_VERSION = 10;

export interface ExportParts {
  /** The quantized graph, with QuantizeLinear and DequantizeLinear. */
  readonly graph: Graph;
  readonly facts: Facts;
  /** The user's model: opsets, producer and metadata come from it. */
  readonly origin: Model;
  readonly file: string;
  readonly nextNodeId: number;
  readonly nextValueId: number;
  /** Shapes the graph was prepared for; inputs are declared with them. */
  readonly inputDims: ReadonlyMap<ValueId, readonly number[]>;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * A model that other runtimes load: opset 13 or the file's own if higher, 21 for codes of 4 or 16 bits, inputs of the
 * shapes it was prepared for.
 * @throws EXE150 where a node has no form at that opset.
 */
export function exportQdq(parts: ExportParts): Model {
  const { origin, file, facts } = parts;
  const ids = new Ids(parts);
  const editor = new GraphEditor(parts.graph, ids);
  const from = origin.opsets.get('') ?? 0;
  const later = hasLaterCodes(parts.graph);
  const opset = Math.max(from, later ? NARROW_AND_WIDE_CODES : TARGET_OPSET);
  if (from < TARGET_OPSET) raiseOpset(editor, facts, from, file);
  if (from < opset && later) raiseToLater(editor, from, file);
  for (const [id, dims] of parts.inputDims) if (editor.value(id) !== undefined) editor.updateValue(id, { dims });
  for (const id of editor.outputs) {
    const fact = facts.get(id);
    if (fact?.dims !== undefined) editor.updateValue(id, { dtype: fact.dtype, dims: fact.dims });
  }
  return {
    ...origin,
    graph: editor.finish(),
    opsets: new Map([...origin.opsets, ['', opset]]),
    irVersion: Math.max(origin.irVersion, later ? LATER_IR_VERSION : IR_VERSION),
    producer: 'QuantScope',
    metadata: new Map([...origin.metadata, ...parts.metadata]),
    nextNodeId: ids.nextNodeId,
    nextValueId: ids.nextValueId,
  };
}

const LATER_CODES: ReadonlySet<string> = new Set(['int16', 'uint16', 'int4', 'uint4']);

function hasLaterCodes(graph: Graph): boolean {
  return graph.nodes.some((node) => {
    const zeroPoint = isQuantize(node) || isDequantize(node) ? node.inputs[2] : undefined;
    const dtype = zeroPoint === undefined ? undefined : graph.values.get(zeroPoint)?.dtype;
    return dtype !== undefined && LATER_CODES.has(dtype);
  });
}
