import { beforeAll, describe, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { expectClose, normals } from './floatCases.ts';

describe('layer normalizations of ONNX Runtime', () => {
  let engines: readonly KernelSet[];
  beforeAll(async () => {
    engines = await Promise.all(ENGINES.map((e) => e.create()));
  });

  it('LayerNormalization runs in models older than opset 17', async () => {
    const random = seededRandom(1);
    const inputs = [normals(random, [2, 3, 20]), normals(random, [20]), normals(random, [20])];
    await expectClose({ type: 'LayerNormalization', domain: '', opset: 12, inputs }, 20, engines);
    await expectClose({ type: 'LayerNormalization', domain: '', opset: 12, inputs, outputs: 3 }, 20, engines);
  });

  it.each([[[3, 20]], [[2, 3, 33]]])('SimplifiedLayerNormalization over %s', async (dims) => {
    const random = seededRandom(2);
    const inputs = [normals(random, dims), normals(random, [dims.at(-1) as number])];
    const node = { type: 'SimplifiedLayerNormalization', domain: '', inputs, attributes: { epsilon: 1e-6, axis: -1 } };
    await expectClose(node, 33, engines);
    await expectClose({ ...node, outputs: 2 }, 33, engines);
  });
});
