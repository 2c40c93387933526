import type { DType } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Node, NodeId, ValueId } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';
import { isDequantize, isQuantize } from '../ops/quantNodes.ts';
import { type Coded, Q_FORMS, type QForm } from './qForms.ts';

/** A quantized node that stays between DequantizeLinear and QuantizeLinear, and why. */
export interface KeptNode {
  readonly node: Node;
  readonly why: string;
}

/** Domain of the quantized operators that ONNX does not have. */
export const MICROSOFT = 'com.microsoft';

/**
 * Puts operators on codes in place of DequantizeLinear, operator and QuantizeLinear, wherever there is one, and drops
 * the conversions that nothing reads any more. Nodes keep their names, codes their values.
 * @param floatNodes nodes that are left as they are.
 * @returns the other nodes that read or make codes and have no such form.
 */
export async function toQOperator(editor: GraphEditor, floatNodes: ReadonlySet<NodeId>): Promise<KeptNode[]> {
  const kept: KeptNode[] = [];
  const surroundings = new Surroundings(editor);
  for (const node of [...editor.nodes]) {
    const isGone = editor.node(node.id) === undefined;
    if (isGone || isQuantize(node) || isDequantize(node) || floatNodes.has(node.id)) continue;
    const found = await surroundings.around(node);
    if (found === undefined) continue;
    const why = typeof found === 'string' ? found : replace(editor, node, found);
    if (why !== undefined) kept.push({ node, why });
  }
  dropUnread(editor);
  return kept;
}

/** What surrounds an operator: the codes of its inputs, and those that its outputs become. */
export interface Around {
  /** By input; undefined for one that is not dequantized, or left out. */
  readonly inputs: readonly (Coded | undefined)[];
  readonly outputs: readonly (Coded | undefined)[];
}

/** Puts the form on codes in place of a node and of what quantizes its outputs; why not, where there is none. */
function replace(editor: GraphEditor, node: Node, around: Around): string | undefined {
  const form = formOf(node, around);
  if (typeof form === 'string') return form;
  const { attributes = node.attributes, domain = '', opType, inputs, outputs } = form;
  editor.updateNode(node.id, { opType, domain, attributes, inputs: inputs(editor), outputs });
  for (const made of around.outputs) for (const gone of made?.conversions ?? []) editor.removeNode(gone);
  return undefined;
}

function formOf(node: Node, around: Around): QForm | string {
  const make = node.domain === '' ? Q_FORMS[node.opType] : undefined;
  if (make === undefined) return `there is no quantized ${node.opType}`;
  const wide = [...around.inputs, ...around.outputs].find(
    (c) => c !== undefined && !EIGHT_BITS.has(c.dtype) && !c.isConstant,
  );
  if (wide !== undefined) return `its codes are ${wide.dtype}, not 8-bit`;
  return make(node, around);
}

const EIGHT_BITS: ReadonlySet<DType> = new Set<DType>(['int8', 'uint8']);

class Surroundings {
  readonly #editor: GraphEditor;
  readonly #makers = new Map<ValueId, Node>();
  readonly #readers = new Map<ValueId, Node[]>();
  readonly #outputs: ReadonlySet<ValueId>;

  constructor(editor: GraphEditor) {
    this.#editor = editor;
    this.#outputs = new Set(editor.outputs);
    for (const node of editor.nodes) {
      for (const id of node.outputs) if (id !== undefined) this.#makers.set(id, node);
      for (const id of node.inputs)
        if (id !== undefined) this.#readers.set(id, [...(this.#readers.get(id) ?? []), node]);
    }
  }

