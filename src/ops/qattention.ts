import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { sumDims } from './attention.ts';
import { type PreparedMatrix, scaledProduct } from './dynamicQuantized.ts';
import { dimsOfRank, sameDim } from './facts.ts';
import { checkPerColumn, prepareMatrix } from './integerProduct.ts';
import { matMulDims } from './matMulDirect.ts';
import { attendProjected, projectedMacs } from './microsoftAttention.ts';
import { checkMaskIndex } from './microsoftMask.ts';
import { floatsOf } from './numbers.ts';
import { defineOp, type InferContext, type OpDef } from './opDef.ts';
import { ALREADY_INTEGER, checkTensorQuant, codeDType } from './qlinear.ts';

const attributes = {
  num_heads: { kind: 'int', required: true },
  unidirectional: { kind: 'int', default: 0 },
  mask_filter_value: { kind: 'float', default: -10000 },
  scale: { kind: 'float', default: 0 },
  do_rotary: { kind: 'int', default: 0 },
  past_present_share_buffer: { kind: 'int', default: 0 },
} as const;
type Specs = typeof attributes;

/** Inputs by their place. */
const AT = { x: 0, weights: 1, bias: 2, xScale: 3, scale: 4, mask: 5, xZero: 6, zero: 7, past: 8 } as const;

/**
 * com.microsoft.Attention whose projection runs on codes: x [B, L, in] times weights [in, 3 H D], scaled per tensor or
 * per column, plus a float bias; attention itself is float32.
 *
 * @source ONNX Runtime, com.microsoft.QAttention.
 */
const qAttention = defineOp<Specs, PreparedMatrix>({
  type: 'QAttention',
  domain: 'com.microsoft',
  since: 1,
  arity: [5, 9],
  attributes,
  layout: { kind: 'plain' },
  infer: inferQAttention,
  prepare: (context) => prepareMatrix(context, { b: AT.weights, bZero: AT.zero }),
  run: (context) => {
    const { inputs } = context;
    const [x, weights] = [context.input(AT.x), context.input(AT.weights)];
    const [batch, length] = x.dims as [number, number, number]; // infer checked rank 3
    const dims = matMulDims(x.dims, weights.dims);
    const data = context.scratch('float32', batch * length * dims.n);
    const { matrix } = context.prepared;
    const product = { a: x, aZero: inputs[AT.xZero], b: weights, bZero: inputs[AT.zero], matrix };
    const aScale = floatsOf(context.input(AT.xScale))[0] as number;
    scaledProduct(context, dims, product, { aScale, bScale: context.input(AT.scale), bias: inputs[AT.bias] }, data);
    const width = dims.n / 3;
    const projection = { dtype: 'float32', batch, length, data, widths: [width, width, width] } as const;
    const rest = { mask: inputs[AT.mask], past: inputs[AT.past], bias: undefined };
    return attendProjected(context, context.attributes, { ...projection, ...rest });
  },
  quant: () => ALREADY_INTEGER,
  macs: (inputs, [y]) => projectedMacs({ x: inputs[AT.x], weights: inputs[AT.weights], past: inputs[AT.past], y }),
});

function inferQAttention(context: InferContext<Specs>): TensorFact[] {
  const { num_heads: heads, do_rotary: rotary, past_present_share_buffer: shared } = context.attributes;
  checkTensorQuant(context, AT.xScale, AT.xZero, codeDType(context, AT.x));
  codeDType(context, AT.weights);
  for (const i of [AT.bias, AT.scale, AT.zero]) checkPerColumn(context, i, AT.weights);
  if (rotary !== 0) context.fail('do_rotary is not supported; RotaryEmbedding before attention is');
  if (shared !== 0) context.fail('past_present_share_buffer is not supported');
  const [x, weights] = [dimsOfRank(context, AT.x, 3), dimsOfRank(context, AT.weights, 2)];
  const outputs = (y: readonly Dim[] | undefined, present: readonly Dim[] | undefined): TensorFact[] =>
    [y, present].slice(0, Math.max(1, context.outputCount)).map((dims) => ({ dtype: 'float32', dims }));
  const total = weights?.[1];
  if (x === undefined || weights === undefined || typeof total !== 'number') return outputs(undefined, undefined);
  const [batch, length, width] = x as [Dim, Dim, Dim];
  sameDim(context, width, weights[0] as Dim, 'last dim of the input and rows of the weights');
  if (total % (3 * heads) !== 0) context.fail(`${total} columns of the weights are not Q, K and V of ${heads} heads`);
  const past = dimsOfPast(context);
  const keys = past === undefined ? length : sumDims(context, past[3] as Dim, length);
  checkMaskIndex(context, context.inputs[AT.mask], [batch, length, keys]);
  return outputs([batch, length, total / 3], [2, batch, heads, keys, total / 3 / heads]);
}

function dimsOfPast(context: InferContext<Specs>): readonly Dim[] | undefined {
  return context.inputs[AT.past] === undefined ? undefined : dimsOfRank(context, AT.past, 5);
}

/** Attention whose projection runs on codes. */
export const qAttentionOps: readonly OpDef[] = [qAttention];
