import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import type { AttributeInit } from '../models/model.ts';
import { difference } from './compare.ts';
import { expectClose, int32s, normals } from './floatCases.ts';
import { buildNode, runHere } from './oneNode.ts';

type Attributes = Readonly<Record<string, AttributeInit>>;
const int64s = (values: readonly number[]) => tensor('int64', [values.length], BigInt64Array.from(values, BigInt));
const floats = (values: readonly number[]) => tensor('float32', [values.length], Float32Array.from(values));
const bools = (dims: readonly number[]) =>
  tensor(
    'bool',
    dims,
    Uint8Array.from({ length: sizeOf(dims) }, (_, i) => ((i * 5) % 3) & 1),
  );

describe('operators on float kernels compute what ONNX Runtime computes', () => {
  let engines: readonly KernelSet[];
  beforeAll(async () => {
    engines = await Promise.all(ENGINES.map((e) => e.create()));
  });

  const check = (type: string, inputs: readonly Tensor[], attributes: Attributes = {}, products = 1, terms = 0) =>
    expectClose({ type, domain: '', opset: 18, inputs, attributes }, products, engines, terms);
  const x = (dims: readonly number[], scale = 1) => normals(seededRandom(dims.length + sizeOf(dims)), dims, scale);

  it.each([0, 1, 2, 3])('Softmax and LogSoftmax over axis %s', async (axis) => {
    for (const type of ['Softmax', 'LogSoftmax']) await check(type, [x([3, 5, 2, 9], 4)], { axis }, 9, 16);
  });

  it.each([[[0]], [[1]], [[3]], [[1, 2]], [[2, 3]], [[0, 3]], [[0, 1, 2, 3]]])('reductions over %s', async (axes) => {
    const types = ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'];
    for (const type of types) {
      for (const keepdims of [0, 1]) {
        await check(type, [x([2, 5, 4, 7]), int64s(axes)], { keepdims }, 280, 4);
      }
    }
  });

  it.each([1, 2, 3])('LayerNormalization from axis %s on', async (axis) => {
    const rest = [3, 4, 5].slice(axis - 1);
    await check('LayerNormalization', [x([2, 3, 4, 5], 3), x(rest), x([...rest])], { axis }, 60, 4);
    await check('LayerNormalization', [x([2, 3, 4, 5], 3), x([5])], { axis: 3 }, 60, 4);
  });

  it.each([[[2, 5, 6, 7]], [[1, 3, 9, 1]], [[2, 4, 6]]])('normalizations of channels of %s', async (dims) => {
    const channel = () => x([dims[1] as number]);
    await check('InstanceNormalization', [x(dims), channel(), channel()], {}, 42, 4);
    const variance = tensor(
      'float32',
      [dims[1] as number],
      channel().data.map((v) => v * v + 0.1),
    );
    await check('BatchNormalization', [x(dims), channel(), channel(), channel(), variance], {}, 2, 16);
  });

  it.each([0.5, 0.75, 1.3])('LRN with beta %s, of even sizes as in float64', async (beta) => {
    const input = x([2, 6, 3, 4], 8);
    for (const size of [1, 3, 5, 13]) await check('LRN', [input], { size, beta, alpha: 0.125 }, size, 8);
    for (const size of [2, 4, 14]) {
      const node = { type: 'LRN', domain: '', inputs: [input], attributes: { size, beta, alpha: 0.125 } };
      const wide = { ...node, inputs: [tensor('float64', input.dims, Float64Array.from(input.data))] };
      for (const kernels of engines) {
        const [found] = await runHere(await buildNode(node), kernels);
        const [exact] = await runHere(await buildNode(wide), kernels);
        const rounded = tensor('float32', input.dims, Float32Array.from((exact as Tensor<'float64'>).data));
        expect(difference(found as Tensor, rounded, 4 * (Math.sqrt(size) / 2 + 2), 0)).toBeUndefined();
      }
    }
  });

  it.each(['nearest', 'linear', 'cubic'])('Resize %s up and down', async (mode) => {
    const none = floats([]);
    for (const scales of [
      [1, 1, 2, 2],
      [1, 1, 0.5, 1.5],
      [1, 1, 3, 1],
    ]) {
      for (const how of ['half_pixel', 'align_corners', 'asymmetric']) {
        const attributes = { mode, coordinate_transformation_mode: how };
        for (const channels of [1, 3, 8]) {
          await check('Resize', [x([2, channels, 6, 8]), none, floats(scales)], attributes, 16, 4);
        }
      }
    }
  });

  it('Transpose, Slice, Pad, Expand, Tile and Where move what they should', async () => {
    const data = x([3, 4, 5, 6]);
    for (const perm of [
      [3, 2, 1, 0],
      [0, 2, 1, 3],
      [0, 3, 1, 2],
      [1, 0, 3, 2],
    ]) {
      await check('Transpose', [data], { perm });
    }
    await check('Slice', [data, int64s([0, 3, -1]), int64s([3, 0, -9]), int64s([0, 1, 3]), int64s([1, -2, -1])]);
    for (const mode of ['constant', 'reflect', 'edge'])
      await check('Pad', [data, int64s([0, 1, 2, 3, 1, 0, 2, 1])], { mode });
    await check('Expand', [x([4, 1, 6]), int64s([3, 4, 5, 6])]);
    await check('Tile', [data, int64s([1, 3, 2, 1])]);
    await check('Where', [bools([4, 1, 6]), x([5, 1]), data]);
    await check('DepthToSpace', [x([2, 12, 3, 5])], { blocksize: 2 });
  });

  it('Gather and Slice move long runs of strings', async () => {
    const words = tensor(
      'string',
      [3, 20],
      Array.from({ length: 60 }, (_, i) => `w${i}`),
    );
    const gathered = { type: 'Gather', domain: '', inputs: [words, int64s([2, 0])], fed: [0, 1] };
    const sliced = { type: 'Slice', domain: '', inputs: [words, int64s([1]), int64s([3]), int64s([0])] };
    for (const kernels of engines) {
      const [rows] = await runHere(await buildNode(gathered), kernels);
      expect(rows?.data).toEqual([...words.data.slice(40), ...words.data.slice(0, 20)]);
      const [tail] = await runHere(await buildNode(sliced), kernels);
      expect(tail?.data).toEqual(words.data.slice(20));
    }
  });

  it('comparisons, PRelu and arithmetic broadcast', async () => {
    const [a, b] = [x([3, 1, 5, 6]), x([4, 1, 6])];
    for (const type of ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Less', 'GreaterOrEqual', 'Equal']) {
      await check(type, [a, b]);
      await check(type, [b, a]);
    }
    await check('PRelu', [x([2, 4, 5, 6]), x([4, 1, 1])]);
    await check('Greater', [int32s([2, 3], [1, 2, 3, -4, 5, -6]), int32s([3], [2, 2, 2])]);
    for (const exponent of [2, 0.5, -1, 3])
      await check('Pow', [tensor('float32', [9], x([9]).data.map(Math.abs)), floats([exponent])]);
  });

  it.each([1, 6, 7, 9, 10, 11])('Cast to type %s', async (to) => {
    const sources = [x([37], 100), int32s([5], [0, -1, 70000, 5, 16777217]), int64s([0, -1, 3, 2 ** 40]), bools([9])];
    for (const source of sources) {
      if (to === 10)
        await expectClose(
          { type: 'Cast', domain: '', opset: 18, inputs: [source], attributes: { to }, castOutputs: 'float32' },
          1,
          engines,
        );
      else await check('Cast', [source], { to });
    }
  });
});
