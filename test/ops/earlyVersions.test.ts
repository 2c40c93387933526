import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { int64Tensor, type Tensor, tensor } from '../../src/base/tensor.ts';
import type { Attribute } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { normals } from './floatCases.ts';
import { buildNode, type OneNode, runHere } from './oneNode.ts';

const x = normals(seededRandom(4), [2, 3, 2, 2]);
const channels = tensor('float32', [3], Float32Array.of(1, -2, 3));
const float = (value: number): Attribute => ({ kind: 'float', value });

async function run(node: Omit<OneNode, 'domain'>): Promise<Tensor> {
  const [out] = await runHere(await buildNode({ domain: '', ...node }), createJsKernels());
  return out as Tensor;
}

/** The same tensor with other dims. */
const shaped = (t: Tensor, dims: readonly number[]): Tensor => ({ ...t, dims }) as Tensor;

describe('operators before opset 7 compute what their later forms do', () => {
  it.each(['Add', 'Sub', 'Mul', 'Div', 'Pow'])('%s places its second operand by axis', async (type) => {
    const before = { type, inputs: [x, channels], opset: 6, attributes: { broadcast: 1, axis: 1 } };
    const after = { type, inputs: [x, shaped(channels, [3, 1, 1])], opset: 7 };
    expect(await run(before)).toEqual(await run(after));
  });

  it('Equal, without an axis, compares with the last dimensions', async () => {
    const [a, b] = [int64Tensor([2, 2], [1, 2, 3, 4]), int64Tensor([2], [1, 4])];
    const found = await run({ type: 'Equal', inputs: [a, b], opset: 1, attributes: { broadcast: 1 } });
    expect(found).toEqual(tensor('bool', [2, 2], Uint8Array.of(1, 0, 0, 1)));
  });

  it('PRelu has a slope per channel, or one for all', async () => {
    const before = await run({ type: 'PRelu', inputs: [x, channels], opset: 6 });
    expect(before).toEqual(await run({ type: 'PRelu', inputs: [x, shaped(channels, [3, 1, 1])], opset: 9 }));
    const one = tensor('float32', [1], Float32Array.of(0.5));
    expect(await run({ type: 'PRelu', inputs: [x, one], opset: 6 })).toEqual(
      await run({ type: 'PRelu', inputs: [x, one], opset: 9 }),
    );
  });

  it('Reshape has its shape as an attribute, Cast its type by name, and Concat joins along dimension 1', async () => {
    const reshaped = await run({ type: 'Reshape', inputs: [x], opset: 1, attributes: { shape: [0, -1] } });
    expect(reshaped).toEqual(shaped(x, [2, 12]));
    const cast = await run({ type: 'Cast', inputs: [channels], opset: 1, attributes: { to: 'INT64' } });
    expect(cast).toEqual(int64Tensor([3], [1, -2, 3]));
    const wrong = { type: 'Cast', inputs: [channels], opset: 1, attributes: { to: 'NUMBER' } };
    await expect(run(wrong)).rejects.toThrow('the type NUMBER is not known');
    const joined = await run({ type: 'Concat', inputs: [x, x], fed: [0, 1], opset: 1 });
    expect(joined).toEqual(
      await run({ type: 'Concat', inputs: [x, x], fed: [0, 1], opset: 4, attributes: { axis: 1 } }),
    );
  });

  it('Upsample has its scales as attributes', async () => {
    const attributes = { height_scale: float(2), width_scale: float(3) };
    const before = await run({ type: 'Upsample', inputs: [x], opset: 1, attributes });
    const scales: Attribute = { kind: 'floats', value: [1, 1, 2, 3] };
    expect(before).toEqual(await run({ type: 'Upsample', inputs: [x], opset: 7, attributes: { scales } }));
  });

  it('a version between two is the one before it', async () => {
    const clip = { type: 'Clip', inputs: [x], attributes: { min: float(-0.5), max: float(0.5) } };
    expect(await run({ ...clip, opset: 1 })).toEqual(await run({ ...clip, opset: 6 }));
    const sum = { type: 'Sum', inputs: [x, x], fed: [0, 1] };
    expect(await run({ ...sum, opset: 1 })).toEqual(await run({ ...sum, opset: 6 }));
  });
});
