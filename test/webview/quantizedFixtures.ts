import type { GraphView, NodeDetails, NodeView, RunView, TensorView, ValueView } from '../../src/protocol/views.ts';
import { detailsOf } from './fixtures.ts';

/** The same model as ONNX Runtime's tools write it in QDQ: codes of constants, and a Q/DQ pair behind every node. */
export function inQdq(graph: GraphView): GraphView {
  const nodes: NodeView[] = [];
  const values: ValueView[] = [...graph.values];
  const value = (name: string, dtype: string, like: ValueView, kind: ValueView['kind'] = 'activation'): number =>
    values.push({ id: values.length, name, kind, dtype, dims: like.dims }) - 1;
  const scalar = (name: string, dtype: string): number =>
    values.push({ id: values.length, name, kind: 'constant', dtype, dims: [] }) - 1;
  const add = (opType: string, handle: string, inputs: readonly number[], output: number): void => {
    const id = graph.nodes.length + nodes.length;
    const rest = { domain: '', outputs: [output], attributes: [], supported: true };
    nodes.push({ id, handle, name: handle, opType, inputs, ...rest });
  };
  const parameters = (name: string, dtype: string): number[] => [
    scalar(`${name}_scale`, 'float32'),
    scalar(`${name}_zero_point`, dtype),
  ];
  const dequantized = new Map<number, number>();
  for (const v of graph.values) {
    if (v.kind === 'constant' && (v.dims?.length ?? 0) === 0) continue;
    const out = value(`${v.name}_DequantizeLinear_Output`, 'float32', v);
    dequantized.set(v.id, out);
    if (v.kind === 'constant') {
      const dtype = v.name.endsWith('bias') ? 'int32' : 'int8';
      const codes = value(`${v.name}_quantized`, dtype, v, 'constant');
      add('DequantizeLinear', `${v.name}_DequantizeLinear`, [codes, ...parameters(v.name, dtype)], out);
      continue;
    }
    const codes = value(`${v.name}_QuantizeLinear_Output`, 'uint8', v);
    const given = parameters(v.name, 'uint8');
    add('QuantizeLinear', `${v.name}_QuantizeLinear`, [v.id, ...given], codes);
    add('DequantizeLinear', `${v.name}_DequantizeLinear`, [codes, ...given], out);
  }
  const rewired = graph.nodes.map((n) => ({
    ...n,
    inputs: n.inputs.map((id) => (id === null ? null : (dequantized.get(id) ?? id))),
  }));
  const constants = values.filter((v) => /_quantized$/.test(v.name)).length;
  return {
    ...graph,
    file: 'mobilenetv2.qdq.onnx',
    producer: 'onnx.quantize 0.1.0',
    nodes: [...rewired, ...nodes],
    values,
    outputs: graph.outputs.map((id) => dequantized.get(id) ?? id),
    quantization: {
      format: 'QDQ',
      activations: dequantized.size - constants,
      activationTypes: ['uint8'],
      weights: constants,
      weightTypes: ['int8', 'int32'],
      integerOperators: 0,
    },
  };
}

/** The same model with operators on codes: Conv and Gemm become QLinearConv and QGemm. */
export function inQOperator(graph: GraphView): GraphView {
  const names: Readonly<Record<string, string>> = { Conv: 'QLinearConv', Gemm: 'QGemm', Add: 'QLinearAdd' };
  const nodes = graph.nodes.map((n) => ({ ...n, opType: names[n.opType] ?? n.opType }));
  const integerOperators = nodes.filter((n) => n.opType.startsWith('Q')).length;
  return {
    ...graph,
    file: 'mobilenetv2.qoperator.onnx',
    nodes,
    quantization: {
      format: 'QOperator',
      activations: 1,
      activationTypes: ['uint8'],
      weights: 0,
      weightTypes: [],
      integerOperators,
    },
  };
}

/** As if activations were quantized at run time. */
export function inDynamic(graph: GraphView): GraphView {
  const { quantization, ...rest } = inQOperator(graph);
  return { ...rest, quantization: quantization && { ...quantization, format: 'dynamic' } };
}

/** A file of many hands: every type that a Q/DQ pair can have. */
export function ofManyTypes(graph: GraphView): GraphView {
  const qdq = inQdq(graph);
  const quantization = qdq.quantization && {
    ...qdq.quantization,
    activationTypes: ['uint8', 'int8', 'uint16', 'int16', 'uint4', 'int4'],
    weightTypes: ['int8', 'uint8', 'int16', 'int4', 'uint4', 'int32'],
  };
  return { ...qdq, file: 'a-model-with-a-long-name.mixed.block32.asymmetric.qdq.onnx', quantization };
}

/**
 * Details of a node of a model that is quantized in its file: before a run its parameters; after `evaluate` the same
 * with figures; after `requantize` those that were chosen, beside the file's.
 */
export function importedDetailsOf(
  graph: GraphView,
  run: RunView | null,
  nodeId: number,
  mode: 'evaluate' | 'requantize',
): NodeDetails {
  const details = detailsOf(graph, run, nodeId);
  const tensors = details.tensors.map((t): TensorView => {
    const inFile = fileQuant(t);
    if (run === null || mode === 'evaluate') return { ...t, quant: inFile };
    return { ...t, fileQuant: inFile };
  });
  return { ...details, tensors };
}

function fileQuant({ name, dims }: TensorView): TensorView['quant'] {
  if (/_scale$|_zero_point$|\.(min|max)$/.test(name)) return null;
  const dtype = /bias/.test(name) ? 'int32' : /weight/.test(name) ? 'int8' : 'uint8';
  if (dtype === 'uint8') return { dtype, scale: [0.0235294122248888], zeroPoint: [0], axis: null, range: [0, 6] };
  const channels = Number(dims?.[0] ?? 1);
  const scale = Array.from({ length: channels }, (_, i) => 0.00131 * (1 + (i % 7) / 11));
  return { dtype, scale, zeroPoint: scale.map(() => 0), axis: 0, range: null };
}
