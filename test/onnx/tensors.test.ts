import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../src/base/bytes.ts';
import { bitsInFile } from '../../src/base/dtype.ts';
import { codeOf, type NarrowFloat, valuesOfCodes } from '../../src/base/floatBits.ts';
import { roundToFloat16, roundToSmallFloat } from '../../src/base/half.ts';
import { readTensorProto } from '../../src/onnx/read.ts';
import { block, externalData, float32, int, tag, tensorMessage, varint } from './protoMessages.ts';

async function read(...message: readonly number[]): Promise<unknown[]> {
  const { tensor } = await readTensorProto(bytesOf(Uint8Array.from(message)), 't.pb');
  return Array.from(tensor.data as ArrayLike<unknown>);
}

describe('typed data fields', () => {
  test('float_data packed', async () => {
    expect(await read(...tensorMessage(1, [2], block(4, [...float32(1.5), ...float32(-2)])))).toEqual([1.5, -2]);
  });

  test('float_data one value per field, as old writers do', async () => {
    const one = (v: number): number[] => [...tag(4, 5), ...float32(v)];
    expect(await read(...tensorMessage(1, [3], one(1), one(2), one(3)))).toEqual([1, 2, 3]);
  });

  test('float_data in two packed blocks, with the name between', async () => {
    const message = tensorMessage(1, [2], block(4, float32(1)), block(8, 'name'), block(4, float32(2)));
    expect(await read(...message)).toEqual([1, 2]);
  });

  test('int32_data holds int8, uint16, bool, float16 bits and nibbles', async () => {
    const packed = (...values: number[]): number[] => block(5, values.flatMap(varint));
    expect(await read(...tensorMessage(3, [3], packed(-1, 127, -128)))).toEqual([-1, 127, -128]);
    expect(await read(...tensorMessage(4, [2], packed(65535, 1)))).toEqual([65535, 1]);
    expect(await read(...tensorMessage(9, [2], packed(1, 0)))).toEqual([1, 0]);
    expect(await read(...tensorMessage(10, [2], packed(0x3c00, 0xc000)))).toEqual([1, -2]);
    expect(await read(...tensorMessage(17, [1], packed(0x38)))).toEqual([1]);
    expect(await read(...tensorMessage(21, [3], packed(0x21, 0x0f)))).toEqual([1, 2, 15]);
    expect(await read(...tensorMessage(22, [3], packed(0xf1, 0x08)))).toEqual([1, -1, -8]);
  });

  test('int64_data keeps 64 bits', async () => {
    const values = [2n ** 63n - 1n, -(2n ** 63n), 5n];
    expect(await read(...tensorMessage(7, [3], block(7, values.flatMap(varint))))).toEqual(values);
  });

  test('uint64_data holds uint64 and uint32', async () => {
    expect(await read(...tensorMessage(13, [1], block(11, varint(2n ** 64n - 1n))))).toEqual([2n ** 64n - 1n]);
    expect(await read(...tensorMessage(12, [1], int(11, 4294967295)))).toEqual([4294967295]);
  });

  test('string_data', async () => {
    expect(await read(...tensorMessage(8, [2], block(6, 'é'), block(6, '')))).toEqual(['é', '']);
  });
});

describe('raw_data', () => {
  test('of int4 has the low nibble first', async () => {
    expect(await read(...tensorMessage(22, [3], block(9, [0x2f, 0x08])))).toEqual([-1, 2, -8]);
  });

  test('at an odd offset is copied', async () => {
    for (let pad = 0; pad < 8; pad++) {
      const message = [
        ...block(12, 'x'.repeat(pad)),
        ...tensorMessage(11, [1], block(9, [0, 0, 0, 0, 0, 0, 0xf0, 0x3f])),
      ];
      expect(await read(...message)).toEqual([1]);
    }
  });
});

