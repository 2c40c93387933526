import { describe, expect, it } from 'vitest';
import { FULL_WIDTH, relativeError, toFixedPoint } from '../../src/base/fixedPoint.ts';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { int64Tensor, type Tensor, tensor } from '../../src/base/tensor.ts';
import { dequantizeCode, quantizeNumber } from '../../src/ops/codes.ts';
import type { QuantInfo } from '../../src/ops/opDef.ts';
import { type NodeSpec, type QuantizedNode, runFloat, runInteger } from './runOp.ts';

const random = seededRandom(7);

function quant(dtype: 'int8' | 'uint8', scale: number, zeroPoint: number): QuantInfo {
  return { dtype, scale: Float32Array.of(scale), zeroPoint: Int32Array.of(zeroPoint) };
}

/** Codes of every value, in random order. */
function codes(dtype: 'int8' | 'uint8', dims: readonly number[]): Tensor {
  const low = dtype === 'int8' ? -128 : 0;
  const data = Array.from({ length: sizeOf(dims) }, () => low + random.below(256));
  return dtype === 'int8' ? tensor('int8', dims, Int8Array.from(data)) : tensor('uint8', dims, Uint8Array.from(data));
}

const asTensorQuant = (q: QuantInfo) => ({
  scale: q.scale[0] as number,
  zeroPoint: q.zeroPoint[0] as number,
  signed: q.dtype === 'int8',
});

function dequantized(t: Tensor, q: QuantInfo): Tensor {
  const data = Float32Array.from(t.data as Int8Array, (c) => dequantizeCode(c, asTensorQuant(q)));
  return tensor('float32', t.dims, data);
}

function quantized(t: Tensor, q: QuantInfo): number[] {
  return Array.from(t.data as Float32Array, (x) => quantizeNumber(x, asTensorQuant(q)));
}

/** Runs both forms: codes, and floats between D and Q. */
function both(node: QuantizedNode): {
  readonly integer: number[][];
  readonly float: number[][];
  readonly dims: (readonly number[])[];
} {
  const outcome = runInteger(node);
  if (typeof outcome === 'string') throw new Error(outcome);
  const inputs = node.inputs.map((t, i) => {
    const q = node.inputQuants[i];
    return t !== undefined && q !== undefined ? dequantized(t, q) : t;
  });
  const float = runFloat(node, inputs, {
    outputCount: node.outputQuants.length,
    ...(node.clamp && { clamp: node.clamp }),
  });
  outcome.forEach((t, i) => {
    expect(t.dtype).toBe((node.outputQuants[i] as QuantInfo).dtype);
    expect(t.dims).toEqual(float[i]?.dims);
  });
  return {
    integer: outcome.map((t) => Array.from(t.data as Int8Array)),
    float: float.map((t, i) => quantized(t, node.outputQuants[i] as QuantInfo)),
    dims: outcome.map((t) => t.dims),
  };
}

const X8 = quant('uint8', 0.05, 117);
const S8 = quant('int8', 0.031, -5);
const OUT = quant('uint8', 0.04, 60);

describe('unary operators on codes are tables that equal Q(f(D(code)))', () => {
  const specs: readonly NodeSpec[] = [
    { type: 'Relu', opset: 13 },
    { type: 'LeakyRelu', opset: 13 },
    { type: 'Sigmoid', opset: 13 },
    { type: 'HardSigmoid', opset: 13 },
    { type: 'HardSwish', opset: 14 },
    { type: 'Tanh', opset: 13 },
    { type: 'Exp', opset: 13 },
    { type: 'Sqrt', opset: 13 },
    { type: 'Clip', opset: 6, attributes: { min: { float: -1 }, max: { float: 2 } } },
  ];
  for (const spec of specs) {
    for (const [from, to] of [
      [X8, OUT],
      [S8, OUT],
      [X8, S8],
    ] as const) {
      it(`${spec.type} ${from.dtype} to ${to.dtype}`, () => {
        const dtype = from.dtype as 'int8' | 'uint8';
        const { integer, float } = both({
          ...spec,
          inputs: [codes(dtype, [2, 3, 8, 9])],
          inputQuants: [from],
          outputQuants: [to],
        });
        expect(integer).toEqual(float);
      });
    }
  }
});

