import { formatDims, replacedAt, sizeOf } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import { axisOf, type Dims, dimsOfRank, type Inferring, knownNumbers, mapDim } from './facts.ts';
import { type Complex, createTransform } from './fft.ts';
import { numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef, type QuantRule, type RunContext } from './opDef.ts';

const SPECTRUM: QuantRule = { kind: 'float', why: 'Spectra span many orders of magnitude; they have no 8-bit form.' };

interface Direction {
  readonly inverse: boolean;
  readonly onesided: boolean;
}

/** Numbers of points in the result of a transform of `length` points. */
function bins(length: number, { inverse, onesided }: Direction): number {
  return onesided && !inverse ? Math.floor(length / 2) + 1 : length;
}

/** The optional scalar input `index`: its value, undefined where there is none. */
function scalarInput(inputs: readonly (Tensor | undefined)[], index: number): number | undefined {
  const t = inputs[index];
  return t === undefined ? undefined : toNumbers(t)[0];
}

function checkParts(context: Inferring, dims: Dims): void {
  const parts = dims.at(-1);
  if (dims.length < 2 || (typeof parts === 'number' && parts !== 1 && parts !== 2)) {
    context.fail(`shape ${formatDims(dims)} does not end with 1 (real) or 2 (complex)`);
  }
}

/** Dims of DFT's result, as far as known; `axis` undefined where it is computed. */
function spectrumDims(context: Inferring, axis: number | undefined, direction: Direction): Dims | undefined {
  const { dims } = context.input(0);
  if (dims === undefined) return undefined;
  checkParts(context, dims);
  const parts = direction.inverse && direction.onesided ? 1 : 2;
  if (axis === undefined) return [...dims.slice(0, -1).map(() => context.symbol('dft')), parts];
  const at = axisOf(context, axis, dims.length);
  if (at === dims.length - 1) context.fail(`axis ${axis} is that of real and imaginary parts`);
  const given = context.inputs[1] === undefined ? defaultLength(context, dims[at] as Dim, direction) : undefined;
  const length = given ?? knownNumbers(context.inputs[1])?.[0] ?? context.symbol('dft');
  return [
    ...replacedAt(
      dims.slice(0, -1),
      at,
      mapDim(context, length, (n) => bins(n, direction), 'dft'),
    ),
    parts,
  ];
}

/** A one-sided inverse starts from half a spectrum. */
function defaultLength(context: Inferring, dim: Dim, { inverse, onesided }: Direction): Dim {
  return inverse && onesided ? mapDim(context, dim, (n) => 2 * (n - 1), 'dft') : dim;
}

interface Line {
  readonly data: ArrayLike<number>;
  /** 1 for real, 2 for real and imaginary parts side by side. */
  readonly parts: number;
  readonly start: number;
  readonly stride: number;
  readonly count: number;
}

/** Reads a line of a signal into `to`, cut or filled with zeros; half a spectrum is completed by its symmetry. */
function loadLine({ data, parts, start, stride, count }: Line, to: Complex, halfSpectrum: boolean): void {
  const n = to.re.length;
  to.re.fill(0);
  to.im.fill(0);
  for (let i = 0; i < Math.min(count, n); i++) {
    const at = start + i * stride;
    to.re[i] = data[at] as number;
    to.im[i] = parts === 2 ? (data[at + 1] as number) : 0;
  }
  if (!halfSpectrum) return;
  for (let i = Math.floor(n / 2) + 1; i < n; i++) {
    to.re[i] = to.re[n - i] as number;
    to.im[i] = -(to.im[n - i] as number);
  }
}

function transformAlong(context: RunContext<Record<string, never>>, axis: number, direction: Direction): Tensor {
  const x = context.input(0);
  const at = axis < 0 ? axis + x.dims.length : axis;
  const parts = x.dims.at(-1) as number;
  const count = x.dims[at] as number;
  const half = direction.inverse && direction.onesided;
  const length = scalarInput(context.inputs, 1) ?? (half ? 2 * (count - 1) : count);
  if (!(length > 0)) context.fail(`a transform of ${length} points is not possible`);
  const outCount = bins(length, direction);
  const outParts = half ? 1 : 2;
  const dims = [...replacedAt(x.dims.slice(0, -1), at, outCount), outParts];
  const out = context.output(0, x.dtype as 'float32', dims); // a floating-point type
  const [from, to] = [numbersOf(x), numbersOf(out)];
  const transform = createTransform(length, direction.inverse ? 'inverse' : 'forward');
  const line: Complex = { re: new Float64Array(length), im: new Float64Array(length) };
  const outer = sizeOf(x.dims.slice(0, at));
  const inner = sizeOf(x.dims.slice(at + 1, -1));
  const scale = direction.inverse ? 1 / length : 1;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const start = (o * count * inner + i) * parts;
      loadLine({ data: from, parts, start, stride: inner * parts, count }, line, half);
      transform(line);
      for (let k = 0; k < outCount; k++) {
        const place = ((o * outCount + k) * inner + i) * outParts;
        to[place] = (line.re[k] as number) * scale;
        if (outParts === 2) to[place + 1] = (line.im[k] as number) * scale;
      }
    }
  }
  return stored(out);
}

