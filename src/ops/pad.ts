import { formatDims } from '../base/shape.ts';
import { type Tensor, tensor, toNumbers } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import { copyStrided, fillWith, outputOf, whole } from './cells.ts';
import {
  dequantizeCode,
  inputQuant,
  type MovedTables,
  movesCodes,
  outputQuant,
  quantizeNumber,
  requantizeTable,
} from './codes.ts';
import { axesOf, type Inferring, knownElements, knownNumbers } from './facts.ts';
import { gatherAxes } from './gatherAxes.ts';
import { defineOp, type IntegerForm, type OpDef, type RunContext } from './opDef.ts';

const attributes = {
  mode: { kind: 'string', default: 'constant' },
  pads: { kind: 'ints' },
  value: { kind: 'float', default: 0 },
} as const;
type Specs = typeof attributes;

/** Position in the source of position `i` of a padded axis; -1 where the constant goes. */
function sourceIndex(mode: string, i: number, begin: number, size: number): number {
  const at = i - begin;
  if (at >= 0 && at < size) return at;
  if (mode === 'constant' || size === 0) return -1;
  if (mode === 'edge') return at < 0 ? 0 : size - 1;
  if (mode === 'wrap') return ((at % size) + size) % size;
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const folded = ((at % period) + period) % period;
  return folded < size ? folded : period - folded;
}

/** Pads per axis, of all axes, from the given ones. */
function padsPerAxis(pads: readonly number[], axes: readonly number[] | undefined, rank: number) {
  const begin = new Array<number>(rank).fill(0);
  const end = new Array<number>(rank).fill(0);
  const half = pads.length / 2;
  for (let i = 0; i < half; i++) {
    const axis = axes === undefined ? i : (axes[i] as number) < 0 ? (axes[i] as number) + rank : (axes[i] as number);
    begin[axis] = pads[i] as number;
    end[axis] = pads[i + half] as number;
  }
  return { begin, end };
}

function run(context: RunContext<Specs>, since: number, fill?: Tensor): Tensor[] {
  const x = context.input(0);
  const { mode } = context.attributes;
  const given = since < 11 ? context.attributes.pads : toNumbers(context.input(1));
  const axes = context.inputs[3] === undefined ? undefined : toNumbers(context.input(3));
  const { begin, end } = padsPerAxis(given ?? [], axes, x.dims.length);
  const dims = x.dims.map((d, i) => d + (begin[i] as number) + (end[i] as number));
  const out = outputOf(context, 0, x.dtype, dims);
  if (mode === 'constant') {
    const value =
      fill ?? (since < 11 ? tensor('float32', [], Float32Array.of(context.attributes.value)) : context.inputs[2]);
    if (value === undefined) fillZero(out);
    else fillWith(out, value);
    copyInside(context, x, out, begin);
    return [out];
  }
  const lists = dims.map((d, i) =>
    Array.from({ length: d }, (_, p) => sourceIndex(mode, p, begin[i] as number, x.dims[i] as number)),
  );
  gatherAxes(context.kernels, x, out, lists);
  return [out];
}

function fillZero(out: Tensor): void {
  if (out.dtype === 'string') (out.data as string[]).fill('');
  else (out.data as Float32Array).fill(...zeroOf(out)); // any numeric array takes its own zero
}

function zeroOf(out: Tensor): [number] {
  return [(out.dtype === 'int64' || out.dtype === 'uint64' ? 0n : 0) as number];
}

/** Copies what the box of the output and the source share; negative pads cut. */
function copyInside(context: RunContext<Specs>, x: Tensor, out: Tensor, begin: readonly number[]): void {
  const [from, to] = [whole(x), whole(out)];
  let [a, b] = [0, 0];
  const box = x.dims.map((d, i) => {
    const shift = begin[i] as number;
    const first = Math.max(0, -shift);
    const last = Math.min(d, (out.dims[i] as number) - shift);
    a += first * (from.strides[i] as number);
    b += (first + shift) * (to.strides[i] as number);
    return Math.max(0, last - first);
  });
  copyStrided(box, { ...from, offset: a }, { ...to, offset: b }, context.kernels);
}