describe('a wrong tensor is refused', () => {
  test.each([
    [
      'too few raw bytes',
      tensorMessage(1, [2], block(9, [0, 0, 0, 0])),
      /^ONX202 .*float32 \[2\] needs 8 bytes of data, the file has 4$/,
    ],
    ['no data', tensorMessage(1, [2]), /^ONX202 .*were the weights stripped/],
    [
      'too many values',
      tensorMessage(1, [1], block(4, [...float32(1), ...float32(2)])),
      /^ONX203 .*shape \[1\] has 1 elements, the data 2/,
    ],
    ['too few varints', tensorMessage(6, [3], block(5, [1])), /^ONX203 .*3 elements, the data 1/],
    ['the wrong field', tensorMessage(1, [1], block(7, [1])), /^ONX204 .*float32 cannot be stored in int64_data/],
    ['raw strings', tensorMessage(8, [1], block(9, [65])), /^ONX204/],
    ['a cut varint', tensorMessage(6, [1], block(5, [0x80])), /^ONX206/],
    ['a complex type', tensorMessage(14, [1], block(9, [0, 0, 0, 0, 0, 0, 0, 0])), /^ONX201 .*complex64/],
    ['a type of the future', tensorMessage(99, [1]), /^ONX201 .*number 99/],
    ['a negative dimension', tensorMessage(1, [-1]), /^ONX205 .*\[-1\]/],
    ['an absurd shape', tensorMessage(1, [2 ** 40, 2 ** 40]), /^ONX205/],
    ['an absurd size', tensorMessage(6, [2 ** 40], block(5, [1])), /^ONX203/],
    ['external data in a lone tensor', tensorMessage(1, [1], externalData({ location: 'w' })), /^ONX304/],
  ])('%s', async (_, message, expected) => {
    await expect(read(...message)).rejects.toThrow(expected);
  });
});

describe('narrow floats', () => {
  const narrow: readonly NarrowFloat[] = [
    'float16',
    'bfloat16',
    'float8e4m3fn',
    'float8e4m3fnuz',
    'float8e5m2',
    'float8e5m2fnuz',
    'float8e8m0',
    'float4e2m1',
  ];

  test.each(narrow)('every code of %s survives', (dtype) => {
    const values = valuesOfCodes(dtype);
    expect(values.length).toBe(2 ** bitsInFile(dtype));
    values.forEach((value, code) => {
      if (!Number.isNaN(value)) expect(codeOf(dtype, value)).toBe(code);
    });
    const nan = dtype === 'float4e2m1' ? -0 : Number.NaN; // which has no NaN
    expect(values[codeOf(dtype, Number.NaN)]).toBe(nan);
  });

  test('known values', () => {
    const value = (dtype: NarrowFloat, code: number): number => valuesOfCodes(dtype)[code] as number;
    expect([value('float16', 0x3c00), value('float16', 0x7bff), value('float16', 1)]).toEqual([1, 65504, 2 ** -24]);
    expect([value('bfloat16', 0x3f80), value('bfloat16', 0xff80)]).toEqual([1, Number.NEGATIVE_INFINITY]);
    expect([value('float8e4m3fn', 0x7e), value('float8e4m3fn', 0x01)]).toEqual([448, 2 ** -9]);
    expect([value('float8e4m3fnuz', 0x7f), value('float8e4m3fnuz', 0x80)]).toEqual([240, Number.NaN]);
    expect([value('float8e5m2', 0x7b), value('float8e5m2', 0x7c)]).toEqual([57344, Number.POSITIVE_INFINITY]);
    expect([value('float8e5m2fnuz', 0x7f), value('float8e5m2fnuz', 0x01)]).toEqual([57344, 2 ** -17]);
  });

  test('agree with the rounding of base', () => {
    for (let code = 0; code < 65536; code++) {
      const v = valuesOfCodes('float16')[code] as number;
      if (!Number.isNaN(v)) expect(roundToFloat16(v)).toBe(v);
    }
    valuesOfCodes('float8e4m3fn').forEach((v) => {
      if (!Number.isNaN(v)) expect(roundToSmallFloat('float8e4m3fn', v, true)).toBe(v);
    });
  });
});
