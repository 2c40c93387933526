import { stridesOf } from '../base/shape.ts';
import { hasDType, type Tensor, tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Attribute, Node, ValueId } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';
import { wiringOf } from '../graph/topo.ts';
import { type Affine, affineAfter, composed } from './affine.ts';
import type { ConstantLoader } from './foldConstants.ts';

type Facts = ReadonlyMap<ValueId, TensorFact>;

/** The axis of the weight that holds the output channels; undefined where nothing is folded. */
const CHANNEL_AXIS: Readonly<Record<string, (node: Node, facts: Facts) => number | undefined>> = {
  Conv: () => 0,
  ConvTranspose: (node) => (numberOf(node, 'group', 1) === 1 ? 1 : undefined),
  Gemm: (node) => (numberOf(node, 'beta', 1) === 1 ? 1 - numberOf(node, 'transB', 0) : undefined),
  MatMul: (node, facts) => (node.inputs.every((id) => id && facts.get(id)?.dims?.length === 2) ? 1 : undefined),
};

/** Operators that are folded into the product before them. */
export type Foldable = ReadonlySet<string>;

export const BATCH_NORMALIZATION: Foldable = new Set(['BatchNormalization']);
/** Every factor and addend that is constant, per channel or for all. */
export const CONSTANT_AFFINE: Foldable = new Set(['BatchNormalization', 'Mul', 'Div', 'Add', 'Sub']);

/**
 * Folds BatchNormalization into the product before it: w' = w * scale, b' = b * scale + shift, in float64, rounded once.
 * Only where nothing else reads the values between, and all parameters are constant float32. A MatMul, whose bias is an
 * Add, keeps one behind it. Other constant factors and
 * addends stay by default: what is quantized is what ONNX Runtime quantizes.
 */
export async function foldAffine(
  editor: GraphEditor,
  loader: ConstantLoader,
  facts: Facts,
  folds: Foldable = BATCH_NORMALIZATION,
): Promise<void> {
  const graph = editor.finish();
  const { consumers } = wiringOf(graph);
  for (const node of graph.nodes) {
    const axis = node.domain === '' ? CHANNEL_AXIS[node.opType]?.(node, facts) : undefined;
    const dims = axis === undefined ? undefined : dimsOf(editor, facts, node.inputs[1]);
    const channels = axis === undefined ? undefined : dims?.[axis];
    if (axis === undefined || dims === undefined || channels === undefined) continue;
    const folded: Node[] = [];
    let affine: Affine = { scale: new Float64Array(channels).fill(1), shift: new Float64Array(channels) };
    for (let last = node; ; last = folded.at(-1) as Node) {
      const out = last.outputs[0];
      const [next, second] = out === undefined ? [] : (consumers.get(out) ?? []);
      if (out === undefined || next === undefined || second !== undefined || editor.outputs.includes(out)) break;
      const isBias = node.opType === 'MatMul' && last === node;
      if (!folds.has(next.opType) && !isBias) break;
      const more = await affineAfter(next, out, { channels, rank: dims.length }, (id) => float32(loader, id));
      if (more === undefined) break;
      affine = composed(affine, more);
      folded.push(next);
    }
    if (folded.some((n) => folds.has(n.opType))) await fold(node, folded, affine, axis, { editor, loader });
  }
}

interface Graphs {
  readonly editor: GraphEditor;
  readonly loader: ConstantLoader;
}

async function fold(
  node: Node,
  folded: readonly Node[],
  { scale, shift }: Affine,
  axis: number,
  { editor, loader }: Graphs,
): Promise<void> {
  const weight = await float32(loader, node.inputs[1]);
  const bias = node.inputs[2] === undefined ? undefined : await float32(loader, node.inputs[2]);
  if (weight === undefined || (node.inputs[2] !== undefined && bias === undefined)) return;
  if (bias !== undefined && bias.data.length !== scale.length && bias.data.length !== 1) return;
  const name = (id: ValueId | undefined, fallback: string): string =>
    (id === undefined ? undefined : editor.value(id)?.name) ?? fallback;
  const w = editor.addConstant(name(node.inputs[1], `${node.handle}_weight`), scaled(weight, axis, scale));
  const b = editor.addConstant(name(node.inputs[2], `${node.handle}_bias`), shifted(bias, scale, shift));
  const last = folded.at(-1) as Node; // there is something to fold
  const origin = [...node.origin, ...folded.flatMap((n) => n.origin)];
  if (node.opType !== 'MatMul') {
    editor.updateNode(node.id, { inputs: [node.inputs[0], w, b], outputs: last.outputs, origin });
    for (const gone of folded) editor.removeNode(gone.id);
    return;
  }
  editor.updateNode(node.id, { inputs: [node.inputs[0], w] });
  for (const gone of folded.slice(0, -1)) editor.removeNode(gone.id);
  editor.updateNode(last.id, {
    opType: 'Add',
    attributes: new Map<string, Attribute>(),
    inputs: [node.outputs[0], b],
    origin: folded.flatMap((n) => n.origin),
  });
}

function scaled(weight: Tensor<'float32'>, axis: number, scale: Float64Array): Tensor {
  const inner = stridesOf(weight.dims)[axis] ?? 1;
  const data = weight.data.map((w, i) => w * (scale[Math.floor(i / inner) % scale.length] as number));
  return tensor('float32', weight.dims, data);
}

function shifted(bias: Tensor<'float32'> | undefined, scale: Float64Array, shift: Float64Array): Tensor {
  const at = (c: number): number => bias?.data[bias.data.length === 1 ? 0 : c] ?? 0;
  const data = Float32Array.from(shift, (s, c) => s + at(c) * (scale[c] as number));
  return tensor('float32', [shift.length], data);
}

function dimsOf(editor: GraphEditor, facts: Facts, id: ValueId | undefined): readonly number[] | undefined {
  const dims = id === undefined ? undefined : (facts.get(id)?.dims ?? editor.value(id)?.dims);
  return dims?.every((d): d is number => typeof d === 'number') ? dims : undefined;
}

async function float32(loader: ConstantLoader, id: ValueId | undefined): Promise<Tensor<'float32'> | undefined> {
  const t = id === undefined ? undefined : await loader.get(id);
  return t !== undefined && hasDType(t, 'float32') ? t : undefined;
}

function numberOf(node: Node, name: string, otherwise: number): number {
  const a = node.attributes.get(name);
  return a?.kind === 'int' || a?.kind === 'float' ? a.value : otherwise;
}
