import { rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { tensor } from '../../../src/base/tensor.ts';
import { nodeFiles } from '../../../src/node/files.ts';
import { bindInputs } from '../../../src/passes/bindInputs.ts';
import { fileBytes } from '../../../src/session/metrics/constantBytes.ts';
import { nodeMacs } from '../../../src/session/metrics/nodeMacs.ts';
import { type OpenModel, openModel } from '../../../src/session/model.ts';
import { constantBytes } from '../../../src/session/sizes.ts';
import { describeWithShared, inventory, sharedData } from '../../helpers/sharedData.ts';
import { type ModelBuilder, model } from '../../models/model.ts';
import { folder, open, quantized } from '../weights.ts';

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Multiply-accumulates by node, asked for before any run. */
async function macsOf(builder: ModelBuilder): Promise<number[]> {
  const session = await open(builder);
  return Array.from((await session.metrics.column({ metric: 'macs', of: 'worst' })).values);
}

describe('multiply-accumulates', () => {
  test('of convolutions: output elements times the window of a group', async () => {
    const conv = model()
      .input('x', [2, 6, 9, 7])
      .conv({ name: 'plain', channels: 8, kernel: 3 })
      .conv({ name: 'strided', channels: 4, kernel: 5, stride: 2, group: 2 })
      .relu()
      .conv({ name: 'depthwise', channels: 4, kernel: 3, group: 4 });
    const strided = 2 * 4 * 5 * 4; // [2, 4, 5, 4]: (9 + 4 - 5) / 2 + 1, (7 + 4 - 5) / 2 + 1
    expect(await macsOf(conv)).toEqual([2 * 8 * 9 * 7 * 6 * 9, strided * 4 * 25, Number.NaN, strided * 9]);
  });

  test('of a transposed convolution: input elements times its weights per input channel', async () => {
    const transposed = model()
      .input('x', [1, 3, 5, 5])
      .floats('w', [3, 4, 2, 2])
      .node('ConvTranspose', { inputs: ['x', 'w'], attributes: { strides: [2, 2] } });
    expect(await macsOf(transposed)).toEqual([3 * 25 * 4 * 4]);
  });

  test('of matrix products: output elements times the common length', async () => {
    const products = model()
      .input('a', [5, 7])
      .floats('b', [5, 3])
      .node('Gemm', { inputs: ['a', 'b'], outputs: ['g'], attributes: { transA: 1 } }) // [7, 3]
      .input('l', [2, 4, 6, 8])
      .input('r', [4, 8, 9])
      .node('MatMul', { inputs: ['l', 'r'], outputs: ['m'] }) // [2, 4, 6, 9]
      .floats('v', [8])
      .node('MatMul', { inputs: ['l', 'v'], outputs: ['n'] }) // [2, 4, 6]
      .node('Einsum', { inputs: ['l', 'r'], outputs: ['e'], attributes: { equation: 'bhik,hkj->bhij' } })
      .node('Einsum', { inputs: ['l'], outputs: ['t'], attributes: { equation: 'bhik->bhki' } })
      .output('g', 'm', 'n', 'e', 't');
    const batched = 2 * 4 * 6 * 9 * 8;
    expect(await macsOf(products)).toEqual([7 * 3 * 5, batched, 2 * 4 * 6 * 8, batched, Number.NaN]);
  });

  test('of recurrences: every step and direction meets all weights', async () => {
    const lstm = model()
      .input('x', [11, 2, 5])
      .floats('w', [2, 12, 5])
      .floats('r', [2, 12, 3])
      .node('LSTM', { inputs: ['x', 'w', 'r'], attributes: { hidden_size: 3, direction: 'bidirectional' } });
    expect(await macsOf(lstm)).toEqual([11 * 2 * 2 * 12 * (5 + 3)]);
  });

  test('of products of codes are those of the floats', async () => {
    const integer = model()
      .input('a', [4, 6], 'uint8')
      .input('b', [6, 3], 'int8')
      .node('MatMulInteger', { inputs: ['a', 'b'], outputs: ['y'] })
      .input('x', [1, 2, 4, 4], 'uint8')
      .input('w', [5, 2, 3, 3], 'uint8')
      .node('ConvInteger', { inputs: ['x', 'w'], outputs: ['c'] })
      .output('y', 'c');
    expect(await macsOf(integer)).toEqual([4 * 3 * 6, 5 * 4 * 2 * 9]);
  });

  test('take an open batch as one, and are unknown where more is open', async () => {
    const product = (dims: readonly (number | string)[]): ModelBuilder =>
      model()
        .input('x', dims)
        .floats('w', [6, 2])
        .node('MatMul', { inputs: ['x', 'w'] });
    expect(await macsOf(product(['N', 6]))).toEqual([12]);
    expect(await macsOf(product(['N', 'T', 6]))).toEqual([Number.NaN]);
  });

  test('are known behind a Reshape and a Resize whose shape a constant says', async () => {
    const builder = model()
      .input('x', [1, 2, 4, 4])
      .floats('scales', [4], [1, 1, 2, 2])
      .node('Resize', { inputs: ['x', '', 'scales'], outputs: ['r'] })
      .floats('w', [3, 2, 1, 1])
      .node('Conv', { inputs: ['r', 'w'], outputs: ['c'] })
      .ints('shape', [2], [1, -1])
      .node('Reshape', { inputs: ['c', 'shape'], outputs: ['f'] })
      .floats('m', [192, 5])
      .node('MatMul', { inputs: ['f', 'm'], outputs: ['y'] });
    expect(await macsOf(builder)).toEqual([Number.NaN, 3 * 64 * 2, Number.NaN, 192 * 5]);
  });

  test('are the run’s where the config gives lengths', async () => {
    const builder = model()
      .input('x', ['N', 'T', 6])
      .floats('w', [6, 2])
      .node('MatMul', { inputs: ['x', 'w'] });
    const { session } = await quantized(builder, { common: ['min_quant_weight_size=0'], ours: ['fixed_dims=N:3,T:5'] });
    expect((await session.metrics.column({ metric: 'macs', of: 'mean' })).values).toEqual(Float64Array.of(3 * 5 * 12));
  });
});

/** Multiply-accumulates of MobileNetV2 by the table of its paper: expansion t, channels c, blocks n, stride s. */
function mobileNetV2(size: number): number {
  const table = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ] as const;
  let side = Math.ceil(size / 2);
  let channels = 32;
  let total = side ** 2 * channels * 3 * 9;
  for (const [t, c, n, s] of table) {
    for (let i = 0; i < n; i++) {
      const inner = channels * t;
      if (t > 1) total += side ** 2 * channels * inner;
      if (i === 0) side = Math.ceil(side / s);
      total += side ** 2 * inner * (9 + c);
      channels = c;
    }
  }
  return total + side ** 2 * 320 * 1280 + 1280 * 1000;
}

