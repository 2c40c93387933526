import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { int64Tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { expectClose, normals } from './floatCases.ts';
import { buildNode, runHere } from './oneNode.ts';

describe('RotaryEmbedding of com.microsoft computes what ONNX Runtime computes', () => {
  let engines: readonly KernelSet[];
  beforeAll(async () => {
    engines = await Promise.all(ENGINES.map((e) => e.create()));
  });
  const type = 'RotaryEmbedding';
  const fed = [0, 1];
  const random = seededRandom(1);
  const caches = [normals(random, [9, 4]), normals(random, [9, 4])];
  const ids = int64Tensor([2, 3], [4, 0, 8, 1, 2, 3]);

  it.each([{}, { interleaved: 1 }])('heads side by side, %j', async (attributes) => {
    const inputs = [normals(random, [2, 3, 16]), ids, ...caches];
    await expectClose({ type, inputs, attributes, fed }, 2, engines);
  });

  it.each([{}, { interleaved: 1 }])('heads as blocks, %j', async (attributes) => {
    const inputs = [normals(random, [2, 5, 3, 8]), ids, ...caches];
    await expectClose({ type, inputs, attributes, fed }, 2, engines);
  });

  it('turns part of a head', async () => {
    const attributes = { num_heads: 2, rotary_embedding_dim: 8 };
    await expectClose({ type, inputs: [normals(random, [2, 3, 24]), ids, ...caches], attributes, fed }, 2, engines);
  });

  it('counts from one position', async () => {
    const inputs = [normals(random, [2, 3, 16]), int64Tensor([1], [5]), ...caches];
    await expectClose({ type, inputs, fed }, 2, engines);
  });

  it('names a position outside the caches', async () => {
    const inputs = [normals(random, [1, 1, 8]), int64Tensor([1, 1], [9]), ...caches];
    const built = await buildNode({ type, inputs, fed });
    await expect(runHere(built, engines[0] as KernelSet)).rejects.toThrow('index 9 is outside a dimension of 9');
  });
});
