import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { rationalSigmoid, rationalTanh } from '../../src/ops/rationalActivations.ts';
import { ENGINES } from '../kernels/engines.ts';
import type { AttributeInit } from '../models/model.ts';
import { buildNode, type OneNode, runHere } from './oneNode.ts';
import { CODE_DTYPES, type CodeDType, codesFrom, expectEqual, randomCodes } from './qlinearCases.ts';

const random = seededRandom(29);
let engines: readonly KernelSet[];

beforeAll(async () => {
  engines = await Promise.all(ENGINES.map((e) => e.create()));
});

interface Sizes {
  readonly steps: number;
  readonly batch: number;
  readonly input: number;
  readonly hidden: number;
  readonly directions: number;
}

interface Options {
  readonly perColumn?: boolean;
  readonly bias?: boolean;
  readonly lengths?: readonly number[];
  readonly states?: boolean;
  readonly peepholes?: boolean;
  readonly attributes?: Readonly<Record<string, AttributeInit>>;
}

const floats = (dims: readonly number[], scale = 1): Tensor =>
  tensor(
    'float32',
    dims,
    Float32Array.from({ length: sizeOf(dims) }, () => scale * random.normal()),
  );

function lstm(dtype: CodeDType, { steps, batch, input, hidden, directions: d }: Sizes, o: Options = {}): OneNode {
  const columns = o.perColumn ? [d, 4 * hidden] : [d];
  const scales = tensor(
    'float32',
    columns,
    Float32Array.from({ length: sizeOf(columns) }, () => 0.005 * (1 + random.next())),
  );
  const zero = dtype === 'int8' ? 0 : 128;
  const zeros = codesFrom(
    dtype,
    columns,
    Array.from({ length: sizeOf(columns) }, () => zero),
  );
  const inputs = [
    floats([steps, batch, input]),
    randomCodes(random, dtype, [d, input, 4 * hidden]),
    randomCodes(random, dtype, [d, hidden, 4 * hidden]),
    o.bias ? floats([d, 8 * hidden], 0.5) : undefined,
    o.lengths && tensor('int32', [batch], Int32Array.from(o.lengths)),
    o.states ? floats([d, batch, hidden], 0.5) : undefined,
    o.states ? floats([d, batch, hidden], 0.5) : undefined,
    o.peepholes ? floats([d, 3 * hidden], 0.5) : undefined,
    ...[scales, zeros, scales, zeros],
  ];
  const attributes = { hidden_size: hidden, ...o.attributes };
  return { type: 'DynamicQuantizeLSTM', inputs, attributes, outputs: 3 };
}

describe('DynamicQuantizeLSTM', () => {
  const small = { steps: 5, batch: 3, input: 7, hidden: 9, directions: 1 };
  const cases: readonly (readonly [name: string, sizes: Sizes, options: Options])[] = [
    ['one step of one element', { steps: 1, batch: 1, input: 1, hidden: 1, directions: 1 }, {}],
    ['many steps', { steps: 60, batch: 1, input: 16, hidden: 64, directions: 1 }, { bias: true }],
    ['a batch, scales per column', small, { bias: true, perColumn: true, states: true }],
    ['backwards', small, { attributes: { direction: 'reverse' }, bias: true }],
    [
      'both directions',
      { ...small, directions: 2 },
      { attributes: { direction: 'bidirectional' }, bias: true, states: true },
    ],
    ['sequences of different lengths', small, { lengths: [5, 2, 3], states: true }],
    [
      'sequences that all end early, both ways',
      { ...small, directions: 2 },
      { lengths: [4, 0, 1], attributes: { direction: 'bidirectional' } },
    ],
    [
      'peepholes, a clip and a coupled forget gate',
      small,
      { peepholes: true, bias: true, attributes: { input_forget: 1, clip: 0.7 } },
    ],
    ['peepholes on all gates', small, { peepholes: true, states: true }],
  ];

  it.each(cases)('equals ONNX Runtime bit for bit: %s', async (_, sizes, options) => {
    for (const dtype of CODE_DTYPES) {
      const node = lstm(dtype, sizes, options);
      await expectEqual(node, engines);
      await expectEqual({ ...node, fed: [0, 1, 2] }, engines);
    }
  });

  it('computes one step as its definition says', async () => {
    const weights = codesFrom('int8', [1, 1, 4], [2, 4, -2, 1]); // i, o, f, c
    const scale = tensor('float32', [1], Float32Array.of(0.25));
    const zero = codesFrom('int8', [1], [0]);
    const x = tensor('float32', [1, 1, 1], Float32Array.of(255)); // scale 1, zero point 0, code 255
    const inputs = [x, weights, weights, ...Array.from({ length: 5 }, () => undefined), scale, zero, scale, zero];
    const node = { type: 'DynamicQuantizeLSTM', inputs, attributes: { hidden_size: 1 }, outputs: 3 };
    const [y, h, c] = await runHere(await buildNode(node), engines[0]!);
    const cell = Math.fround(rationalSigmoid(127.5) * rationalTanh(63.75));
    expect(c?.data[0]).toBe(cell);
    expect(h?.data[0]).toBe(Math.fround(rationalTanh(cell) * rationalSigmoid(255)));
    expect(y?.dims).toEqual([1, 1, 1, 1]);
  });

  it('refuses weights that are not four gates of hidden_size', async () => {
    const built = await buildNode(lstm('int8', small, { attributes: { hidden_size: 8 } }));
    await expect(runHere(built, engines[0]!)).rejects.toThrow('expected [1, K, 32]');
  });
});
