import { beforeAll, describe, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { expectClose, int32s, normals } from './floatCases.ts';

let engines: readonly KernelSet[];
beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

const SHAPES = [{ dims: [1, 1, 4] }, { dims: [2, 3, 33] }, { dims: [5, 64] }] as const;

describe('SkipLayerNormalization computes what ONNX Runtime computes', () => {
  it.each(SHAPES)('over $dims, with and without beta, bias and the sum', async ({ dims }) => {
    const random = seededRandom(1);
    const width = dims.at(-1) as number;
    const row = [width];
    const [x, skip] = [normals(random, dims), normals(random, dims)];
    const [gamma, beta, bias] = [normals(random, row), normals(random, row), normals(random, row)];
    const attributes = { epsilon: 1e-5 };
    for (const rest of [[], [beta], [beta, bias], [undefined, bias]]) {
      const inputs = [x, skip, gamma, ...rest];
      await expectClose({ type: 'SkipLayerNormalization', inputs, attributes, fed: [0, 1] }, width, engines);
      await expectClose(
        { type: 'SkipLayerNormalization', inputs, attributes, fed: [0, 1], outputs: 4 },
        width,
        engines,
      );
    }
  });

  it.each([[[1, 3, 33]], [[3, 33]]])('repeats a skip of shape %s for every batch', async (dims) => {
    const random = seededRandom(2);
    const inputs = [normals(random, [2, 3, 33]), normals(random, dims), normals(random, [33]), normals(random, [33])];
    await expectClose({ type: 'SkipLayerNormalization', inputs, fed: [0, 1] }, 33, engines);
  });
});

describe('SkipSimplifiedLayerNormalization computes what ONNX Runtime computes', () => {
  it.each(SHAPES)('over $dims, with and without bias and the sum', async ({ dims }) => {
    const random = seededRandom(3);
    const width = dims.at(-1) as number;
    const row = [width];
    const inputs = [normals(random, dims), normals(random, dims), normals(random, row)];
    const attributes = { epsilon: 1e-6 };
    for (const all of [inputs, [...inputs, normals(random, row)]]) {
      const node = { type: 'SkipSimplifiedLayerNormalization', inputs: all, attributes, fed: [0, 1] };
      await expectClose(node, width, engines);
    }
  });
});

describe('EmbedLayerNormalization computes what ONNX Runtime computes', () => {
  it('with and without segments, mask and positions', async () => {
    const random = seededRandom(4);
    const ids = int32s([2, 3], [5, 0, 2, 9, 1, 1]);
    const segments = int32s([2, 3], [0, 1, 1, 0, 0, 1]);
    const [words, places, kinds] = [normals(random, [10, 8]), normals(random, [6, 8]), normals(random, [2, 8])];
    const rows = [normals(random, [8]), normals(random, [8])];
    const mask = int32s([2, 3], [1, 1, 0, 1, 0, 0]);
    const type = 'EmbedLayerNormalization';
    const full = [ids, segments, words, places, kinds, ...rows];
    await expectClose({ type, inputs: full, fed: [0, 1], outputs: 2 }, 8, engines);
    await expectClose({ type, inputs: [...full, mask], fed: [0, 1, 7], outputs: 3 }, 8, engines);
    const withoutSegments = [ids, undefined, words, places, undefined, ...rows];
    await expectClose({ type, inputs: withoutSegments, outputs: 2 }, 8, engines);
    const positions = int32s([2, 3], [3, 4, 5, 0, 0, 2]);
    await expectClose({ type, inputs: [...full, mask, positions], fed: [0, 1, 7, 8], outputs: 3 }, 8, engines);
    const positionsOfAll = int32s([1, 3], [3, 4, 5]);
    await expectClose({ type, inputs: [...full, undefined, positionsOfAll], fed: [0, 1, 8], outputs: 2 }, 8, engines);
  });
});