describeWithShared('MobileNetV2', () => {
  const sum = (values: Float64Array): number => values.reduce((a, b) => a + (Number.isNaN(b) ? 0 : b), 0);
  const withInput = (opened: OpenModel, size: number): Promise<Float64Array> => {
    const bound = bindInputs(opened.model, new Map(), opened.file).inputDims;
    const inputDims = new Map([...bound].map(([id, dims]) => [id, [...dims.slice(0, 2), size, size]]));
    return nodeMacs(opened, { inputDims, facts: new Map() });
  };

  test('takes 301 million multiply-accumulates at 224 × 224, float or quantized', async () => {
    expect(mobileNetV2(224)).toBe(300_774_272);
    for (const path of [
      'models/derived/mobilenet_v2_float_from_qdq.onnx',
      'quant-pairs/mobilenet_v2_torchvision_qdq/model.onnx',
    ]) {
      const opened = await openModel(nodeFiles, sharedData(path));
      expect(sum(await withInput(opened, 224)), path).toBe(300_774_272);
      expect(sum(await nodeMacs(opened, undefined)), path).toBe(mobileNetV2(244));
    }
  });
});

describeWithShared('models of all kinds', () => {
  test.each([
    'models/nlp/tfbert_qa_tiny.onnx',
    'models/det/yolox_nano_416.onnx',
    'models/face/yunet_n_320_320.onnx',
    'models/audio/dtln_2.onnx',
  ])('%s takes as many multiply-accumulates as the inventory counted', async (path) => {
    const counted = Number(inventory().find((row) => row.path === path)?.['MACs(golden shape)']);
    const values = await nodeMacs(await openModel(nodeFiles, sharedData(path)), undefined);
    expect(counted).toBeGreaterThan(0);
    expect(values.reduce((a, b) => a + (Number.isNaN(b) ? 0 : b), 0)).toBe(counted);
  });
});

describe('bytes', () => {
  test('stand at the first node that reads a constant, Constant nodes included', async () => {
    const builder = model()
      .input('x', [1, 4])
      .floats('w', [4, 4])
      .floats('only', [1, 4])
      .node('MatMul', { inputs: ['x', 'w'], outputs: ['a'] })
      .node('Relu', { inputs: ['a'], outputs: ['r'] })
      .node('MatMul', { inputs: ['r', 'w'], outputs: ['b'] })
      .node('Constant', {
        inputs: [],
        outputs: ['c'],
        attributes: { value: tensor('float32', [3, 4], new Float32Array(12)) },
      })
      .node('Add', { inputs: ['b', 'only'], outputs: ['d'] })
      .node('Add', { inputs: ['d', 'c'], outputs: ['y'] });
    const bytes = [64, Number.NaN, Number.NaN, Number.NaN, 16, 48];
    const { graph } = builder.build().model;
    expect(Array.from(fileBytes(graph))).toEqual(bytes);
    expect(constantBytes(graph)).toBe(64 + 16 + 48);
  });

  test('are those of the packed form where weights are stored in one', async () => {
    const builder = model({ seed: 2 })
      .input('x', [8, 64])
      .matMul({ name: 'a', units: 64 })
      .relu()
      .matMul({ name: 'b', units: 32 });
    const { session, run } = await quantized(builder, { common: ['bit_num=4'] });
    const { values } = await session.metrics.column({ metric: 'bytes', of: 'mean' });
    const taken = run.sizes.weights.map((w) => w.codeBytes + w.parameterBytes);
    expect(taken).toHaveLength(2);
    expect(Array.from(values)).toEqual([taken[0], Number.NaN, taken[1]]);
    expect(taken[0]).toBeLessThan(64 * 64);
  });
});
