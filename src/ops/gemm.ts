import { formatDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import { zipBroadcast } from './broadcast.ts';
import { broadcastFacts, countOf, dimsOfRank, sameDim } from './facts.ts';
import { gemmMacs, gemmRoles, gemmShape, prepareGemmCodes, runGemmCodes } from './gemmShared.ts';
import { floatsOf, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import { type AttributeValues, defineOp, type OpDef, type RunContext } from './opDef.ts';
import {
  acceptsWeighted,
  multipliersOf,
  type PreparedCodes,
  type PreparedWeights,
  preparedWeights,
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
      multipliers: (context) => multipliersOf(context, gemmRoles(context, context.attributes)),
      run: runGemmCodes,
    },
    macs: (inputs, outputs, { transA }) => gemmMacs(inputs, outputs, transA ? 0 : 1),
  });
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
    return stored(out, context.kernels);
  }
  const whole = c === undefined && attributes.alpha === 1;
  const packed = kernels.packGemmF32(floatsOf(b), undefined, shape);
  kernels.gemmF32(left, packed, y, m, whole ? clamp : { lo: -Infinity, hi: Infinity });
  packed.release();
  if (whole) return stored(out, context.kernels);
  addScaled(out, c, attributes);
  kernels.clampF32(y, y, clamp);
  return stored(out, context.kernels);
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

/** Matrix product of two matrices, scaled and biased. */
export const gemmOps: readonly OpDef[] = [gemmOp(7), gemmOp(11)];
