import { expect, test } from 'vitest';
import { randomState } from '../../src/base/mersenneTwister.ts';
import { pseudoRandomSample } from '../../src/data/pseudoRandom.ts';

const sampleOf = async (...inputs: Parameters<typeof pseudoRandomSample>[0]) => pseudoRandomSample(inputs).read(0);

test('the 10000th word of the default seed is the one that the C++ standard demands', () => {
  const { word } = randomState(5489);
  for (let i = 1; i < 10000; i++) word();
  expect(word()).toBe(4123659995);
});

test('floats are 0.1 + 0.9 u in float32, of one word each', async () => {
  const x = (await sampleOf({ name: 'x', dtype: 'float32', dims: [2, 2] })).get('x');
  const words = [3499211612, 581869302, 3890346734, 3586334585];
  const f = Math.fround;
  expect(x?.dims).toEqual([2, 2]);
  expect(Array.from(x?.data as Float32Array)).toEqual(
    words.map((w) => f(f(f(f(w) / 2 ** 32) * f(1 - f(0.1))) + f(0.1))),
  );
});

test('every input starts anew, integers stay in their ranges, an empty one is empty', async () => {
  const all = await sampleOf(
    { name: 'a', dtype: 'float32', dims: [3] },
    { name: 'b', dtype: 'float32', dims: [3] },
    { name: 'ids', dtype: 'int64', dims: [1000] },
    { name: 'codes', dtype: 'int8', dims: [10000] },
    { name: 'bytes', dtype: 'uint8', dims: [10000] },
    { name: 'half', dtype: 'float16', dims: [5] },
    { name: 'none', dtype: 'float32', dims: [0, 4] },
  );
  expect(all.get('a')?.data).toEqual(all.get('b')?.data);
  expect(new Set(all.get('ids')?.data as BigInt64Array)).toEqual(new Set([0n, 1n]));
  const codes = all.get('codes')?.data as Int8Array;
  expect([Math.min(...codes), Math.max(...codes)]).toEqual([-127, 127]);
  const bytes = all.get('bytes')?.data as Uint8Array;
  expect([Math.min(...bytes), Math.max(...bytes)]).toEqual([0, 254]);
  expect(all.get('half')?.data).not.toEqual(all.get('a')?.data);
  expect(all.get('none')?.data).toHaveLength(0);
});

test('an input of strings is refused by name', async () => {
  await expect(sampleOf({ name: 'text', dtype: 'string', dims: [1] })).rejects.toThrow(/DAT212 text: input text/);
});

test('with the channels last the same numbers lie as converter_lite draws them', async () => {
  const input = { name: 'x', dtype: 'float32', dims: [1, 2, 1, 3] } as const;
  const [first, last] = await Promise.all(
    (['channelsFirst', 'channelsLast'] as const).map(async (order) => {
      const x = (await pseudoRandomSample([input], order).read(0)).get('x');
      return Array.from(x?.data as Float32Array);
    }),
  );
  expect(last).toEqual([0, 2, 4, 1, 3, 5].map((i) => first?.[i]));
});
