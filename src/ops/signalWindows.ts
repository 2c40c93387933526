import type { DType } from '../base/dtype.ts';
import { dtypeOfCode } from '../base/dtypeCodes.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import { knownNumbers } from './facts.ts';
import { bigintsOf, holdsNumbers, numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef, type QuantRule } from './opDef.ts';

const TABLE: QuantRule = { kind: 'float', why: 'It makes a table of weights; nothing is computed from activations.' };

const outputType = { output_datatype: { kind: 'int', default: 1 } } as const;

/** The type an `output_datatype` names; fails on strings, bools and types we lack. */
function numericType(code: number, fail: (message: string) => never): Exclude<DType, 'string'> {
  const dtype = dtypeOfCode(code);
  if (dtype === undefined || dtype === 'string' || dtype === 'bool')
    return fail(`output_datatype ${code} is no number`);
  return dtype;
}

/** Stores values in a tensor of any numeric type, as Cast would: integers by truncation. */
function storeAll(out: Tensor, values: Float64Array): Tensor {
  if (!holdsNumbers(out.dtype)) {
    const to = bigintsOf(out);
    for (let i = 0; i < to.length; i++) to[i] = BigInt(Math.trunc(values[i] as number));
    return out;
  }
  const to = numbersOf(out);
  for (let i = 0; i < to.length; i++) to[i] = values[i] as number;
  return stored(out);
}

/** Weights a0 - a1 cos(2πn/N) + a2 cos(4πn/N), n = 0 to size - 1; N is size, or size - 1 where not periodic. */
function cosineWindow(type: string, [a0, a1, a2]: readonly [number, number, number]): OpDef {
  return defineOp({
    type,
    domain: '',
    since: 17,
    arity: [1, 1],
    attributes: { ...outputType, periodic: { kind: 'int', default: 1 } },
    layout: { kind: 'plain' },
    infer: (context) => {
      const size = knownNumbers(context.input(0))?.[0] ?? context.symbol('window');
      return [{ dtype: numericType(context.attributes.output_datatype, context.fail), dims: [size] }];
    },
    run: (context) => {
      const size = toNumbers(context.input(0))[0] as number;
      if (!(size >= 0)) context.fail(`a window of ${size} elements is not possible`);
      const period = context.attributes.periodic !== 0 ? size : size - 1;
      const angle = (n: number): number => (2 * Math.PI * n) / period;
      const values = Float64Array.from(
        { length: size },
        (_, n) => a0 - a1 * Math.cos(angle(n)) + a2 * Math.cos(2 * angle(n)),
      );
      const dtype = numericType(context.attributes.output_datatype, context.fail);
      return [storeAll(context.output(0, dtype, [size]), values)];
    },
    quant: () => TABLE,
  });
}

const mel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
const hertz = (m: number): number => 700 * (10 ** (m / 2595) - 1);

/** Triangular filters, evenly spaced on the mel scale: weights [spectrum bins, mel bins]. */
function melWeights(melBins: number, dftLength: number, rate: number, edges: readonly [number, number]): Float64Array {
  const rows = Math.floor(dftLength / 2) + 1;
  const out = new Float64Array(rows * melBins);
  const [low, high] = [mel(edges[0]), mel(edges[1])];
  const step = (high - low) / (melBins + 2);
  const corner = (i: number): number => Math.floor(((dftLength + 1) * hertz(low + i * step)) / rate);
  const put = (row: number, column: number, weight: number): void => {
    if (row >= 0 && row < rows) out[row * melBins + column] = weight;
  };
  for (let i = 0; i < melBins; i++) {
    const [left, centre, right] = [corner(i), corner(i + 1), corner(i + 2)];
    if (centre === left) put(centre, i, 1);
    const [rising, falling] = [Math.max(left, 0), Math.max(centre, 0)];
    for (let j = rising; centre > left && j <= centre && j < rows; j++) put(j, i, (j - left) / (centre - left));
    for (let j = falling; right > centre && j < right && j < rows; j++) put(j, i, (right - j) / (right - centre));
  }
  return out;
}

const melWeightMatrix = defineOp({
  type: 'MelWeightMatrix',
  domain: '',
  since: 17,
  arity: [5, 5],
  attributes: outputType,
  layout: { kind: 'plain' },
  infer: (context) => {
    const [melBins, length] = [0, 1].map((i) => knownNumbers(context.input(i))?.[0]);
    const rows = length === undefined ? context.symbol('bins') : Math.floor(length / 2) + 1;
    const dtype = numericType(context.attributes.output_datatype, context.fail);
    return [{ dtype, dims: [rows, melBins ?? context.symbol('mel')] }];
  },
  run: (context) => {
    const scalar = (i: number): number => toNumbers(context.input(i))[0] as number;
    const [melBins, length, rate] = [scalar(0), scalar(1), scalar(2)];
    const values = melWeights(melBins, length, rate, [scalar(3), scalar(4)]);
    const dtype = numericType(context.attributes.output_datatype, context.fail);
    return [storeAll(context.output(0, dtype, [Math.floor(length / 2) + 1, melBins]), values)];
  },
  quant: () => TABLE,
});

/** Tables for spectra of sound. */
export const signalWindowOps: readonly OpDef[] = [
  cosineWindow('HannWindow', [0.5, 0.5, 0]),
  cosineWindow('HammingWindow', [25 / 46, 21 / 46, 0]),
  cosineWindow('BlackmanWindow', [0.42, 0.5, 0.08]),
  melWeightMatrix,
];