function inferPad(
  context: Inferring,
  mode: string,
  pads: readonly Dim[] | undefined,
  axes: readonly number[] | undefined,
) {
  const { dtype, dims } = context.input(0);
  if (!['constant', 'reflect', 'edge', 'wrap'].includes(mode)) {
    context.fail(`mode is ${mode}, expected constant, reflect, edge or wrap`);
  }
  if (dims === undefined || pads === undefined) return { dtype, dims: dims?.map(() => context.symbol('pad')) };
  const order = axes === undefined ? dims.map((_, i) => i) : axesOf(context, axes, dims.length);
  if (pads.length !== 2 * order.length) context.fail(`pads has ${pads.length} entries, expected ${2 * order.length}`);
  const padded = [...dims];
  order.forEach((axis, i) => {
    const [d, before, after] = [dims[axis] as Dim, pads[i] as Dim, pads[i + order.length] as Dim];
    if (before === 0 && after === 0) return;
    const known = typeof d === 'number' && typeof before === 'number' && typeof after === 'number';
    padded[axis] = known ? d + before + after : context.symbol('pad');
    if (known && d + before + after < 0) context.fail(`pads ${formatDims(pads)} cut more than ${formatDims(dims)} has`);
  });
  return { dtype, dims: padded };
}

/** Pad: pads and value as attributes up to opset 10, as inputs from 11 on. */
function pad(since: 1 | 11): OpDef {
  return defineOp<Specs, undefined, PadPrepared>({
    type: 'Pad',
    domain: '',
    since,
    arity: since < 11 ? [1, 1] : [2, 4],
    attributes,
    layout: { kind: 'plain' },
    infer: (context) => {
      const pads = since < 11 ? context.attributes.pads : knownElements(context.input(1));
      if (since < 11 && pads === undefined) context.fail('attribute pads is required');
      const axes = context.inputs[3] === undefined ? undefined : knownNumbers(context.inputs[3]);
      return [inferPad(context, context.attributes.mode, pads, axes)];
    },
    run: (context) => run(context, since),
    quant: () => ({ kind: 'sharesInput' }),
    integer: padForm(since),
  });
}

interface PadPrepared extends MovedTables {
  readonly fill: Tensor;
}

/** On codes: pads with the code of the constant, which must be exact where parameters change afterwards. */
function padForm(since: 1 | 11): IntegerForm<Specs, PadPrepared> {
  const moves = movesCodes<Specs>((context) => run(context, since));
  const fillValueOf = (context: Parameters<typeof moves.accepts>[0]): number | undefined => {
    if (since < 11) return context.attributes.value;
    if (context.inputs[2] === undefined) return 0;
    return (context.constants[2] && toNumbers(context.constants[2])[0]) ?? knownNumbers(context.inputs[2])?.[0];
  };
  return {
    accepts: (context) => {
      const codes = moves.accepts(context);
      const value = fillValueOf(context);
      if (codes !== true) return codes;
      if (value === undefined) return 'Pad takes its value from another node; its integer form needs a constant.';
      const qx = inputQuant(context, 0);
      const exact = dequantizeCode(quantizeNumber(value, qx), qx) === Math.fround(value);
      const same = requantizeTable(qx, outputQuant(context, 0)) === undefined;
      return exact || same || `Pad fills with ${value}, which has no exact code, and changes parameters.`;
    },
    prepare: (context) => {
      const qx = inputQuant(context, 0);
      const code = quantizeNumber(fillValueOf(context) ?? 0, qx);
      const fill = qx.signed ? tensor('int8', [], Int8Array.of(code)) : tensor('uint8', [], Uint8Array.of(code));
      return { ...moves.prepare(context), fill };
    },
    run: (context) => movesCodes<Specs>((c) => run(c, since, context.prepared.fill)).run(context),
  };
}

/** Borders around tensors. */
export const padOps: readonly OpDef[] = [pad(1), pad(11)];
