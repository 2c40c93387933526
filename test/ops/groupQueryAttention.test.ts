import { beforeAll, describe, it } from 'vitest';
import { type Random, seededRandom } from '../../src/base/random.ts';
import type { Tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { expectClose, int32s, normals } from './floatCases.ts';
import type { OneNode } from './oneNode.ts';

const HEADS = { num_heads: 4, kv_num_heads: 2 };
const SIZE = 16;

interface Step {
  readonly lengths: readonly number[];
  readonly rows: number;
  readonly cached: number;
  readonly attributes?: OneNode['attributes'];
  readonly packed?: true;
  readonly extra?: (random: Random) => readonly (Tensor | undefined)[];
}

/** A node that appends `rows` to a cache of `cached` keys, of which batch b has `lengths[b]` with this run's. */
function step({ lengths, rows, cached, attributes = {}, packed, extra }: Step): OneNode {
  const random = seededRandom(1);
  const batch = lengths.length;
  const cache = () => normals(random, [batch, HEADS.kv_num_heads, cached, SIZE]);
  const row = (heads: number) => normals(random, [batch, rows, heads * SIZE]);
  const operands = packed ? [row(8), undefined, undefined] : [row(4), row(2), row(2)];
  const counts = int32s(
    [batch],
    lengths.map((n) => n - 1),
  );
  const inputs = [
    ...operands,
    cache(),
    cache(),
    counts,
    int32s([], [Math.max(...lengths)]),
    ...(extra?.(random) ?? []),
  ];
  const fed = inputs.flatMap((t, i) => (t === undefined || i > 6 ? [] : [i]));
  return { type: 'GroupQueryAttention', inputs, fed, attributes: { ...HEADS, ...attributes }, outputs: 3 };
}

const angles = (random: Random) => [normals(random, [16, SIZE / 2]), normals(random, [16, SIZE / 2])];

describe('GroupQueryAttention computes what ONNX Runtime computes', () => {
  let engines: readonly KernelSet[];
  beforeAll(async () => {
    engines = await Promise.all(ENGINES.map((e) => e.create()));
  });

  const CASES: readonly (Step & { readonly name: string })[] = [
    { name: 'a prompt', lengths: [5, 5], rows: 5, cached: 0 },
    { name: 'one more token', lengths: [6, 6], rows: 1, cached: 5 },
    { name: 'one more token of batches of different lengths', lengths: [6, 4], rows: 1, cached: 5 },
    { name: 'several more tokens', lengths: [8], rows: 3, cached: 5 },
    { name: 'a packed query', lengths: [5, 5], rows: 5, cached: 0, packed: true },
    {
      name: 'turned positions of a prompt',
      lengths: [5],
      rows: 5,
      cached: 0,
      attributes: { do_rotary: 1 },
      extra: angles,
    },
    {
      name: 'turned and interleaved positions of a token, packed',
      lengths: [6, 6],
      rows: 1,
      cached: 5,
      packed: true,
      attributes: { do_rotary: 1, rotary_interleaved: 1 },
      extra: angles,
    },
    { name: 'a window', lengths: [7], rows: 7, cached: 0, attributes: { local_window_size: 3 } },
    { name: 'a window over the cache', lengths: [6, 5], rows: 1, cached: 5, attributes: { local_window_size: 2 } },
    { name: 'a cap and a scale', lengths: [5], rows: 5, cached: 0, attributes: { softcap: 1.5, scale: 0.5 } },
    { name: 'a smooth softmax', lengths: [5], rows: 5, cached: 0, attributes: { smooth_softmax: 1 } },
    {
      name: 'a sink per head',
      lengths: [6],
      rows: 1,
      cached: 5,
      extra: (random) => [undefined, undefined, undefined, undefined, normals(random, [4])],
    },
    {
      name: 'a bias of the scores',
      lengths: [6],
      rows: 1,
      cached: 5,
      extra: (random) => [undefined, undefined, undefined, normals(random, [1, 4, 1, 6])],
    },
  ];

  it.each(CASES)('$name', async (node) => {
    await expectClose(step(node), 16, engines);
  });
});
