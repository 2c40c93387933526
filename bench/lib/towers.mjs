const BLOCK = ['Conv', 'Relu', 'Conv', 'Add', 'Relu'];

/**
 * A graph of `count` nodes, about as wide as it is high when it is drawn: towers of residual blocks side by side, which
 * read one input and are joined at the end.
 *
 * @returns {import('../../src/protocol/views.ts').GraphView}
 */
export function towers(count) {
  const wide = Math.max(2, Math.round(Math.sqrt(count / 4.5)));
  const perTower = Math.floor(count / wide / BLOCK.length);
  const nodes = [];
  const values = [];
  const dims = [1, 64, 56, 56];
  const value = (name, kind) => values.push({ id: values.length, name, kind, dtype: 'float32', dims }) - 1;
  const node = (opType, handle, inputs) => {
    const output = value(`${handle}_output_0`, 'activation');
    nodes.push({
      id: nodes.length,
      handle,
      name: handle,
      opType,
      domain: '',
      inputs,
      outputs: [output],
      attributes: [],
      supported: true,
    });
    return output;
  };
  const input = value('images', 'input');
  const ends = [];
  for (let tower = 0; tower < wide; tower++) {
    let x = input;
    for (let block = 0; block < perTower; block++) {
      const path = `/tower${tower}/block${block}`;
      const conv = (name, from) =>
        node('Conv', `${path}/${name}/Conv`, [from, value(`${path}/${name}.weight`, 'constant')]);
      const inner = conv('conv2', node('Relu', `${path}/Relu`, [conv('conv1', x)]));
      x = node('Relu', `${path}/Relu_1`, [node('Add', `${path}/Add`, [inner, x])]);
    }
    ends.push(x);
  }
  const outputs = [node('Concat', '/Concat', ends)];
  return {
    file: 'towers.onnx',
    name: 'main_graph',
    opsets: 'ai.onnx 17',
    producer: 'bench',
    nodes,
    values,
    inputs: [input],
    outputs,
    diagnostics: [],
    quantization: null,
    runnable: true,
  };
}
