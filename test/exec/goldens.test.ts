import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { beforeAll, expect, it } from 'vitest';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { compileGolden, type Golden, golden, goldenTensor } from './golden.ts';
import { onReference } from './integerSteps.ts';
import { valuesOf } from './reference.ts';
import { distance, FLOAT16_ROUNDOFF, toleranceOf } from './tolerance.ts';

const FLOAT_MODELS = [
  'cls__cifar10_cnn_winml_tutorial',
  'cls__mnist_cntk_8',
  'cls__mnist_pytorch_cnn',
  'cls__mnist_winml',
  'cls__squeezenet_fp16',
  'derived__mobilenet_v2_float_from_qdq',
  'derived__squeezenet_fp32_from_fp16',
  'det__yolox_nano_416',
  'face__ultraface_RFB-320',
  'face__ultraface_RFB-320_simplified',
  'face__yunet_n_320_320',
  'face__yunet_n_dynamic',
  'i2i__super_resolution_10',
  'ocr__ppocr_v2_cls',
  'ocr__ppocrv4_det',
  'ocr__ppocrv4_rec',
  'seg__deeplab_v3_mnv2_257',
] as const;

/**
 * How far the float sum, in output steps, may lie from the exact integer one: sqrt(K) u of the sum of magnitudes, for
 * K up to 1,280 products and sums of magnitudes up to some thousand steps.
 */
const FLOAT_SUM_STEPS = 5e-3;

describeWithShared('compiled programs against ONNX Runtime (golden/)', () => {
  let kernels: KernelSet;

  beforeAll(async () => {
    kernels = await wasmKernels();
  });

  it.each(FLOAT_MODELS)('%s computes what ONNX Runtime computes, and reads no dead memory', async (id) => {
    const g = golden(id);
    const { program, model, feeds } = await compileGolden(g, kernels);
    const outputs = program.start(feeds, { poison: true }).finish();
    const allowed = toleranceOf(program, model.opsets, id.includes('fp16') ? FLOAT16_ROUNDOFF : 0);
    expect(allowed).toBeLessThan(id.includes('fp16') ? 0.2 : 1e-3); // a bound that admits anything would prove nothing
    expect(program.graph.outputs.length).toBe(g.outputs.length);
    for (const [i, expected] of g.outputs.entries()) {
      const found = outputs.get(program.graph.outputs[i]!)!;
      expect(found.dims).toEqual(expected.dims);
      const reference = goldenTensor(g, expected) ?? (await byOnnxRuntime(g, i));
      const { apart, largest } = distance(found, reference);
      expect(apart / largest).toBeLessThanOrEqual(allowed);
    }
    program.release();
  });

  it('runs the QDQ MobileNetV2 on integers, within what levels of ONNX Runtime differ', async () => {
    const g = golden('quant-pairs__mobilenet_v2_torchvision_qdq__model');
    const { program, feeds } = await compileGolden(g, kernels);
    const compute = program.steps.filter((s) => /^(Conv|Gemm|Add|GlobalAveragePool)$/.test(s.node.opType));
    const floats = compute.filter((s) => s.form === 'float').map((s) => `${s.node.handle}: ${s.why}`);
    expect(floats).toEqual([]);
    const [expected] = g.outputs;
    const spread = expected!.maxdiff_opt_all!;
    const found = program.start(feeds, { poison: true }).finish().get(program.graph.outputs[0]!)!;
    for (const file of [expected!.file, expected!.file_opt_all]) {
      const { apart, largest } = distance(found, goldenTensor(g, expected!, file)!);
      expect(apart).toBeLessThanOrEqual(spread * (1 + 1e-6));
      expect(largest).toBeGreaterThan(10 * spread);
    }
    program.release();
  });

  it('makes, node by node, the integers of the float operators between Dequantize- and QuantizeLinear', async () => {
    const g = golden('quant-pairs__mobilenet_v2_torchvision_qdq__model');
    const { program, model, feeds } = await compileGolden(g, kernels);
    const { graph } = program;
    const values = await valuesOf(graph, feeds, model.opsets, kernels);
    const quantizers = new Map(graph.nodes.map((n) => [n.outputs[0], n]));
    const counts = { compared: 0, different: 0 };
    for (const step of program.steps.filter((s) => s.form === 'integer')) {
      const id = step.outputs[0]!;
      const found = onReference(program, step, values).data as Uint8Array;
      const expected = values.get(id)!.data as Uint8Array;
      const float = values.get(quantizers.get(id)!.inputs[0]!)!.data as Float32Array;
      const scale = program.slots.get(id)!.quant!.scale[0]!;
      const outside: string[] = [];
      for (let i = 0; i < found.length; i++) {
        counts.compared++;
        if (found[i] === expected[i]) continue;
        counts.different++;
        if (fromTie(float[i]!, scale) > FLOAT_SUM_STEPS) outside.push(`${step.node.handle}[${i}]`);
      }
      expect(outside).toEqual([]);
    }
    expect(counts.compared).toBeGreaterThan(5_000_000);
    expect(counts.different).toBeLessThanOrEqual(counts.compared * 1e-4);
    program.release();
  });
});

/** Distance of |x| / scale from a rounding tie. */
function fromTie(x: number, scale: number): number {
  const steps = Math.abs(x / scale);
  return Math.abs(steps - Math.floor(steps) - 0.5);
}

/** The output that golden/ leaves out, made as its meta.json says: one thread, no optimization. */
async function byOnnxRuntime(g: Golden, output: number): Promise<Tensor> {
  const session = await InferenceSession.create(readFileSync(sharedData(g.model)), {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
  });
  const feeds = Object.fromEntries(
    g.inputs.map((t) => [t.name, new OrtTensor('float32', goldenTensor(g, t)!.data as Float32Array, [...t.dims])]),
  );
  const { name, dims, stats } = g.outputs[output]!;
  const data = (await session.run(feeds))[name]!.data as Float32Array;
  await session.release();
  expect(data.reduce((a, b) => Math.max(a, b))).toBe(stats!.max); // it is the run that meta.json describes
  return tensor('float32', dims, data);
}
