import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Tensor } from '../../src/base/tensor.ts';
import type { Graph, Node, ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { openModel } from '../../src/session/model.ts';
import { golden, goldenTensor } from '../exec/golden.ts';
import { differing, dynamicSteps } from '../export/stepsAlone.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { runOrt } from './ortTensors.ts';
import { cosine, openSession, printTable, temporaryFolder } from './workbench.ts';

/**
 * Models by the folder of their golden inputs, with the nodes that ALWC and ACWL quantize: of MNIST's two
 * convolutions under ALWC alone, of GPT-2 48 Gemm, a table and
 * 24 products of two activations; of BERT 145 products with weights, two tables and
 * 48 products of two activations.
 */
const MODELS = [
  { id: 'cls__mnist_cntk_8', quantized: { ALWC: 3, ACWL: 1 } },
  { id: 'cls__mnist_pytorch_cnn', quantized: { ALWC: 4, ACWL: 2 } },
  { id: 'nlp__gpt2_past_tiny', quantized: { ALWC: 73, ACWL: 49 } },
  { id: 'nlp__tfbert_qa_tiny', quantized: { ALWC: 195 } },
] as const;

const CASES = MODELS.flatMap(({ id, quantized }) =>
  Object.entries(quantized).map(([strategy, count]) => ({ id, strategy, count })),
);

describeWithShared('dynamic models in onnxruntime', () => {
  const folder = temporaryFolder();
  let kernels: KernelSet;

  beforeAll(async () => {
    kernels = await wasmKernels();
  });
  afterAll(() => folder.remove());

  test.each(CASES)('$id, $strategy: its $count products and tables make the same integers', async (c) => {
    const { model } = golden(c.id);
    const path = join(folder.path, `${c.id}.${c.strategy}.onnx`);
    const session = await openSession(sharedData(model), kernels);
    const fixed = dimsOf(c.id);
    const run = await session.quantize({ configText: configOf(c.strategy, fixed), configPath: `${path}.cfg` });
    await session.exportModel(path);
    expect(run.nodes.filter((n) => n.quantized)).toHaveLength(c.count);

    const { model: exported } = await openModel(nodeFiles, path);
    const feeds = feedsOf(c.id, exported.graph);
    const inFloat = new Set((await openModel(nodeFiles, sharedData(model))).model.graph.nodes.map((n) => n.name));
    const isOurs = (n: Node): boolean => !inFloat.has(n.name) || n.opType.endsWith('Integer');
    const steps = await dynamicSteps(exported, feeds, { kernels, folder: folder.path, isOurs });
    const different = steps.map((s) => [s.node.handle, differing(s)] as const).filter(([, n]) => n > 0);
    expect(different).toEqual([]);
    expect(steps.filter((s) => s.node.opType === 'MatMulInteger').length).toBeGreaterThan(0);

    const named = new Map([...feeds].map(([id, t]) => [nameOf(exported.graph, id), t]));
    const ours = await (await openSession(path, kernels)).run(named);
    const [all, disabled] = [await theirs('all'), await theirs('disabled')];
    const rows = exported.graph.outputs.slice(0, 3).map((id) => {
      const own = ours.get(nameOf(exported.graph, id))?.data as Float32Array;
      return {
        output: nameOf(exported.graph, id),
        'to disabled': cosine(own, disabled(id)),
        'to all': cosine(own, all(id)),
      };
    });
    printTable(`${c.id}, ${c.strategy}, run freely: cosine to onnxruntime`, rows);

    async function theirs(level: 'all' | 'disabled') {
      const { values } = await runOrt(exported, feeds, { folder: folder.path, level, wanted: [] });
      return (id: ValueId): Float32Array => values.get(id)?.data as Float32Array;
    }
  });

  test("with weights per layer, ALWC makes the weight codes and scales of ONNX Runtime's dynamic quantizer", async () => {
    const pair = (name: string) => sharedData(`quant-pairs/mnist_factorio/${name}.onnx`);
    const { graph: float } = (await openModel(nodeFiles, pair('model'))).model;
    const products = float.nodes.filter((n) => n.opType === 'MatMul').map((n) => n.handle);
    expect(products).toHaveLength(3);
    const session = await openSession(pair('model'), kernels);
    const overrides = `[quantscope]\nnode_overrides=${products.map((p) => `${p}:per_layer`).join(',')}\n`;
    const path = join(folder.path, 'factorio.onnx');
    await session.quantize({ configText: `${configOf('ALWC', new Map())}${overrides}`, configPath: `${path}.cfg` });
    await session.exportModel(path);
    const ours = await constantsOf(path);
    const theirs = await constantsOf(pair('model_quantized'));
    const weights = [...theirs].filter(([name]) => name.endsWith('_quantized'));
    expect(weights).toHaveLength(3);
    for (const [name, codes] of weights) {
      const scale = name.replace(/_quantized$/, '_scale');
      expect(ours.get(name)?.data, name).toEqual(codes.data);
      expect(ours.get(scale)?.data[0], scale).toBe(theirs.get(scale)?.data[0]);
    }
  });
});

function nameOf(graph: Graph, id: ValueId): string {
  return graph.values.get(id)?.name ?? '';
}

async function constantsOf(path: string): Promise<Map<string, Tensor>> {
  const { graph } = (await openModel(nodeFiles, path)).model;
  const found = new Map<string, Tensor>();
  for (const { name, constant } of graph.values.values())
    if (constant !== undefined) found.set(name, await constant.load());
  return found;
}

function feedsOf(id: string, graph: Graph): Map<ValueId, Tensor> {
  const g = golden(id);
  const byName = new Map(g.inputs.map((t) => [t.name, goldenTensor(g, t)]));
  return new Map(
    graph.inputs.flatMap((value) => {
      const t = byName.get(nameOf(graph, value));
      return t === undefined ? [] : [[value, t] as const];
    }),
  );
}

/** Open dimensions as the golden inputs have them. */
function dimsOf(id: string): Map<string, number> {
  const fixed = new Map<string, number>();
  for (const { name, dims } of golden(id).inputs)
    for (const [axis, d] of dims.entries()) fixed.set(`${name}:${axis}`, d);
  return fixed;
}

function configOf(strategy: string, fixed: ReadonlyMap<string, number>): string {
  const dims = [...fixed].map(([name, d]) => `${name}:${d}`).join(',');
  const ours = dims === '' ? '' : `[quantscope]\nfixed_dims=${dims}\n`;
  return `[common_quant_param]\nquant_type=DYNAMIC_QUANT\n[dynamic_quant_param]\nquant_strategy=${strategy}\n${ours}`;
}
