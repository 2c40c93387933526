import { formatDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import type { Packed } from '../kernels/kernelSet.ts';
import { zipBroadcast } from './broadcast.ts';
import { broadcastStrides } from './cells.ts';
import { codesOf, inputQuant } from './codes.ts';
import { broadcastFacts, countOf, dimsOfRank, type Inferring, isNumeric, sameDim } from './facts.ts';
import { batchedMatMul, matMulDims } from './matMulDirect.ts';
import { floatsOf, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import {
  type AttributeSpecs,
  type AttributeValues,
  defineOp,
  type IntegerContext,
  type OpDef,
  type RunContext,
} from './opDef.ts';
import {
  acceptsWeighted,
  type PreparedCodes,
  type PreparedWeights,
  preparedWeights,
  requantizerOf,
  type WeightedRoles,
  zeroPointsOf,
} from './weighted.ts';

const GEMM_ATTRIBUTES = {
  alpha: { kind: 'float', default: 1 },
  beta: { kind: 'float', default: 1 },
  transA: { kind: 'int', default: 0 },
  transB: { kind: 'int', default: 0 },
} as const;
type GemmAttributes = AttributeValues<typeof GEMM_ATTRIBUTES>;

function gemmOp(since: number): OpDef {
  return defineOp<typeof GEMM_ATTRIBUTES, PreparedWeights, PreparedCodes>({
    type: 'Gemm',
    domain: '',
    since,
    arity: since < 11 ? [3, 3] : [2, 3],
    attributes: GEMM_ATTRIBUTES,
    layout: { kind: 'plain' },
    fusesClamp: true,
    infer: (context) => {
      const { transA, transB } = context.attributes;
      const a = dimsOfRank(context, 0, 2);
      const b = dimsOfRank(context, 1, 2);
      const { dtype } = context.input(0);
      if (a === undefined || b === undefined) return [{ dtype, dims: undefined }];
      const [m, ka] = (transA ? [a[1], a[0]] : a) as [Dim, Dim];
      const [kb, n] = (transB ? [b[1], b[0]] : b) as [Dim, Dim];
      sameDim(
        context,
        ka,
        kb,
        `inner dims of A ${formatDims(a)} and B ${formatDims(b)} (transA ${transA}, transB ${transB})`,
      );
      const c = context.inputs[2]?.dims;
      if (c !== undefined && c.length > 2)
        context.fail(`C has shape ${formatDims(c)}, expected one that broadcasts to [M, N]`);
      if (c !== undefined) broadcastFacts(context, [m, n], c);
      return [{ dtype, dims: [m, n] }];
    },
    prepare: ({ constants: [, b, c], facts, attributes, kernels }) => {
      if (b === undefined || !isFloat32Stored(b.dtype) || attributes.alpha !== 1) return preparedWeights(undefined);
      if (facts[2] !== undefined && !isBiasRow(c, attributes, b)) return preparedWeights(undefined);
      return preparedWeights(kernels.packGemmF32(floatsOf(b), c && floatsOf(c), gemmShape(b.dims, attributes)));
    },
    run: (context) => [runGemm(context)],
    quant: ({ transB }) => ({ kind: 'weighted', activation: 0, weight: 1, bias: 2, channelAxis: transB ? 0 : 1 }),
    integer: {
      accepts: (context) => {
        const { alpha, beta, transA } = context.attributes;
        if (alpha !== 1 || beta !== 1 || transA !== 0) return 'Gemm with alpha, beta or transA has no integer form.';
        const roles = gemmRoles(context, context.attributes);
        if (roles === undefined) return 'The weight has no static shape.';
        const bias = context.inputs[2]?.dims;
        if (bias !== undefined && countOf(bias) !== roles.outChannels) return 'C is not one row of N elements.';
        return acceptsWeighted(context, roles);
      },
      prepare: (context) =>
        prepareGemmCodes(context, gemmRoles(context, context.attributes), context.attributes.transB !== 0),
      run: runGemmCodes,
    },
    macs: (inputs, outputs, { transA }) => gemmMacs(inputs, outputs, transA ? 0 : 1),
  });
}

/** Output elements times K. */
function gemmMacs(inputs: readonly TensorFact[], outputs: readonly TensorFact[], kFromFront?: number): number {
  const dims = inputs[0]?.dims;
  const k = kFromFront === undefined ? dims?.at(-1) : dims?.[kFromFront];
  const out = countOf(outputs[0]?.dims);
  return typeof k === 'number' && out !== undefined ? k * out : NaN;
}

function gemmShape(dims: readonly number[], { transB }: Pick<GemmAttributes, 'transB'>) {
  const [rows, columns] = dims as [number, number]; // infer checked rank 2
  return transB ? { k: columns, n: rows, transposed: true } : { k: rows, n: columns, transposed: false };
}

function isBiasRow(c: Tensor | undefined, attributes: GemmAttributes, b: Tensor): boolean {
  const { n } = gemmShape(b.dims, attributes);
  return c !== undefined && attributes.beta === 1 && c.dims.at(-1) === n && sizeOf(c.dims) === n;
}

function runGemm(context: RunContext<typeof GEMM_ATTRIBUTES, PreparedWeights>): Tensor {
  const { attributes, kernels, clamp } = context;
  const [a, b, c] = [context.input(0), context.input(1), context.inputs[2]];
  const shape = gemmShape(b.dims, attributes);
  const m = a.dims[attributes.transA ? 1 : 0] as number;
  const out = context.output(0, a.dtype, [m, shape.n]);
  if (!isFloat32Stored(a.dtype)) return gemmDirectly(context, out, shape.k);
  const left = attributes.transA ? context.scratch('float32', m * shape.k) : floatsOf(a);
  if (attributes.transA) kernels.transposeF32(floatsOf(a), left, 1, shape.k, m);
  const y = floatsOf(out);
  if (context.prepared.packed !== undefined) {
    kernels.gemmF32(left, context.prepared.packed, y, m, clamp);
    return stored(out);
  }
  const whole = c === undefined && attributes.alpha === 1;
  const packed = kernels.packGemmF32(floatsOf(b), undefined, shape);
  kernels.gemmF32(left, packed, y, m, whole ? clamp : { lo: -Infinity, hi: Infinity });
  packed.release();
  if (whole) return stored(out);
  addScaled(out, c, attributes);
  kernels.clampF32(y, y, clamp);
  return stored(out);
}

/** out = alpha * out + beta * c. */
function addScaled(out: Tensor, c: Tensor | undefined, { alpha, beta }: GemmAttributes): void {
  const y = numbersOf(out);
  if (c === undefined) {
    for (let i = 0; i < y.length; i++) y[i] = alpha * (y[i] as number);
    return;
  }
  const dims = { a: out.dims, b: c.dims, out: out.dims };
  zipBroadcast(dims, y, numbersOf(c), y, (p, q) => alpha * p + beta * q);
}

/** By its definition, for float64 and integers. */
function gemmDirectly(context: RunContext<typeof GEMM_ATTRIBUTES, PreparedWeights>, out: Tensor, k: number): Tensor {
  const { transA, transB } = context.attributes;
  const [a, b] = [numbersOf(context.input(0)), numbersOf(context.input(1))];
  const [m, n] = out.dims as [number, number];
  const y = numbersOf(out);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) {
        sum += (a[transA ? p * m + i : i * k + p] as number) * (b[transB ? j * k + p : p * n + j] as number);
      }
      y[i * n + j] = sum;
    }
  }
  addScaled(out, context.inputs[2], context.attributes);
  for (let i = 0; i < y.length; i++) y[i] = Math.min(Math.max(y[i] as number, context.clamp.lo), context.clamp.hi);
  return out;
}

