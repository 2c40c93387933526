import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import type { AttributeInit } from '../models/model.ts';
import { difference } from './compare.ts';
import { expectClose, int32s, normals } from './floatCases.ts';
import { buildNode, type OneNode, runHere } from './oneNode.ts';

const [STEPS, BATCH, INPUT, HIDDEN] = [5, 3, 7, 9];
const GATES = { RNN: 1, GRU: 3, LSTM: 4 } as const;

interface Variant {
  readonly type: keyof typeof GATES;
  readonly attributes: Readonly<Record<string, AttributeInit>>;
  readonly bias?: true;
  readonly lengths?: true;
  readonly initial?: true;
  readonly peepholes?: true;
}

const VARIANTS: readonly Variant[] = [
  { type: 'RNN', attributes: {} },
  { type: 'RNN', attributes: { direction: 'reverse', activations: ['Relu'] }, bias: true, lengths: true },
  { type: 'GRU', attributes: {}, initial: true },
  { type: 'GRU', attributes: { linear_before_reset: 1 }, bias: true },
  { type: 'GRU', attributes: { direction: 'bidirectional', linear_before_reset: 1 }, bias: true, lengths: true },
  { type: 'GRU', attributes: { direction: 'bidirectional' }, bias: true, initial: true },
  { type: 'LSTM', attributes: {}, bias: true },
  { type: 'LSTM', attributes: { direction: 'bidirectional' }, bias: true, lengths: true, initial: true },
  { type: 'LSTM', attributes: { direction: 'reverse', clip: 0.4 }, peepholes: true, bias: true },
  { type: 'LSTM', attributes: { input_forget: 1 }, initial: true },
  { type: 'LSTM', attributes: { activations: ['HardSigmoid', 'Softsign', 'LeakyRelu'] }, bias: true },
];

/** @param fed inputs that are no initializers: weights then are packed in every run. */
function nodeOf({ type, attributes, ...has }: Variant, fed: readonly number[]): OneNode {
  const random = seededRandom(7);
  const directions = attributes.direction === 'bidirectional' ? 2 : 1;
  const rows = GATES[type] * HIDDEN;
  const state = () => (has.initial ? normals(random, [directions, BATCH, HIDDEN]) : undefined);
  const inputs = [
    normals(random, [STEPS, BATCH, INPUT]),
    normals(random, [directions, rows, INPUT], 0.3),
    normals(random, [directions, rows, HIDDEN], 0.3),
    has.bias ? normals(random, [directions, 2 * rows]) : undefined,
    has.lengths ? int32s([BATCH], [STEPS, 2, 3]) : undefined,
    state(),
    ...(type === 'LSTM' ? [state(), has.peepholes ? normals(random, [directions, 3 * HIDDEN]) : undefined] : []),
  ];
  while (inputs.at(-1) === undefined) inputs.pop();
  return {
    type,
    domain: '',
    opset: 14,
    inputs,
    fed,
    attributes: { hidden_size: HIDDEN, ...attributes },
    outputs: type === 'LSTM' ? 3 : 2,
  };
}

describe('recurrent networks', () => {
  let engines: readonly KernelSet[];
  beforeAll(async () => {
    engines = await Promise.all(ENGINES.map((e) => e.create()));
  });

  it.each(VARIANTS)('$type $attributes computes what ONNX Runtime computes', async (variant) => {
    for (const fed of [[0], [0, 1, 2]]) {
      // Each step sums products of inputs and state; what it is off by passes through all steps after it.
      await expectClose(nodeOf(variant, fed), STEPS * (INPUT + HIDDEN), engines, 1);
    }
  });

  it.each(VARIANTS)('$type $attributes of float64 is what float32 comes close to', async (variant) => {
    const node = nodeOf(variant, [0, 1, 2]);
    const wide = {
      ...node,
      inputs: node.inputs.map((t) =>
        t?.dtype === 'float32' ? tensor('float64', t.dims, Float64Array.from(t.data as Float32Array)) : t,
      ),
    };
    for (const kernels of engines) {
      const found = await runHere(await buildNode(node), kernels);
      const exact = await runHere(await buildNode(wide), kernels);
      exact.forEach((t, i) => {
        expect(t.dtype).toBe('float64');
        const rounded = tensor('float32', t.dims, Float32Array.from(t.data as Float64Array));
        const steps = 4 * (Math.sqrt(STEPS * (INPUT + HIDDEN)) / 2 + 2);
        expect(difference(found[i] as Tensor, rounded, steps, steps * 2 ** -23)).toBeUndefined();
      });
    }
  });
});
