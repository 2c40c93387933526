// Writes two large models of about 500 nodes into a folder: large_external.onnx with 2.5 GB of weights in
// large_external.data, and large_inline.onnx with 1.9 GB inside. The weights are holes: the files take almost no space.
// Usage: node scripts/makeLargeModel.mjs FOLDER
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { bundled } from './bundled.mjs';

const folder = process.argv[2];
if (folder === undefined) {
  console.error('usage: node scripts/makeLargeModel.mjs FOLDER');
  process.exit(2);
}

const { GraphBuilder, Ids, writeModel } = await bundled(`
  export { GraphBuilder, Ids } from './src/graph/build.ts';
  export { writeModel } from './src/onnx/write.ts';
`);

const holes = new WeakSet();

await mkdir(folder, { recursive: true });
const externalModel = await writeModel(chain(2304), {
  file: 'large_external.onnx',
  externalLocation: 'large_external.data',
});
if (externalModel.external === undefined) throw new Error('the external variant is too small');
await writeWithHoles('large_external.onnx', externalModel);
await writeWithHoles('large_external.data', externalModel.external);
await writeWithHoles('large_inline.onnx', await writeModel(chain(1700), { file: 'large_inline.onnx' }));

/** 60 residual blocks of two convolutions, then 66 layers of MatMul, Add and Relu with `width` units. */
function chain(width) {
  const ids = new Ids();
  const graph = new GraphBuilder('large', ids);
  let count = 0;
  const node = (opType, inputs, attributes = {}) => {
    const handle = `${opType.toLowerCase()}${count++}`;
    const output = graph.value({ name: `${handle}_out` });
    graph.node({ handle, opType, inputs, outputs: [output], attributes });
    return output;
  };
  const weight = (name, dims) => {
    const byteLength = 4 * dims.reduce((a, b) => a * b, 1);
    const load = async () => {
      const data = new Float32Array(byteLength / 4);
      holes.add(data.buffer);
      return { dtype: 'float32', dims, data };
    };
    return graph.value({ name, dtype: 'float32', dims, constant: { dtype: 'float32', dims, byteLength, load } });
  };
  const conv = (x) => {
    const attributes = { kernel_shape: { kind: 'ints', value: [3, 3] }, pads: { kind: 'ints', value: [1, 1, 1, 1] } };
    return node('Conv', [x, weight(`w${count}`, [512, 512, 3, 3]), weight(`b${count}`, [512])], attributes);
  };
  let x = graph.input('x', 'float32', ['N', 512, 14, 14]);
  for (let i = 0; i < 60; i++) x = node('Relu', [node('Add', [x, conv(node('Relu', [conv(x)]))])]);
  x = node('Flatten', [node('GlobalAveragePool', [x])]);
  for (let i = 0, units = 512; i < 66; i++, units = width) {
    const product = node('MatMul', [x, weight(`m${count}`, [units, width])]);
    x = node('Relu', [node('Add', [product, weight(`c${count}`, [width])])]);
  }
  graph.output(x);
  return {
    graph: graph.build(),
    opsets: new Map([['', 17]]),
    irVersion: 8,
    producer: 'makeLargeModel',
    metadata: new Map(),
    nextNodeId: ids.nextNodeId,
    nextValueId: ids.nextValueId,
    functions: new Set(),
  };
}

async function writeWithHoles(name, { byteLength, chunks }) {
  const handle = await open(join(folder, name), 'w');
  let at = 0;
  for await (const chunk of chunks()) {
    if (!holes.has(chunk.buffer)) await handle.write(chunk, 0, chunk.length, at);
    at += chunk.length;
  }
  await handle.truncate(byteLength);
  await handle.close();
  console.log(`${name}: ${byteLength} bytes`);
}
