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

describe('LinearAttention of com.microsoft computes what ONNX Runtime computes', () => {
  const type = 'LinearAttention';
  const heads = { q_num_heads: 4, kv_num_heads: 2 };

  it.each(['linear', 'gated', 'delta', 'gated_delta'])('%s, with and without a past state', async (rule) => {
    const random = seededRandom(1);
    const small = (dims: readonly number[]) => normals(random, dims, 0.3);
    const operands = [small([2, 5, 16]), small([2, 5, 8]), small([2, 5, 12])];
    const decay = rule.startsWith('gated') ? small([2, 5, 8]) : undefined;
    const beta = rule.endsWith('delta') ? small([2, 5, 2]) : undefined;
    const attributes = { ...heads, update_rule: rule };
    for (const past of [undefined, small([2, 2, 4, 6])]) {
      const inputs = [...operands, past, decay, beta];
      const fed = inputs.flatMap((t, i) => (t === undefined ? [] : [i]));
      await expectClose({ type, inputs, fed, attributes, outputs: 2 }, 5 * 4, engines);
    }
  });

  it('refuses gates that its rule does not take', async () => {
    const random = seededRandom(2);
    const inputs = [normals(random, [1, 1, 8]), normals(random, [1, 1, 4]), normals(random, [1, 1, 4])];
    const built = await buildNode({ type, inputs, attributes: { ...heads, update_rule: 'gated' } });
    await expect(runHere(built, engines[0] as KernelSet)).rejects.toThrow('update_rule gated needs decay');
  });
});

describe('CausalConvWithState of com.microsoft computes what ONNX Runtime computes', () => {
  const type = 'CausalConvWithState';

  it.each(['none', 'silu', 'swish'])('activation %s, with and without bias and past state', async (activation) => {
    const random = seededRandom(3);
    const [x, w] = [normals(random, [2, 3, 7]), normals(random, [3, 1, 4])];
    for (const rest of [[], [normals(random, [3])], [normals(random, [3]), normals(random, [2, 3, 3])]]) {
      const inputs = [x, w, ...rest];
      await expectClose({ type, inputs, attributes: { activation }, outputs: 2 }, 4, engines);
    }
  });
});
