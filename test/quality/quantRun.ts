import { type Tensor, toNumbers } from '../../src/base/tensor.ts';
import type { Program, Step, Stored } from '../../src/exec/program.ts';
import type { Model, Node, ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { evaluateNode } from '../../src/ops/evaluate.ts';
import { findOp } from '../../src/ops/registry.ts';
import { converted, copied } from '../../src/ops/storage.ts';
import { openModel } from '../../src/session/model.ts';
import { compileModel } from '../exec/golden.ts';
import { plain } from '../exec/integerSteps.ts';
import type { Values } from './ortTensors.ts';
import type { QuantCase } from './quantPairsCases.ts';

export interface OpenCase {
  readonly model: Model;
  readonly feeds: Values;
  readonly program: Program;
}

export async function openCase(c: QuantCase, kernels: KernelSet): Promise<OpenCase> {
  const { model } = await openModel(nodeFiles, c.path);
  const feeds = await c.feeds(model);
  return { model, feeds, program: await compileModel(model, feeds, kernels, { file: c.name }) };
}

/** The integer tensors that steps make or take, as far as they are values of the model; no feeds, no constants. */
export function integerValues({ model, program, feeds }: OpenCase): Set<ValueId> {
  const constants = new Set(
    [...program.graph.values.values()].filter((v) => v.constant !== undefined).map((v) => v.id),
  );
  const ids = program.steps.flatMap((s) => [...s.inputs, ...s.outputs]);
  return new Set(
    ids.filter((id): id is ValueId => {
      if (id === undefined || feeds.has(id) || constants.has(id) || !model.graph.values.has(id)) return false;
      return /^u?int(8|16|32)$/.test(program.slots.get(id)?.dtype ?? '');
    }),
  );
}

/**
 * All values that the steps make, in C order.
 *
 * @param given values that are taken as they are instead of computing them.
 */
export function runFreely({ program, feeds }: OpenCase, given: Values = new Map()): Map<ValueId, Tensor> {
  const values = new Map<ValueId, Tensor>();
  const stored = new Map<ValueId, Stored>();
  for (const [id, t] of given) {
    const layout = program.slots.get(id)?.layout ?? 'plain';
    stored.set(id, { layout, tensor: converted(t, 'plain', layout) });
  }
  const run = program.start(feeds, { given: stored, wanted: new Set(program.slots.keys()) });
  for (let step = run.advance(); step !== undefined; step = run.advance()) {
    for (const id of step.outputs) {
      const stored = run.value(id);
      if (stored !== undefined) values.set(id, copied(plain(stored)));
    }
  }
  return values;
}

/**
 * The float tensor that an integer step's output is rounded from: its nodes up to the QuantizeLinear, evaluated one by
 * one on the dequantized codes.
 */
export async function floatsBefore(
  { model, program }: OpenCase,
  step: Step,
  codes: Values,
): Promise<ArrayLike<number>> {
  const values = new Map(codes);
  const quantize = step.group.at(-1) as Node; // a group ends with one
  for (const node of step.group.slice(0, -1)) {
    for (const id of node.inputs) {
      const source = id === undefined ? undefined : program.graph.values.get(id)?.constant;
      if (id !== undefined && source !== undefined) values.set(id, await source.load());
    }
    for (const [id, t] of evaluated(model, program.kernels, node, values)) values.set(id, t);
  }
  const made = values.get(quantize.inputs[0] as ValueId);
  return made === undefined ? [] : toNumbers(made);
}

/** What one node makes of `values`, alone. */
export function evaluated(model: Model, kernels: KernelSet, node: Node, values: Values): Map<ValueId, Tensor> {
  const opset = model.opsets.get(node.domain) ?? 1;
  const fail = (message: string): never => {
    throw new Error(`${node.handle} (${node.opType}): ${message}`);
  };
  const def = findOp(node.domain, node.opType, opset) ?? fail('is not supported');
  const inputs = node.inputs.map((id) => (id === undefined ? undefined : (values.get(id) ?? fail(`no value ${id}`))));
  const isConstant = (i: number) => {
    const id = node.inputs[i];
    return id !== undefined && model.graph.values.get(id)?.constant !== undefined;
  };
  const outputs = evaluateNode(def, node, inputs, { kernels, opset, isConstant, outputFacts: [], fail });
  const made = new Map<ValueId, Tensor>();
  node.outputs.forEach((id, i) => {
    const t = outputs[i];
    if (id !== undefined && t !== undefined) made.set(id, t);
  });
  return made;
}

const ROUNDED_OTHERWISE =
  /^(FusedConv|FusedGemm|FusedMatMul|Conv|ConvTranspose|Gemm|MatMul|GlobalAveragePool|ReduceMean|BatchNormalization|Softmax|Sigmoid|HardSigmoid|Exp|Resize)$/;

/** Whether a node's floats depend on the order of a sum or on how a function is approximated: tests bound those. */
export function roundsOtherwise({ opType }: Node): boolean {
  return ROUNDED_OTHERWISE.test(opType);
}
