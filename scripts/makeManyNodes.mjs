// Writes a model of many small nodes that runs: layers of attention and feed-forward with 16 features, all reading one
// mask. Usage: node scripts/makeManyNodes.mjs FILE [NODES]
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundled } from './bundled.mjs';

const WIDTH = 16;
const TOKENS = 4;

/**
 * @param {string} file
 * @param {number} [nodes] at least so many
 * @returns {Promise<number>} how many it has
 */
export async function makeManyNodes(file, nodes = 50_000) {
  const { GraphBuilder, Ids, writeModel } = await bundled(`
    export { GraphBuilder, Ids } from './src/graph/build.ts';
    export { writeModel } from './src/onnx/write.ts';
  `);
  const ids = new Ids();
  const graph = new GraphBuilder('many', ids);
  const random = mulberry32(5);
  let count = 0;
  const node = (name, opType, inputs, attributes = {}) => {
    count++;
    const output = graph.value({ name: `${name}_output_0` });
    graph.node({ handle: name, name, opType, inputs, outputs: [output], attributes });
    return output;
  };
  const constant = (name, dims, make) => {
    const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, make);
    const load = async () => ({ dtype: 'float32', dims, data });
    const stored = { dtype: 'float32', dims, byteLength: data.byteLength, load };
    return graph.value({ name, dtype: 'float32', dims, constant: stored });
  };
  const weight = (name, dims) => constant(name, dims, () => (random() - 0.5) * Math.sqrt(12 / WIDTH));
  const linear = (path, x) => {
    const product = node(`${path}/MatMul`, 'MatMul', [x, weight(`${path}.weight`.slice(1), [WIDTH, WIDTH])]);
    return node(`${path}/Add`, 'Add', [product, weight(`${path}.bias`.slice(1), [WIDTH])]);
  };
  const ints = (...value) => ({ kind: 'ints', value });

  const mask = graph.input('mask', 'float32', [TOKENS, TOKENS]);
  let x = graph.input('tokens', 'float32', [TOKENS, WIDTH]);
  for (let layer = 0; count < nodes; layer++) {
    const at = `/model/layers.${layer}`;
    const scale = constant(`model.layers.${layer}.scale`, [1], () => 1 / Math.sqrt(WIDTH));
    const [q, k, v] = ['q_proj', 'k_proj', 'v_proj'].map((part) => linear(`${at}/self_attn/${part}`, x));
    const turned = node(`${at}/self_attn/Transpose`, 'Transpose', [k], { perm: ints(1, 0) });
    const scores = node(`${at}/self_attn/MatMul`, 'MatMul', [q, turned]);
    const scaled = node(`${at}/self_attn/Mul`, 'Mul', [scores, scale]);
    const masked = node(`${at}/self_attn/Add`, 'Add', [scaled, mask]);
    const shares = node(`${at}/self_attn/Softmax`, 'Softmax', [masked], { axis: { kind: 'int', value: -1 } });
    const mixed = node(`${at}/self_attn/MatMul_1`, 'MatMul', [shares, v]);
    const attended = node(`${at}/Add`, 'Add', [x, linear(`${at}/self_attn/o_proj`, mixed)]);
    const middle = normalized(`${at}/post_attention_layernorm`, attended);
    const hidden = node(`${at}/mlp/act_fn/Relu`, 'Relu', [linear(`${at}/mlp/up_proj`, middle)]);
    x = normalized(
      `${at}/output_layernorm`,
      node(`${at}/Add_1`, 'Add', [middle, linear(`${at}/mlp/down_proj`, hidden)]),
    );
  }
  graph.output(node('/model/Identity', 'Identity', [x]));

  function normalized(path, value) {
    const of = (part, fill) => constant(`${path}.${part}`.slice(1), [WIDTH], () => fill);
    return node(`${path}/LayerNormalization`, 'LayerNormalization', [value, of('weight', 1), of('bias', 0)], {
      axis: { kind: 'int', value: -1 },
    });
  }

  const model = {
    graph: graph.build(),
    opsets: new Map([['', 17]]),
    irVersion: 8,
    producer: 'makeManyNodes',
    metadata: new Map(),
    nextNodeId: ids.nextNodeId,
    nextValueId: ids.nextValueId,
    functions: new Set(),
  };
  const { chunks } = await writeModel(model, { file: basename(file) });
  const parts = [];
  for await (const chunk of chunks()) parts.push(chunk);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, Buffer.concat(parts));
  return count;
}

/** A small generator of pseudo-random numbers in [0, 1), the same everywhere. */
function mulberry32(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, nodes] = process.argv.slice(2);
  if (file === undefined) {
    console.error('usage: node scripts/makeManyNodes.mjs FILE [NODES]');
    process.exit(2);
  }
  console.log(`${file}: ${await makeManyNodes(file, nodes === undefined ? undefined : Number(nodes))} nodes`);
}
