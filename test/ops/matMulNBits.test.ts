import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { ENGINES } from '../kernels/engines.ts';
import { expectClose, int32s, normals } from './floatCases.ts';
import { buildNode, type OneNode, runHere, runInOnnxRuntime } from './oneNode.ts';
import { expectVector, withInputs } from './qlinearCases.ts';

const random = seededRandom(37);
let engines: readonly KernelSet[];

beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

const bytes = (dims: readonly number[]): Tensor =>
  tensor(
    'uint8',
    dims,
    Uint8Array.from({ length: sizeOf(dims) }, () => random.below(256)),
  );

interface Case {
  readonly bits: number;
  readonly k: number;
  readonly n: number;
  readonly size: number;
  readonly rows: readonly number[];
  readonly zeros?: 'packed' | 'float';
  readonly groups?: boolean;
  readonly bias?: boolean;
}

function node({ bits, k, n, size, rows, zeros, groups, bias }: Case): OneNode {
  const blocks = Math.ceil(k / size);
  const order = Array.from({ length: blocks }, (_, i) => (i * 3 + 1) % blocks);
  const zeroPoints = {
    packed: () => bytes([n, Math.ceil((blocks * bits) / 8)]),
    float: () => normals(random, [n, blocks], 2 ** (bits - 2)),
  };
  const inputs = [
    normals(random, [...rows, k]),
    bytes([n, blocks, (size * bits) / 8]),
    normals(random, [n, blocks], 0.01),
    zeros && zeroPoints[zeros](),
    groups
      ? int32s(
          [k],
          Array.from({ length: k }, (_, i) => order[Math.floor(i / size)] as number),
        )
      : undefined,
    bias ? normals(random, [n]) : undefined,
  ];
  return { type: 'MatMulNBits', inputs, attributes: { K: k, N: n, bits, block_size: size } };
}

describe('MatMulNBits', () => {
  const shapes = [
    { k: 32, n: 1, size: 16, rows: [1] },
    { k: 64, n: 33, size: 32, rows: [5] },
    { k: 100, n: 17, size: 32, rows: [2, 3] },
    { k: 256, n: 48, size: 128, rows: [1, 1] },
  ];

  it.each([2, 4, 8])('is as near ONNX Runtime as float32 allows, %i bits', async (bits) => {
    for (const shape of shapes) {
      for (const zeros of [undefined, 'packed'] as const) {
        for (const bias of [false, true]) {
          const built = node({ bits, ...shape, bias, ...(zeros && { zeros }) });
          await expectClose(built, shape.k, engines);
          await expectClose({ ...built, fed: [0, 1, 2] }, shape.k, engines);
        }
      }
    }
  });

  it('takes float zero points and a group index', async () => {
    for (const shape of shapes) {
      await expectClose(node({ bits: 4, ...shape, zeros: 'float' }), shape.k, engines);
      await expectClose(node({ bits: 4, ...shape, groups: true }), shape.k, engines);
      await expectClose(node({ bits: 4, ...shape, groups: true, bias: true }), shape.k, engines);
    }
  });

  it('is as near ONNX Runtime at accuracy level 4 as its rounding of A to 8 bits allows', async () => {
    const { k, n, size } = { k: 128, n: 17, size: 32 };
    const weight = node({ bits: 4, k, n, size, rows: [3], zeros: 'packed' });
    const at4 = { ...weight, attributes: { ...weight.attributes, accuracy_level: 4 } };
    const identity = tensor('float32', [k, k], new Float32Array(k * k));
    for (let i = 0; i < k; i++) identity.data[i * k + i] = 1;
    const [columns] = await runHere(await buildNode(withInputs(weight, { 0: identity })), engines[0]!); // [K, N]
    const built = await buildNode(at4);
    const [expected] = await runInOnnxRuntime(built);
    const a = weight.inputs[0]!.data as Float32Array;
    for (const kernels of engines) {
      const [found] = await runHere(built, kernels);
      let apart = 0;
      for (let i = 0; i < found!.data.length; i++) {
        const [row, column] = [Math.floor(i / n), i % n];
        let bound = 0;
        for (let from = 0; from < k; from += size) {
          const step = largest(a.subarray(row * k + from, row * k + from + size)) / 127; // symmetric codes of a block
          for (let at = from; at < from + size; at++)
            bound += (step / 2) * Math.abs(columns!.data[at * n + column] as number);
        }
        const difference = Math.abs((found!.data[i] as number) - (expected!.data[i] as number));
        expect(difference).toBeLessThanOrEqual(bound * (1 + 2 ** -10)); // and float32 sums of 128 products
        apart = Math.max(apart, difference);
      }
      expect(apart).toBeGreaterThan(0); // it does round A
    }
  });

  it('reads codes and zero points from the lowest bits on', async () => {
    const one = (k: number) =>
      tensor(
        'float32',
        [1, 16],
        Float32Array.from({ length: 16 }, (_, i) => Number(i === k)),
      );
    const codes = Uint8Array.of(0x21, 0x43, 0x65, 0x87, 0xa9, 0xcb, 0xed, 0x0f);
    for (const [k, code] of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0].entries()) {
      const inputs = [one(k), tensor('uint8', [1, 1, 8], codes), tensor('float32', [1, 1], Float32Array.of(0.5))];
      const attributes = { K: 16, N: 1, bits: 4, block_size: 16 };
      const y = (zero: number) => tensor('float32', [1, 1], Float32Array.of((code - zero) / 2));
      await expectVector({ type: 'MatMulNBits', inputs, attributes }, [y(8)], engines);
      const zero = tensor('uint8', [1, 1], Uint8Array.of(0x73));
      await expectVector({ type: 'MatMulNBits', inputs: [...inputs, zero], attributes }, [y(3)], engines);
    }
  });

  it('keeps the group index for each element of a block, zero points too', async () => {
    const groups = Array.from({ length: 32 }, (_, i) => i % 2);
    const scales = tensor('float32', [1, 2], Float32Array.of(1, 100));
    const codes = tensor('uint8', [1, 2, 8], new Uint8Array(16).fill(0x99)); // code 9, less 8 is 1
    const x = tensor('float32', [1, 32], new Float32Array(32).fill(1));
    const attributes = { K: 32, N: 1, bits: 4, block_size: 16 };
    const sum = async (zeros: Tensor | undefined, expected: number) => {
      const inputs = [x, codes, scales, zeros, int32s([32], groups)];
      const y = tensor('float32', [1, 1], Float32Array.of(expected));
      await expectVector({ type: 'MatMulNBits', inputs, attributes }, [y], engines);
    };
    await sum(undefined, 16 * (1 + 100));
    await sum(tensor('uint8', [1, 1], Uint8Array.of(0x57)), 16 * (2 + 400)); // 9 - 7 and 9 - 5
  });

  it('refuses parts of other sizes', async () => {
    const { inputs, attributes } = node({ bits: 4, k: 64, n: 3, size: 32, rows: [1] });
    const run = async (other: Partial<OneNode>) =>
      runHere(await buildNode({ type: 'MatMulNBits', inputs, attributes: attributes!, ...other }), engines[0]!);
    await expect(run({ attributes: { ...attributes, bits: 3 } })).rejects.toThrow('bits is 3');
    await expect(run({ attributes: { ...attributes, block_size: 24 } })).rejects.toThrow('block_size is 24');
    await expect(run({ attributes: { ...attributes, N: 4 } })).rejects.toThrow('B has shape [3, 2, 16], expected 128');
  });
});

function largest(x: Float32Array): number {
  return x.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
}
