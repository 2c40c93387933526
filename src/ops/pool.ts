import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import {
  averageMultipliers,
  averageOfCodes,
  type EvenWindows,
  type PreparedAverage,
  prepareAverage,
} from './averageCodes.ts';
import { accepts8, inputQuant, outputQuant, relabelled, requantizeTable } from './codes.ts';
import { logicalOf } from './convDirect.ts';
import { isNumeric } from './facts.ts';
import { isFloat32Stored, stored } from './numbers.ts';
import type { InferContext } from './opDef.ts';
import {
  type AttributeSpecs,
  type AttributeValues,
  defineOp,
  type IntegerContext,
  type OpDef,
  type RunContext,
} from './opDef.ts';
import { averageDirectly, lpDirectly, maxDirectly } from './poolDirect.ts';
import {
  geometryOf,
  imageOf,
  imageOfCodes,
  imageOutput,
  imageOutputCodes,
  resolveWindow,
  WINDOW_ATTRIBUTES,
  windowOutput,
} from './window.ts';

const POOL_ATTRIBUTES = {
  ...WINDOW_ATTRIBUTES,
  kernel_shape: { kind: 'ints', required: true },
  ceil_mode: { kind: 'int', default: 0 },
  count_include_pad: { kind: 'int', default: 0 },
  storage_order: { kind: 'int', default: 0 },
  p: { kind: 'int', default: 2 },
} as const;
export type PoolAttributes = AttributeValues<typeof POOL_ATTRIBUTES>;
type PoolSpecs = typeof POOL_ATTRIBUTES;

const roundingOf = ({ ceil_mode }: Pick<PoolAttributes, 'ceil_mode'>) =>
  (ceil_mode ? 'ceil' : 'floor') as 'ceil' | 'floor';

function inferPool(context: InferContext<PoolSpecs>): TensorFact[] {
  const { dtype, dims } = context.input(0);
  const { attributes } = context;
  const indices: TensorFact[] = [];
  if (dims === undefined)
    return [
      { dtype, dims: undefined },
      { dtype: 'int64', dims: undefined },
    ];
  if (dims.length < 3) context.fail(`the input has rank ${dims.length}, expected [N, C, spatial...]`);
  const { kernel_shape: kernel } = attributes;
  if (kernel.length !== dims.length - 2) {
    context.fail(`kernel_shape has ${kernel.length} entries, expected ${dims.length - 2}`);
  }
  const out: Dim[] = [dims[0] as Dim, dims[1] as Dim];
  out.push(...windowOutput(context, attributes, dims.slice(2), kernel, roundingOf(attributes)));
  if (context.outputCount > 1) indices.push({ dtype: 'int64', dims: out });
  return [{ dtype, dims: out }, ...indices];
}

/** Geometry of a pooling step over an image of one or two spatial dimensions. */
function poolGeometry(
  attributes: PoolAttributes,
  image: { batch: number; channels: number; spatial: readonly number[] },
) {
  const window = resolveWindow(attributes, image.spatial, attributes.kernel_shape, roundingOf(attributes));
  return { window, geometry: { ...geometryOf(image.batch, image.spatial, window), channels: image.channels } };
}

function isImage(t: Tensor): boolean {
  return t.dims.length === 3 || t.dims.length === 4;
}

function maxPool(since: number): OpDef {
  return defineOp<PoolSpecs, undefined, { readonly table: Uint8Array | undefined; readonly signed: boolean }>({
    type: 'MaxPool',
    domain: '',
    since,
    arity: [1, 1],
    attributes: POOL_ATTRIBUTES,
    layout: { kind: 'nhwc', inputs: [0] },
    infer: inferPool,
    run: (context) => {
      const { dtype } = context.input(0);
      if (context.outputCount > 1 || !isImage(context.input(0))) return maxDirectly(context, windowOf(context));
      if (dtype === 'int8' || dtype === 'uint8') return [maxOfCodes(context)];
      if (!isFloat32Stored(dtype)) return maxDirectly(context, windowOf(context));
      const x = imageOf(context, 0);
      const { window, geometry } = poolGeometry(context.attributes, x);
      const shape = { ...x, spatial: window.out, dtype: dtype as 'float32' }; // held as float32
      return [imageOutput(context, shape, (out) => context.kernels.maxPoolF32(x.data, out, geometry))];
    },
    quant: () => ({ kind: 'sharesInput' }),
    integer: {
      accepts: (context) => acceptsImage(context),
      prepare: (context) => ({
        table: requantizeTable(inputQuant(context, 0), outputQuant(context, 0)),
        signed: outputQuant(context, 0).signed,
      }),
      run: (context) => [relabelled(context, maxOfCodes(context), context.prepared.table, context.prepared.signed)],
    },
  });
}

