import { hasDType, type Tensor, tensor } from '../base/tensor.ts';
import type { Facts } from '../graph/fact.ts';
import type { Node, ValueId } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';
import { wiringOf } from '../graph/topo.ts';
import { affineAfter } from './affine.ts';
import type { ConstantLoader } from './foldConstants.ts';

/** x + shift, one number per channel of x. */
interface Shifted {
  readonly of: ValueId;
  readonly shift: Float64Array;
}

/**
 * Takes constant addends into the biases of the convolutions that read the sums: w * (x + c) + b = w * x + (b + sum w c),
 * in float64, rounded once. Only convolutions without padding, whose every output reads addends alike. Such a convolution
 * reads what the Add read, one rounding less once quantized; an Add that nothing else reads is gone.
 */
export async function pushAddends(editor: GraphEditor, loader: ConstantLoader, facts: Facts): Promise<void> {
  const { consumers } = wiringOf(editor.finish());
  for (const node of [...editor.nodes]) {
    const found = await addendOf(loader, facts, node);
    if (found === undefined) continue;
    const made = node.outputs[0] as ValueId; // addendOf saw it
    const readers = consumers.get(made) ?? [];
    let left = readers.length;
    for (const reader of readers) if (await takeUp({ editor, loader }, reader, made, found)) left--;
    if (left === 0 && !editor.outputs.includes(made)) editor.removeNode(node.id);
  }
}

async function addendOf(loader: ConstantLoader, facts: Facts, node: Node): Promise<Shifted | undefined> {
  const [made] = node.outputs;
  if (node.domain !== '' || (node.opType !== 'Add' && node.opType !== 'Sub') || made === undefined) return undefined;
  const dims = facts.get(made)?.dims;
  const channels = dims?.[1];
  if (dims === undefined || typeof channels !== 'number') return undefined;
  for (const of of node.inputs) {
    if (of === undefined || facts.get(of)?.dims?.length !== dims.length || facts.get(of)?.dims?.[1] !== channels)
      continue;
    const affine = await affineAfter(node, of, { channels, rank: dims.length }, (id) => float32(loader, id));
    if (affine !== undefined) return { of, shift: affine.shift };
  }
  return undefined;
}

interface Graphs {
  readonly editor: GraphEditor;
  readonly loader: ConstantLoader;
}

/** @returns whether `reader` now reads `of` itself. */
async function takeUp({ editor, loader }: Graphs, reader: Node, made: ValueId, { of, shift }: Shifted) {
  const [x, weightId, biasId] = editor.node(reader.id)?.inputs ?? [];
  const isConvolution = reader.domain === '' && reader.opType === 'Conv' && x === made && weightId !== undefined;
  if (!isConvolution || biasId === made || weightId === made || isPadded(reader)) return false;
  const weight = await float32(loader, weightId);
  const bias = biasId === undefined ? undefined : await float32(loader, biasId);
  if (weight === undefined || (biasId !== undefined && bias === undefined)) return false;
  const name = biasId === undefined ? `${reader.handle}_bias` : (editor.value(biasId)?.name ?? '');
  const data = Float32Array.from(contributions(weight, shift), (sum, o) => sum + (bias?.data[o] ?? 0));
  editor.setInput(reader.id, 0, of);
  editor.setInput(reader.id, 2, editor.addConstant(name, tensor('float32', [data.length], data)));
  return true;
}

/** What a constant input of each channel gives to each output channel. @param weight [O, I / group, ...]. */
function contributions({ dims, data }: Tensor<'float32'>, shift: Float64Array): Float64Array {
  const [outputs = 0, inputs = 0] = dims;
  const kernel = data.length / (outputs * inputs);
  const perGroup = outputs / (shift.length / inputs);
  const sums = new Float64Array(outputs);
  data.forEach((w, i) => {
    const row = Math.floor(i / kernel / inputs);
    const channel = Math.floor(row / perGroup) * inputs + (Math.floor(i / kernel) % inputs);
    sums[row] = (sums[row] as number) + w * (shift[channel] as number);
  });
  return sums;
}

function isPadded(node: Node): boolean {
  const auto = node.attributes.get('auto_pad');
  if (auto?.kind === 'string' && auto.value !== 'NOTSET') return auto.value !== 'VALID';
  const pads = node.attributes.get('pads');
  return pads?.kind === 'ints' && pads.value.some((p) => p !== 0);
}

async function float32(loader: ConstantLoader, id: ValueId | undefined): Promise<Tensor<'float32'> | undefined> {
  const t = id === undefined ? undefined : await loader.get(id);
  return t !== undefined && hasDType(t, 'float32') ? t : undefined;
}
