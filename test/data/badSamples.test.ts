import { expect, test } from 'vitest';
import { Cancelled, NEVER } from '../../src/base/abort.ts';
import { formatDiagnostic } from '../../src/base/diagnostics.ts';
import { tensor } from '../../src/base/tensor.ts';
import { withoutBadSamples } from '../../src/data/badSamples.ts';
import { openSamples, type SampleOptions } from '../../src/data/reader.ts';
import { memoryFiles } from './memoryFiles.ts';

const good = (x: number) => new Uint8Array(Float32Array.of(x).buffer);
const bad = new Uint8Array(3);

const options: SampleOptions = {
  inputs: [{ name: 'x', dtype: 'float32', dims: [1], directory: '/a' }],
  count: undefined,
  kind: 'BIN',
  preprocess: {},
  at: (key) => ({ file: 'q.cfg', key }),
};

async function skipped(folder: Readonly<Record<string, Uint8Array>>, signal = NEVER) {
  const { samples } = await openSamples(memoryFiles({ '/a': folder }), options);
  const seen: number[] = [];
  const at = { file: 'q.cfg', line: 7 };
  return { seen, ...(await withoutBadSamples(samples, { at, signal, onSample: (i) => seen.push(i) })) };
}

test('what cannot be read is named and counted; the rest is renumbered', async () => {
  const { samples, diagnostics, seen } = await skipped({ a: good(1), b: bad, c: good(3), d: bad });
  expect(seen).toEqual([0, 1, 2, 3]);
  expect([samples.count, samples.nameOf(0), samples.nameOf(1)]).toEqual([2, '/a/a', '/a/c']);
  expect((await samples.read(1)).get('x')).toEqual(tensor('float32', [1], Float32Array.of(3)));
  expect(diagnostics.map((d) => `${d.severity} ${formatDiagnostic(d)}`)).toEqual([
    'warning DAT401 q.cfg:7: 2 of 4 samples cannot be read and are left out, since bad_samples=skip',
    'warning DAT204 /a/b: the file has 3 bytes, input x, float32 [1] needs 4; the sample is left out',
    'warning DAT204 /a/d: the file has 3 bytes, input x, float32 [1] needs 4; the sample is left out',
  ]);
});

test('samples that are all good are as they were', async () => {
  const { samples, diagnostics } = await skipped({ a: good(1), b: good(2) });
  expect([samples.count, diagnostics]).toEqual([2, []]);
});

test('none that is left is an error with the first reason', async () => {
  await expect(skipped({ a: bad, b: bad })).rejects.toThrow(
    'DAT402 q.cfg:7: none of the 2 samples can be read; the first: /a/a: the file has 3 bytes',
  );
});

test('looking for them can be cancelled', async () => {
  await expect(skipped({ a: good(1) }, { aborted: true })).rejects.toThrow(Cancelled);
});
