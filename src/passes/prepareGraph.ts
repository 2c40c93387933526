import { type Diagnostic, throwErrors } from '../base/diagnostics.ts';
import { Ids } from '../graph/build.ts';
import type { Facts } from '../graph/fact.ts';
import type { Graph, Model, ValueId } from '../graph/model.ts';
import { GraphEditor } from '../graph/patch.ts';
import { upstreamOf } from '../graph/topo.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { loadAttributeTensors } from '../ops/attributes.ts';
import { eliminateIdentity } from './eliminateIdentity.ts';
import { foldAffine } from './foldAffine.ts';
import { ConstantLoader, foldConstants } from './foldConstants.ts';
import { inferFacts } from './inferFacts.ts';
import { inlineIf } from './inlineIf.ts';
import { unfuse } from './unfuse.ts';

export interface PrepareOptions {
  readonly inputDims: ReadonlyMap<ValueId, readonly number[]>;
  readonly file: string;
  readonly kernels: KernelSet;
}

export interface PreparedGraph {
  readonly graph: Graph;
  readonly facts: Facts;
  readonly nextNodeId: number;
  readonly nextValueId: number;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The float graph that is quantized, for bound input shapes: fused nodes taken apart, branches of known conditions in
 * place of their If, constants folded, Identity, Dropout and idle Casts gone, BatchNormalization in the product before
 * it. Values keep their ids; nodes list the user's nodes they stand for.
 * @throws DiagnosticError SHP… when shapes do not work out.
 */
export async function prepareGraph(model: Model, options: PrepareOptions): Promise<PreparedGraph> {
  const { inputDims, file, kernels } = options;
  const { opsets } = model;
  const ids = new Ids(model);
  const editor = new GraphEditor(await loadAttributeTensors(model.graph), ids);
  unfuse(editor, opsets.get('') ?? 0);
  const loader = new ConstantLoader(editor);
  eliminateIdentity(editor);
  let known = await foldConstants(editor, loader, { opsets, inputDims, kernels });
  while (inlineIf(editor, loader) > 0) {
    unfuse(editor, opsets.get('') ?? 0);
    eliminateIdentity(editor);
    known = await foldConstants(editor, loader, { opsets, inputDims, kernels });
  }
  eliminateIdentity(editor, known);
  await foldAffine(editor, loader, known);
  const graph = withoutDeadNodes(editor.finish());
  const { facts, diagnostics } = inferFacts(graph, { opsets, file, inputDims, constants: loader.loaded });
  throwErrors(diagnostics);
  return { graph, facts, diagnostics, nextNodeId: ids.nextNodeId, nextValueId: ids.nextValueId };
}

/** Drops nodes that no output needs: chains of shapes that folding left without a reader. */
function withoutDeadNodes(graph: Graph): Graph {
  const needed = upstreamOf(graph, graph.outputs);
  return { ...graph, nodes: graph.nodes.filter((n) => needed.has(n.id)) };
}
