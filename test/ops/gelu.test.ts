import { beforeAll, describe, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { expectClose, normals } from './floatCases.ts';

const SHAPES = [[1], [7], [2, 33], [2, 3, 8], [2, 3, 4, 5]].map((dims) => ({ dims }));

/** Inputs are below this: left of zero, Gelu is x minus nearly x. */
const LARGEST = 16;

describe('Gelu and its kin of com.microsoft compute what ONNX Runtime computes', () => {
  let engines: readonly KernelSet[];
  beforeAll(async () => {
    engines = await Promise.all(ENGINES.map((e) => e.create()));
  });

  it.each(SHAPES)('Gelu, QuickGelu and FastGelu over $dims', async ({ dims }) => {
    const x = normals(seededRandom(1), dims, 3);
    await expectClose({ type: 'Gelu', inputs: [x] }, 1, engines, LARGEST);
    await expectClose({ type: 'QuickGelu', inputs: [x] }, 1, engines, LARGEST);
    await expectClose({ type: 'QuickGelu', inputs: [x], attributes: { alpha: 0.5 } }, 1, engines, LARGEST);
    await expectClose({ type: 'FastGelu', inputs: [x] }, 1, engines, LARGEST);
  });

  it.each(SHAPES)('BiasGelu and FastGelu with a bias over $dims', async ({ dims }) => {
    const random = seededRandom(2);
    const inputs = [normals(random, dims, 3), normals(random, [dims.at(-1) as number])];
    await expectClose({ type: 'BiasGelu', inputs }, 1, engines, LARGEST);
    await expectClose({ type: 'FastGelu', inputs }, 1, engines, LARGEST);
  });
});