const matMul = defineOp<Record<never, never>, PreparedWeights, PreparedCodes>({
  type: 'MatMul',
  domain: '',
  since: 1,
  arity: [2, 2],
  attributes: {},
  layout: { kind: 'plain' },
  fusesClamp: true,
  infer: (context) => {
    const [a, b] = [context.input(0), context.input(1)];
    if (a.dtype !== b.dtype) context.fail(`inputs are ${a.dtype} and ${b.dtype}, expected one type`);
    return [{ dtype: a.dtype, dims: inferMatMulDims(context) }];
  },
  prepare: ({ constants: [, b], kernels }) => {
    if (b === undefined || b.dims.length !== 2 || !isFloat32Stored(b.dtype)) return preparedWeights(undefined);
    return preparedWeights(kernels.packGemmF32(floatsOf(b), undefined, gemmShape(b.dims, { transB: 0 })));
  },
  run: (context) => {
    const [a, b] = [context.input(0), context.input(1)];
    const dims = matMulDims(a.dims, b.dims);
    const out = context.output(0, a.dtype, dims.out);
    if (!isFloat32Stored(a.dtype)) {
      batchedMatMul(dims, a, b, out);
      return [out];
    }
    const [x, y] = [floatsOf(a), floatsOf(out)];
    if (b.dims.length === 2) {
      const packed = context.prepared.packed ?? packB(context, floatsOf(b), dims.k, dims.n);
      if (sizeOf(dims.out) > 0) context.kernels.gemmF32(x, packed, y, sizeOf(dims.batch) * dims.m, context.clamp);
      if (context.prepared.packed === undefined) packed.release();
      return [stored(out)];
    }
    multiplyBatches(context, dims, x, floatsOf(b), y);
    return [stored(out)];
  },
  quant: () => ({ kind: 'weighted', activation: 0, weight: 1, channelAxis: 1 }),
  integer: {
    accepts: (context) => {
      if (context.inputs[1]?.dims?.length !== 2) return 'The integer form needs a constant weight of rank 2.';
      const roles = gemmRoles(context, { transB: 0 });
      return roles === undefined
        ? 'The weight has no static shape.'
        : acceptsWeighted(context, { ...roles, bias: undefined });
    },
    prepare: (context) => prepareGemmCodes(context, gemmRoles(context, { transB: 0 }), false),
    run: runGemmCodes,
  },
  macs: (inputs, outputs) => gemmMacs(inputs, outputs),
});

