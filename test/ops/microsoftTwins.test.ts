import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { int64Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { expectClose, int32s, normals } from './floatCases.ts';
import { buildNode, runHere } from './oneNode.ts';

let engines: readonly KernelSet[];
beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

describe('twins of standard operators compute what ONNX Runtime computes', () => {
  const random = seededRandom(1);
  const x = normals(random, [3, 4, 5]);

  it('GatherND', async () => {
    await expectClose({ type: 'GatherND', inputs: [x, int64Tensor([2, 2], [0, 3, 2, 1])] }, 1, engines);
  });

  it.each([0, 2, -1])('ExpandDims at %i', async (axis) => {
    await expectClose({ type: 'ExpandDims', inputs: [x, int32s([], [axis])] }, 1, engines);
  });

  it.each([{}, { upper: 0 }])('Trilu %j', async (attributes) => {
    await expectClose({ type: 'Trilu', inputs: [x, int64Tensor([], [1])], attributes }, 1, engines);
  });

  it.each(['bilinear', 'nearest', 'bicubic'])('GridSample, %s', async (mode) => {
    const inputs = [normals(random, [2, 3, 4, 5]), normals(random, [2, 3, 2, 2], 0.5)];
    await expectClose({ type: 'GridSample', inputs, attributes: { mode }, fed: [0, 1] }, 16, engines);
  });

  it.each(['constant', 'reflect', 'edge'])('Pad, %s', async (mode) => {
    const inputs = [x, int64Tensor([6], [1, 0, 2, 0, 1, 1])];
    await expectClose({ type: 'Pad', inputs, attributes: { mode } }, 1, engines);
    await expectClose(
      { type: 'Pad', inputs: [x, int64Tensor([1, 6], [1, 0, 2, 0, 1, 1])], attributes: { mode } },
      1,
      engines,
    );
  });

  it('Unique', async () => {
    const values = tensor('float32', [6], Float32Array.of(2, 1, 1, 3, 4, 3));
    await expectClose({ type: 'Unique', inputs: [values], outputs: 3 }, 1, engines);
  });
});

describe('Inverse', () => {
  it.each([1, 2, 5])('of matrices of %i rows computes what ONNX Runtime computes', async (n) => {
    const x = normals(seededRandom(2), [2, 3, n, n]);
    for (let i = 0; i < 6 * n; i++) x.data[Math.floor(i / n) * n * n + (i % n) * (n + 1)]! += 2 * n;
    await expectClose({ type: 'Inverse', inputs: [x] }, n * n, engines);
  });

  it('needs a row exchange where the diagonal is zero', async () => {
    const x = tensor('float32', [2, 2], Float32Array.of(0, 2, 4, 0));
    const [y] = await runHere(await buildNode({ type: 'Inverse', inputs: [x] }), engines[0] as KernelSet);
    expect([...(y?.data ?? [])]).toEqual([0, 0.25, 0.5, 0]);
  });
});
