import { DTYPES } from '../base/dtypeCodes.ts';
import { int64Tensor, type Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import { activationOps } from './activation.ts';
import { castOps } from './cast.ts';
import { compareOps } from './compare.ts';
import { concatOps } from './concat.ts';
import { elementwiseOps } from './elementwise.ts';
import type { Dims } from './facts.ts';
import { gemmOps } from './gemm.ts';
import { normOps } from './norm.ts';
import type { AttributeSpecs, InferContext, OpDef, RunContext } from './opDef.ts';
import { recurrentOps } from './recurrent.ts';
import { resizeOps } from './resize.ts';
import { shapeOps } from './shape.ts';

/** What an early form of an operator gives the later one: its attributes, and the second input. */
interface Later {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly fact?: TensorFact;
  readonly tensor?: Tensor;
}

type Values = Readonly<Record<string, unknown>>;

interface EarlyForm {
  readonly type: string;
  /** The version whose meaning it has. */
  readonly as: OpDef;
  readonly attributes: AttributeSpecs;
  readonly arity?: readonly [number, number];
  /** How its attributes and inputs read in that version; `fail` reports at the node. */
  readonly later: (
    attributes: Values,
    inputs: readonly ({ readonly dims: Dims | undefined } | undefined)[],
    fail: (message: string) => never,
  ) => { readonly attributes?: Values; readonly secondDims?: Dims | undefined; readonly second?: Tensor };
}

/** An operator of opset 1 that runs as a later version of it; element-wise ones in plain layout, where axes are as declared. */
function early({ type, as, attributes, arity, later }: EarlyForm): OpDef {
  const { integer: _, ...plain } = as;
  const read = (context: InferContext<AttributeSpecs> | RunContext<AttributeSpecs>): Later => {
    const found = later(context.attributes, context.inputs, (m) => context.fail(m));
    const base = { attributes: { ...defaultsOf(as), ...found.attributes } };
    const second = context.inputs[1];
    if (found.second !== undefined) {
      const { dtype, dims } = found.second;
      return { ...base, tensor: found.second, fact: { dtype, dims, constant: found.second } };
    }
    if (second === undefined || found.secondDims === undefined) return base;
    const dims = found.secondDims;
    if (!('data' in second)) return { ...base, fact: { dtype: second.dtype, dims } };
    return { ...base, tensor: { ...second, dims: dims as readonly number[] } as Tensor }; // a tensor's dims are numbers
  };
  const pick =
    <T>(context: { input(i: number): T }, inputs: readonly (T | undefined)[]) =>
    (i: number): T =>
      inputs[i] ?? context.input(i);
  return {
    ...plain,
    type,
    since: 1,
    arity: arity ?? as.arity,
    attributes,
    layout: as.layout.kind === 'any' ? { kind: 'plain' } : as.layout,
    infer: (context) => {
      const found = read(context);
      const inputs = found.fact === undefined ? context.inputs : [context.inputs[0], found.fact];
      return as.infer({ ...context, attributes: found.attributes as never, inputs, input: pick(context, inputs) });
    },
    run: (context) => {
      const found = read(context);
      const inputs = found.tensor === undefined ? context.inputs : [context.inputs[0], found.tensor];
      return as.run({ ...context, attributes: found.attributes as never, inputs, input: pick(context, inputs) });
    },
  };
}

function defaultsOf(def: OpDef): Values {
  return Object.fromEntries(
    Object.entries(def.attributes).flatMap(([name, spec]) => ('default' in spec ? [[name, spec.default]] : [])),
  );
}

function version(family: readonly OpDef[], type: string, since: number): OpDef {
  const found = family.find((def) => def.domain === '' && def.type === type && def.since === since);
  if (found === undefined) throw new Error(`there is no ${type} of opset ${since}`);
  return found;
}

/** The second operand's dims in the first's: from `axis` on, or at the end, each further dimension of length 1. */
function alignedDims(a: Dims | undefined, b: Dims | undefined, axis: number | undefined): Dims | undefined {
  if (a === undefined || b === undefined || b.length >= a.length) return b;
  const start = axis === undefined ? a.length - b.length : axis < 0 ? axis + a.length : axis;
  const after = Math.max(0, a.length - start - b.length);
  return [...b, ...new Array<number>(after).fill(1)];
}

/** Before opset 7, operands differed in shape only where `broadcast` said so, the second placed by `axis`. */
function broadcasting(family: readonly OpDef[], type: string): OpDef {
  return early({
    type,
    as: version(family, type, 7),
    attributes: { axis: { kind: 'int' }, broadcast: { kind: 'int', default: 0 } },
    later: ({ axis }, [a, b]) => ({ secondDims: alignedDims(a?.dims, b?.dims, axis as number | undefined) }),
  });
}

/** The same since opset 1, but for attributes that inference has no use for. */
const same = (family: readonly OpDef[], type: string, since: number): OpDef => ({
  ...version(family, type, since),
  since: 1,
});

const concat: OpDef = {
  ...version(concatOps, 'Concat', 4),
  since: 1,
  attributes: { axis: { kind: 'int', default: 1 } },
};

const reshape = early({
  type: 'Reshape',
  as: version(shapeOps, 'Reshape', 5),
  arity: [1, 1],
  attributes: { shape: { kind: 'ints', required: true } },
  later: ({ shape }) => {
    const list = shape as readonly number[]; // by its specification
    return { second: int64Tensor([list.length], list) };
  },
});

/** Names of `TensorProto.DataType` that differ from ours by more than their case. */
const TYPE_NAMES: Readonly<Record<string, string>> = { FLOAT: 'float32', DOUBLE: 'float64' };

const cast = early({
  type: 'Cast',
  as: version(castOps, 'Cast', 6),
  attributes: { to: { kind: 'string', required: true } },
  later: ({ to }, _, fail) => {
    const name = String(to).toUpperCase();
    const code = DTYPES.indexOf((TYPE_NAMES[name] ?? name.toLowerCase()) as (typeof DTYPES)[number]);
    return code > 0 ? { attributes: { to: code } } : fail(`the type ${to} is not known`);
  },
});

/** A slope of one dimension is one per channel. */
const prelu = early({
  type: 'PRelu',
  as: version(activationOps, 'PRelu', 7),
  attributes: {},
  later: (_, [x, slope]) => ({
    secondDims: slope?.dims?.length === 1 && slope.dims[0] !== 1 ? alignedDims(x?.dims, slope.dims, 1) : slope?.dims,
  }),
});

const upsample = early({
  type: 'Upsample',
  as: version(resizeOps, 'Upsample', 7),
  attributes: {
    height_scale: { kind: 'float', required: true },
    width_scale: { kind: 'float', required: true },
    mode: { kind: 'string', default: 'nearest' },
  },
  later: ({ height_scale, width_scale, mode }) => ({ attributes: { mode, scales: [1, 1, height_scale, width_scale] } }),
});

/** Operators as they were before opset 7, of which exporters of 2017 and 2018 made use. */
export const earlyOps: readonly OpDef[] = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'And', 'Or', 'Xor'].map((type) => broadcasting(elementwiseOps, type)),
  ...['Equal', 'Less', 'Greater'].map((type) => broadcasting(compareOps, type)),
  ...['Max', 'Min', 'Sum', 'Mean'].map((type) => same(elementwiseOps, type, 6)),
  ...['LSTM', 'GRU', 'RNN'].map((type) => same(recurrentOps, type, 7)),
  same(activationOps, 'Clip', 6),
  same(gemmOps, 'Gemm', 7),
  same(normOps, 'BatchNormalization', 7),
  same(shapeOps, 'Dropout', 7),
  concat,
  reshape,
  cast,
  prelu,
  upsample,
];
