import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import type { GraphView, NodeView, ValueView } from '../../src/protocol/views.ts';

/** A chain of nodes of these names, one Relu after the other, with an input `x` before and the last tensor as output. */
export function chainOf(names: readonly string[], opType: (i: number) => string = () => 'Relu'): GraphTable {
  const values: ValueView[] = ['x', ...names.map((name) => `${name}_output`)].map((name, id) => ({
    id,
    name,
    kind: id === 0 ? 'input' : 'activation',
    dtype: 'float32',
    dims: [1, 3],
  }));
  const nodes: NodeView[] = names.map((name, i) => ({
    id: i,
    handle: name === '' ? `${opType(i)}_${i}` : name,
    name,
    opType: opType(i),
    domain: '',
    inputs: [i],
    outputs: [i + 1],
    attributes: [],
    supported: true,
  }));
  const view: GraphView = {
    file: 'chain.onnx',
    name: '',
    opsets: 'ai.onnx 13',
    producer: '',
    nodes,
    values,
    inputs: [0],
    outputs: [names.length],
    diagnostics: [],
    quantization: null,
    runnable: true,
  };
  return new GraphTable(encodeGraph(view));
}
