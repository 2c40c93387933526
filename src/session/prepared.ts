import type { Diagnostic } from '../base/diagnostics.ts';
import type { RequantizerFlavour } from '../base/fixedPoint.ts';
import type { Tensor } from '../base/tensor.ts';
import { compile } from '../exec/compile.ts';
import type { CompileOptions, Program } from '../exec/program.ts';
import { SignatureTable } from '../exec/signatures.ts';
import type { Facts } from '../graph/fact.ts';
import type { Graph, Node, NodeId, TensorSource, ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { bindInputs } from '../passes/bindInputs.ts';
import { prepareGraph } from '../passes/prepareGraph.ts';
import { equalizeLayers } from '../quant/equalize.ts';
import { balancedLayers } from '../quant/errors.ts';
import type { OpenModel } from './model.ts';

/** The float graph that is quantized: shapes bound, constants folded, BatchNormalization in its convolution. */
export interface Prepared {
  readonly graph: Graph;
  readonly facts: Facts;
  readonly nextNodeId: number;
  readonly nextValueId: number;
  readonly inputDims: ReadonlyMap<ValueId, readonly number[]>;
  /** The prepared node that carries out a node of the user's file; none for what was folded into constants. */
  readonly ownerOf: ReadonlyMap<NodeId, Node>;
  readonly diagnostics: readonly Diagnostic[];
  /** Shared by all programs of this graph, so that their steps can be compared. */
  readonly signatures: SignatureTable;
  readonly sources: WeakMap<object, TensorSource>;
}

/** @param fixed lengths for symbols or `input:axis`, from the config or the command line. */
export async function prepare(
  open: OpenModel,
  kernels: KernelSet,
  fixed: ReadonlyMap<string, number>,
): Promise<Prepared> {
  const bound = bindInputs(open.model, fixed, open.file);
  const ready = await prepareGraph(open.model, { inputDims: bound.inputDims, file: open.file, kernels });
  return {
    ...ready,
    inputDims: bound.inputDims,
    ownerOf: ownersIn(ready.graph),
    diagnostics: [...bound.notes, ...ready.diagnostics],
    signatures: new SignatureTable(),
    sources: new WeakMap(),
  };
}

/** The prepared graph after cross-layer equalization; it is the float model from here on. */
export async function equalized(prepared: Prepared, file: string): Promise<Prepared> {
  const { pairs, triples, ...balanced } = await equalizeLayers(prepared);
  return {
    ...prepared,
    ...balanced,
    ownerOf: ownersIn(balanced.graph),
    diagnostics: [...prepared.diagnostics, balancedLayers(file, pairs, triples)],
  };
}

/** The node of `graph` that carries out each node of the user's file. */
export function ownersIn(graph: Graph): Map<NodeId, Node> {
  const ownerOf = new Map<NodeId, Node>();
  for (const node of graph.nodes) for (const id of node.origin) ownerOf.set(id, node);
  return ownerOf;
}

export interface CompileParts {
  readonly open: OpenModel;
  readonly prepared: Prepared;
  readonly kernels: KernelSet;
  readonly requantizer: RequantizerFlavour;
}

/** Compiles the prepared graph, or its quantized form, for its bound shapes. */
export function compileGraph(
  parts: CompileParts,
  graph: Graph,
  { keep, apart, codes, signal }: Pick<CompileOptions, 'keep' | 'apart' | 'codes' | 'signal'> = {},
): Promise<Program> {
  const { open, prepared, kernels, requantizer } = parts;
  return compile(graph, {
    kernels,
    opsets: open.model.opsets,
    file: open.file,
    inputDims: prepared.inputDims,
    requantizer,
    signatures: prepared.signatures,
    ...(keep && { keep }),
    ...(apart && { apart }),
    ...(codes && { codes }),
    ...(signal && { signal }),
  });
}

/** Loads the constants a plan quantizes. */
export async function loadConstants(graph: Graph, ids: Iterable<ValueId>): Promise<Map<ValueId, Tensor>> {
  const loaded = new Map<ValueId, Tensor>();
  for (const id of ids) {
    const source = graph.values.get(id)?.constant;
    if (source !== undefined && !loaded.has(id)) loaded.set(id, await source.load());
  }
  return loaded;
}
