import { formatDims, sizeOf } from '../base/shape.ts';
import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import { checkedIndex } from './gather.ts';
import { type NumberSink, numbersOf, stored } from './numbers.ts';
import {
  type AttributeSpecs,
  defineOp,
  type InferContext,
  type OpDef,
  type QuantRule,
  type RunContext,
} from './opDef.ts';

const ROTATES: QuantRule = { kind: 'float', why: 'A rotation mixes pairs of elements with sines and cosines.' };

/** The rows of x that are rotated: head `head` of position `position` of batch `batch`. */
interface RotaryLayout {
  readonly batch: number;
  readonly positions: number;
  readonly heads: number;
  readonly headSize: number;
  /** First element of a row. */
  start(batch: number, position: number, head: number): number;
}

/** x as [B, H, L, D], or [B, L, H * D] with the heads given or found from the head size. */
export function rotaryLayout(dims: readonly number[], headsOfRow: number, headSize: number): RotaryLayout {
  if (dims.length === 4) {
    const [batch, heads, positions, size] = dims as [number, number, number, number];
    return { batch, positions, heads, headSize: size, start: (b, p, h) => ((b * heads + h) * positions + p) * size };
  }
  const [batch, positions, hidden] = dims as [number, number, number];
  const heads = headsOfRow > 0 ? headsOfRow : hidden / headSize;
  const size = hidden / heads;
  return { batch, positions, heads, headSize: size, start: (b, p, h) => (b * positions + p) * hidden + h * size };
}

export interface Rotation {
  readonly layout: RotaryLayout;
  /** Elements of a head that turn; the others are copied. */
  readonly turning: number;
  /** Pairs are (0, 1), (2, 3), ... instead of (0, half), (1, half + 1), ... */
  readonly interleaved: boolean;
  readonly cos: NumberSink;
  readonly sin: NumberSink;
  /** Row of the caches for a position. */
  row(batch: number, position: number): number;
}

/** Turns pairs of elements of every head by the angle of its position. */
export function rotate(x: NumberSink, out: NumberSink, rotation: Rotation): void {
  const { layout, turning, interleaved, cos, sin } = rotation;
  const half = turning / 2;
  const [step, apart] = interleaved ? [2, 1] : [1, half];
  for (let b = 0; b < layout.batch; b++) {
    for (let p = 0; p < layout.positions; p++) {
      const angles = rotation.row(b, p) * half;
      for (let h = 0; h < layout.heads; h++) {
        const at = layout.start(b, p, h);
        for (let i = 0; i < half; i++) {
          const [first, second] = [at + i * step, at + i * step + apart];
          const [re, im] = [x[first] as number, x[second] as number];
          const [c, s] = [cos[angles + i] as number, sin[angles + i] as number];
          out[first] = c * re - s * im;
          out[second] = s * re + c * im;
        }
        for (let i = at + turning; i < at + layout.headSize; i++) out[i] = x[i] as number;
      }
    }
  }
}

const ATTRIBUTES = {
  interleaved: { kind: 'int', default: 0 },
  num_heads: { kind: 'int', default: 0 },
  rotary_embedding_dim: { kind: 'int', default: 0 },
} as const;

/** Which input is what. */
interface RotaryInputs {
  readonly cos: number;
  readonly sin: number;
  readonly positions: number;
}

/** @source ONNX RotaryEmbedding-23: positions are optional, the caches then have a row per batch and position. */
const rotaryEmbedding = defineOp({
  type: 'RotaryEmbedding',
  domain: '',
  since: 23,
  arity: [3, 4],
  attributes: ATTRIBUTES,
  layout: { kind: 'plain' },
  infer: (context) => inferRotary(context, { cos: 1, sin: 2, positions: 3 }),
  run: (context) => runRotary(context, { cos: 1, sin: 2, positions: 3 }),
  quant: () => ROTATES,
});

/** @source ONNX Runtime, com.microsoft.RotaryEmbedding: one position is that of the first element. */
const microsoftRotaryEmbedding = defineOp({
  type: 'RotaryEmbedding',
  domain: 'com.microsoft',
  since: 1,
  arity: [4, 4],
  attributes: { ...ATTRIBUTES, is_packed_batching: { kind: 'int', default: 0 }, scale: { kind: 'float', default: 1 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    if (context.attributes.scale !== 1) context.fail(`scale ${context.attributes.scale} is not supported, only 1 is`);
    return inferRotary(context, { cos: 2, sin: 3, positions: 1 });
  },
  run: (context) => runRotary(context, { cos: 2, sin: 3, positions: 1 }),
  quant: () => ROTATES,
});

function inferRotary(context: InferContext<typeof ATTRIBUTES>, at: RotaryInputs): TensorFact[] {
  const { dtype, dims } = context.input(0);
  const { num_heads: heads, rotary_embedding_dim: turning } = context.attributes;
  if (dims !== undefined && dims.length !== 3 && dims.length !== 4) {
    context.fail(`input 0 has shape ${formatDims(dims)}, expected rank 3 or 4`);
  }
  const cache = context.input(at.cos).dims;
  const angles = cache?.at(-1);
  if (dims !== undefined && typeof angles === 'number') {
    const hidden = dims.at(-1);
    const size = dims.length === 4 ? hidden : heads > 0 && typeof hidden === 'number' ? hidden / heads : undefined;
    const expected = turning > 0 ? turning : size;
    if (typeof expected === 'number' && angles * 2 !== expected) {
      context.fail(`the cos cache has shape ${formatDims(cache ?? [])}, expected ${expected / 2} angles per position`);
    }
  }
  return [{ dtype, dims }];
}

function runRotary(context: RunContext<typeof ATTRIBUTES>, at: RotaryInputs): Tensor[] {
  const x = context.input(0);
  const [cos, sin] = [context.input(at.cos), context.input(at.sin)];
  const { interleaved, num_heads: heads, rotary_embedding_dim: wanted } = context.attributes;
  const angles = cos.dims.at(-1) as number;
  const layout = rotaryLayout(x.dims, heads, 2 * angles);
  const out = context.output(0, x.dtype, x.dims);
  rotate(numbersOf(x), numbersOf(out), {
    layout,
    turning: wanted > 0 ? wanted : layout.headSize,
    interleaved: interleaved !== 0,
    cos: numbersOf(cos),
    sin: numbersOf(sin),
    row: rowOf(context, context.inputs[at.positions], layout, sizeOf(cos.dims.slice(0, -1))),
  });
  return [stored(out)];
}

/** The row of the caches for a batch and position: as the position ids say, from the first on, or one row each. */
function rowOf(
  context: Pick<RunContext<AttributeSpecs>, 'fail'>,
  ids: Tensor | undefined,
  layout: RotaryLayout,
  rows: number,
): Rotation['row'] {
  if (ids === undefined) return (b, p) => b * layout.positions + p;
  const positions = toNumbers(ids);
  const first = positions[0] as number;
  const isOffset = ids.dims.length === 1;
  return (b, p) =>
    checkedIndex((m) => context.fail(m), isOffset ? first + p : (positions[b * layout.positions + p] as number), rows);
}

/** Rotary position embedding. */
export const rotaryEmbeddingOps: readonly OpDef[] = [rotaryEmbedding, microsoftRotaryEmbedding];
