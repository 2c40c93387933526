import { describe, expect, test } from 'vitest';
import { nodeFiles } from '../../src/node/files.ts';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import type { GraphView, NodeView } from '../../src/protocol/views.ts';
import { openModel } from '../../src/session/model.ts';
import { changesOf, compareGraphs, Status } from '../../webview/diff/compare.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { largeGraph, mobileNet } from './fixtures.ts';
import { inQdq } from './quantizedFixtures.ts';

const tableOf = (view: GraphView) => new GraphTable(encodeGraph(view));
const counts = (status: Uint8Array) =>
  [Status.same, Status.changed, Status.only].map((s) => status.filter((x) => x === s).length);
const network = mobileNet();

/** The same network whose nodes and tensors have lost their names. */
function nameless(view: GraphView): GraphView {
  return {
    ...view,
    nodes: view.nodes.map((n, i) => ({ ...n, name: '', handle: `${n.opType}_${i}` })),
    values: view.values.map((v) => ({ ...v, name: `t${v.id}` })),
  };
}

function without(view: GraphView, node: NodeView): GraphView {
  const [input, output] = [node.inputs[0] ?? null, node.outputs[0]];
  const nodes = view.nodes.filter((n) => n !== node);
  return { ...view, nodes: nodes.map((n) => ({ ...n, inputs: n.inputs.map((id) => (id === output ? input : id)) })) };
}

describe('two graphs', () => {
  test('that are equal have no difference, with or without names', () => {
    for (const right of [network, nameless(network)]) {
      const { toRight, left } = compareGraphs(tableOf(network), tableOf(right));
      expect(Array.from(toRight)).toEqual(network.nodes.map((_, i) => i));
      expect(counts(left)).toEqual([network.nodes.length, 0, 0]);
    }
  });

  test('an attribute, a shape and an operator that changed are found with both values', () => {
    const node = network.nodes.findIndex((n) => n.opType === 'Conv');
    const changed: GraphView = {
      ...network,
      nodes: network.nodes.map((n, i) =>
        i === node ? { ...n, attributes: [...n.attributes.slice(1), { name: 'mode', value: 'new' }] } : n,
      ),
    };
    const [left, right] = [tableOf(network), tableOf(changed)];
    const comparison = compareGraphs(left, right);
    expect(counts(comparison.left)).toEqual([network.nodes.length - 1, 1, 0]);
    expect(comparison.left[node]).toBe(Status.changed);
    const first = network.nodes[node]?.attributes[0];
    expect(changesOf({ ...comparison, left, right }, node, node)).toEqual([
      { kind: 'attribute', name: first?.name, left: first?.value, right: '' },
      { kind: 'attribute', name: 'mode', left: '', right: 'new' },
    ]);
  });

  test('a node that was taken out is on one side only; what read it is connected otherwise', () => {
    const relu = network.nodes.find((n) => n.opType === 'Clip' || n.opType === 'Relu') as NodeView;
    for (const view of [network, nameless(network)]) {
      const node = view.nodes.find((n) => n.id === relu.id) as NodeView;
      const comparison = compareGraphs(tableOf(view), tableOf(nameless(without(view, node))));
      expect(counts(comparison.left)).toEqual([view.nodes.length - 2, 1, 1]);
      expect(comparison.left[view.nodes.indexOf(node)]).toBe(Status.only);
    }
  });

  test('of which one is quantized have the same nodes but the conversions', () => {
    const quantized = inQdq(network);
    const [left, right] = [tableOf(network), tableOf(quantized)];
    const comparison = compareGraphs(left, right);
    const weighted = network.nodes.filter((n) => n.opType === 'Conv' || n.opType === 'Gemm').length;
    expect(counts(comparison.left)).toEqual([network.nodes.length - weighted, weighted, 0]);
    const node = network.nodes.findIndex((n) => n.opType === 'Conv');
    const changes = changesOf({ ...comparison, left, right }, node, comparison.toRight[node] ?? -1);
    expect(changes[0]).toEqual({ kind: 'constant', name: '#1', left: 'float32 32×3×3×3', right: 'int8 32×3×3×3' });
    expect(new Set(changes.map((c) => c.kind))).toEqual(new Set(['constant']));
    const only = quantized.nodes.filter((_, i) => comparison.right[i] === Status.only);
    expect(new Set(only.map((n) => n.opType))).toEqual(new Set(['QuantizeLinear', 'DequantizeLinear']));
    expect(only.length).toBe(quantized.nodes.length - network.nodes.length);
  });

  test('that have nothing in common, or no nodes, have no pairs', () => {
    const empty = { ...network, nodes: [], values: [], inputs: [], outputs: [] };
    expect(counts(compareGraphs(tableOf(network), tableOf(empty)).left)).toEqual([0, 0, network.nodes.length]);
    expect(compareGraphs(tableOf(empty), tableOf(empty)).left.length).toBe(0);
  });

  test('of many nodes without names are matched whole', () => {
    const view = nameless(largeGraph(3000));
    const { left } = compareGraphs(tableOf(largeGraph(3000)), tableOf(view));
    expect(counts(left)).toEqual([view.nodes.length, 0, 0]);
  });
});

describeWithShared('real models', () => {
  test('MobileNetV2 and its export with QuantizeLinear have the convolutions in common', async () => {
    const open = async (path: string) => tableOf((await openModel(nodeFiles, sharedData(path))).view);
    const float = await open('models/derived/mobilenet_v2_float_from_qdq.onnx');
    const qdq = await open('quant-pairs/mobilenet_v2_torchvision_qdq/model.onnx');
    const { toRight } = compareGraphs(float, qdq);
    const unmatched = float.nodes
      .filter((n) => n.opType === 'Conv')
      .filter((n) => toRight[float.nodeIndex(n.id)] === -1);
    expect(unmatched).toEqual([]);
  });
});