  /** Undefined for a node that neither reads nor makes codes; why not, for one whose outputs are also read as floats. */
  async around(node: Node): Promise<Around | string | undefined> {
    const inputs: (Coded | undefined)[] = [];
    for (const id of node.inputs) {
      const maker = id === undefined ? undefined : this.#makers.get(id);
      inputs.push(maker !== undefined && isDequantize(maker) ? await this.#coded(maker, maker.inputs[0]) : undefined);
    }
    const outputs: (Coded | undefined)[] = [];
    for (const id of node.outputs) {
      const readers = id === undefined ? [] : (this.#readers.get(id) ?? []);
      const quantizer = readers.find((r) => isQuantize(r) && r.inputs[0] === id);
      if (quantizer === undefined) {
        const isRead = id !== undefined && this.#outputs.has(id);
        outputs.push(isRead ? undefined : await this.#behindRelu(readers));
        continue;
      }
      if (readers.length > 1 || (id !== undefined && this.#outputs.has(id))) return 'its output is read as floats too';
      outputs.push(await this.#coded(quantizer, quantizer.outputs[0]));
    }
    const touches = [...inputs, ...outputs].some((c) => c !== undefined && !c.isConstant);
    return touches ? { inputs, outputs } : undefined;
  }

  /** The codes of a lone ReLU's output whose lowest code is 0: they stand for the ReLU, too. */
  async #behindRelu([relu, ...others]: readonly Node[]): Promise<Coded | undefined> {
    const [clamped] = relu?.outputs ?? [];
    if (relu?.opType !== 'Relu' || others.length > 0 || clamped === undefined || this.#outputs.has(clamped))
      return undefined;
    const [quantizer, ...more] = this.#readers.get(clamped) ?? [];
    if (quantizer === undefined || more.length > 0 || !isQuantize(quantizer)) return undefined;
    const coded = await this.#coded(quantizer, quantizer.outputs[0]);
    const lowest = coded?.dtype === 'uint8' ? 0 : -128;
    if (coded === undefined || !coded.zeros.every((z) => z === lowest)) return undefined;
    return { ...coded, conversions: [relu.id, ...coded.conversions] };
  }

  async #coded(conversion: Node, codes: ValueId | undefined): Promise<Coded | undefined> {
    const [, scale, zeroPoint] = conversion.inputs;
    const scales = await this.#load(scale);
    const zeros = await this.#load(zeroPoint);
    if (codes === undefined || scale === undefined || scales?.dtype !== 'float32') return undefined;
    if (zeroPoint !== undefined && zeros === undefined) return undefined;
    const constant = this.#editor.value(codes)?.constant;
    const dtype = zeros?.dtype ?? this.#editor.value(codes)?.dtype ?? 'uint8';
    const axis = conversion.attributes.get('axis');
    return {
      conversions: [conversion.id],
      codes,
      dtype,
      scale,
      zeroPoint,
      scales: scales.data as Float32Array, // its dtype
      zeros: zeros === undefined ? [0] : Array.from(zeros.data as ArrayLike<number>, Number),
      axis: scales.data.length === 1 ? undefined : axis?.kind === 'int' ? axis.value : 1,
      isConstant: constant !== undefined,
      dims: constant?.dims,
    };
  }

  async #load(id: ValueId | undefined): Promise<Tensor | undefined> {
    const source = id === undefined ? undefined : this.#editor.value(id)?.constant;
    return source?.tensor ?? source?.load();
  }
}

/** Removes conversions that nothing reads, the last first. */
function dropUnread(editor: GraphEditor): void {
  const read = new Map<ValueId, number>();
  const count = (id: ValueId | undefined, by: number): void => {
    if (id !== undefined) read.set(id, (read.get(id) ?? 0) + by);
  };
  const nodes = [...editor.finish().nodes];
  for (const node of nodes) for (const id of node.inputs) count(id, 1);
  for (const id of editor.outputs) count(id, 1);
  for (const node of nodes.reverse()) {
    if (!isQuantize(node) && !isDequantize(node)) continue;
    if (node.outputs.some((id) => id !== undefined && (read.get(id) ?? 0) > 0)) continue;
    for (const id of node.inputs) count(id, -1);
    editor.removeNode(node.id as NodeId);
  }
}
