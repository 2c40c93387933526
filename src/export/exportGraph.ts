import { type Diagnostic, DiagnosticError } from '../base/diagnostics.ts';
import { PRODUCT } from '../base/product.ts';
import { Ids } from '../graph/build.ts';
import type { Facts } from '../graph/fact.ts';
import type { Graph, Model, NodeId, ValueId } from '../graph/model.ts';
import { GraphEditor } from '../graph/patch.ts';
import { isDequantize, isQuantize } from '../ops/quantNodes.ts';
import { type CentroidTables, hasNarrowIndices, putTables } from './centroidTables.ts';
import {
  fusedByRuntime,
  keptFromRuntime,
  keptInFloat,
  sameInBoth,
  signedOnX64,
  storedAsFloat,
  wideCodes,
} from './errors.ts';
import { keepFloat } from './keepFloat.ts';
import { NARROW_AND_WIDE_CODES, raiseToLater } from './laterOpsets.ts';
import { MICROSOFT, toQOperator } from './qOperator.ts';
import { raiseOpset, TARGET_OPSET } from './raiseOpset.ts';
import { hasWideCodes, putCodes, type WeightCodes } from './weightCodes.ts';

/** The first IR versions in which models of opset 13 and 21 are valid everywhere. */
const IR_VERSION = 7;
const LATER_IR_VERSION = 10;

/** QDQ: float operators between conversions, which runtimes fuse. QOPERATOR: operators on codes. */
export type ExportFormat = 'QDQ' | 'QOPERATOR';

/** A model for other runtimes, and what is to be said of it. */
export interface Exported {
  readonly model: Model;
  readonly diagnostics: readonly Diagnostic[];
}

export interface ExportParts {
  readonly format: ExportFormat;
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
  /** Weights to store as indices and centroids. */
  readonly tables?: CentroidTables;
  /** Weights to store as codes; everything else computes in float. */
  readonly weightCodes?: WeightCodes;
  /** Nodes that the plan leaves float, also where they stand between codes. */
  readonly floatNodes: ReadonlySet<NodeId>;
}

/**
 * A model that other runtimes load: opset 13 or the file's own if higher, 21 for codes of 4 or 16 bits and indices of 4, inputs of the
 * shapes it was prepared for.
 * @throws EXE150 where a node has no form at that opset, EXE151 for codes that operators on codes do not take.
 */
export async function exportGraph(parts: ExportParts): Promise<Exported> {
  const { origin, file, facts, format } = parts;
  const ids = new Ids(parts);
  const editor = new GraphEditor(parts.graph, ids);
  const from = origin.opsets.get('') ?? 0;
  const codes = laterCodes(parts.graph);
  const tables = parts.tables ?? new Map();
  const weightCodes = parts.weightCodes ?? new Map();
  const wishesLater = hasNarrowIndices(tables) || hasWideCodes(weightCodes);
  const isLater = codes.length > 0 || (wishesLater && canRaise(parts, from));
  if (format === 'QOPERATOR' && codes.length > 0) throw wideCodes({ file }, codes);
  const opset = Math.max(from, isLater ? NARROW_AND_WIDE_CODES : TARGET_OPSET);
  if (from < TARGET_OPSET) raiseOpset(editor, facts, from, file);
  if (from < opset && isLater) raiseToLater(editor, from, file);
  putTables(editor, tables, opset);
  const codedWeights = putCodes(editor, weightCodes, opset);
  for (const [id, dims] of parts.inputDims) if (editor.value(id) !== undefined) editor.updateValue(id, { dims });
  for (const id of editor.outputs) {
    const fact = facts.get(id);
    if (fact?.dims !== undefined) editor.updateValue(id, { dtype: fact.dtype, dims: fact.dims });
  }
  const diagnostics = hasSignedActivations(parts.graph) ? [signedOnX64({ file })] : [];
  if (codedWeights.float.length > 0) diagnostics.push(storedAsFloat({ file }, codedWeights.float));
  if (codedWeights.fused.length > 0) diagnostics.push(fusedByRuntime({ file }, codedWeights.fused));
  const opsets = new Map([...origin.opsets, ['', opset] as const]);
  if (format === 'QOPERATOR') {
    diagnostics.push(...(await putOnCodes(editor, parts)));
    opsets.set(MICROSOFT, 1);
  }
  const kept = keepFloat(editor, parts.floatNodes);
  if (kept.length > 0) diagnostics.push(keptFromRuntime({ file }, kept));
  const model: Model = {
    ...origin,
    graph: editor.finish(),
    opsets,
    irVersion: Math.max(origin.irVersion, isLater ? LATER_IR_VERSION : IR_VERSION),
    producer: PRODUCT.name,
    producerVersion: PRODUCT.version,
    metadata: new Map([...origin.metadata, ...parts.metadata]),
    nextNodeId: ids.nextNodeId,
    nextValueId: ids.nextValueId,
  };
  return { model, diagnostics };
}

async function putOnCodes(editor: GraphEditor, { graph, floatNodes, file }: ExportParts): Promise<Diagnostic[]> {
  if (!conversionsOf(graph).some((c) => c.isActivation)) return [sameInBoth({ file })];
  const kept = await toQOperator(editor, floatNodes);
  return kept.length === 0 ? [] : [keptInFloat({ file }, kept)];
}

/** Whether every node has a form at the opset of codes of 4 and 16 bits. */
function canRaise(parts: ExportParts, from: number): boolean {
  if (from >= NARROW_AND_WIDE_CODES) return true;
  const editor = new GraphEditor(parts.graph, new Ids(parts));
  try {
    if (from < TARGET_OPSET) raiseOpset(editor, parts.facts, from, parts.file);
    raiseToLater(editor, from, parts.file);
    return true;
  } catch (error) {
    if (error instanceof DiagnosticError) return false;
    throw error;
  }
}

const LATER_CODES: ReadonlySet<string> = new Set(['int16', 'uint16', 'int4', 'uint4']);

/** Names of values whose codes have 4 or 16 bits. */
function laterCodes(graph: Graph): string[] {
  return conversionsOf(graph).flatMap(({ dtype, name }) => (LATER_CODES.has(dtype) ? [name] : []));
}

/** Whether an activation is int8: quantized when the model runs. */
function hasSignedActivations(graph: Graph): boolean {
  return conversionsOf(graph).some(({ dtype, isActivation }) => isActivation && dtype === 'int8');
}

function conversionsOf(graph: Graph): { dtype: string; name: string; isActivation: boolean }[] {
  return graph.nodes.flatMap((node) => {
    if (!isQuantize(node) && !isDequantize(node)) return [];
    const zeroPoint = node.inputs[2];
    const codes = isQuantize(node) ? node.outputs[0] : node.inputs[0];
    const dtype = zeroPoint === undefined ? undefined : graph.values.get(zeroPoint)?.dtype;
    if (codes === undefined || dtype === undefined) return [];
    return [{ dtype, name: graph.values.get(codes)?.name ?? '', isActivation: isQuantize(node) }];
  });
}
