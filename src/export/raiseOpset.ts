import { int64Tensor, type Tensor, tensor } from '../base/tensor.ts';
import { type Facts, hasStaticDims } from '../graph/fact.ts';
import type { Attribute, Node } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';
import { cannotRaise } from './errors.ts';

/** What an adapter works on. */
interface Context {
  readonly editor: GraphEditor;
  readonly facts: Facts;
  /** Opset of the file, below {@link TARGET_OPSET}. */
  readonly from: number;
  /** Throws EXE150. */
  readonly fail: (node: Node, why: string) => never;
}

/** An operator whose form changed at opset `until`; `adapt` brings a node of an older opset to the form of 13. */
interface Adapter {
  readonly until: number;
  readonly adapt: (node: Node, context: Context) => void;
}

/** Opset of exported models: the first with quantization parameters per axis. */
export const TARGET_OPSET = 13;

/** Every operator of ai.onnx 7 to 12 whose meaning or form is another one at 13. */
const ADAPTERS: Readonly<Record<string, Adapter>> = {
  Squeeze: { until: 13, adapt: intsToInput('axes', 1) },
  Unsqueeze: { until: 13, adapt: intsToInput('axes', 1) },
  ReduceSum: { until: 13, adapt: intsToInput('axes', 1) },
  Split: { until: 13, adapt: intsToInput('split', 1) },
  Softmax: { until: 13, adapt: lastAxisOnly },
  LogSoftmax: { until: 13, adapt: lastAxisOnly },
  Hardmax: { until: 13, adapt: lastAxisOnly },
  Clip: { until: 11, adapt: clipBounds },
  Pad: { until: 11, adapt: padInputs },
  Slice: { until: 10, adapt: sliceInputs },
  TopK: { until: 10, adapt: (node, { fail }) => fail(node, 'its k is an attribute') },
  Upsample: { until: 10, adapt: upsampleToResize },
  Resize: { until: 11, adapt: resizeInputs },
  Dropout: { until: 12, adapt: (node, { editor }) => dropAttributes(editor, node, ['ratio', 'is_test']) },
  Scatter: { until: 11, adapt: (node, { editor }) => editor.updateNode(node.id, { opType: 'ScatterElements' }) },
  BatchNormalization: { until: 9, adapt: (node, { editor }) => dropAttributes(editor, node, ['spatial']) },
};

/** Operators of opset 1 that no later opset has; opset 10 lets go of the last. */
const REMOVED: ReadonlySet<string> = new Set(['Affine', 'Crop', 'ImageScaler', 'ParametricSoftplus', 'ScaledTanh']);

/** Brings all nodes of ai.onnx from opset `from` to the forms of opset 13. @throws EXE150 where a node has none. */
export function raiseOpset(editor: GraphEditor, facts: Facts, from: number, file: string): void {
  const fail = (node: Node, why: string): never => {
    throw cannotRaise({ file, node: node.handle, opType: node.opType }, from, TARGET_OPSET, why);
  };
  for (const node of [...editor.nodes]) {
    if (node.domain === '' && REMOVED.has(node.opType)) fail(node, 'opsets from 10 on do not have it');
    if (node.domain === '' && from < 7) raiseToSeven(node, { editor, facts, from, fail });
    const adapter = node.domain === '' ? ADAPTERS[node.opType] : undefined;
    if (adapter !== undefined && from < adapter.until) adapter.adapt(node, { editor, facts, from, fail });
  }
}

const PAIRS: ReadonlySet<string> = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'And', 'Or', 'Xor', 'Equal', 'Less', 'Greater', 'PRelu'],
]);

/** From the forms of opsets 1 to 6, as far as they are still the same or say the same by other means. */
function raiseToSeven(node: Node, context: Context): void {
  const { editor, facts, from, fail } = context;
  const rankOf = (i: number) => facts.get(node.inputs[i] as NonNullable<Node['inputs'][number]>)?.dims?.length;
  if (PAIRS.has(node.opType) && rankOf(0) !== rankOf(1))
    fail(node, 'its operands differ in rank, placed by an attribute');
  if (from < 6 && (node.opType === 'Cast' || node.opType === 'Tile')) fail(node, 'its form is that of opset 1');
  if (node.opType === 'Upsample') fail(node, 'its scales are attributes');
  if (from < 5 && node.opType === 'Reshape') intsToInput('shape', 1)(node, context);
  const current = editor.node(node.id) ?? node;
  if (from < 4 && node.opType === 'Concat' && !current.attributes.has('axis')) {
    editor.updateNode(node.id, { attributes: new Map([...current.attributes, ['axis', { kind: 'int', value: 1 }]]) });
  }
  if (node.opType !== 'Concat')
    dropAttributes(editor, current, [
      'consumed_inputs',
      'broadcast',
      'is_test',
      ...(PAIRS.has(node.opType) ? ['axis'] : []),
    ]);
}

