import type { Tensor } from '../base/tensor.ts';
import { sourceOf } from '../graph/build.ts';
import type { Graph, ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { evaluateNode } from '../ops/evaluate.ts';
import { isDequantize } from '../ops/quantNodes.ts';
import type { Draft, PlanContext } from './draft.ts';
import { runFailed } from './errors.ts';
import type { SignatureTable } from './signatures.ts';
import { isStreamed } from './streaming.ts';

/** What the floats of one program's weights may take, in bytes; those that come later are made in every run. */
const MOST_BYTES = 1 << 28;

export interface Folded {
  readonly drafts: readonly Draft[];
  readonly context: PlanContext;
}

/**
 * Weights that steps on floats read through a DequantizeLinear become constants: their floats are made once, and packed
 * once by who reads them, not in every run.
 */
export function foldWeights(
  drafts: readonly Draft[],
  context: PlanContext,
  { kernels, signatures }: { readonly kernels: KernelSet; readonly signatures: SignatureTable },
): Folded {
  const captured = new Set(drafts.flatMap((d) => d.captures));
  const made = new Map<ValueId, Tensor>();
  let bytes = 0;
  for (const draft of drafts) {
    const [id] = draft.outputs;
    if (id === undefined || draft.form !== 'float' || !isDequantize(draft.node) || draft.lookup || draft.links)
      continue;
    if (context.kept.has(id) || captured.has(id)) continue;
    const inputs = draft.inputs.map((input) => (input === undefined ? undefined : context.constants.get(input)));
    if (draft.inputs.some((input, i) => input !== undefined && (inputs[i] === undefined || isStreamed(inputs[i]))))
      continue;
    const [codes] = inputs;
    if (codes === undefined) continue;
    const size = 4 * codes.data.length;
    if (bytes + size > MOST_BYTES) continue;
    bytes += size;
    const key = [
      draft.opset,
      draft.node.domain,
      attributesOf(draft),
      inputs.slice(1).map((t) => t && signatures.content(t)),
    ];
    made.set(
      id,
      signatures.weights.of(codes, JSON.stringify(key), () => floatsOf(draft, inputs, context, kernels)),
    );
  }
  if (made.size === 0) return { drafts, context };
  const graph = withConstants(context.graph, made);
  return {
    drafts: drafts.filter((d) => !d.outputs.some((id) => id !== undefined && made.has(id))),
    context: { ...context, graph, constants: new Map([...context.constants, ...made]) },
  };
}

function attributesOf({ node }: Draft): unknown {
  return [...node.attributes].map(([name, a]) => [name, a.kind, a.kind === 'int' ? a.value : null]);
}

function floatsOf(
  { def, node, opset, outputs }: Draft,
  inputs: readonly (Tensor | undefined)[],
  { facts, file }: PlanContext,
  kernels: KernelSet,
): Tensor {
  const outputFacts = outputs.map((id) => (id === undefined ? undefined : facts.get(id)));
  const fail = (message: string): never => {
    throw runFailed(file, node, message);
  };
  const [floats] = evaluateNode(def, node, inputs, { kernels, opset, isConstant: () => true, outputFacts, fail });
  return floats ?? fail('no output');
}

function withConstants(graph: Graph, constants: ReadonlyMap<ValueId, Tensor>): Graph {
  const isMade = (id: ValueId | undefined): boolean => id !== undefined && constants.has(id);
  const values = new Map(graph.values);
  for (const [id, tensor] of constants) {
    const value = values.get(id);
    if (value !== undefined) values.set(id, { ...value, constant: sourceOf(tensor) });
  }
  return { ...graph, nodes: graph.nodes.filter((n) => !n.outputs.some(isMade)), values };
}