function maxOfCodes<P>(context: RunContext<PoolSpecs, P>): Tensor {
  const x = imageOfCodes(context, 0);
  const { window, geometry } = poolGeometry(context.attributes, x);
  const dtype = context.input(0).dtype === 'int8' ? 'int8' : 'uint8';
  const shape = { ...x, spatial: window.out, dtype } as const;
  return imageOutputCodes(context, shape, (out) => context.kernels.maxPoolQ8(x.data, out, geometry));
}

function windowOf(context: RunContext<PoolSpecs>) {
  const spatial = logicalOf(context.input(0).dims).slice(2);
  return resolveWindow(context.attributes, spatial, context.attributes.kernel_shape, roundingOf(context.attributes));
}

function acceptsImage(context: IntegerContext<AttributeSpecs>): true | string {
  const rank = context.inputs[0]?.dims?.length;
  if (rank !== 3 && rank !== 4)
    return `Pooling over rank ${rank ?? 'unknown'} has no integer form; ranks 3 and 4 have.`;
  if (context.outputs.length > 1) return 'MaxPool with indices has no integer form.';
  return accepts8(context, [0]);
}

/** The windows of an AveragePool, where all of them count the same elements. */
function evenWindows({ attributes }: IntegerContext<PoolSpecs>): EvenWindows | undefined {
  const { auto_pad, pads, ceil_mode, count_include_pad, kernel_shape: kernel, strides, dilations } = attributes;
  const hasPadding = !['NOTSET', 'VALID', ''].includes(auto_pad) || pads?.some((p) => p !== 0) === true;
  if (ceil_mode !== 0 || (hasPadding && count_include_pad === 0)) return undefined;
  return { kernel, steps: { strides, dilations } };
}

function averagePool(since: number): OpDef {
  return defineOp<PoolSpecs, undefined, PreparedAverage>({
    type: 'AveragePool',
    domain: '',
    since,
    arity: [1, 1],
    attributes: POOL_ATTRIBUTES,
    layout: { kind: 'nhwc', inputs: [0] },
    infer: inferPool,
    run: (context) => {
      const { dtype } = context.input(0);
      if (!isImage(context.input(0)) || !isFloat32Stored(dtype) || countsPartOfPadding(context.attributes)) {
        return averageDirectly(context, windowOf(context), context.attributes.count_include_pad !== 0);
      }
      const x = imageOf(context, 0);
      const { window, geometry } = poolGeometry(context.attributes, x);
      const shape = { ...x, spatial: window.out, dtype: dtype as 'float32' }; // held as float32
      const countPadding = context.attributes.count_include_pad !== 0;
      const compute = (out: Float32Array) => context.kernels.averagePoolF32(x.data, out, geometry, countPadding);
      return [stored(imageOutput(context, shape, compute), context.kernels)];
    },
    quant: () => ({ kind: 'observed' }),
    integer: {
      accepts: (context) =>
        countsPartOfPadding(context.attributes)
          ? 'AveragePool with ceil_mode and count_include_pad has no integer form: windows count part of the padding.'
          : acceptsImage(context),
      multipliers: (context) => averageMultipliers(context, evenWindows(context)),
      dequantizes: (context) => averageMultipliers(context, evenWindows(context)) === undefined,
      prepare: (context) => prepareAverage(context, evenWindows(context)),
      run: (context) => {
        const x = imageOfCodes(context, 0);
        const { window, geometry } = poolGeometry(context.attributes, x);
        const countPadding = context.attributes.count_include_pad !== 0;
        return [averageOfCodes(context, { x, spatial: window.out, geometry, countPadding })];
      },
    },
  });
}

/** With ceil_mode a window may reach past the end padding; what lies there is not counted, which kernels cannot know. */
function countsPartOfPadding({ ceil_mode, count_include_pad }: PoolAttributes): boolean {
  return ceil_mode !== 0 && count_include_pad !== 0;
}