describe('Clip with bounds as inputs', () => {
  const scalar = (v: number) => tensor('float32', [], Float32Array.of(v));
  const node = { type: 'Clip', opset: 13, inputQuants: [X8, undefined, undefined], outputQuants: [OUT] };

  it('equals the float form where the bounds are constants', () => {
    const inputs = [codes('uint8', [999]), scalar(-0.7), scalar(1.3)];
    const { integer, float } = both({ ...node, inputs, constant: [1, 2] });
    expect(integer).toEqual(float);
    expect(new Set(integer[0]).size).toBeGreaterThan(30);
  });
});

describe('operators that move data keep or translate codes', () => {
  const ints = (...v: number[]) => int64Tensor([v.length], v);
  const same = (spec: NodeSpec, inputs: Tensor[], to: QuantInfo, outputs = 1): void => {
    it(`${spec.type} to ${to === X8 ? 'the same' : 'other'} parameters`, () => {
      const quants = inputs.map((_, i) => (i === 0 || spec.type === 'Concat' ? X8 : undefined));
      const { integer, float } = both({
        ...spec,
        inputs,
        inputQuants: quants,
        outputQuants: new Array(outputs).fill(to),
        constant: inputs.map((_, i) => i).slice(1),
      });
      expect(integer).toEqual(float);
    });
  };
  const x = codes('uint8', [1, 4, 6, 6]);
  same({ type: 'Reshape', opset: 13 }, [x, ints(4, -1)], X8);
  for (const to of [X8, OUT, S8]) {
    same({ type: 'Transpose', opset: 13, attributes: { perm: [0, 2, 3, 1] } }, [x], to);
    same({ type: 'Transpose', opset: 13, attributes: { perm: [3, 1, 0, 2] } }, [x], to);
    same({ type: 'Slice', opset: 13 }, [x, ints(1, 5), ints(3, 0), ints(1, 2), ints(1, -2)], to);
    same({ type: 'Gather', opset: 13, attributes: { axis: 1 } }, [x, ints(3, 0, -1)], to);
    same({ type: 'Split', opset: 13, attributes: { axis: 1 } }, [x], to, 2);
    same({ type: 'Pad', opset: 13 }, [x, ints(0, 0, 1, 2, 0, 0, 0, 1)], to);
    same({ type: 'Concat', opset: 13, attributes: { axis: 1 } }, [x, codes('uint8', [1, 2, 6, 6])], to);
    same(
      { type: 'MaxPool', opset: 12, attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } },
      [x],
      to,
    );
    same(
      { type: 'MaxPool', opset: 12, attributes: { kernel_shape: [3], pads: [1, 1] } },
      [codes('uint8', [1, 4, 9])],
      to,
    );
    same({ type: 'DepthToSpace', opset: 13, attributes: { blocksize: 2 } }, [x], to);
    same({ type: 'Resize', opset: 10 }, [x, tensor('float32', [4], Float32Array.of(1, 1, 2, 1.5))], to);
  }

  it('refuses a view with other parameters, in a sentence', () => {
    const node = {
      type: 'Reshape',
      opset: 13,
      inputs: [x, ints(-1)],
      inputQuants: [X8, undefined],
      outputQuants: [OUT],
    };
    expect(runInteger(node)).toBe('Input and output have different parameters, and a view cannot change codes.');
  });

  it('refuses linear Resize, in a sentence', () => {
    const scales = tensor('float32', [4], Float32Array.of(1, 1, 2, 2));
    const attributes = { mode: 'linear' };
    const node = {
      type: 'Resize',
      opset: 11,
      attributes,
      inputs: [x, undefined, scales],
      inputQuants: [X8, undefined, undefined],
      outputQuants: [X8],
    };
    expect(runInteger(node)).toBe('Resize mode linear has no integer form; mode nearest has.');
  });
});

