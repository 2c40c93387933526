import { expect, test } from 'vitest';
import { tensor } from '../../src/base/tensor.ts';
import { readBin } from '../../src/data/bin.ts';
import { isNpz, readNpz } from '../../src/data/npz.ts';
import { openSamples } from '../../src/data/reader.ts';
import { memoryFiles } from './memoryFiles.ts';

const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

/** NumPy 2: `savez(f, x=arange(6, float32).reshape(2, 1, 3), mask=array([1, 0], int64))`. */
const STORED = bytes(
  'UEsDBC0AAAAAAAAAIQBtHlhI//////////8FABQAeC5ucHkBABAAmAAAAAAAAACYAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmNCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCAxLCAzKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAAAAAgD8AAABAAABAQAAAgEAAAKBAUEsDBC0AAAAAAAAAIQBx+zmr//////////8IABQAbWFzay5ucHkBABAAkAAAAAAAAACQAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxpOCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAQAAAAAAAAAAAAAAAAAAAFBLAQItAy0AAAAAAAAAIQBtHlhImAAAAJgAAAAFAAAAAAAAAAAAAACAAQAAAAB4Lm5weVBLAQItAy0AAAAAAAAAIQBx+zmrkAAAAJAAAAAIAAAAAAAAAAAAAACAAc8AAABtYXNrLm5weVBLBQYAAAAAAgACAGkAAACZAQAAAAA=',
);

/** NumPy 2: `savez_compressed(f, x=arange(6, float32).reshape(2, 1, 3))`. */
const DEFLATED = bytes(
  'UEsDBC0AAAAIAAAAIQBtHlhI//////////8FABQAeC5ucHkBABAAmAAAAAAAAABYAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CoY6CsaaOgq1CuQBLgYwaLAHEg5ABMQNQLzAAQBQSwECLQMtAAAACAAAACEAbR5YSFgAAACYAAAABQAAAAAAAAAAAAAAgAEAAAAAeC5ucHlQSwUGAAAAAAEAAQAzAAAAjwAAAAAA',
);

const X = tensor('float32', [2, 1, 3], Float32Array.of(0, 1, 2, 3, 4, 5));

test('arrays are found by name, stored or deflated; a single one by any name', () => {
  expect([isNpz(STORED), isNpz(DEFLATED), isNpz(new Uint8Array(3))]).toEqual([true, true, false]);
  expect(readNpz(STORED, 'x', 'a.npz')).toEqual(X);
  expect(readNpz(STORED, 'mask', 'a.npz')).toEqual(tensor('int64', [2], BigInt64Array.of(1n, 0n)));
  expect(readNpz(DEFLATED, 'input.1', 'a.npz')).toEqual(X);
});

test('a sample of an input is its array, transposed where its layout is another', () => {
  const input = { name: 'x', dtype: 'float32', dims: [1, 2, 1, 3] } as const;
  expect(readBin(STORED, input, 'NCHW', 'a.npz')).toEqual(tensor('float32', [1, 2, 1, 3], X.data));
  const nhwc = readBin(STORED, { ...input, dims: [1, 3, 2, 1] }, 'NHWC', 'a.npz');
  expect(nhwc.data).toEqual(Float32Array.of(0, 3, 1, 4, 2, 5));
  expect(() => readBin(STORED, { ...input, name: 'y' }, 'NCHW', 'a.npz')).toThrow(
    'DAT213 a.npz: the .npz archive has x, mask; one named y is expected',
  );
});

test('several inputs may take their arrays from the same archives', async () => {
  const directory = '/a';
  const { samples, diagnostics } = await openSamples(
    memoryFiles({ [directory]: { '0.npz': STORED, '1.npz': STORED } }),
    {
      inputs: [
        { name: 'x', dtype: 'float32', dims: [2, 1, 3], directory },
        { name: 'mask', dtype: 'int64', dims: [2], directory },
      ],
      count: undefined,
      kind: 'BIN',
      preprocess: {},
      at: (key) => ({ file: 'q.cfg', key }),
    },
  );
  expect([samples.count, diagnostics]).toEqual([2, []]);
  const feeds = await samples.read(1);
  expect(feeds.get('x')).toEqual(X);
  expect(feeds.get('mask')?.data).toEqual(BigInt64Array.of(1n, 0n));
});

test('what is damaged is refused, wherever it is, or was of no matter', () => {
  expect(() => readNpz(STORED.subarray(0, 40), 'x', 'cut.npz')).toThrow(/^DAT214 cut\.npz: .* directory is missing/);
  let refused = 0;
  for (const [file, from, to] of [
    [STORED, 55, 207],
    [DEFLATED, 55, 143],
  ] as const) {
    for (let i = from; i < to; i++) {
      const broken = file.slice();
      broken[i] = (broken[i] as number) ^ 0x40;
      const found = outcome(broken);
      if (typeof found === 'string') refused++;
      else expect(found).toEqual(X);
    }
  }
  expect(refused).toBe(238); // of 240: two bits of deflated data say nothing
});

function outcome(file: Uint8Array): unknown {
  try {
    return readNpz(file, 'x', 'broken.npz');
  } catch (error) {
    expect(String(error)).toMatch(/DAT214 broken\.npz/);
    return 'refused';
  }
}

test('a way of packing that is not read is named', () => {
  const other = DEFLATED.slice();
  other[0x8f + 10] = 12;
  expect(() => readNpz(other, 'x', 'bz.npz')).toThrow('x.npy is packed by method 12; 0 (stored) and 8 (deflate)');
});