/** A pool whose window is the whole image: [N, C, spatial...] to [N, C, 1...]. */
function globalPool(type: 'GlobalAveragePool' | 'GlobalMaxPool' | 'GlobalLpPool'): OpDef {
  return defineOp<{ readonly p: { readonly kind: 'int'; readonly default: 2 } }, undefined, PreparedAverage>({
    type,
    domain: '',
    since: 1,
    arity: [1, 1],
    attributes: { p: { kind: 'int', default: 2 } },
    layout: { kind: 'nhwc', inputs: [0] },
    infer: (context) => {
      const { dtype, dims } = context.input(0);
      if (dims !== undefined && dims.length < 3)
        context.fail(`the input has rank ${dims.length}, expected [N, C, spatial...]`);
      return [{ dtype, dims: dims?.map((d, i) => (i < 2 ? d : 1)) }];
    },
    run: (context) => {
      const t = context.input(0);
      const window = wholeWindow(logicalOf(t.dims).slice(2));
      if (type === 'GlobalLpPool') return lpDirectly(context, window, context.attributes.p);
      if (!isImage(t) || !isFloat32Stored(t.dtype)) {
        return type === 'GlobalMaxPool' ? maxDirectly(context, window) : averageDirectly(context, window, false);
      }
      const x = imageOf(context, 0);
      const geometry = { ...geometryOf(x.batch, x.spatial, window), channels: x.channels };
      const shape = { ...x, spatial: window.out, dtype: t.dtype as 'float32' }; // held as float32
      const compute = (out: Float32Array) =>
        type === 'GlobalMaxPool'
          ? context.kernels.maxPoolF32(x.data, out, geometry)
          : context.kernels.averagePoolF32(x.data, out, geometry, false);
      return [stored(imageOutput(context, shape, compute), context.kernels)];
    },
    quant: () =>
      type === 'GlobalLpPool' ? { kind: 'float', why: 'GlobalLpPool has no 8-bit form.' } : { kind: 'observed' },
    integer: {
      accepts: (context) => (type === 'GlobalLpPool' ? 'GlobalLpPool has no integer form.' : acceptsImage(context)),
      multipliers: (context) => averageMultipliers(context, wholeImage(context, type)),
      dequantizes: (context) =>
        type === 'GlobalAveragePool' && averageMultipliers(context, wholeImage(context, type)) === undefined,
      prepare: (context) => prepareAverage(context, wholeImage(context, type)),
      run: (context) => {
        const x = imageOfCodes(context, 0);
        const { x: qx, y: qy } = context.prepared;
        const window = wholeWindow(x.spatial);
        const geometry = { ...geometryOf(x.batch, x.spatial, window), channels: x.channels };
        const dtypeIn = qx.signed ? ('int8' as const) : ('uint8' as const);
        if (type === 'GlobalMaxPool') {
          const shape = { ...x, spatial: window.out, dtype: dtypeIn };
          const max = imageOutputCodes(context, shape, (out) => context.kernels.maxPoolQ8(x.data, out, geometry));
          return [relabelled(context, max, requantizeTable(qx, qy), qy.signed)];
        }
        return [averageOfCodes(context, { x, spatial: window.out, geometry, countPadding: false })];
      },
    },
  });
}

/** The one window of a GlobalAveragePool, where the image's lengths are known. */
function wholeImage(context: IntegerContext<AttributeSpecs>, type: string): EvenWindows | undefined {
  const kernel = context.inputs[0]?.dims?.slice(2);
  if (type !== 'GlobalAveragePool' || kernel === undefined || !isNumeric(kernel)) return undefined;
  return { kernel, steps: {} };
}

function wholeWindow(spatial: readonly number[]) {
  const ones = spatial.map(() => 1);
  const none = spatial.map(() => 0);
  return { kernel: spatial, strides: ones, dilations: ones, padBegin: none, padEnd: none, out: ones };
}

const lpPool = defineOp({
  type: 'LpPool',
  domain: '',
  since: 2,
  arity: [1, 1],
  attributes: POOL_ATTRIBUTES,
  layout: { kind: 'nhwc', inputs: [0] },
  infer: inferPool,
  run: (context) => lpDirectly(context, windowOf(context), context.attributes.p),
  quant: () => ({ kind: 'float', why: 'LpPool has no 8-bit form.' }),
});

/** Pools over windows and over whole images. */
export const poolOps: readonly OpDef[] = [
  maxPool(1),
  averagePool(1),
  lpPool,
  globalPool('GlobalAveragePool'),
  globalPool('GlobalMaxPool'),
  globalPool('GlobalLpPool'),
];
