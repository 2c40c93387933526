import { expect, it } from 'vitest';
import { bytesOf } from '../../src/base/bytes.ts';
import { formatDiagnostic } from '../../src/base/diagnostics.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import { compile } from '../../src/exec/compile.ts';
import { checkCoverage } from '../../src/exec/coverage.ts';
import type { Model } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { readModel } from '../../src/onnx/read.ts';
import { modelBytes } from '../../src/onnx/write.ts';
import { block, type FunctionMessage, float32, int, modelMessage, tag } from './protoMessages.ts';

/** An AttributeProto of kind float that refers to the attribute `of` of its function. */
const reference = (name: string, of: string): number[] => [...block(1, name), ...int(20, 1), ...block(21, of)];
const float = (name: string, value: number): number[] => [
  ...block(1, name),
  ...tag(2, 5),
  ...float32(value),
  ...int(20, 1),
];

/** Leaky(x; slope) = LeakyRelu(x, alpha = slope) + x, through a function of its own for the sum. */
const leaky: FunctionMessage = {
  name: 'Leaky',
  in: ['x'],
  out: ['y'],
  nodes: [
    { op: 'LeakyRelu', in: ['x'], out: ['t'], attributes: [reference('alpha', 'slope')] },
    { op: 'Twice', domain: 'local', name: 'sum', in: ['t', 'x'], out: ['y'] },
  ],
  defaults: [float('slope', 0.5)],
};
const twice: FunctionMessage = {
  name: 'Twice',
  in: ['a', 'b'],
  out: ['c'],
  nodes: [{ op: 'Add', in: ['a', 'b'], out: ['c'] }],
};

const call = (name: string, from: string, to: string, ...attributes: readonly (readonly number[])[]) => ({
  op: 'Leaky',
  domain: 'local',
  name,
  in: [from],
  out: [to],
  attributes,
});

async function read(bytes: Uint8Array): Promise<Model> {
  return (await readModel(bytesOf(bytes), { file: 'f.onnx' })).model;
}

async function run({ graph, opsets }: Model, x: Tensor): Promise<Tensor | undefined> {
  const inputDims = new Map(graph.inputs.map((id) => [id, x.dims]));
  const values = new Map(
    [...graph.values].map(([id, v]) => [id, graph.inputs.includes(id) ? { ...v, dtype: x.dtype } : v]),
  );
  const options = { kernels: createJsKernels(), opsets, file: 'f.onnx', inputDims, requantizer: 'fp32' } as const;
  const program = await compile({ ...graph, values }, options);
  const outputs = program.start(new Map(graph.inputs.map((id) => [id, x]))).finish();
  return outputs.get(graph.outputs[0]!);
}

it('puts functions in place of their calls, with attributes given, preset and referred to', async () => {
  const nodes = [call('first', 'x', 'm'), call('second', 'm', 'y', float('slope', 0.25))];
  const model = await read(modelMessage({ nodes, inputs: ['x'], outputs: ['y'] }, leaky, twice));
  expect(model.functions.size).toBe(0);
  expect(checkCoverage(model, { file: 'f.onnx' })).toEqual([]);
  expect(model.graph.nodes.map((n) => [n.handle, n.opType])).toEqual([
    ['first/0', 'LeakyRelu'],
    ['first/sum/0', 'Add'],
    ['second/0', 'LeakyRelu'],
    ['second/sum/0', 'Add'],
  ]);
  const found = await run(model, tensor('float32', [2], Float32Array.of(2, -2)));
  expect(found?.data).toEqual(Float32Array.of(8, -3 * 1.25));
});

it('writes a model whose functions were expanded', async () => {
  const message = modelMessage({ nodes: [call('f', 'x', 'y')], inputs: ['x'], outputs: ['y'] }, leaky, twice);
  const again = await read(await modelBytes(await read(message), 'f.onnx'));
  expect(again.graph.nodes.map((n) => n.opType)).toEqual(['LeakyRelu', 'Add']);
});

it('leaves calls that cannot be expanded, and says why before anything runs', async () => {
  const loop: FunctionMessage = { ...twice, nodes: [{ op: 'Twice', domain: 'local', in: ['a', 'b'], out: ['c'] }] };
  const old: FunctionMessage = { ...twice, opset: 9 };
  const graph = {
    nodes: [{ op: 'Twice', domain: 'local', name: 'n', in: ['x', 'x'], out: ['y'] }],
    inputs: ['x'],
    outputs: ['y'],
  };
  const said = async (f: FunctionMessage): Promise<string[]> =>
    checkCoverage(await read(modelMessage(graph, f)), { file: 'f.onnx' }).map(formatDiagnostic);
  expect(await said(loop)).toEqual([
    expect.stringMatching(
      /^EXE303 f\.onnx, node n\/.*: local::Twice is a function of the model that cannot be expanded: its calls are nested more than 64 deep$/,
    ),
  ]);
  expect(await said(old)).toEqual([
    'EXE303 f.onnx, node n (Twice): local::Twice is a function of the model that cannot be expanded: it is written for opset 9 of ai.onnx, the model for 17',
  ]);
});
