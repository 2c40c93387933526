import { formatDims } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { type AdditiveMask, additiveMask, addMask, type Floats, maskCausally, scaleScores } from './attentionCore.ts';
import { type Inferring, isNumeric, sameDim } from './facts.ts';
import type { AttributeSpecs, RunContext } from './opDef.ts';

/** What ONNX Runtime's attention operators do to products besides scaling them. */
export interface MicrosoftScores {
  /** [B, H, L, S]. */
  readonly dims: readonly number[];
  /** Keys before the first query. */
  readonly past: number;
  /** 0 for 1 / sqrt(head size). */
  readonly scale: number;
  readonly headSize: number;
  readonly unidirectional: boolean;
  /** What hides a key: added to its score, so that rows of hidden keys alone still have probabilities. */
  readonly maskFilterValue: number;
  readonly mask: Tensor | undefined;
  /** Added to scores, [B or 1, H or 1, L, S]. */
  readonly bias: Tensor | undefined;
}

type Running = Pick<RunContext<AttributeSpecs>, 'kernels' | 'scratch'>;

/** Fails unless a mask index is [B], [2 B], [B, S] or [B, L, S]. */
export function checkMaskIndex(
  context: Inferring,
  mask: TensorFact | undefined,
  [batch, length, keys]: readonly [Dim, Dim, Dim],
): void {
  const dims = mask?.dims;
  if (dims === undefined) return;
  if (dims.length === 0 || dims.length > 3)
    context.fail(`the mask has shape ${formatDims(dims)}, expected rank 1 to 3`);
  const what = `the mask ${formatDims(dims)} of ${formatDims([batch, length, keys])} scores`;
  if (dims.length === 1) {
    const count = dims[0] as Dim;
    if (isNumeric([count, batch]) && count !== batch && count !== 2 * (batch as number)) {
      context.fail(`${what} has neither one nor two numbers per batch`);
    }
    return;
  }
  const expected = dims.length === 2 ? [batch, keys] : [batch, length, keys];
  dims.forEach((d, i) => {
    sameDim(context, d, expected[i] as Dim, `dim ${i} of ${what}`);
  });
}

/** From products to scores: scale, mask, bias, causal order. */
export function microsoftScores(context: Running, spec: MicrosoftScores) {
  const [, , rows, keys] = spec.dims as [number, number, number, number];
  const { kernels } = context;
  const scale = spec.scale === 0 ? 1 / Math.sqrt(spec.headSize) : spec.scale;
  const mask = spec.mask && maskOf(context, spec.mask, spec);
  const bias = spec.bias && additiveMask(spec.bias.data as Floats, spec.bias.dims, spec.dims);
  return (scores: Floats, b: number, h: number) => {
    scaleScores(kernels, scores, scale);
    for (const part of [mask, bias]) if (part !== undefined) addMask(kernels, scores, keys, part, b, h);
    if (spec.unidirectional) maskCausally(scores, rows, keys, spec.past + 1);
  };
}

/**
 * A mask index as numbers to add: 1 or more shows a key, 0 hides it. [B, S] and [B, L, S] say so per key; [B] is the
 * end of what is shown, [2 B] the ends and then the beginnings.
 */
function maskOf(context: Running, index: Tensor, spec: MicrosoftScores): AdditiveMask {
  const [batch, , , keys] = spec.dims as [number, number, number, number];
  const values = toNumbers(index);
  const isRaw = index.dims.length > 1;
  const data = context.scratch('float32', isRaw ? values.length : batch * keys);
  for (let i = 0; i < data.length; i++) data[i] = isShown(values, i, isRaw, batch, keys) ? 0 : spec.maskFilterValue;
  if (index.dims.length === 3) {
    const [b, rows, count] = index.dims as [number, number, number];
    return additiveMask(data, [b, 1, rows, count], spec.dims);
  }
  return additiveMask(data, [batch, 1, 1, keys], spec.dims);
}

function isShown(values: readonly number[], i: number, isRaw: boolean, batch: number, keys: number): boolean {
  if (isRaw) return (values[i] as number) > 0;
  const [b, key] = [Math.floor(i / keys), i % keys];
  const start = values.length >= 2 * batch ? (values[batch + b] as number) : 0;
  return key < (values[b] as number) && key >= start;
}
