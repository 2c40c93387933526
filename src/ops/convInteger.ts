import { rint } from '../base/round.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Packed, Requantizer } from '../kernels/kernelSet.ts';
import { codesOf } from './codes.ts';
import { CONV_ATTRIBUTES, convMacs, inferConvDims } from './conv.ts';
import { directSums, indexOf, logicalOf, logicalStrides, physicalOf } from './convDirect.ts';
import { inferMatMulDims } from './matMul.ts';
import { batchedMatMul, matMulDims } from './matMulDirect.ts';
import { numbersOf, rangeOf, stored } from './numbers.ts';
import { defineOp, type OpDef, type QuantRule, type RunContext } from './opDef.ts';
import { geometryOf, imageOfCodes, imageOutputCodes, packingGeometry, resolveWindow } from './window.ts';

const ALREADY: QuantRule = { kind: 'float', why: 'It already computes on integers.' };
type ConvSpecs = typeof CONV_ATTRIBUTES;

function zeroPointOf(t: Tensor | undefined): number {
  return t === undefined ? 0 : (numbersOf(t)[0] as number);
}

const convInteger = defineOp<ConvSpecs>({
  type: 'ConvInteger',
  domain: '',
  since: 10,
  arity: [2, 4],
  attributes: CONV_ATTRIBUTES,
  layout: { kind: 'nhwc', inputs: [0] },
  infer: (context) => [
    { dtype: 'int32', dims: inferConvDims(context, context.attributes, context.input(0).dims, context.input(1).dims) },
  ],
  run: (context) => {
    const [x, w, wZero] = [context.input(0), context.input(1), context.inputs[3]];
    const dims = logicalOf(x.dims);
    const window = resolveWindow(context.attributes, dims.slice(2), w.dims.slice(2), 'floor');
    const outDims = [dims[0] as number, w.dims[0] as number, ...window.out];
    const out = context.output(0, 'int32', physicalOf(outDims));
    const strides = logicalStrides(out.dims);
    const sums = directSums({
      x: numbersOf(x),
      xDims: x.dims,
      w: numbersOf(w),
      wDims: w.dims,
      window,
      group: context.attributes.group,
      xZero: zeroPointOf(context.inputs[2]),
      ...(wZero && { wZero: numbersOf(wZero) }),
    });
    for (let i = 0; i < out.data.length; i++) {
      const at = indexOf(i, outDims);
      const [n, o] = at as [number, number];
      const p = at.slice(2).reduce((flat, v, d) => flat * (window.out[d] as number) + v, 0);
      out.data[at.reduce((sum, v, d) => sum + v * (strides[d] as number), 0)] = sums(n, o, p);
    }
    return [out];
  },
  quant: () => ALREADY,
  macs: (inputs, outputs) => convMacs(inputs, outputs),
});

/** x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, B (int32). */
const qLinearConv = defineOp<ConvSpecs, { readonly packed: Packed | undefined; release(): void }>({
  type: 'QLinearConv',
  domain: '',
  since: 10,
  arity: [8, 9],
  attributes: CONV_ATTRIBUTES,
  layout: { kind: 'nhwc', inputs: [0] },
  infer: (context) => {
    const rank = context.input(0).dims?.length;
    if (rank !== undefined && rank !== 3 && rank !== 4) context.fail(`x has rank ${rank}, expected 3 or 4`);
    const dims = inferConvDims(context, context.attributes, context.input(0).dims, context.input(3).dims);
    return [{ dtype: context.input(7).dtype, dims }];
  },
  prepare: (context) => {
    const c = context.constants;
    const variable = [2, 3, 5, 8].some((i) => context.facts[i] !== undefined && c[i] === undefined);
    const packed = variable ? undefined : packQLinear(context, c);
    return { packed, release: () => packed?.release() };
  },
  run: (context) => {
    const x = imageOfCodes(context, 0);
    const w = context.input(3);
    const window = resolveWindow(context.attributes, x.spatial, w.dims.slice(2), 'floor');
    const outChannels = w.dims[0] as number;
    const geometry = {
      ...geometryOf(x.batch, x.spatial, window),
      inChannels: x.channels,
      outChannels,
      groups: context.attributes.group,
    };
    const packed = context.prepared.packed ?? packQLinear(context, context.inputs);
    const requantizer = requantizerFor(context, outChannels);
    const shape = {
      dtype: requantizer.signed ? 'int8' : 'uint8',
      batch: x.batch,
      channels: outChannels,
      spatial: window.out,
    } as const;
    const out = imageOutputCodes(context, shape, (y) =>
      context.kernels.convQ8(x.data, packed, requantizer, y, geometry),
    );
    if (context.prepared.packed === undefined) packed.release();
    return [out];
  },
  quant: () => ALREADY,
  macs: (inputs, outputs) => convMacs(inputs, outputs, 3),
});

