import { isContainer } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import { int64Tensor, type Tensor } from '../base/tensor.ts';
import { sourceOf } from '../graph/build.ts';
import { hasStaticDims, type TensorFact } from '../graph/fact.ts';
import type { Node, ValueId } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';
import { subgraphsOf } from '../graph/topo.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { evaluateNode } from '../ops/evaluate.ts';
import { inferGraph } from '../ops/inferGraph.ts';
import { isDequantize } from '../ops/quantNodes.ts';
import { findOp } from '../ops/registry.ts';

/** Results larger than this many elements are left to the run. */
const LARGEST = 1 << 24;
/** Constants up to this many elements are loaded to see through shapes. */
const SMALL = 1 << 16;

export interface FoldOptions {
  readonly opsets: ReadonlyMap<string, number>;
  readonly inputDims: ReadonlyMap<ValueId, readonly number[]>;
  readonly kernels: KernelSet;
}

/** Loads constants as passes need them. */
export class ConstantLoader {
  readonly loaded = new Map<ValueId, Tensor>();
  readonly #editor: GraphEditor;

  constructor(editor: GraphEditor) {
    this.#editor = editor;
  }

  async get(id: ValueId): Promise<Tensor | undefined> {
    const known = this.loaded.get(id);
    const source = known === undefined ? this.#editor.value(id)?.constant : undefined;
    if (source === undefined) return known;
    const tensor = await source.load();
    this.loaded.set(id, tensor);
    return tensor;
  }

  async loadSmall(): Promise<void> {
    for (const node of this.#editor.nodes)
      for (const id of node.inputs) {
        const source = id === undefined ? undefined : this.#editor.value(id)?.constant;
        if (id !== undefined && source !== undefined && sizeOf(source.dims) <= SMALL) await this.get(id);
      }
  }
}

/**
 * Replaces what does not depend on the inputs' values by constants: nodes of constants only, and values that shape
 * inference knows already (a Shape of known dims). Nodes whose results are random, or too large, stay.
 *
 * @returns what is known of the values.
 */
export async function foldConstants(
  editor: GraphEditor,
  loader: ConstantLoader,
  options: FoldOptions,
): Promise<ReadonlyMap<ValueId, TensorFact>> {
  const { opsets, inputDims, kernels } = options;
  await loader.loadSmall();
  const graph = editor.finish();
  const facts = inferGraph(graph, { opsets, inputDims, constants: loader.loaded, report: () => undefined });
  const outputs = new Set(editor.outputs);
  for (const node of graph.nodes) {
    if (node.outputs.some((id) => id !== undefined && outputs.has(id))) continue;
    const known = knownOutputs(node, facts) ?? (await computed(node, editor, loader, facts, opsets, kernels));
    if (known === undefined) continue;
    node.outputs.forEach((id, i) => {
      const tensor = known[i];
      if (id === undefined || tensor === undefined) return;
      editor.updateValue(id, { dtype: tensor.dtype, dims: tensor.dims, constant: sourceOf(tensor) });
      loader.loaded.set(id, tensor);
    });
    editor.removeNode(node.id);
  }
  return facts;
}

/** All outputs, where inference knows each of them. */
function knownOutputs(node: Node, facts: ReadonlyMap<ValueId, TensorFact>): (Tensor | undefined)[] | undefined {
  const tensors = node.outputs.map((id) => (id === undefined ? undefined : knownTensor(facts.get(id))));
  return tensors.every((t, i) => t !== undefined || node.outputs[i] === undefined) ? tensors : undefined;
}

function knownTensor(fact: TensorFact | undefined): Tensor | undefined {
  if (fact?.constant !== undefined) return fact.constant;
  const { elements, dims } = fact ?? {};
  if (fact?.dtype !== 'int64' || elements === undefined || dims === undefined) return undefined;
  if (!elements.every((d) => typeof d === 'number')) return undefined;
  return int64Tensor(dims.length === 0 ? [] : [elements.length], elements as number[]); // every element is a number
}

/** The results of a node all of whose inputs are constants. */
async function computed(
  node: Node,
  editor: GraphEditor,
  loader: ConstantLoader,
  facts: ReadonlyMap<ValueId, TensorFact>,
  opsets: ReadonlyMap<string, number>,
  kernels: KernelSet,
): Promise<readonly Tensor[] | undefined> {
  const opset = opsets.get(node.domain) ?? 0;
  const def = findOp(node.domain, node.opType, opset);
  // Codes and their parameters stay together: the executor recognises them.
  if (def === undefined || def.random === true || isDequantize(node)) return undefined;
  const isConstant = (id: ValueId | undefined): boolean => id === undefined || editor.value(id)?.constant !== undefined;
  if (!node.inputs.every(isConstant) || subgraphsOf(node).length > 0) return undefined;
  const small = node.outputs.every((id) => {
    const fact = id === undefined ? undefined : facts.get(id);
    return fact !== undefined && hasStaticDims(fact) && sizeOf(fact.dims) <= LARGEST;
  });
  if (!small && node.opType !== 'Constant') return undefined;
  const inputs: (Tensor | undefined)[] = [];
  for (const id of node.inputs) inputs.push(id === undefined ? undefined : await loader.get(id));
  const fail = (): never => {
    throw new NotFoldable();
  };
  const outputFacts = node.outputs.map((id) => (id === undefined ? undefined : facts.get(id)));
  try {
    const made = evaluateNode(def, node, inputs, { kernels, opset, isConstant: () => true, outputFacts, fail });
    return made.some((t) => isContainer(t.dtype)) ? undefined : made;
  } catch (error) {
    if (error instanceof NotFoldable) return undefined; // the run will say what is wrong with it
    throw error;
  }
}

class NotFoldable extends Error {}
