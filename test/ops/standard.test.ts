import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../src/base/bytes.ts';
import { seededRandom } from '../../src/base/random.ts';
import { int64Tensor, type Tensor, tensor } from '../../src/base/tensor.ts';
import type { Attribute } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { readModel } from '../../src/onnx/read.ts';
import { model } from '../models/model.ts';
import { expectClose, normals } from './floatCases.ts';
import { buildNode, type OneNode, runHere } from './oneNode.ts';
import { runGraph } from './runGraph.ts';

const kernels = createJsKernels();
const random = seededRandom(17);
const strings = (dims: readonly number[], ...list: readonly string[]) => tensor('string', dims, list);
const floats = (...list: readonly number[]) => tensor('float32', [list.length], Float32Array.from(list));
const float = (value: number): Attribute => ({ kind: 'float', value });

/** Outputs of a node of ai.onnx at opset 24. */
async function run(node: Omit<OneNode, 'domain'>): Promise<readonly Tensor[]> {
  return runHere(await buildNode({ domain: '', opset: 24, ...node }), kernels);
}

describe('Unique', () => {
  it('takes all NaN for one, and sorts it last', async () => {
    const outputs = await run({ type: 'Unique', inputs: [floats(NaN, 2, -0, NaN, 0, 2)], outputs: 4 });
    expect(outputs.map((t) => Array.from(t.data as ArrayLike<unknown>))).toEqual([
      [-0, 2, NaN],
      [2n, 1n, 0n],
      [2n, 1n, 0n, 2n, 0n, 1n],
      [2n, 2n, 2n],
    ]);
  });

  it('of nothing is nothing, and of one element that element', async () => {
    for (const x of [floats(), floats(7), tensor('float32', [], Float32Array.of(7))]) {
      const [y, , inverse] = await run({ type: 'Unique', inputs: [x], outputs: 4 });
      expect(y?.dims).toEqual([x.data.length]);
      expect(inverse?.dims).toEqual([x.data.length]);
    }
  });

  it('tells slices apart by all their elements, in order of appearance where asked', async () => {
    const x = tensor('int32', [3, 2], Int32Array.of(2, 1, 1, 9, 2, 1));
    const [y, first, inverse, counts] = await run({
      type: 'Unique',
      inputs: [x],
      outputs: 4,
      attributes: { axis: 0, sorted: 0 },
    });
    expect(y).toEqual(tensor('int32', [2, 2], Int32Array.of(2, 1, 1, 9)));
    expect([first, inverse, counts].map((t) => Array.from(t?.data as BigInt64Array, Number))).toEqual([
      [0, 1],
      [0, 1, 0],
      [2, 1],
    ]);
  });
});

