import type { Tensor } from '../base/tensor.ts';
import type { Node, ValueId } from '../graph/model.ts';

/** y = x * scale + shift, per channel. */
export interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** What a tensor of channels looks like: they lie along axis 1. */
export interface Channels {
  readonly channels: number;
  readonly rank: number;
}

type Load = (id: ValueId | undefined) => Promise<Tensor<'float32'> | undefined>;

/** `first`, then `second`. */
export function composed(first: Affine, second: Affine): Affine {
  return {
    scale: first.scale.map((s, c) => s * (second.scale[c] as number)),
    shift: first.shift.map((b, c) => b * (second.scale[c] as number) + (second.shift[c] as number)),
  };
}

/** What `node` does to each channel of `x`; undefined where it is no BatchNormalization, or constant factor or addend. */
export async function affineAfter(node: Node, x: ValueId, of: Channels, load: Load): Promise<Affine | undefined> {
  if (node.domain !== '') return undefined;
  if (node.opType === 'BatchNormalization') return normalization(node, x, of, load);
  const other = node.inputs[0] === x ? node.inputs[1] : node.inputs[0];
  const make = CONSTANT[node.opType];
  if (make === undefined || other === x || (node.inputs[1] === x && (node.opType === 'Sub' || node.opType === 'Div')))
    return undefined;
  const constant = await load(other);
  const values = constant === undefined ? undefined : perChannel(constant, of);
  return values && make(values);
}

const CONSTANT: Readonly<Record<string, (k: Float64Array) => Affine | undefined>> = {
  Add: (k) => ({ scale: k.map(() => 1), shift: k }),
  Sub: (k) => ({ scale: k.map(() => 1), shift: k.map((v) => -v) }),
  Mul: (k) => ({ scale: k, shift: k.map(() => 0) }),
  Div: (k) => (k.includes(0) ? undefined : { scale: k.map((v) => 1 / v), shift: k.map(() => 0) }),
};

/** The constant by channel, where it is one number or has one per channel; undefined where it is something else. */
function perChannel({ dims, data }: Tensor<'float32'>, { channels, rank }: Channels): Float64Array | undefined {
  if (dims.length > rank || !data.every(Number.isFinite)) return undefined;
  if (data.length === 1) return new Float64Array(channels).fill(data[0] as number);
  const axis = dims.length - (rank - 1); // axes are aligned at their ends
  return data.length === channels && dims[axis] === channels ? Float64Array.from(data) : undefined;
}

/** gamma / sqrt(variance + epsilon) and beta - mean times it, in float64. */
async function normalization(node: Node, x: ValueId, { channels }: Channels, load: Load): Promise<Affine | undefined> {
  if (node.outputs.length !== 1 || node.inputs[0] !== x) return undefined;
  const parts: Float32Array[] = [];
  for (const id of node.inputs.slice(1, 5)) {
    const t = await load(id);
    if (t?.data.length !== channels) return undefined;
    parts.push(t.data);
  }
  const [gamma, beta, mean, variance] = parts;
  if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined) return undefined;
  const a = node.attributes.get('epsilon');
  const epsilon = a?.kind === 'float' ? a.value : Math.fround(1e-5);
  const scale = Float64Array.from(gamma, (g, c) => g / Math.sqrt((variance[c] as number) + epsilon));
  return { scale, shift: Float64Array.from(beta, (b, c) => b - (mean[c] as number) * (scale[c] as number)) };
}