describe('binary operators on codes are float32 arithmetic between D and Q', () => {
  const pairs: readonly (readonly [readonly number[], readonly number[]])[] = [
    [
      [2, 3, 4, 5],
      [2, 3, 4, 5],
    ],
    [[2, 3, 4, 5], []],
    [[2, 3, 4, 5], [5]],
    [
      [2, 1, 1, 5],
      [2, 3, 4, 1],
    ],
    [
      [7, 1],
      [1, 9],
    ],
  ];
  for (const type of ['Add', 'Sub', 'Mul', 'Div']) {
    it(`${type} under every broadcast`, () => {
      for (const [a, b] of pairs) {
        const inputs = [codes('uint8', a), codes('int8', b)];
        const { integer, float } = both({
          type,
          opset: 13,
          inputs,
          inputQuants: [X8, S8],
          outputQuants: [quant('uint8', 0.09, 90)],
        });
        expect(integer).toEqual(float);
      }
    });
  }

  for (const type of ['Add', 'Sub', 'Mul']) {
    it(`${type} on integers alone, under every broadcast, is one code off at most`, () => {
      let off = 0;
      let all = 0;
      for (const [a, b] of pairs) {
        const { integer, float } = both({
          type,
          opset: 13,
          inputs: [codes('uint8', a), codes('int8', b)],
          inputQuants: [X8, S8],
          outputQuants: [quant('uint8', 0.09, 90)],
          flavour: FULL_WIDTH,
        });
        for (const [i, code] of (integer[0] as number[]).entries()) {
          const apart = Math.abs(code - (float[0]?.[i] ?? NaN));
          expect(apart).toBeLessThanOrEqual(1);
          if (apart > 0) off++;
          all++;
        }
      }
      expect(off).toBeLessThanOrEqual(0.02 * all); // ties alone
    });
  }

  it('Add and Mul on integers alone follow their fixed-point multipliers, exactly', () => {
    const y = quant('int8', 0.07, 12);
    const [sa, sb, sy] = [X8, S8, y].map((q) => q.scale[0] as number) as [number, number, number];
    const [za, zb] = [X8, S8].map((q) => q.zeroPoint[0] as number) as [number, number];
    const inputs = [codes('uint8', [400]), codes('int8', [400])];
    const times = (n: bigint, m: number): bigint => {
      const { mantissa, shift } = toFixedPoint(m, { bits: 7 });
      return (2n * n * BigInt(mantissa) + (1n << BigInt(shift))) >> BigInt(shift + 1);
    };
    const common = 2 * Math.max(sa, sb);
    const sum = (a: bigint, b: bigint): bigint =>
      times(times(a << 20n, sa / common) + times(b << 20n, sb / common), common / (2 ** 20 * sy));
    const product = (a: bigint, b: bigint): bigint => times(a * b, (sa * sb) / sy);
    for (const [type, exact] of [
      ['Add', sum],
      ['Mul', product],
    ] as const) {
      const node = { type, opset: 13, inputs, inputQuants: [X8, S8], outputQuants: [y], flavour: { bits: 7 } };
      const [a, b] = inputs.map((t) => Array.from(t.data as Int8Array)) as [number[], number[]];
      const expected = a.map((code, i) => {
        const scaled = Number(exact(BigInt(code - za), BigInt((b[i] as number) - zb)));
        return Math.min(127, Math.max(-128, scaled + 12));
      });
      expect(both(node).integer[0]).toEqual(expected);
    }
  });
});