function packB<S extends AttributeSpecs>(
  context: RunContext<S, unknown>,
  b: Float32Array,
  k: number,
  n: number,
): Packed {
  return context.kernels.packGemmF32(b, undefined, { k, n, transposed: false });
}

function multiplyBatches(
  context: RunContext<Record<never, never>, PreparedWeights>,
  dims: ReturnType<typeof matMulDims>,
  a: Float32Array,
  b: Float32Array,
  y: Float32Array,
): void {
  const { batch, m, k, n, batchA, batchB } = dims;
  const stepsA = broadcastStrides(batchA, batch);
  const stepsB = broadcastStrides(batchB, batch);
  const count = sizeOf(batch);
  let packed: Packed | undefined;
  let packedAt = -1;
  for (let i = 0; i < count; i++) {
    let rest = i;
    let ia = 0;
    let ib = 0;
    for (let d = batch.length - 1; d >= 0; d--) {
      const at = rest % (batch[d] as number);
      rest = Math.floor(rest / (batch[d] as number));
      ia += at * (stepsA[d] as number);
      ib += at * (stepsB[d] as number);
    }
    if (packed === undefined || ib !== packedAt) {
      packed?.release();
      packed = packB(context, b.subarray(ib * k * n, (ib + 1) * k * n), k, n);
      packedAt = ib;
    }
    const rows = a.subarray(ia * m * k, (ia + 1) * m * k);
    context.kernels.gemmF32(rows, packed, y.subarray(i * m * n, (i + 1) * m * n), m, context.clamp);
  }
  packed?.release();
}

/** The output dims of a matrix product as NumPy's matmul defines them, symbols included. */
export function inferMatMulDims(context: Inferring, first = 0, second = 1): readonly Dim[] | undefined {
  const a = context.input(first).dims;
  const b = context.input(second).dims;
  if (a === undefined || b === undefined) return undefined;
  if (a.length === 0 || b.length === 0) context.fail('a matrix product needs inputs of rank 1 or more');
  const [ka, kb] = [a.at(-1) as Dim, (b.length === 1 ? b[0] : b.at(-2)) as Dim];
  sameDim(context, ka, kb, `inner dims of ${formatDims(a)} and ${formatDims(b)}`);
  const batch = broadcastFacts(context, a.slice(0, -2), b.slice(0, -2)) ?? [];
  return [...batch, ...(a.length > 1 ? [a.at(-2) as Dim] : []), ...(b.length > 1 ? [b.at(-1) as Dim] : [])];
}

function gemmRoles(
  context: IntegerContext<AttributeSpecs>,
  attributes: Pick<GemmAttributes, 'transB'>,
): WeightedRoles | undefined {
  const dims = context.inputs[1]?.dims;
  if (dims === undefined || dims.length !== 2 || !isNumeric(dims)) return undefined;
  const { k, n } = gemmShape(dims, attributes);
  return { weight: 1, bias: 2, k, outChannels: n, channelAxis: attributes.transB ? 0 : 1 };
}

function prepareGemmCodes(
  context: IntegerContext<AttributeSpecs>,
  roles: WeightedRoles | undefined,
  transposed: boolean,
): PreparedCodes {
  const w = context.constants[1];
  if (w === undefined || roles === undefined) throw new Error('invariant: accepts() checked the weight');
  const bias = context.constants[2];
  const packed = context.kernels.packGemmQ8(
    {
      codes: codesOf(w),
      zeroPoint: zeroPointsOf(context, 1),
      bias: bias === undefined ? undefined : (bias.data as Int32Array), // checked by acceptsWeighted
    },
    { k: roles.k, n: roles.outChannels, transposed },
    inputQuant(context, 0).zeroPoint,
  );
  return {
    packed,
    requantizer: requantizerOf(context, roles),
    weightDims: [roles.k, roles.outChannels],
    release: () => packed.release(),
  };
}

function runGemmCodes(context: RunContext<AttributeSpecs, PreparedCodes>): readonly Tensor[] {
  const a = context.input(0);
  const { packed, requantizer, weightDims } = context.prepared;
  const [k, n] = weightDims as [number, number];
  const out = context.output(0, requantizer.signed ? 'int8' : 'uint8', [...a.dims.slice(0, -1), n]);
  const m = k === 0 ? 0 : sizeOf(a.dims) / k;
  context.kernels.gemmQ8(codesOf(a), packed, requantizer, codesOf(out), m);
  return [out];
}

/** Matrix products on floats. */
export const gemmOps: readonly OpDef[] = [gemmOp(7), gemmOp(11), matMul];
