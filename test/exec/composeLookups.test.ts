import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { tensor } from '../../src/base/tensor.ts';
import { compile } from '../../src/exec/compile.ts';
import type { ValueId } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { type BuiltModel, model } from '../models/model.ts';
import { valuesOf } from './reference.ts';

const DIMS = [2, 5, 7, 3];

function feedsOf(built: BuiltModel) {
  const random = seededRandom(5);
  const feeds = new Map<ValueId, ReturnType<typeof tensor<'float32'>>>();
  for (const id of built.model.graph.inputs) {
    const data = Float32Array.from({ length: sizeOf(DIMS) }, () => 3 * random.normal());
    feeds.set(id, tensor('float32', DIMS, data));
  }
  return feeds;
}

/** x, as codes with their parameters. */
function start() {
  return model().input('x', DIMS).quantizeDequantize(0.05, 117);
}

describe.each(['js', 'wasm'] as const)('a chain of element-wise steps on codes, on %s', (engine) => {
  let kernels: KernelSet;

  beforeAll(async () => {
    kernels = engine === 'js' ? createJsKernels() : await wasmKernels();
  });

  /** Checks the outputs against node by node, to the last bit; the operators of the integer steps. */
  async function stepsOf(built: BuiltModel, keep: ReadonlySet<ValueId> = new Set()): Promise<string[]> {
    const { graph, opsets } = built.model;
    const feeds = feedsOf(built);
    const inputDims = new Map([...feeds.keys()].map((id) => [id, DIMS] as const));
    const program = await compile(graph, { kernels, opsets, file: 'chain', inputDims, requantizer: 'fp32', keep });
    const expected = await valuesOf(graph, feeds, opsets, kernels);
    const outputs = program.start(feeds, { poison: true }).finish();
    for (const [id, t] of outputs) expect(t).toEqual(expected.get(id));
    expect(outputs.size).toBeGreaterThan(0);
    const steps = program.steps.filter((s) => s.form === 'integer').map((s) => s.node.opType);
    program.release();
    return steps;
  }

  it('is one lookup: x * Sigmoid(x) reads x once', async () => {
    const net = start();
    const x = net.current;
    net.elementwise('Sigmoid').quantizeDequantize(1 / 256, 0);
    net.elementwise('Mul', [x]).quantizeDequantize(0.03, 9);
    expect(await stepsOf(net.build())).toEqual(['Mul']);
  });

  it('takes in numbers, whether quantized or left float: x * Clip(x + 3) / 6', async () => {
    const net = start();
    const x = net.current;
    net.floats('s', [], [0.02]).constant('z', tensor('uint8', [], Uint8Array.of(0)));
    net.constant('codes', tensor('uint8', [1], Uint8Array.of(150)));
    net.node('DequantizeLinear', { inputs: ['codes', 's', 'z'], outputs: ['three'] });
    net.at(x).elementwise('Add', ['three']).quantizeDequantize(0.07, 120);
    net.floats('zero', [], [0]).floats('six', [1], [6]).elementwise('Clip', ['zero', 'six']);
    net
      .quantizeDequantize(6 / 255, 0)
      .elementwise('Mul', [x])
      .quantizeDequantize(0.3, 12, 'int8');
    net.elementwise('Div', ['six']).quantizeDequantize(0.05, 20);
    expect(await stepsOf(net.build())).toEqual(['Div']);
  });

  it('puts a number on the left where it stands there: 1 - x, then 1 / that', async () => {
    const net = start().floats('one', [1, 1], [1]);
    for (const type of ['Sub', 'Div']) {
      const x = net.current;
      net.at('one').elementwise(type, [x]).quantizeDequantize(0.06, 100);
    }
    expect(await stepsOf(net.build())).toEqual(['Div']);
  });

  it('ends at a value that somebody keeps, and goes on from there', async () => {
    const net = start();
    const x = net.current;
    net.elementwise('Sigmoid').quantizeDequantize(1 / 256, 0);
    const codes = net.current.replace('_dq_out', '_q_out');
    net.elementwise('Mul', [x]).quantizeDequantize(0.03, 9).elementwise('Tanh').quantizeDequantize(0.01, 128);
    const built = net.build();
    const id = built.ids.get(codes);
    expect(id).toBeDefined();
    expect(await stepsOf(built, new Set([id!]))).toEqual(['Sigmoid', 'Mul', 'Tanh']);
  });

  it('keeps a step that another one still reads', async () => {
    const net = start();
    net.elementwise('Sigmoid').quantizeDequantize(1 / 256, 0);
    const gate = net.current;
    net.elementwise('Tanh').quantizeDequantize(1 / 128, 0, 'int8');
    const end = net.current;
    net
      .at(gate)
      .maxPool(2)
      .quantizeDequantize(1 / 256, 0);
    expect((await stepsOf(net.output(end, net.current).build())).sort()).toEqual(['MaxPool', 'Sigmoid', 'Tanh']);
  });

  it('does not join what starts at two values, or has a constant of several numbers', async () => {
    const net = start();
    const x = net.current;
    net
      .input('y', DIMS)
      .quantizeDequantize(0.04, 90)
      .elementwise('Sigmoid')
      .quantizeDequantize(1 / 256, 0);
    net.elementwise('Mul', [x]).quantizeDequantize(0.03, 9);
    net.floats('s', [], [0.02]).constant('z', tensor('uint8', [], Uint8Array.of(0)));
    const product = net.current;
    net.constant('codes', tensor('uint8', [3], Uint8Array.of(50, 100, 150)));
    net.node('DequantizeLinear', { inputs: ['codes', 's', 'z'], outputs: ['row'] });
    net.at(product).elementwise('Add', ['row']).quantizeDequantize(0.05, 9);
    expect(await stepsOf(net.build())).toEqual(['Sigmoid', 'Mul', 'Add']);
  });
});
