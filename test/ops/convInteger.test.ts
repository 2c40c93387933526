import { beforeAll, describe, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import type { OneNode } from './oneNode.ts';
import {
  type CodeDType,
  codesFrom,
  expectEqual,
  expectVector,
  randomCodes,
  randomZeroPoint,
  scalar,
  zeroPoint,
} from './qlinearCases.ts';

const random = seededRandom(23);
let engines: readonly KernelSet[];

beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

const zeros = (dtype: CodeDType, dims: readonly number[]): Tensor =>
  codesFrom(
    dtype,
    dims,
    Array.from({ length: sizeOf(dims) }, () => 0),
  );
const scales = (dims: readonly number[]): Tensor =>
  tensor(
    'float32',
    dims,
    Float32Array.from({ length: sizeOf(dims) }, () => 0.001 + random.next() / 50),
  );
const onnx = (node: Omit<OneNode, 'domain'>): OneNode => ({ ...node, domain: '' });

const CONVOLUTIONS = [
  { x: [1, 3, 7, 7], w: [5, 3, 3, 3], attributes: { pads: [1, 1, 1, 1] } },
  { x: [2, 8, 9, 6], w: [16, 8, 1, 1], attributes: { strides: [2, 1] } },
  { x: [1, 16, 8, 8], w: [16, 1, 3, 3], attributes: { group: 16, pads: [0, 1, 2, 1] } },
  { x: [1, 4, 9, 9], w: [6, 2, 3, 2], attributes: { group: 2, dilations: [2, 3], pads: [0, 1, 2, 0] } },
  { x: [2, 3, 17], w: [4, 3, 5], attributes: { pads: [2, 2], strides: [3] } },
] as const;

describe('ConvInteger', () => {
  it.each([
    ['uint8', 'uint8'],
    ['uint8', 'int8'],
  ] as const)('equals ONNX Runtime for %s and %s', async (typeX, typeW) => {
    const deep = { x: [1, 2, 4, 5, 3], w: [3, 2, 2, 3, 2], attributes: { pads: [1, 0, 1, 0, 1, 0] } };
    for (const { x, w, attributes } of [...CONVOLUTIONS, deep]) {
      for (let trial = 0; trial < 4; trial++) {
        const inputs = [
          randomCodes(random, typeX, x),
          randomCodes(random, typeW, w),
          ...(trial === 0 ? [] : [zeroPoint(typeX, randomZeroPoint(random, typeX))]),
          ...(trial < 2 ? [] : [randomCodes(random, typeW, [])]),
        ];
        await expectEqual(onnx({ type: 'ConvInteger', inputs, attributes }), engines);
        await expectEqual(onnx({ type: 'ConvInteger', inputs, attributes, fed: inputs.map((_, i) => i) }), engines);
      }
    }
  });

  it('takes zero points per channel, which ONNX Runtime does not', async () => {
    const inputs = [
      ...[codesFrom('uint8', [1, 1, 1, 2], [2, 5]), codesFrom('int8', [2, 1, 1, 1], [1, 2])],
      ...[zeroPoint('uint8', 1), codesFrom('int8', [2], [0, 5])],
    ];
    const y = tensor('int32', [1, 2, 1, 2], Int32Array.of(1, 4, -3, -12));
    await expectVector(onnx({ type: 'ConvInteger', inputs }), [y], engines);
  });

  it('computes the worked example', async () => {
    const inputs = [
      codesFrom('uint8', [1, 1, 1, 3], [2, 3, 4]),
      codesFrom('uint8', [1, 1, 1, 2], [1, 2]),
      zeroPoint('uint8', 1),
    ];
    const y = tensor('int32', [1, 1, 1, 2], Int32Array.of(1 + 4, 2 + 6));
    await expectVector(onnx({ type: 'ConvInteger', inputs }), [y], engines);
  });
});

describe('QLinearConv', () => {
  it.each([
    ['uint8', 'uint8'],
    ['uint8', 'int8'],
    ['int8', 'int8'],
  ] as const)('equals ONNX Runtime for %s and %s, per tensor and per channel', async (typeX, typeW) => {
    for (const { x, w, attributes } of CONVOLUTIONS) {
      for (let trial = 0; trial < 6; trial++) {
        const perChannel = trial % 2 === 0 ? [] : [w[0]];
        const bias = tensor(
          'int32',
          [w[0]],
          Int32Array.from({ length: w[0] }, () => random.below(4000) - 2000),
        );
        const wZero = typeW === 'int8' ? zeros('int8', perChannel) : zeroPoint('uint8', 128);
        const inputs = [
          ...[randomCodes(random, typeX, x), scalar(0.02), zeroPoint(typeX, randomZeroPoint(random, typeX))],
          ...[randomCodes(random, typeW, w), scales(typeW === 'int8' ? perChannel : []), wZero],
          ...[scalar(0.05 + random.next() / 10), zeroPoint(typeX, randomZeroPoint(random, typeX))],
          ...(trial < 3 ? [] : [bias]),
        ];
        await expectEqual(onnx({ type: 'QLinearConv', inputs, attributes }), engines);
      }
    }
  });

  it('computes the worked example', async () => {
    const inputs = [
      ...[codesFrom('uint8', [1, 1, 1, 2], [2, 12]), scalar(0.5), zeroPoint('uint8', 2)],
      ...[
        codesFrom('int8', [2, 1, 1, 1], [3, -1]),
        tensor('float32', [2], Float32Array.of(0.5, 0.25)),
        codesFrom('int8', [2], [0, 0]),
      ],
      ...[scalar(0.5), zeroPoint('uint8', 100), tensor('int32', [2], Int32Array.of(2, 0))],
    ];
    const y = codesFrom('uint8', [1, 2, 1, 2], [101, 116, 100, 98]); // (q + 2) / 2 and q / 4; -2.5 rounds to -2
    await expectVector(onnx({ type: 'QLinearConv', inputs }), [y], engines);
  });
});

const PRODUCTS = [
  [
    [1, 1],
    [1, 1],
  ],
  [
    [5, 33],
    [33, 17],
  ],
  [
    [2, 3, 16],
    [16, 31],
  ],
  [
    [2, 1, 4, 9],
    [3, 9, 5],
  ],
] as const;

describe('MatMulInteger', () => {
  it.each([
    ['uint8', 'uint8'],
    ['uint8', 'int8'],
    ['int8', 'int8'],
    ['int8', 'uint8'],
  ] as const)('equals ONNX Runtime for %s times %s', async (typeA, typeB) => {
    for (const [a, b] of PRODUCTS) {
      for (let trial = 0; trial < 4; trial++) {
        const columns = trial % 2 === 0 ? [] : b.length === 2 ? [b[1]] : [b[0], 1, b[2]];
        const inputs = [
          ...[randomCodes(random, typeA, a), randomCodes(random, typeB, b)],
          ...(trial === 3
            ? []
            : [zeroPoint(typeA, randomZeroPoint(random, typeA)), randomCodes(random, typeB, columns)]),
        ];
        await expectEqual(onnx({ type: 'MatMulInteger', inputs }), engines);
        await expectEqual(onnx({ type: 'MatMulInteger', inputs, fed: inputs.map((_, i) => i) }), engines);
      }
    }
  });

  it('takes zero points per row of A too, which ONNX Runtime does not', async () => {
    const inputs = [
      ...[codesFrom('uint8', [2, 2], [1, 2, 3, 4]), codesFrom('int8', [2, 2], [1, -1, 2, 3])],
      ...[codesFrom('uint8', [2], [1, 3]), codesFrom('int8', [2], [0, 1])],
    ];
    const y = tensor('int32', [2, 2], Int32Array.of(2, 2, 2, 2)); // rows [0, 1] and [0, 1] times [[1, -2], [2, 2]]
    await expectVector(onnx({ type: 'MatMulInteger', inputs }), [y], engines);
  });
});

describe('QLinearMatMul', () => {
  it.each([
    ['uint8', 'uint8'],
    ['uint8', 'int8'],
    ['int8', 'int8'],
  ] as const)('equals ONNX Runtime for %s times %s', async (typeA, typeB) => {
    for (const [a, b] of PRODUCTS) {
      for (let trial = 0; trial < 4; trial++) {
        const columns = trial % 2 === 0 ? [] : b.length === 2 ? [b[1]] : [b[0], 1, b[2]];
        const inputs = [
          ...[randomCodes(random, typeA, a), scalar(0.02), zeroPoint(typeA, randomZeroPoint(random, typeA))],
          ...[randomCodes(random, typeB, b), scales(columns), randomCodes(random, typeB, columns)],
          ...[scalar(0.05 + random.next() / 5), zeroPoint(typeA, randomZeroPoint(random, typeA))],
        ];
        await expectEqual(onnx({ type: 'QLinearMatMul', inputs }), engines);
        await expectEqual(onnx({ type: 'QLinearMatMul', inputs, fed: inputs.map((_, i) => i) }), engines);
      }
    }
  });

  it('computes the worked example', async () => {
    const inputs = [
      ...[codesFrom('uint8', [1, 2], [3, 5]), scalar(0.5), zeroPoint('uint8', 1)],
      ...[codesFrom('int8', [2, 1], [2, -1]), scalar(0.5), zeroPoint('int8', 1)],
      ...[scalar(0.5), zeroPoint('uint8', 10)],
    ];
    const y = codesFrom('uint8', [1, 1], [7]); // (2 * 1 - 4 * 2) * 0.25 / 0.5 + 10
    await expectVector(onnx({ type: 'QLinearMatMul', inputs }), [y], engines);
  });
});

describe('QLinearConv of com.microsoft', () => {
  it('equals ONNX Runtime, channels first and last', async () => {
    for (const { x, w, attributes } of CONVOLUTIONS) {
      for (const channelsLast of [0, 1]) {
        const dims = channelsLast ? [x[0], ...x.slice(2), x[1]] : x;
        const inputs = [
          ...[randomCodes(random, 'uint8', dims), scalar(0.02), zeroPoint('uint8', 120)],
          ...[randomCodes(random, 'int8', w), scales([w[0]]), zeros('int8', [w[0]])],
          ...[scalar(0.05 + random.next() / 10), zeroPoint('uint8', 7)],
        ];
        const node = { type: 'QLinearConv', inputs, attributes: { ...attributes, channels_last: channelsLast } };
        await expectEqual(node, engines);
        await expectEqual({ ...node, fed: inputs.map((_, i) => i) }, engines);
      }
    }
  });
});

describe('NhwcMaxPool', () => {
  it.each(['uint8', 'int8'] as const)('equals ONNX Runtime for %s', async (dtype) => {
    const cases = [
      [[1, 9, 3], { kernel_shape: [3], strides: [2], pads: [1, 1] }],
      [[2, 7, 8, 5], { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 1] }],
      [[1, 8, 8, 17], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1, dilations: [2, 1] }],
      [[2, 4, 5, 6, 3], { kernel_shape: [2, 2, 3], pads: [0, 1, 1, 0, 0, 1] }],
    ] as const;
    for (const [dims, attributes] of cases) {
      await expectEqual({ type: 'NhwcMaxPool', inputs: [randomCodes(random, dtype, dims)], attributes }, engines);
    }
  });

  it('keeps channels apart', async () => {
    const x = codesFrom('int8', [1, 1, 3, 2], [1, -1, 5, -5, 3, -3]);
    const y = codesFrom('int8', [1, 1, 2, 2], [5, -1, 5, -3]);
    await expectVector({ type: 'NhwcMaxPool', inputs: [x], attributes: { kernel_shape: [1, 2] } }, [y], engines);
  });
});
