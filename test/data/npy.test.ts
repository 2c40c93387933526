import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NumericDType } from '../../src/base/dtype.ts';
import { newArray } from '../../src/base/dtype.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import { readNpy, writeNpy } from '../../src/data/npy.ts';

const DTYPES: readonly NumericDType[] = [
  'float16',
  'float32',
  'float64',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
];

/** A file as NumPy writes it. */
function npy(header: string, data: ArrayBufferView | readonly number[], version = 1): Uint8Array {
  const text = new TextEncoder().encode(`${header}\n`);
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  const bytes = 'buffer' in data ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data;
  return Uint8Array.from([0x93, ...Buffer.from('NUMPY'), version, 0, ...length, ...text, ...bytes]);
}

const head = (descr: string, shape: string, fortran = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape}), }`;

describe('reading', () => {
  test.each([1, 2, 3])('version %i', (version) => {
    expect(readNpy(npy(head('<f4', '2, 1'), Float32Array.of(1.5, -2), version), 'x.npy')).toEqual(
      tensor('float32', [2, 1], Float32Array.of(1.5, -2)),
    );
  });

  test('a scalar, a vector and an empty array', () => {
    expect(readNpy(npy(head('<i2', ''), Int16Array.of(-7)), 'x')).toEqual(tensor('int16', [], Int16Array.of(-7)));
    expect(readNpy(npy(head('|u1', '2,'), [3, 4]), 'x').dims).toEqual([2]);
    expect(readNpy(npy(head('<f8', '0, 3'), []), 'x')).toEqual(tensor('float64', [0, 3], new Float64Array(0)));
  });

  test('Fortran order becomes C order', () => {
    const data = Int32Array.of(0, 3, 1, 4, 2, 5);
    expect(Array.from(readNpy(npy(head('<i4', '2, 3', 'True'), data), 'x').data as Int32Array)).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
  });

  test('big-endian elements are swapped', () => {
    expect(readNpy(npy(head('>u2', '2,'), [1, 2, 255, 0]), 'x').data).toEqual(Uint16Array.of(258, 65280));
  });

  test('float16 has its value', () => {
    expect(readNpy(npy(head('<f2', '3,'), Uint16Array.of(0x3c00, 0xc500, 0x7c00)), 'x')).toEqual(
      tensor('float16', [3], Float32Array.of(1, -5, Infinity)),
    );
  });

  test.each([
    [new Uint8Array(3), /does not start with/],
    [npy(head('<f4', '2,'), [1, 2, 3]), /3 bytes, its shape needs 8/],
    [npy(head('<c8', '2,'), []), /its type is <c8/],
    [npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", []), /records or objects/],
    [npy(head('<f4', '2,'), [], 9), /version is 9/],
    [npy(head('<f4', '2,'), []).subarray(0, 40), /ends within its header/],
  ])('a wrong file is DAT205 with the reason (%#)', (bytes, reason) => {
    expect(() => readNpy(bytes, 'bad.npy')).toThrow(reason);
    expect(() => readNpy(bytes, 'bad.npy')).toThrow(/^DAT205 bad\.npy: /);
  });
});

test.each(DTYPES)('what is written of %s is read', (dtype) => {
  fc.assert(
    fc.property(fc.array(fc.nat(4), { maxLength: 4 }), (dims) => {
      const data = newArray(
        dtype,
        dims.reduce((a, b) => a * b, 1),
      );
      const big = dtype === 'int64' || dtype === 'uint64';
      for (let i = 0; i < data.length; i++) data[i] = (big ? BigInt(i % 2) : i % 2) as never;
      const t = { dtype, dims, data } as Tensor;
      const bytes = writeNpy(t);
      expect(readNpy(bytes, 'x')).toEqual(t);
      expect(new DataView(bytes.buffer).getUint16(8, true) + 10).toBe(128);
    }),
  );
});

test('types NumPy has not are widened, strings refused', () => {
  const bf16 = tensor('bfloat16', [2], Float32Array.of(1.5, -3));
  expect(readNpy(writeNpy(bf16), 'x')).toEqual(tensor('float32', [2], Float32Array.of(1.5, -3)));
  const int4 = tensor('int4', [3], Int8Array.of(-8, 7, 0));
  expect(readNpy(writeNpy(int4), 'x')).toEqual(tensor('int8', [3], Int8Array.of(-8, 7, 0)));
  expect(() => writeNpy(tensor('string', [1], ['a']))).toThrow(/DAT210/);
});