function intsToInput(name: string, index: number): Adapter['adapt'] {
  return (node, { editor }) => {
    const attribute = node.attributes.get(name);
    if (attribute?.kind !== 'ints') return;
    editor.setInput(
      node.id,
      index,
      addConstant(editor, node, name, int64Tensor([attribute.value.length], attribute.value)),
    );
    dropAttributes(editor, node, [name]);
  };
}

/** Before 13, softmax flattened all dimensions from `axis` on; that is softmax over one where the others are 1. */
function lastAxisOnly(node: Node, { editor, facts, fail }: Context): void {
  const input = node.inputs[0];
  const fact = input === undefined ? undefined : facts.get(input);
  if (fact === undefined || !hasStaticDims(fact)) {
    fail(node, 'the rank of its input is not known');
    return;
  }
  const attribute = node.attributes.get('axis');
  const rank = fact.dims.length;
  const written = attribute?.kind === 'int' ? attribute.value : 1;
  const axis = written < 0 ? written + rank : written;
  const long = fact.dims.flatMap((d, i) => (i >= axis && d !== 1 ? [i] : []));
  if (long.length > 1) fail(node, `it is over the dimensions ${long.join(', ')} at once`);
  setAttribute(editor, node, 'axis', { kind: 'int', value: long[0] ?? axis });
}

function clipBounds(node: Node, { editor }: Context): void {
  for (const [index, name] of [
    [1, 'min'],
    [2, 'max'],
  ] as const) {
    const bound = node.attributes.get(name);
    if (bound?.kind !== 'float') continue;
    editor.setInput(
      node.id,
      index,
      addConstant(editor, node, name, tensor('float32', [], Float32Array.of(bound.value))),
    );
  }
  dropAttributes(editor, node, ['min', 'max']);
}

function padInputs(node: Node, { editor, fail }: Context): void {
  const pads = node.attributes.get('pads') ?? node.attributes.get('paddings');
  if (pads?.kind !== 'ints') {
    fail(node, 'it has no pads');
    return;
  }
  const value = node.attributes.get('value');
  editor.setInput(node.id, 1, addConstant(editor, node, 'pads', int64Tensor([pads.value.length], pads.value)));
  if (value?.kind === 'float')
    editor.setInput(
      node.id,
      2,
      addConstant(editor, node, 'value', tensor('float32', [], Float32Array.of(value.value))),
    );
  dropAttributes(editor, node, ['pads', 'paddings', 'value']);
}

function sliceInputs(node: Node, { editor, fail }: Context): void {
  const starts = node.attributes.get('starts');
  const ends = node.attributes.get('ends');
  const axes = node.attributes.get('axes');
  if (starts?.kind !== 'ints' || ends?.kind !== 'ints') {
    fail(node, 'it has no starts or ends');
    return;
  }
  const lists = [starts.value, ends.value, axes?.kind === 'ints' ? axes.value : starts.value.map((_, i) => i)];
  ['starts', 'ends', 'axes'].forEach((name, i) => {
    const list = lists[i] ?? [];
    editor.setInput(node.id, i + 1, addConstant(editor, node, name, int64Tensor([list.length], list)));
  });
  dropAttributes(editor, node, ['starts', 'ends', 'axes']);
}

/** Upsample and the first Resize map output index i to i / scale and, for nearest, round down. */
function upsampleToResize(node: Node, context: Context): void {
  const { editor } = context;
  const scales = node.attributes.get('scales');
  if (scales?.kind === 'floats') {
    const constant = tensor('float32', [scales.value.length], Float32Array.from(scales.value));
    editor.setInput(node.id, 1, addConstant(editor, node, 'scales', constant));
    dropAttributes(editor, node, ['scales']);
  }
  editor.updateNode(node.id, { opType: 'Resize' });
  resizeInputs(editor.node(node.id) ?? node, context);
}

function resizeInputs(node: Node, { editor }: Context): void {
  const [x, scales] = node.inputs;
  editor.updateNode(node.id, { inputs: [x, undefined, scales] });
  const mode = node.attributes.get('mode');
  if (mode?.kind === 'string' && mode.value === 'bilinear')
    setAttribute(editor, node, 'mode', { kind: 'string', value: 'linear' });
  setAttribute(editor, node, 'coordinate_transformation_mode', { kind: 'string', value: 'asymmetric' });
  setAttribute(editor, node, 'nearest_mode', { kind: 'string', value: 'floor' });
}

function addConstant(editor: GraphEditor, node: Node, name: string, value: Tensor) {
  return editor.addConstant(`${node.handle}_${name}`, value);
}

function setAttribute(editor: GraphEditor, node: Node, name: string, value: Attribute): void {
  const current = editor.node(node.id)?.attributes ?? node.attributes;
  editor.updateNode(node.id, { attributes: new Map([...current, [name, value]]) });
}

function dropAttributes(editor: GraphEditor, node: Node, names: readonly string[]): void {
  const current = editor.node(node.id)?.attributes ?? node.attributes;
  editor.updateNode(node.id, { attributes: new Map([...current].filter(([name]) => !names.includes(name))) });
}