const directionAttributes = {
  inverse: { kind: 'int', default: 0 },
  onesided: { kind: 'int', default: 0 },
} as const;

function directionOf(attributes: { readonly inverse: number; readonly onesided: number }): Direction {
  return { inverse: attributes.inverse !== 0, onesided: attributes.onesided !== 0 };
}

const dft17 = defineOp({
  type: 'DFT',
  domain: '',
  since: 17,
  arity: [1, 2],
  attributes: { ...directionAttributes, axis: { kind: 'int', default: 1 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const dims = spectrumDims(context, context.attributes.axis, directionOf(context.attributes));
    return [{ dtype: context.input(0).dtype, dims }];
  },
  run: (context) => [transformAlong(context as never, context.attributes.axis, directionOf(context.attributes))],
  quant: () => SPECTRUM,
});

const dft20 = defineOp({
  type: 'DFT',
  domain: '',
  since: 20,
  arity: [1, 3],
  attributes: directionAttributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const axis = context.inputs[2] === undefined ? -2 : knownNumbers(context.inputs[2])?.[0];
    const dims = spectrumDims(context, axis, directionOf(context.attributes));
    return [{ dtype: context.input(0).dtype, dims }];
  },
  run: (context) => [
    transformAlong(context as never, scalarInput(context.inputs, 2) ?? -2, directionOf(context.attributes)),
  ],
  quant: () => SPECTRUM,
});

/** Spectra [N, frames, bins, 2] of windowed frames of signals [N, L, 1 or 2]. */
const stft = defineOp({
  type: 'STFT',
  domain: '',
  since: 17,
  arity: [2, 4],
  attributes: { onesided: { kind: 'int', default: 1 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const dims = dimsOfRank(context, 0, 3);
    const { dtype } = context.input(0);
    if (dims === undefined) return [{ dtype, dims: undefined }];
    checkParts(context, dims);
    const onesided = context.attributes.onesided !== 0;
    if (onesided && dims[2] === 2) context.fail('a complex signal has no one-sided spectrum; onesided must be 0');
    const [samples, step] = [dims[1] as Dim, knownNumbers(context.input(1))?.[0]];
    const length = context.inputs[2]?.dims?.[0] ?? knownNumbers(context.inputs[3])?.[0] ?? context.symbol('frame');
    const known = typeof samples === 'number' && typeof length === 'number' && step !== undefined;
    const frames = known ? frameCount(samples, length, step) : context.symbol('frames');
    const count = mapDim(context, length, (n) => bins(n, { inverse: false, onesided }), 'bins');
    return [{ dtype, dims: [dims[0] as Dim, frames, count, 2] }];
  },
  run: (context) => {
    const [x, window] = [context.input(0), context.inputs[2]];
    const [batch, samples, parts] = x.dims as [number, number, number];
    const step = scalarInput(context.inputs, 1) as number; // a required input
    const length = window?.dims[0] ?? scalarInput(context.inputs, 3) ?? samples;
    if (!(step > 0 && length > 0)) context.fail(`frames of ${length} samples every ${step} are not possible`);
    const frames = frameCount(samples, length, step);
    const count = bins(length, { inverse: false, onesided: context.attributes.onesided !== 0 });
    const out = context.output(0, x.dtype as 'float32', [batch, frames, count, 2]); // a floating-point type
    const [from, to] = [numbersOf(x), numbersOf(out)];
    const weights = window === undefined ? undefined : numbersOf(window);
    const transform = createTransform(length, 'forward');
    const line: Complex = { re: new Float64Array(length), im: new Float64Array(length) };
    let at = 0;
    for (let n = 0; n < batch; n++) {
      for (let f = 0; f < frames; f++) {
        const start = (n * samples + f * step) * parts;
        loadLine({ data: from, parts, start, stride: parts, count: length }, line, false);
        for (let i = 0; i < length && weights !== undefined; i++) {
          line.re[i] = (line.re[i] as number) * (weights[i] as number);
          line.im[i] = (line.im[i] as number) * (weights[i] as number);
        }
        transform(line);
        for (let k = 0; k < count; k++) {
          to[at++] = line.re[k] as number;
          to[at++] = line.im[k] as number;
        }
      }
    }
    return [stored(out)];
  },
  quant: () => SPECTRUM,
});

function frameCount(samples: number, length: number, step: number): number {
  return Math.max(0, 1 + Math.floor((samples - length) / step));
}

/** Fourier transforms. */
export const fourierOps: readonly OpDef[] = [dft17, dft20, stft];
