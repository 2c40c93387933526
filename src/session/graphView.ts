import type { Diagnostic } from '../base/diagnostics.ts';
import { formatDims } from '../base/shape.ts';
import { constantsOf } from '../graph/constants.ts';
import type { Facts } from '../graph/fact.ts';
import type { Attribute, Model, Node, TensorSource, Value, ValueId } from '../graph/model.ts';
import { allNodes } from '../graph/topo.ts';
import type { FileQuantization } from '../passes/recoverQdq.ts';
import type { GraphView, NodeView, ValueView } from '../protocol/views.ts';

const LONG_LIST = 16;

export interface GraphViewParts {
  readonly file: string;
  readonly model: Model;
  readonly facts: Facts;
  readonly coverage: readonly Diagnostic[];
  readonly quantization: FileQuantization | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** The user's graph as plain data for the faces. */
export function graphView({ file, model, facts, coverage, quantization, diagnostics }: GraphViewParts): GraphView {
  const { graph } = model;
  const inputs = new Set(graph.inputs);
  const constants = constantsOf(graph);
  const unsupported = new Set(coverage.flatMap((d) => (d.at.node === undefined ? [] : [d.at.node])));
  return {
    file,
    name: graph.name,
    opsets: [...model.opsets].map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`).join(', '),
    producer: model.producer,
    nodes: graph.nodes.map((n) => nodeView(n, !unsupported.has(n.handle))),
    values: [...graph.values.values()].map((v) => valueView(v, facts, { constants, inputs })),
    inputs: graph.inputs.filter((id) => graph.values.get(id)?.constant === undefined),
    outputs: graph.outputs,
    diagnostics: [...diagnostics, ...coverage],
    quantization: quantizationView(model, quantization),
    runnable: !coverage.some((d) => d.severity === 'error'),
  };
}

const INTEGER_OPERATORS = /^(QLinear|QGemm$|QAttention$|ConvInteger$|MatMulInteger|DynamicQuantize)/;

/** Nodes that compute on integers, bodies included. */
export function integerOperators(model: Model): Node[] {
  return [...allNodes(model.graph)].filter((n) => INTEGER_OPERATORS.test(n.opType));
}

/** How the file is quantized, in the names of ONNX Runtime's tools. */
function quantizationView(model: Model, recovered: FileQuantization | undefined): GraphView['quantization'] {
  const nodes = [...allNodes(model.graph)];
  const integers = integerOperators(model);
  if (recovered === undefined && integers.length === 0) return null;
  const isDynamic = nodes.some((n) => n.opType.startsWith('DynamicQuantize'));
  const { codes, weights, params } = recovered ?? { codes: new Map(), weights: new Map(), params: new Map() };
  const typesOf = (ids: Iterable<ValueId>): string[] => [
    ...new Set([...ids].flatMap((id) => params.get(id)?.scheme.dtype ?? [])),
  ];
  return {
    format: integers.length === 0 ? 'QDQ' : isDynamic ? 'dynamic' : 'QOperator',
    activations: codes.size,
    activationTypes: typesOf(codes.keys()),
    weights: weights.size,
    weightTypes: typesOf(weights.keys()),
    integerOperators: integers.length,
  };
}

function nodeView(node: Node, supported: boolean): NodeView {
  return {
    id: node.id,
    handle: node.handle,
    name: node.name,
    opType: node.opType,
    domain: node.domain,
    inputs: node.inputs.map((id) => id ?? null),
    outputs: node.outputs.filter((id) => id !== undefined),
    attributes: [...node.attributes].map(([name, a]) => ({ name, value: formatAttribute(a) })),
    supported,
  };
}

interface Origins {
  readonly constants: ReadonlyMap<ValueId, TensorSource>;
  readonly inputs: ReadonlySet<ValueId>;
}

function valueView(value: Value, facts: Facts, { constants, inputs }: Origins): ValueView {
  const fact = facts.get(value.id);
  const kind = constants.has(value.id) ? 'constant' : inputs.has(value.id) ? 'input' : 'activation';
  return {
    id: value.id,
    name: value.name,
    kind,
    dtype: fact?.dtype ?? value.dtype ?? '',
    dims: fact?.dims ?? value.dims ?? null,
  };
}

function formatAttribute(a: Attribute): string {
  switch (a.kind) {
    case 'float':
      return String(Number(a.value.toPrecision(7)));
    case 'int':
    case 'string':
    case 'other':
      return String(a.value);
    case 'floats':
    case 'ints':
    case 'strings': {
      const shown = a.value.slice(0, LONG_LIST).join(', ');
      return a.value.length > LONG_LIST ? `[${shown}, … ${a.value.length} in all]` : `[${shown}]`;
    }
    case 'tensor':
      return `${a.value.dtype} ${formatDims(a.value.dims)}`;
    case 'tensors':
      return `${a.value.length} tensors`;
    case 'graph':
      return `graph ${a.value.name} of ${a.value.nodes.length} nodes`;
    case 'graphs':
      return `${a.value.length} graphs`;
  }
}