describe('operators on text', () => {
  it('StringSplit splits as Python does', async () => {
    const split = async (text: string, attributes: OneNode['attributes'] = {}) =>
      (await run({ type: 'StringSplit', inputs: [strings([1], text)], outputs: 2, attributes }))[0]?.data;
    expect(await split('  a b   c ')).toEqual(['a', 'b', 'c']);
    expect(await split('  a b   c ', { maxsplit: 1 })).toEqual(['a', 'b   c ']);
    expect(await split('   ')).toEqual([]);
    expect(await split('a,,b,', { delimiter: ',' })).toEqual(['a', '', 'b', '']);
    expect(await split('a,b,c', { delimiter: ',', maxsplit: 1 })).toEqual(['a', 'b,c']);
    expect(await split('', { delimiter: ',' })).toEqual(['']);
    expect(await split('a b', { maxsplit: 0 })).toEqual(['a b']);
  });

  it('StringNormalizer leaves one empty string when every word is dropped', async () => {
    const attributes = { stopwords: ['A', 'b'], case_change_action: 'UPPER' };
    const normalize = async (...words: readonly string[]) =>
      (await run({ type: 'StringNormalizer', inputs: [strings([words.length], ...words)], attributes }))[0];
    expect(await normalize('a', 'B')).toEqual(strings([1], ''));
    expect(await normalize()).toEqual(strings([1], ''));
    expect(await normalize('a', 'ß')).toEqual(strings([1], 'SS'));
  });

  it('RegexFullMatch understands the spellings of RE2, and says what it does not', async () => {
    const matches = async (pattern: string, ...texts: readonly string[]) =>
      Array.from(
        (await run({ type: 'RegexFullMatch', inputs: [strings([texts.length], ...texts)], attributes: { pattern } }))[0]
          ?.data as Uint8Array,
      );
    expect(await matches('(?i)a.c', 'ABC', 'abcd', 'a\nc')).toEqual([1, 0, 0]);
    expect(await matches('(?s)a.c', 'a\nc')).toEqual([1]);
    expect(await matches('(?P<year>[[:digit:]]{4})-\\d\\d', '2024-05', '24-05')).toEqual([1, 0]);
    expect(await matches('\\A\\pL+\\z', 'naïve', 'n4')).toEqual([1, 0]);
    expect(await matches('a|ab', 'ab', 'a', 'b')).toEqual([1, 1, 0]);
    expect(await matches('\\@\\%', '@%')).toEqual([1]);
    await expect(matches('(', 'x')).rejects.toThrow(/the pattern \( is not understood/);
    await expect(matches('(?U)a', 'a')).rejects.toThrow(/flag U/);
  });
});

describe('losses', () => {
  const scores = tensor('float32', [2, 3], Float32Array.of(1, 2, 3, 1000, 0, -1000));

  it('SoftmaxCrossEntropyLoss survives large scores, and ignores what it is told to', async () => {
    const labels = int64Tensor([2], [2, -1]);
    const loss = async (reduction: string) =>
      (
        await run({
          type: 'SoftmaxCrossEntropyLoss',
          inputs: [scores, labels],
          attributes: { reduction, ignore_index: -1 },
        })
      )[0]?.data;
    const expected = Math.fround(Math.log(1 + Math.exp(-1) + Math.exp(-2)));
    expect(await loss('none')).toEqual(Float32Array.of(expected, 0));
    expect(await loss('sum')).toEqual(Float32Array.of(expected));
    expect(await loss('mean')).toEqual(Float32Array.of(expected));
  });

  it('a label outside the classes is named', async () => {
    const node = { type: 'NegativeLogLikelihoodLoss', inputs: [scores, int64Tensor([2], [0, 3])] };
    await expect(run(node)).rejects.toThrow('label 3 at 1 is outside the 3 classes');
  });

  it('the mean of nothing is NaN, the sum 0', async () => {
    const empty = [tensor('float32', [0, 3], new Float32Array(0)), int64Tensor([0], [])];
    for (const [reduction, expected] of [
      ['mean', NaN],
      ['sum', 0],
    ] as const) {
      const [loss] = await run({ type: 'NegativeLogLikelihoodLoss', inputs: empty, attributes: { reduction } });
      expect(loss?.data).toEqual(Float32Array.of(expected));
    }
  });
});

describe('places and shapes', () => {
  it('BitCast keeps the bits of floats of 8 and 16 bits, NaN and infinities included', async () => {
    const half = tensor('float16', [4], Float32Array.of(1, -0, Infinity, 2 ** -24));
    const [bits] = await run({ type: 'BitCast', opset: 26, inputs: [half], attributes: { to: 4 } });
    expect(bits).toEqual(tensor('uint16', [4], Uint16Array.of(0x3c00, 0x8000, 0x7c00, 1)));
    const [back] = await run({ type: 'BitCast', opset: 26, inputs: [bits as Tensor], attributes: { to: 10 } });
    expect(back).toEqual(half);
    const wrong = { type: 'BitCast', opset: 26, inputs: [half], attributes: { to: 1 } };
    await expect(run(wrong)).rejects.toThrow('float16 has 16 bits, float32 has 32');
  });

  it('CenterCropPad puts the odd element at the end', async () => {
    const x = floats(1, 2, 3, 4);
    const to = async (length: number) =>
      (await run({ type: 'CenterCropPad', inputs: [x, int64Tensor([1], [length])] }))[0]?.data;
    expect(await to(1)).toEqual(Float32Array.of(2));
    expect(await to(3)).toEqual(Float32Array.of(1, 2, 3));
    expect(await to(0)).toEqual(new Float32Array(0));
    await expect(to(-1)).rejects.toThrow(/-1/);
    expect(await to(7)).toEqual(Float32Array.of(0, 1, 2, 3, 4, 0, 0));
  });

  it('Det is 1 for a matrix of nothing, 0 for a singular one, and keeps its sign under exchange of rows', async () => {
    const of = async (n: number, ...list: readonly number[]) =>
      (await run({ type: 'Det', inputs: [tensor('float32', [n, n], Float32Array.from(list))] }))[0]?.data[0];
    expect(await of(0)).toBe(1);
    expect(await of(1, -3)).toBe(-3);
    expect(await of(2, 1, 2, 2, 4)).toBe(0);
    expect(await of(2, 0, 1, 1, 0)).toBe(-1);
    expect(await of(3, 0, 0, 1, 1, 0, 0, 0, 1, 0)).toBe(1);
  });

  it('MaxUnpool refuses an index outside', async () => {
    const x = tensor('float32', [1, 1, 1, 1], Float32Array.of(5));
    const node = {
      type: 'MaxUnpool',
      inputs: [x, int64Tensor([1, 1, 1, 1], [4])],
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    };
    await expect(run(node)).rejects.toThrow(/4/);
  });

  it('GlobalLpPool computes what ONNX Runtime computes', async () => {
    for (const p of [1, 2, 3]) {
      await expectClose(
        { type: 'GlobalLpPool', domain: '', inputs: [normals(random, [2, 3, 4, 5])], attributes: { p } },
        20,
        [kernels],
      );
    }
  });

  it('RoiAlign refuses regions without end, MelWeightMatrix ends for a rate of nothing', async () => {
    const roi = tensor('float32', [1, 4], Float32Array.of(0, 0, Infinity, 1e30));
    const inputs = [normals(random, [1, 1, 2, 2]), roi, int64Tensor([1], [0])];
    await expect(run({ type: 'RoiAlign', inputs })).rejects.toThrow('region 0 has too many samples');
    const scalar = (v: number) => tensor('float32', [], Float32Array.of(v));
    const ints = [int64Tensor([], [2]), int64Tensor([], [8]), int64Tensor([], [0])];
    const [mel] = await run({ type: 'MelWeightMatrix', inputs: [...ints, scalar(0), scalar(4000)] });
    expect(mel?.dims).toEqual([5, 2]);
  });

  it('RoiAlign computes what ONNX Runtime computes, regions that leave the image included', async () => {
    const rois = tensor('float32', [3, 4], Float32Array.of(0, 0, 7, 7, -3, 2, 4.5, 11, 6, 6, 5, 5));
    const inputs = [normals(random, [2, 3, 8, 8]), rois, int64Tensor([3], [0, 1, 0])];
    for (const mode of ['avg', 'max']) {
      for (const coordinate_transformation_mode of ['half_pixel', 'output_half_pixel']) {
        await expectClose(
          {
            type: 'RoiAlign',
            domain: '',
            opset: 16,
            inputs,
            attributes: {
              mode,
              coordinate_transformation_mode,
              output_height: 3,
              output_width: 2,
              sampling_ratio: mode === 'avg' ? 0 : 2,
              spatial_scale: float(0.75),
            },
          },
          64,
          [kernels],
        );
      }
    }
  });
});

describe('parameters of com.microsoft', () => {
  it.each(['QuantizeLinear', 'DequantizeLinear'])('%s computes what ONNX Runtime computes on 16 bits', async (type) => {
    const codes = tensor('uint16', [4], Uint16Array.of(0, 1, 40000, 65535));
    const x = type === 'QuantizeLinear' ? floats(-1000, 0.35, 0.65, 1000) : codes;
    const zero = tensor('uint16', [], Uint16Array.of(32768));
    await expectClose({ type, inputs: [x, tensor('float32', [], Float32Array.of(0.1)), zero] }, 1, [kernels]);
  });
});

describe('sequences', () => {
  it('SequenceErase takes one tensor out, ConcatFromSequence joins or stacks the rest', async () => {
    for (const [newAxis, dims] of [
      [0, [4]],
      [1, [2, 2]],
    ] as const) {
      const builder = model().input('a', [2]).input('b', [2]).input('c', [2]);
      builder.node('SequenceConstruct', { inputs: ['a', 'b', 'c'], outputs: ['all'] }).ints('at', [], [-2]);
      builder.node('SequenceErase', { inputs: ['all', 'at'], outputs: ['two'] });
      builder.node('ConcatFromSequence', {
        inputs: ['two'],
        outputs: ['y'],
        attributes: { axis: 0, new_axis: newAxis },
      });
      const bytes = await builder.output('y').build().bytes();
      const read = await readModel(bytesOf(bytes), { file: 'm' });
      const [y] = await runGraph(read.model, [floats(1, 2), floats(3, 4), floats(5, 6)], kernels);
      expect(y).toEqual(tensor('float32', dims, Float32Array.of(1, 2, 5, 6)));
    }
  });
});