function packQLinear(
  context: Pick<RunContext<ConvSpecs>, 'kernels' | 'attributes'>,
  inputs: readonly (Tensor | undefined)[],
): Packed {
  const [w, wZero, bias] = [inputs[3] as Tensor, inputs[5] as Tensor, inputs[8]]; // required inputs
  const [outChannels, perGroup] = w.dims as [number, number]; // rank 3 or 4: infer checked
  const { group } = context.attributes;
  const weights = {
    codes: codesOf(w),
    zeroPoint: Int32Array.from(numbersOf(wZero)),
    bias: bias === undefined ? undefined : (bias.data as Int32Array), // int32 by the operator's definition
  };
  const geometry = packingGeometry(outChannels, perGroup * group, group, w.dims.slice(2));
  return context.kernels.packConvQ8(weights, geometry, zeroPointOf(inputs[2]));
}

/** Equation (R): multiplier[c] = fround(fround(sx * sw[c]) / sy). */
function requantizerFor(context: RunContext<ConvSpecs, unknown>, outChannels: number): Requantizer {
  const [sx, sw, sy] = [1, 4, 6].map((i) => numbersOf(context.input(i))) as [
    ArrayLike<number>,
    ArrayLike<number>,
    ArrayLike<number>,
  ];
  const real = Float64Array.from(
    { length: outChannels },
    (_, c) => ((sx[0] as number) * (sw[sw.length === 1 ? 0 : c] as number)) / (sy[0] as number),
  );
  const multiplier = Float32Array.from(
    { length: outChannels },
    (_, c) => Math.fround((sx[0] as number) * (sw[sw.length === 1 ? 0 : c] as number)) / (sy[0] as number),
  );
  const signed = context.input(7).dtype === 'int8';
  const [lo, hi] = rangeOf(signed ? 'int8' : 'uint8');
  return { flavour: 'fp32', multiplier, real, zeroPoint: zeroPointOf(context.input(7)), signed, lo, hi };
}

/** A zero point per tensor, or per row of A and column of B. */
const zeroPoints = (a: Tensor | undefined, b: Tensor | undefined) => {
  const at = (t: Tensor | undefined) => {
    if (t === undefined) return () => 0;
    const list = numbersOf(t);
    return (i: number) => list[list.length === 1 ? 0 : i % list.length] as number;
  };
  return { a: at(a), b: at(b) };
};

const matMulInteger = defineOp({
  type: 'MatMulInteger',
  domain: '',
  since: 10,
  arity: [2, 4],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => [{ dtype: 'int32', dims: inferMatMulDims(context) }],
  run: (context) => {
    const [a, b] = [context.input(0), context.input(1)];
    const dims = matMulDims(a.dims, b.dims);
    const out = context.output(0, 'int32', dims.out);
    batchedMatMul(dims, a, b, out, zeroPoints(context.inputs[2], context.inputs[3]));
    return [out];
  },
  quant: () => ALREADY,
});

/** a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point. */
const qLinearMatMul = defineOp({
  type: 'QLinearMatMul',
  domain: '',
  since: 10,
  arity: [8, 8],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => [{ dtype: context.input(7).dtype, dims: inferMatMulDims(context, 0, 3) }],
  run: (context) => {
    const [a, b, yZero] = [context.input(0), context.input(3), context.input(7)];
    const dims = matMulDims(a.dims, b.dims);
    const sums = {
      dtype: 'int32',
      dims: dims.out,
      data: context.scratch(
        'int32',
        dims.out.reduce((p, d) => p * d, 1),
      ),
    } as const;
    batchedMatMul(dims, a, b, sums, zeroPoints(context.input(2), context.input(5)));
    const [sa, sb, sy] = [1, 4, 6].map((i) => numbersOf(context.input(i))) as [
      ArrayLike<number>,
      ArrayLike<number>,
      ArrayLike<number>,
    ];
    const pick = (list: ArrayLike<number>, i: number) => list[list.length === 1 ? 0 : i % list.length] as number;
    const dtype = yZero.dtype as 'int8' | 'uint8'; // by the operator's definition
    const out = context.output(0, dtype, dims.out);
    const [lo, hi] = rangeOf(dtype);
    for (let i = 0; i < sums.data.length; i++) {
      const [row, column] = [Math.floor(i / dims.n), i % dims.n];
      const multiplier = Math.fround(Math.fround(pick(sa, row) * pick(sb, column)) / pick(sy, row));
      const q = rint(Math.fround(Math.fround(sums.data[i] as number) * multiplier)) + pick(numbersOf(yZero), row);
      out.data[i] = Math.min(Math.max(q, lo), hi);
    }
    return [stored(out)];
  },
  quant: () => ALREADY,
});

/** ONNX's own integer operators: models quantized in QOperator form. */
export const convIntegerOps: readonly OpDef[] = [convInteger, qLinearConv, matMulInteger, qLinearMatMul];
