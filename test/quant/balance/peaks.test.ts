import { expect, test } from 'vitest';
import type { Samples } from '../../../src/base/samples.ts';
import { tensor } from '../../../src/base/tensor.ts';
import { compile } from '../../../src/exec/compile.ts';
import { createJsKernels } from '../../../src/kernels/js/jsKernels.ts';
import { channelShares } from '../../../src/quant/balance/peaks.ts';
import { model } from '../../models/model.ts';

const DIMS = [1, 3, 1, 2];

/** What Relu makes of the samples, each [3, 2] by channel. */
async function sharesOf(...samples: readonly (readonly number[])[]): Promise<readonly number[] | undefined> {
  const { graph, opsets } = model().input('x', DIMS).relu().output().build().model;
  const inputDims = new Map(graph.inputs.map((id) => [id, DIMS]));
  const program = await compile(graph, {
    ...{ kernels: createJsKernels(), opsets, file: 'net', inputDims, requantizer: 'fp32', apart: true },
  });
  const source: Samples = {
    count: samples.length,
    nameOf: (i) => `sample ${i}`,
    read: async (i) => new Map([['x', tensor('float32', DIMS, Float32Array.from(samples[i] ?? []))]]),
  };
  const shares = await channelShares(program, source, {});
  const made = shares.get(graph.outputs[0] as never);
  return made && [...made];
}

test('a channel has its share of the largest one, and idle ones have a hundredth', async () => {
  expect(await sharesOf([4, 8, 2, 1, -3, 0])).toEqual([1, 0.25, expect.closeTo(0.01)]);
});

test('each sample counts alike, however large its values are', async () => {
  const quiet = [1, 1, 1, 1, 1, 1];
  const loud = [1000, 0, 0, 40, 90, 0];
  const expected = [1, Math.sqrt(0.04), Math.sqrt(0.09)].map((share) => expect.closeTo(share));
  expect(await sharesOf(quiet, loud)).toEqual(expected);
});

test('what is not finite is left out, and so are samples without anything', async () => {
  const nothing = [0, 0, -1, -2, 0, 0];
  expect(await sharesOf([4, Number.POSITIVE_INFINITY, 2, Number.NaN, 1, 1], nothing)).toEqual([1, 0.5, 0.25]);
  expect(await sharesOf(nothing)).toBeUndefined();
});
