import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { expectClose, normals } from './floatCases.ts';
import { buildNode, runHere } from './oneNode.ts';

let engines: readonly KernelSet[];
beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

describe('FusedConv computes what ONNX Runtime computes', () => {
  const ACTIVATIONS = [
    { activation: 'Relu' },
    { activation: 'Tanh' },
    { activation: 'Sigmoid' },
    { activation: 'LeakyRelu', activation_params: { kind: 'floats', value: [0.2] } },
    { activation: 'Clip', activation_params: { kind: 'floats', value: [-0.5, 0.75] } },
    { activation: 'HardSigmoid', activation_params: { kind: 'floats', value: [0.2, 0.5] } },
  ] as const;

  it.each(ACTIVATIONS)('$activation after a convolution, with and without a bias', async (attributes) => {
    const random = seededRandom(3);
    const [x, w, b] = [normals(random, [2, 3, 7, 6]), normals(random, [5, 3, 3, 3]), normals(random, [5])];
    const pads = { pads: [1, 1, 1, 1], strides: [2, 1] };
    await expectClose({ type: 'FusedConv', inputs: [x, w], attributes: { ...attributes, ...pads } }, 27, engines);
    await expectClose({ type: 'FusedConv', inputs: [x, w, b], attributes: { ...attributes, ...pads } }, 27, engines);
  });

  it('adds a tensor before the activation', async () => {
    const random = seededRandom(4);
    const inputs = [
      normals(random, [1, 4, 5, 5]),
      normals(random, [6, 4, 3, 3]),
      normals(random, [6]),
      normals(random, [1, 6, 3, 3]),
    ];
    for (const activation of ['', 'Relu', 'Tanh']) {
      const attributes = activation === '' ? {} : { activation };
      await expectClose({ type: 'FusedConv', inputs, fed: [0, 3], attributes }, 36, engines);
      const withoutBias = inputs.map((t, i) => (i === 2 ? undefined : t));
      await expectClose({ type: 'FusedConv', inputs: withoutBias, fed: [0, 3], attributes }, 36, engines);
    }
  });

  it('runs over one spatial dimension, in groups, and with a weight that another node computes', async () => {
    const random = seededRandom(5);
    const inputs = [normals(random, [2, 4, 9]), normals(random, [6, 2, 3])];
    const attributes = { activation: 'Relu', group: 2 };
    await expectClose({ type: 'FusedConv', inputs, attributes }, 6, engines);
    await expectClose({ type: 'FusedConv', inputs, attributes, fed: [0, 1] }, 6, engines);
  });

  it('names an activation it does not know', async () => {
    const random = seededRandom(6);
    const inputs = [normals(random, [1, 1, 3, 3]), normals(random, [1, 1, 1, 1])];
    const built = await buildNode({ type: 'FusedConv', inputs, attributes: { activation: 'Sine' } });
    await expect(runHere(built, engines[0] as KernelSet)).rejects.toThrow('activation Sine is not known');
  });
});

describe('FusedGemm computes what ONNX Runtime computes', () => {
  it.each(['Relu', 'Tanh', 'Sigmoid'])('%s after a product', async (activation) => {
    const random = seededRandom(7);
    const inputs = [normals(random, [4, 9]), normals(random, [9, 5]), normals(random, [5])];
    await expectClose({ type: 'FusedGemm', inputs, attributes: { activation } }, 9, engines);
    await expectClose({ type: 'FusedGemm', inputs: inputs.slice(0, 2), attributes: { activation } }, 9, engines);
  });

  it('takes the parameters of its activation, alpha, beta and transposed operands', async () => {
    const random = seededRandom(8);
    const inputs = [normals(random, [9, 4]), normals(random, [5, 9]), normals(random, [4, 1])];
    const attributes = { activation: 'LeakyRelu', activation_alpha: 0.25, alpha: 0.5, beta: 1.5, transA: 1, transB: 1 };
    await expectClose({ type: 'FusedGemm', inputs, attributes }, 9, engines);
  });
});

describe('FusedMatMul and TransposeMatMul compute what ONNX Runtime computes', () => {
  const CASES: readonly {
    readonly a: readonly number[];
    readonly b: readonly number[];
    readonly attributes: Record<string, number>;
  }[] = [
    { a: [3, 7], b: [7, 4], attributes: { alpha: 0.125 } },
    { a: [7, 3], b: [7, 4], attributes: { transA: 1 } },
    { a: [3, 7], b: [4, 7], attributes: { transB: 1, alpha: 0.5 } },
    { a: [2, 5, 3, 7], b: [2, 5, 4, 7], attributes: { transB: 1 } },
    { a: [2, 5, 7, 3], b: [2, 5, 4, 7], attributes: { transA: 1, transB: 1 } },
    { a: [2, 5, 3, 7], b: [5, 7, 4], attributes: { alpha: -1.5 } },
    { a: [3, 7], b: [2, 4, 7], attributes: { transB: 1 } },
  ];

  it.each(CASES)('$a times $b with $attributes', async ({ a, b, attributes }) => {
    const random = seededRandom(9);
    const inputs = [normals(random, a), normals(random, b)];
    await expectClose({ type: 'FusedMatMul', inputs, attributes }, 7, engines);
    await expectClose({ type: 'FusedMatMul', inputs, attributes, fed: [0, 1] }, 7, engines);
    await expectClose({ type: 'TransposeMatMul', inputs, attributes }, 7, engines);
  });

  it('takes operands whose batch lies behind the first dimension', async () => {
    const random = seededRandom(10);
    const batchA = { transBatchA: 1 };
    const a = normals(random, [3, 2, 5, 7]);
    await expectClose(
      { type: 'FusedMatMul', inputs: [a, normals(random, [2, 5, 7, 4])], attributes: batchA },
      7,
      engines,
    );
    const both = { transBatchA: 1, transBatchB: 1, transB: 1 };
    await expectClose(
      { type: 'FusedMatMul', inputs: [a, normals(random, [4, 2, 5, 7])], attributes: both },
      7,
      engines,
    );
  });
});
