import { Ids } from '../graph/build.ts';
import type { Facts } from '../graph/fact.ts';
import type { Graph, Model, ValueId } from '../graph/model.ts';
import { GraphEditor } from '../graph/patch.ts';
import { raiseOpset, TARGET_OPSET } from './raiseOpset.ts';

/** The first IR version in which opset 13 models are valid everywhere. */
const IR_VERSION = 7;

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
 * A model that other runtimes load: opset 13 or the file's own if higher, inputs of the shapes it was prepared for.
 * @throws EXE150 where a node has no form at opset 13.
 */
export function exportQdq(parts: ExportParts): Model {
  const { origin, file, facts } = parts;
  const ids = new Ids(parts);
  const editor = new GraphEditor(parts.graph, ids);
  const from = origin.opsets.get('') ?? 0;
  if (from < TARGET_OPSET) raiseOpset(editor, facts, from, file);
  for (const [id, dims] of parts.inputDims) if (editor.value(id) !== undefined) editor.updateValue(id, { dims });
  for (const id of editor.outputs) {
    const fact = facts.get(id);
    if (fact?.dims !== undefined) editor.updateValue(id, { dtype: fact.dtype, dims: fact.dims });
  }
  return {
    ...origin,
    graph: editor.finish(),
    opsets: new Map([...origin.opsets, ['', Math.max(from, TARGET_OPSET)]]),
    irVersion: Math.max(origin.irVersion, IR_VERSION),
    producer: 'QuantScope',
    metadata: new Map([...origin.metadata, ...parts.metadata]),
    nextNodeId: ids.nextNodeId,
    nextValueId: ids.nextValueId,
  };
}
