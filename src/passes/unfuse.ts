import { tensor } from '../base/tensor.ts';
import type { Attribute, Node, ValueId } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';

/** Fused operators, what remains of them, and where their activation has its parameters. */
const FUSED: Readonly<Record<string, { readonly opType: string; readonly parameters: readonly string[] }>> = {
  FusedConv: { opType: 'Conv', parameters: ['activation_params'] },
  FusedGemm: { opType: 'Gemm', parameters: ['activation_alpha', 'activation_beta'] },
};

/** Activations that are fused, with the names of their parameters in order. */
const ACTIVATIONS: Readonly<Record<string, readonly string[]>> = {
  Relu: [],
  Tanh: [],
  Sigmoid: [],
  LeakyRelu: ['alpha'],
  Elu: ['alpha'],
  HardSigmoid: ['alpha', 'beta'],
  Clip: ['min', 'max'],
};

/** First opset whose Clip takes its bounds as inputs. */
const CLIP_INPUTS = 11;

/**
 * Takes apart what ONNX Runtime's optimizer fused: FusedConv into Conv, Add and an activation, FusedGemm into Gemm and
 * an activation. Those can be quantized, run on integers and exported as ONNX; what may be fused for speed is fused
 * again where programs are compiled. A node with an activation of another name stays.
 *
 * @param opset of ai.onnx in the model.
 */
export function unfuse(editor: GraphEditor, opset: number): void {
  for (const node of [...editor.nodes]) {
    const fused = node.domain === 'com.microsoft' ? FUSED[node.opType] : undefined;
    const activation = nameOf(node.attributes.get('activation'));
    if (fused === undefined || (activation !== '' && ACTIVATIONS[activation] === undefined)) continue;
    const parameters = fused.parameters.flatMap((name) => numbersOf(node.attributes.get(name)));
    const [x, w, bias, addend] = node.inputs;
    const [result] = node.outputs;
    if (result === undefined) continue;
    const attributes = [...node.attributes].filter(([name]) => !name.startsWith('activation'));
    const steps = [...(addend === undefined ? [] : ['Add']), ...(activation === '' ? [] : [activation])];
    const outputs = steps.map((step) => before(editor, result, step));
    editor.updateNode(node.id, {
      opType: fused.opType,
      domain: '',
      inputs: [x, w, bias],
      outputs: [outputs[0] ?? result],
      attributes: new Map(attributes),
    });
    steps.forEach((step, i) => {
      const from = outputs[i] as ValueId;
      const to = outputs[i + 1] ?? result;
      addStep(editor, node, { step, from, to, addend, parameters, opset });
    });
  }
}

function nameOf(attribute: Attribute | undefined): string {
  return attribute?.kind === 'string' ? attribute.value : '';
}

function numbersOf(attribute: Attribute | undefined): readonly number[] {
  if (attribute?.kind === 'floats') return attribute.value;
  return attribute?.kind === 'float' ? [attribute.value] : [];
}

/** A value like `result`, for what it was before a step. */
function before(editor: GraphEditor, result: ValueId, step: string): ValueId {
  const { name, dtype, dims } = editor.value(result) ?? { name: '', dtype: undefined, dims: undefined };
  return editor.addValue({
    name: `${name}_before_${step}`,
    ...(dtype !== undefined && { dtype }),
    ...(dims !== undefined && { dims }),
  });
}

interface Step {
  readonly step: string;
  readonly from: ValueId;
  readonly to: ValueId;
  readonly addend: ValueId | undefined;
  readonly parameters: readonly number[];
  readonly opset: number;
}

function addStep(editor: GraphEditor, node: Node, { step, from, to, addend, parameters, opset }: Step): void {
  const name = `${node.name || node.handle}_${step}`;
  const spec = { name, opType: step, outputs: [to], origin: node.origin };
  const names = ACTIVATIONS[step] ?? [];
  if (step === 'Add') editor.addNode({ ...spec, inputs: [from, addend] });
  else if (step === 'Clip' && opset >= CLIP_INPUTS) {
    const bounds = names.map((bound, i) => {
      const value = parameters[i];
      return value === undefined
        ? undefined
        : editor.addConstant(`${name}_${bound}`, tensor('float32', [], Float32Array.of(value)));
    });
    editor.addNode({ ...spec, inputs: [from, ...bounds] });
  } else {
    const attributes = Object.fromEntries(
      parameters.slice(0, names.length).map((value, i) => [names[i] as string, { kind: 'float', value } as const]),
    );
    editor.addNode({ ...spec, inputs: [from], attributes });
  }
}
