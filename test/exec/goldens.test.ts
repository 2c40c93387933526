import { readdirSync, readFileSync } from 'node:fs';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { describeWithShared, HAS_SHARED_DATA, inventory, sharedData } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { compileGolden, type Golden, golden, goldenTensor } from './golden.ts';
import { distance, FLOAT16_ROUNDOFF, toleranceOf } from './tolerance.ts';

vi.setConfig({ testTimeout: 300_000 }); // whole models, perhaps beside other work

/** Compared with ONNX Runtime's two levels instead: a tie that is decided otherwise is worth a code. */
const ON_INTEGERS = ['quant-pairs__mobilenet_v2_torchvision_qdq__model'];

/** Models of more products than this run on wasm alone: the reference takes longer than it is worth. */
const JS_PRODUCTS = 250e6;

/** A bound that admits anything would prove nothing: for float32, and where float16 stores every result. */
const LARGEST_BOUND = { float32: 1e-3, float16: 0.2 };

interface Row {
  readonly model: string;
  readonly nodes: number;
  readonly operators: number;
  readonly outputs: number;
  readonly bound: string;
  wasm: string;
  js: string;
}

describeWithShared('all models of the shared data against ONNX Runtime (golden/)', () => {
  const ids = HAS_SHARED_DATA ? readdirSync(sharedData('golden')).filter((id) => !ON_INTEGERS.includes(id)) : [];
  const rows = new Map<string, Row>();
  const engines: Partial<Record<'js' | 'wasm', KernelSet>> = {};

  beforeAll(async () => {
    engines.wasm = await wasmKernels();
    engines.js = createJsKernels();
  });
  afterAll(() => {
    console.log('Largest error over the largest magnitude of an output, and its share of the bound');
    console.table([...rows.values()]);
  });

  it('finds the models', () => {
    expect(ids.length).toBeGreaterThan(30);
  });

  it.each(ids)('%s computes what ONNX Runtime computes, and reads no dead memory', async (id) => {
    await compare(id, 'wasm');
  });

  it.each(ids.filter((id) => productsOf(id) <= JS_PRODUCTS))('%s does so in TypeScript', async (id) => {
    await compare(id, 'js');
  });

  async function compare(id: string, engine: 'js' | 'wasm'): Promise<void> {
    const g = golden(id);
    const { program, model, feeds } = await compileGolden(g, engines[engine] as KernelSet); // set before all
    const outputs = program.start(feeds, { poison: true }).finish();
    expect(program.graph.outputs.length).toBe(g.outputs.length);
    const half = g.outputs.some((o) => o.dtype === 'float16');
    const allowed = toleranceOf(program, model.opsets, half ? FLOAT16_ROUNDOFF : 0);
    expect(allowed).toBeLessThan(half ? LARGEST_BOUND.float16 : LARGEST_BOUND.float32);
    let worst = 0;
    for (const [i, expected] of g.outputs.entries()) {
      const found = outputs.get(program.graph.outputs[i] as never) as Tensor; // as many as the golden has
      expect([expected.name, found.dtype, found.dims]).toEqual([expected.name, expected.dtype, expected.dims]);
      const { apart, largest } = distance(found, goldenTensor(g, expected) ?? (await byOnnxRuntime(g, i)));
      worst = Math.max(worst, apart === 0 ? 0 : apart / largest); // NaN is taken, and stays
    }
    const row = rows.get(id) ?? {
      model: id,
      nodes: model.graph.nodes.length,
      operators: new Set(model.graph.nodes.map((n) => n.opType)).size,
      outputs: g.outputs.reduce((n, o) => n + o.dims.reduce((a, b) => a * b, 1), 0),
      bound: allowed.toExponential(1),
      wasm: '',
      js: '–',
    };
    row[engine] = `${worst.toExponential(1)}, ${(worst / allowed).toPrecision(2)}`;
    rows.set(id, row);
    expect(worst).toBeLessThanOrEqual(allowed);
    program.release();
  }
});

/** Products of one run, by INVENTORY.tsv. */
function productsOf(id: string): number {
  const { model } = golden(id);
  return Number(inventory().find((row) => row.path === model)?.['MACs(golden shape)'] ?? 0);
}

/** The output that golden/ leaves out, made as its meta.json says: one thread, no optimization. */
async function byOnnxRuntime(g: Golden, output: number): Promise<Tensor> {
  const session = await InferenceSession.create(readFileSync(sharedData(g.model)), {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
  });
  const feeds = Object.fromEntries(
    g.inputs.map((t) => [t.name, new OrtTensor('float32', goldenTensor(g, t)?.data as Float32Array, [...t.dims])]),
  );
  const { name, dims, stats } = g.outputs[output] as (typeof g.outputs)[number]; // the caller's own index
  const data = (await session.run(feeds))[name]?.data as Float32Array;
  await session.release();
  expect(data.reduce((a, b) => Math.max(a, b))).toBe(stats?.max); // it is the run that meta.json describes
  return tensor('float32', dims, data);
}
