import { SIDE } from './digits.mjs';

/**
 * The trained network as a model of our own IR: `image` [N, 1, 28, 28], pixels 0..1, to `probabilities` [N, 10].
 *
 * @param {{GraphBuilder: typeof import('../../src/graph/build.ts').GraphBuilder, Ids: typeof import('../../src/graph/build.ts').Ids}} library
 * @param {import('./train.mjs').Weights} weights
 * @returns {import('../../src/graph/model.ts').Model}
 */
export function buildNetwork({ GraphBuilder, Ids }, weights) {
  const ids = new Ids();
  const graph = new GraphBuilder('mnist', ids);
  const constant = (name, dims, data) => graph.constant(name, { dtype: 'float32', dims, data });
  const node = (name, opType, inputs, attributes, output, dims) => {
    const out = graph.value({ name: output, dtype: 'float32', dims: ['N', ...dims] });
    graph.node({ handle: name, opType, inputs, outputs: [out], attributes });
    return out;
  };
  const image = graph.input('image', 'float32', ['N', 1, SIDE, SIDE]);
  const filters = constant('conv1_weight', [12, 1, 3, 3], weights.conv);
  const filterBias = constant('conv1_bias', [12], weights.convBias);
  const dense = constant('fc_weight', [10, 2028], weights.dense);
  const denseBias = constant('fc_bias', [10], weights.denseBias);
  const kernel = { kernel_shape: pair(3) };
  const conv = node('conv1', 'Conv', [image, filters, filterBias], kernel, 'conv1_output', [12, 26, 26]);
  const relu = node('relu1', 'Relu', [conv], {}, 'relu1_output', [12, 26, 26]);
  const window = { kernel_shape: pair(2), strides: pair(2) };
  const pool = node('pool1', 'MaxPool', [relu], window, 'pool1_output', [12, 13, 13]);
  const flat = node('flatten', 'Flatten', [pool], { axis: { kind: 'int', value: 1 } }, 'flatten_output', [2028]);
  const gemm = { transB: { kind: 'int', value: 1 } };
  const logits = node('fc', 'Gemm', [flat, dense, denseBias], gemm, 'logits', [10]);
  const softmax = { axis: { kind: 'int', value: 1 } };
  graph.output(node('softmax', 'Softmax', [logits], softmax, 'probabilities', [10]));
  return {
    graph: graph.build(),
    opsets: new Map([['', 13]]),
    irVersion: 7,
    producer: 'quantscope',
    metadata: new Map(),
    nextNodeId: ids.nextNodeId,
    nextValueId: ids.nextValueId,
    functions: new Set(),
  };
}

function pair(value) {
  return { kind: 'ints', value: [value, value] };
}
