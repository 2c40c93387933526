import { isNumericDType, newArray } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Node } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { readAttributes } from './attributes.ts';
import type { OpDef, RunContext } from './opDef.ts';
import { converted } from './storage.ts';

export interface EvaluateOptions {
  readonly kernels: KernelSet;
  readonly opset: number;
  /** Which inputs are constants, given to `prepare`. */
  readonly isConstant: (index: number) => boolean;
  /** Facts of the outputs, as inferred; missing ones are taken from the inputs' shapes alone. */
  readonly outputFacts: readonly (TensorFact | undefined)[];
  /** Runs the graph in attribute `name`; needed for nodes that have one. */
  readonly body?: (name: string, inputs: readonly Tensor[]) => readonly Tensor[];
  /** Reports at the node and unwinds. */
  fail(message: string): never;
}

/** Runs one node on plain tensors and returns plain tensors on the heap: the reference that plans are checked against. */
export function evaluateNode(
  def: OpDef,
  node: Node,
  inputs: readonly (Tensor | undefined)[],
  options: EvaluateOptions,
): readonly Tensor[] {
  const { kernels, fail } = options;
  const attributes = readAttributes(def.attributes, node.attributes, fail);
  const facts = inputs.map((t) => (t === undefined ? undefined : { dtype: t.dtype, dims: t.dims }));
  const constants = inputs.map((t, i) => (options.isConstant(i) ? t : undefined));
  const prepared = def.prepare?.({
    attributes,
    kernels,
    constants,
    facts: facts.map((f, i) => (f !== undefined && constants[i] !== undefined ? { ...f, constant: constants[i] } : f)),
    outputs: options.outputFacts.filter((f) => f !== undefined),
  });
  const layout = def.layout.kind === 'nhwc' ? 'nhwc' : 'plain';
  const imageInputs = def.layout.kind === 'nhwc' ? def.layout.inputs : [];
  const stored = inputs.map((t, i) => (t !== undefined && imageInputs.includes(i) ? converted(t, 'plain', layout) : t));
  const context: RunContext<typeof attributes & Record<string, never>> = {
    attributes: attributes as never, // read by the definition's own specs
    kernels,
    inputs: stored,
    outputCount: node.outputs.length,
    opset: options.opset,
    layout,
    prepared,
    clamp: { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY },
    input: (i) => stored[i] ?? fail(`input ${i} is missing`),
    output: (_, dtype, dims) =>
      tensor(dtype, dims, (isNumericDType(dtype) ? newArray(dtype, sizeOf(dims)) : new Array(sizeOf(dims))) as never),
    scratch: newArray,
    body: options.body ?? ((name) => fail(`the graph in attribute ${name} cannot be run here`)),
    fail,
  };
  const outputs = def.run(context as never);
  releasePrepared(prepared);
  return outputs.map((t) => (layout === 'nhwc' && t.dims.length === 4 ? converted(t, 'nhwc', 'plain') : t));
}

/** Gives back what `prepare` packed, where it can be given back. */
export function releasePrepared(prepared: unknown): void {
  if (typeof prepared === 'object' && prepared !== null && 'release' in prepared) {
    const { release } = prepared;
    if (typeof release === 'function') release.call(prepared);
  }
}
