import { formatDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { type Inferring, sameDim } from './facts.ts';
import { FLOAT_NORM, rowStatistics } from './layerNorm.ts';
import { floatsOf, isFloat32Stored, stored } from './numbers.ts';
import { type AttributeSpecs, defineOp, type OpDef, type RunContext } from './opDef.ts';

const ATTRIBUTES = { epsilon: { kind: 'float', default: 1e-12 } } as const;

/** Which input is what; the simplified form has no beta and takes no mean off. */
interface SkipInputs {
  readonly gamma: number;
  readonly beta: number | undefined;
  readonly bias: number;
}

/**
 * Normalizes x + skip + bias over the last dimension; output 3 is that sum, outputs 1 and 2 its mean and the inverse
 * of its deviation.
 *
 * @source ONNX Runtime, com.microsoft.SkipLayerNormalization and SkipSimplifiedLayerNormalization.
 */
function skipLayerNorm(type: 'SkipLayerNormalization' | 'SkipSimplifiedLayerNormalization'): OpDef {
  const isCentred = type === 'SkipLayerNormalization';
  const at: SkipInputs = isCentred ? { gamma: 2, beta: 3, bias: 4 } : { gamma: 2, beta: undefined, bias: 3 };
  return defineOp({
    type,
    domain: 'com.microsoft',
    since: 1,
    arity: [3, at.bias + 1],
    attributes: ATTRIBUTES,
    layout: { kind: 'plain' },
    infer: (context) => {
      const { dtype, dims } = context.input(0);
      if (!isFloat32Stored(dtype)) context.fail(`input 0 is ${dtype}, expected float32 or a narrower type`);
      if (dims !== undefined) checkShapes(context, dims, at);
      const reduced: TensorFact = { dtype: 'float32', dims: dims && [...dims.slice(0, -1), 1] };
      return [{ dtype, dims }, reduced, reduced, { dtype, dims }].slice(0, Math.max(1, context.outputCount));
    },
    run: (context) => runSkipLayerNorm(context, context.attributes.epsilon, at),
    quant: () => FLOAT_NORM,
  });
}

function checkShapes(context: Inferring, dims: readonly Dim[], { gamma, beta, bias }: SkipInputs): void {
  const skip = context.input(1).dims;
  const [x, s] = [formatDims(dims), formatDims(skip ?? [])];
  const from = dims.length - (skip?.length ?? 0);
  if (from < 0) context.fail(`skip has shape ${s}, expected ${x} or trailing dimensions of it`);
  skip?.forEach((d, i) => {
    if (d !== 1 || i > 0) sameDim(context, dims[from + i] as Dim, d, `dim ${i} of skip ${s} and the input ${x}`);
  });
  for (const index of [gamma, beta, bias]) {
    const row = index === undefined ? undefined : context.inputs[index]?.dims;
    if (row === undefined) continue;
    if (row.length !== 1) context.fail(`input ${index} has shape ${formatDims(row)}, expected one row`);
    sameDim(context, row[0] as Dim, dims.at(-1) as Dim, `length of input ${index} and last dimension of ${x}`);
  }
}

function runSkipLayerNorm(context: RunContext<AttributeSpecs>, epsilon: number, at: SkipInputs): Tensor[] {
  const { kernels } = context;
  const [x, skip, gamma] = [context.input(0), context.input(1), context.input(at.gamma)];
  const [bias, beta] = [context.inputs[at.bias], at.beta === undefined ? undefined : context.inputs[at.beta]];
  const out = context.output(0, x.dtype, x.dims);
  const sums = context.outputCount > 3 ? context.output(3, x.dtype, x.dims) : out;
  const [sum, row] = [floatsOf(sums), gamma.data.length];
  const rows = row === 0 ? 0 : sum.length / row;
  addRepeated(kernels, floatsOf(x), floatsOf(skip), sum);
  if (bias !== undefined) kernels.binaryF32('add', sum, floatsOf(bias), sum, rows, row);
  stored(sums);
  const statistics = { centred: at.beta !== undefined, epsilon, ...rowStatistics(context, rows) };
  kernels.normalizeRowsF32(sum, floatsOf(gamma), beta && floatsOf(beta), floatsOf(out), statistics);
  const reduced = [...x.dims.slice(0, -1), 1];
  const extra = [statistics.mean, statistics.inverse]
    .slice(0, Math.max(0, context.outputCount - 1))
    .map((values, i) => {
      const t = context.output(i + 1, 'float32', reduced);
      t.data.set(values);
      return t;
    });
  return [stored(out, context.kernels), ...extra, ...(sums === out ? [] : [sums])];
}

/** out = x + skip, where skip begins again when it ends. */
function addRepeated(kernels: KernelSet, x: Float32Array, skip: Float32Array, out: Float32Array): void {
  if (skip.length > 0) kernels.binaryF32('add', x, skip, out, x.length / skip.length, skip.length);
}

/** Normalizations of a sum. */
export const skipLayerNormOps: readonly OpDef[] = [
  skipLayerNorm('SkipLayerNormalization'),
  skipLayerNorm('SkipSimplifiedLayerNormalization'),
];