describe('weighted operators', () => {
  const bias = (channels: number, sx: number, sw: Float32Array): { tensor: Tensor; q: QuantInfo } => {
    const scale = Float32Array.from({ length: channels }, (_, c) => sx * (sw[sw.length === 1 ? 0 : c] as number));
    const data = Int32Array.from({ length: channels }, () => random.below(4000) - 2000);
    return {
      tensor: tensor('int32', [channels], data),
      q: { dtype: 'int32', scale, zeroPoint: new Int32Array(channels), axis: 0 },
    };
  };
  const weightQuant = (channels: number, axis: number): QuantInfo => ({
    dtype: 'int8',
    scale: Float32Array.from({ length: channels }, () => 0.002 + 0.01 * random.next()),
    zeroPoint: new Int32Array(channels),
    axis,
  });
  /** Float sums round otherwise, so a code may differ by one where the real value is near a tie. */
  const nearlyEqual = (integer: readonly number[], float: readonly number[], share = 0.002): void => {
    const off = integer.filter((v, i) => v !== float[i]);
    expect(Math.max(0, ...integer.map((v, i) => Math.abs(v - (float[i] as number))))).toBeLessThanOrEqual(1);
    expect(off.length).toBeLessThanOrEqual(Math.ceil(integer.length * share));
  };
  const check = (node: QuantizedNode, share?: number): void => {
    const outcome = runInteger(node);
    if (typeof outcome === 'string') throw new Error(outcome);
    const inputs = node.inputs.map((t, i) => dequantizedAny(t as Tensor, node.inputQuants[i] as QuantInfo));
    const [float] = runFloat(node, inputs, { ...(node.clamp && { clamp: node.clamp }) });
    expect(outcome[0]?.dims).toEqual(float?.dims);
    const q = node.outputQuants[0] as QuantInfo;
    const integer = Array.from(outcome[0]?.data as Int8Array);
    expect(new Set(integer).size).toBeGreaterThan(20);
    nearlyEqual(integer, quantized(float as Tensor, q), share);
  };

  it('Conv per channel, with bias, padding, stride, groups and zero points', () => {
    for (const [group, dims] of [
      [1, [5, 4, 3, 3]],
      [2, [6, 2, 3, 3]],
      [4, [4, 1, 3, 3]],
    ] as const) {
      const sw = weightQuant(dims[0], 0);
      const b = bias(dims[0], 0.05, sw.scale);
      const attributes = { group, pads: [1, 1, 1, 1], strides: [2, 1] };
      check({
        type: 'Conv',
        opset: 11,
        attributes,
        inputs: [codes('uint8', [2, 4, 9, 8]), codes('int8', dims), b.tensor],
        inputQuants: [X8, sw, b.q],
        outputQuants: [quant('uint8', 0.12, 120)],
        constant: [1, 2],
      });
    }
  });

  it('Conv in one dimension, and with a fused clamp', () => {
    const sw = weightQuant(3, 0);
    const inputs = [codes('int8', [2, 4, 30]), codes('int8', [3, 4, 5])];
    check({
      type: 'Conv',
      opset: 11,
      attributes: { pads: [2, 2] },
      inputs,
      inputQuants: [S8, sw],
      outputQuants: [quant('int8', 0.05, -100)],
      constant: [1],
      clamp: { lo: 0, hi: 6 },
    });
  });

  it('Gemm with transB, and MatMul over a batch', () => {
    const sw = weightQuant(6, 0);
    const b = bias(6, 0.05, sw.scale);
    check({
      type: 'Gemm',
      opset: 13,
      attributes: { transB: 1 },
      inputs: [codes('uint8', [9, 20]), codes('int8', [6, 20]), b.tensor],
      inputQuants: [X8, sw, b.q],
      outputQuants: [quant('uint8', 0.12, 120)],
      constant: [1, 2],
    });
    check({
      type: 'MatMul',
      opset: 13,
      inputs: [codes('uint8', [3, 4, 20]), codes('int8', [20, 7])],
      inputQuants: [X8, weightQuant(7, 1)],
      outputQuants: [quant('int8', 0.12, 0)],
      constant: [1],
    });
  });

  it('AveragePool and GlobalAveragePool', () => {
    const x = codes('uint8', [2, 5, 7, 6]);
    const attributes = { kernel_shape: [3, 2], pads: [1, 0, 1, 0] };
    const node = { opset: 13, inputs: [x], inputQuants: [X8], outputQuants: [quant('uint8', 0.03, 110)] };
    for (const count of [0, 1]) {
      check({ ...node, type: 'AveragePool', attributes: { ...attributes, count_include_pad: count } }, 0.05); // means of six codes often tie
    }
    const global = both({
      ...node,
      type: 'GlobalAveragePool',
      inputs: [codes('uint8', [2, 99, 7, 6])],
      outputQuants: [quant('uint8', 0.01, 110)],
    });
    nearlyEqual(global.integer[0] as number[], global.float[0] as number[], 0.05);
  });

  it.each([FULL_WIDTH, { bits: 8 }, { bits: 20, tolerance: 0.01 }])(
    'averages on integers alone in fixed point of %o',
    (flavour) => {
      const averages = [
        { type: 'AveragePool', attributes: { kernel_shape: [3, 2], strides: [2, 1] }, window: [3, 2], spatial: [7, 6] },
        {
          type: 'AveragePool',
          attributes: { kernel_shape: [2, 2], pads: [1, 0, 1, 0], count_include_pad: 1 },
          window: [2, 2],
          spatial: [7, 6],
        },
        { type: 'AveragePool', attributes: { kernel_shape: [3] }, window: [3], spatial: [11] },
        { type: 'GlobalAveragePool', attributes: {}, window: [7, 6], spatial: [7, 6] },
      ];
      for (const { window, spatial, ...node } of averages) {
        const [y] = [quant('uint8', 0.03, 110)];
        const outcome = both({
          ...node,
          opset: 13,
          inputs: [codes('uint8', [2, 5, ...spatial])],
          inputQuants: [X8],
          outputQuants: [y],
          flavour,
        });
        const elements = sizeOf(window);
        const multiplier = (X8.scale[0] as number) / ((y.scale[0] as number) * elements);
        const error = relativeError(multiplier, toFixedPoint(multiplier, flavour));
        // a step for the rounding to codes on both sides, and the multiplier's error over at most 255 steps of the input
        const bound = 1 + error * 255 * elements * multiplier;
        for (const [i, code] of outcome.integer[0]?.entries() ?? [])
          expect(Math.abs(code - (outcome.float[0]?.[i] ?? NaN)), `${node.type} ${i}`).toBeLessThanOrEqual(bound);
      }
    },
  );

  it('averages by the fixed-point multiplier of the sum, exactly', () => {
    const x = codes('uint8', [1, 3, 4, 4]);
    const y = quant('int8', 0.04, -7);
    const node = { type: 'GlobalAveragePool', opset: 13, inputs: [x], inputQuants: [X8], outputQuants: [y] };
    const [made] = both({ ...node, flavour: { bits: 5 } }).integer;
    const { mantissa, shift } = toFixedPoint((X8.scale[0] as number) / ((y.scale[0] as number) * 16), { bits: 5 });
    const zero = X8.zeroPoint[0] as number;
    const expected = [0, 1, 2].map((channel) => {
      const sum = [...(x.data as Uint8Array)].slice(16 * channel, 16 * channel + 16).reduce((s, c) => s + c - zero, 0);
      return Math.min(127, Math.max(-128, Math.floor((sum * mantissa) / 2 ** shift + 0.5) - 7));
    });
    expect(made).toEqual(expected);
  });

  it('refuses sums that could overflow 32 bits, and says how long they may be', () => {
    const sw = quant('int8', 0.01, 0);
    const inputs = [codes('uint8', [1, 70000]), tensor('int8', [70000, 1], new Int8Array(70000))];
    const q = { ...quant('uint8', 0.05, 0) };
    const node = { type: 'MatMul', opset: 13, inputs, inputQuants: [q, sw], outputQuants: [OUT], constant: [1] };
    expect(runInteger(node)).toBe('Sums of 70000 products of up to 32640 could overflow 32 bits; up to 65793 fit.');
  });

  it('counts the bias of an imported convolution among the sums that must fit 32 bits', () => {
    const sw = quant('int8', 0.01, 0);
    const x = { ...quant('uint8', 0.05, 0) };
    const scale = Math.fround(Math.fround(0.05) * Math.fround(0.01));
    const refused = (largest: number) => {
      const b = { dtype: 'int32', scale: Float32Array.of(scale), zeroPoint: Int32Array.of(0) } as const;
      const outcome = runInteger({
        type: 'Conv',
        opset: 11,
        inputs: [
          codes('uint8', [1, 4, 2, 2]),
          codes('int8', [1, 4, 1, 1]),
          tensor('int32', [1], Int32Array.of(largest)),
        ],
        inputQuants: [x, sw, b],
        outputQuants: [OUT],
        constant: [1, 2],
      });
      return typeof outcome === 'string' ? outcome : undefined;
    };
    const room = 2 ** 31 - 1 - 4 * 255 * 128;
    expect(refused(room)).toBeUndefined();
    expect(refused(-room)).toBeUndefined();
    expect(refused(room + 1)).toBe('Sums of 4 products of up to 32640 could overflow 32 bits; up to 3 fit.');
    expect(refused(-room - 1)).toBe('Sums of 4 products of up to 32640 could overflow 32 bits; up to 3 fit.');
  });

  it('refuses a bias of another scale', () => {
    const sw = weightQuant(2, 0);
    const b = bias(2, 0.051, sw.scale);
    const inputs = [codes('uint8', [1, 3, 4, 4]), codes('int8', [2, 3, 1, 1]), b.tensor];
    const node = { type: 'Conv', opset: 11, inputs, inputQuants: [X8, sw, b.q], outputQuants: [OUT], constant: [1, 2] };
    expect(runInteger(node)).toMatch(/^The bias has scale .* at channel 0; the sums have /);
  });
});

function dequantizedAny(t: Tensor, q: QuantInfo): Tensor {
  const inner = q.axis === undefined ? 1 : sizeOf(t.dims.slice(q.axis + 1));
  const length = q.axis === undefined ? 1 : (t.dims[q.axis] as number);
  const data = Float32Array.from(t.data as Int32Array, (code, i) => {
    const c = q.scale.length === 1 ? 0 : Math.floor(i / inner) % length;
    return (q.scale[c] as number) * (code - (q.zeroPoint[c] as number));
  });
  return tensor('float32', t.dims, data);
}
