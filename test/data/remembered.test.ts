import { expect, test } from 'vitest';
import type { Samples } from '../../src/base/samples.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import { rememberSamples } from '../../src/data/remembered.ts';

/** Samples of two inputs, 24 bytes together, and the order in which they were read. */
function counted(count: number): { readonly samples: Samples; readonly reads: number[] } {
  const reads: number[] = [];
  const read = async (i: number) => {
    reads.push(i);
    if (i === 13) throw new Error('cannot be read');
    return new Map<string, Tensor>([
      ['a', tensor('float32', [4], Float32Array.of(i, i, i, i))],
      ['b', tensor('int64', [1], BigInt64Array.of(BigInt(i)))],
    ]);
  };
  return { samples: { count, nameOf: (i) => `sample ${i}`, read }, reads };
}

test('samples that fit are read once, the others every time, and all are the same', async () => {
  const { samples, reads } = counted(4);
  const remembered = rememberSamples(samples, 2 * 24 + 23);
  expect([remembered.count, remembered.nameOf(3)]).toEqual([4, 'sample 3']);
  for (let pass = 0; pass < 2; pass++)
    for (let i = 0; i < 4; i++) expect(await remembered.read(i)).toEqual(await counted(4).samples.read(i));
  expect(reads).toEqual([0, 1, 2, 3, 2, 3]);
});

test('nothing is kept without a budget, nor of a sample that cannot be read', async () => {
  const { samples, reads } = counted(20);
  const remembered = rememberSamples(samples, 0);
  await remembered.read(1);
  await remembered.read(1);
  for (let pass = 0; pass < 2; pass++) await expect(remembered.read(13)).rejects.toThrow('cannot be read');
  expect(reads).toEqual([1, 1, 13, 13]);
});

test('strings, whose size nobody knows, are not kept', async () => {
  let reads = 0;
  const read = async () => {
    reads++;
    return new Map([['a', tensor('string', [1], ['x'])]]);
  };
  const samples: Samples = { count: 1, nameOf: () => '', read };
  const remembered = rememberSamples(samples, 1000);
  await remembered.read(0);
  await remembered.read(0);
  expect(reads).toBe(2);
});
