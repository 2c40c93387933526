import { stridesOf } from '../base/shape.ts';
import { hasDType, type Tensor, tensor } from '../base/tensor.ts';
import type { Node, ValueId } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';
import type { ConstantLoader } from './foldConstants.ts';

/** The axis of the weight that holds the output channels. */
const CHANNEL_AXIS: Readonly<Record<string, (node: Node) => number | undefined>> = {
  Conv: () => 0,
  ConvTranspose: (node) => (intOf(node, 'group', 1) === 1 ? 1 : undefined),
};

/**
 * Folds BatchNormalization into the convolution before it: w' = w * g, b' = (b - mean) * g + beta with
 * g = gamma / sqrt(var + epsilon), in float64, rounded once. Only where the convolution has no other consumer and all
 * parameters are constant float32.
 */
export async function foldBatchNorm(editor: GraphEditor, loader: ConstantLoader): Promise<void> {
  const graph = editor.finish();
  const uses = new Map<ValueId, number>();
  for (const node of graph.nodes)
    for (const id of node.inputs) if (id !== undefined) uses.set(id, (uses.get(id) ?? 0) + 1);
  const producers = new Map(graph.nodes.flatMap((n) => n.outputs.map((id) => [id, n] as const)));
  for (const norm of graph.nodes) {
    if (norm.opType !== 'BatchNormalization' || norm.domain !== '' || norm.outputs.length !== 1) continue;
    const x = norm.inputs[0];
    const conv = x === undefined ? undefined : producers.get(x);
    if (conv === undefined || x === undefined || uses.get(x) !== 1 || editor.outputs.includes(x)) continue;
    const axis = CHANNEL_AXIS[conv.opType]?.(conv);
    if (axis === undefined || conv.domain !== '' || editor.node(conv.id) === undefined) continue;
    const [scale, shift] = (await affineOf(norm, loader)) ?? [];
    const weight = await float32(loader, conv.inputs[1]);
    const bias = conv.inputs[2] === undefined ? undefined : await float32(loader, conv.inputs[2]);
    if (scale === undefined || shift === undefined || weight === undefined) continue;
    if (conv.inputs[2] !== undefined && bias === undefined) continue;
    if (weight.dims[axis] !== scale.length) continue;
    const name = (id: ValueId | undefined, fallback: string): string =>
      (id === undefined ? undefined : editor.value(id)?.name) ?? fallback;
    const w = editor.addConstant(name(conv.inputs[1], `${conv.handle}_weight`), scaled(weight, axis, scale));
    const b = editor.addConstant(name(conv.inputs[2], `${conv.handle}_bias`), shifted(bias, scale, shift));
    editor.updateNode(conv.id, {
      inputs: [conv.inputs[0], w, b],
      outputs: norm.outputs,
      origin: [...conv.origin, ...norm.origin],
    });
    editor.removeNode(norm.id);
  }
}

/** Per channel: factor and offset of the normalization. */
async function affineOf(norm: Node, loader: ConstantLoader): Promise<[Float64Array, Float64Array] | undefined> {
  const parts: Float32Array[] = [];
  for (const id of norm.inputs.slice(1, 5)) {
    const t = await float32(loader, id);
    if (t === undefined) return undefined;
    parts.push(t.data);
  }
  const [gamma, beta, mean, variance] = parts;
  if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined) return undefined;
  const a = norm.attributes.get('epsilon');
  const epsilon = a?.kind === 'float' ? a.value : Math.fround(1e-5);
  const scale = Float64Array.from(gamma, (g, c) => g / Math.sqrt((variance[c] as number) + epsilon));
  const shift = Float64Array.from(beta, (b, c) => b - (mean[c] as number) * (scale[c] as number));
  return [scale, shift];
}

function scaled(weight: Tensor<'float32'>, axis: number, scale: Float64Array): Tensor {
  const inner = stridesOf(weight.dims)[axis] ?? 1;
  const data = weight.data.map((w, i) => w * (scale[Math.floor(i / inner) % scale.length] as number));
  return tensor('float32', weight.dims, data);
}

function shifted(bias: Tensor<'float32'> | undefined, scale: Float64Array, shift: Float64Array): Tensor {
  const data = Float32Array.from(shift, (s, c) => s + (bias?.data[c] ?? 0) * (scale[c] as number));
  return tensor('float32', [shift.length], data);
}

async function float32(loader: ConstantLoader, id: ValueId | undefined): Promise<Tensor<'float32'> | undefined> {
  const t = id === undefined ? undefined : await loader.get(id);
  return t !== undefined && hasDType(t, 'float32') ? t : undefined;
}

function intOf(node: Node, name: string, otherwise: number): number {
  const a = node.attributes.get(name);
  return a?.kind === 'int' ? a.value : otherwise;
}
