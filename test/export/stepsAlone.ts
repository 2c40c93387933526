import { invariant } from '../../src/base/diagnostics.ts';
import type { Tensor } from '../../src/base/tensor.ts';
import type { Model, Node, ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { evaluateNode } from '../../src/ops/evaluate.ts';
import { findOp } from '../../src/ops/registry.ts';
import { runOrt, type Values } from '../quality/ortTensors.ts';

/** A node of an exported model, run here on what ONNX Runtime fed its own. */
export interface StepAlone {
  readonly node: Node;
  readonly ours: readonly Tensor[];
  readonly theirs: readonly (Tensor | undefined)[];
}

/**
 * Runs every wanted node alone on the tensors of ONNX Runtime's unoptimized run.
 * @param feeds by the model's own ids.
 */
export async function stepsAlone(
  model: Model,
  feeds: Values,
  options: { readonly kernels: KernelSet; readonly folder: string; readonly wants: (node: Node) => boolean },
): Promise<StepAlone[]> {
  const nodes = model.graph.nodes.filter(options.wants);
  const touched = nodes.flatMap((n) => [...n.inputs, ...n.outputs]).filter((id) => id !== undefined);
  const wanted = touched.filter((id) => model.graph.values.get(id)?.constant === undefined);
  const { values } = await runOrt(model, feeds, { folder: options.folder, level: 'disabled', wanted });
  const theirOf = (id: ValueId | undefined): Tensor | undefined => (id === undefined ? undefined : values.get(id));
  const steps: StepAlone[] = [];
  for (const node of nodes) {
    const theirs = node.outputs.map(theirOf);
    const inputs: (Tensor | undefined)[] = [];
    for (const id of node.inputs) {
      const constant = id === undefined ? undefined : model.graph.values.get(id)?.constant;
      inputs.push(constant === undefined ? theirOf(id) : await constant.load());
    }
    steps.push({ node, ours: runAlone(model, node, inputs, options.kernels), theirs });
  }
  return steps;
}

function runAlone(model: Model, node: Node, inputs: readonly (Tensor | undefined)[], kernels: KernelSet) {
  const opset = model.opsets.get(node.domain) ?? 1;
  const op = findOp(node.domain, node.opType, opset);
  const fail = (message: string): never => {
    throw new Error(`${node.handle}: ${message}`);
  };
  invariant(op !== undefined, `${node.opType} is an operator we run`);
  const isConstant = (i: number): boolean => {
    const id = node.inputs[i];
    return id !== undefined && model.graph.values.get(id)?.constant !== undefined;
  };
  return evaluateNode(op, node, inputs, { kernels, opset, isConstant, outputFacts: [], fail });
}

/** How many elements differ; a NaN equals a NaN. */
export function differing({ ours, theirs }: StepAlone): number {
  let count = 0;
  ours.forEach((t, o) => {
    const other = theirs[o];
    if (other === undefined) throw new Error('ONNX Runtime hands out every wanted value');
    if (t.dims.join() !== other.dims.join() || t.dtype !== other.dtype)
      throw new Error(`${t.dtype} [${t.dims}] here, ${other.dtype} [${other.dims}] there`);
    for (let i = 0; i < t.data.length; i++) if (!Object.is(norm(t.data[i]), norm(other.data[i]))) count++;
  });
  return count;
}

/** The largest difference of codes. */
export function mostApart({ ours, theirs }: StepAlone): number {
  let most = 0;
  ours.forEach((t, o) => {
    for (let i = 0; i < t.data.length; i++)
      most = Math.max(most, Math.abs(Number(t.data[i]) - Number(theirs[o]?.data[i])));
  });
  return most;
}

/** -0 counts as 0. */
function norm(x: unknown): unknown {
  return x === 0 ? 0 : x;
}

/** The operators that a dynamic model is made of beside those of the float model. */
const DYNAMIC: ReadonlySet<string> = new Set([
  ...[
    'DynamicQuantizeLinear',
    'MatMulInteger',
    'ConvInteger',
    'Reshape',
    'Cast',
    'Mul',
    'Add',
    'Sub',
    'Div',
    'Abs',
    'Round',
    'Sign',
  ],
  ...['Greater', 'Where', 'Max', 'Min', 'ReduceMax', 'ReduceMin', 'Gather', 'DequantizeLinear', 'Transpose', 'MatMul'],
]);

/** Runs the nodes of a dynamic model alone; a product that was left float, whose sums have an order of their own, is not among them. */
export async function dynamicSteps(
  model: Model,
  feeds: Values,
  options: { readonly kernels: KernelSet; readonly folder: string; readonly isOurs: (node: Node) => boolean },
): Promise<StepAlone[]> {
  const wants = (node: Node): boolean => DYNAMIC.has(node.opType) && options.isOurs(node);
  const steps = await stepsAlone(model, feeds, { ...options, wants });
  return steps.filter(({ node, theirs }) => node.opType !== 'MatMul' || theirs[0]?.dtype !== 'float32');
}
