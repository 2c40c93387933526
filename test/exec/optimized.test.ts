import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bytesOf } from '../../src/base/bytes.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { readModel } from '../../src/onnx/read.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { compileModel, feedsByName, golden, goldenTensor } from './golden.ts';
import { distance, toleranceOf } from './tolerance.ts';

/** Models, and the operators of com.microsoft that ONNX Runtime's optimizer writes into them. */
const MODELS = [
  { id: 'cls__cifar10_cnn_winml_tutorial', fused: ['FusedConv'] },
  { id: 'cls__mnist_pytorch_cnn', fused: ['FusedGemm'] },
  { id: 'derived__mobilenet_v2_float_from_qdq', fused: ['FusedConv'] },
  { id: 'derived__squeezenet_fp32_from_fp16', fused: ['FusedConv'] },
  { id: 'det__yolox_nano_416', fused: ['FusedConv', 'QuickGelu'] },
  { id: 'face__yunet_n_320_320', fused: ['FusedConv'] },
  { id: 'nlp__gpt2_past_tiny', fused: ['Attention', 'FastGelu', 'FusedMatMul'] },
  { id: 'nlp__tfbert_qa_tiny', fused: ['FusedMatMul'] },
  { id: 'ocr__ppocrv4_rec', fused: ['FusedConv', 'FusedMatMul', 'QuickGelu'] },
] as const;

describeWithShared('models that ONNX Runtime optimized (golden/)', () => {
  let kernels: KernelSet;
  let folder: string;

  beforeAll(async () => {
    kernels = await wasmKernels();
    folder = mkdtempSync(join(tmpdir(), 'quantscope-optimized-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(MODELS)('$id with $fused computes what the model as it was computes', async ({ id, fused }) => {
    const g = golden(id);
    const optimizedModelFilePath = join(folder, `${id}.onnx`);
    const options = { graphOptimizationLevel: 'extended', optimizedModelFilePath, logSeverityLevel: 4 } as const;
    await (await InferenceSession.create(sharedData(g.model), options)).release();
    const { model } = await readModel(bytesOf(new Uint8Array(readFileSync(optimizedModelFilePath))), { file: id });
    const written = new Set(model.graph.nodes.filter((n) => n.domain === 'com.microsoft').map((n) => n.opType));
    expect([...written].sort()).toEqual(fused);
    const feeds = feedsByName(model, new Map(g.inputs.map((t) => [t.name, goldenTensor(g, t)])));
    const program = await compileModel(model, feeds, kernels);
    const outputs = program.start(feeds, { poison: true }).finish();
    const allowed = toleranceOf(program, model.opsets);
    expect(allowed).toBeLessThan(1e-3); // a bound that admits anything would prove nothing
    let compared = 0;
    for (const [i, expected] of g.outputs.entries()) {
      const reference = goldenTensor(g, expected);
      if (reference === undefined) continue;
      const { apart, largest } = distance(outputs.get(program.graph.outputs[i]!)!, reference);
      expect(apart / largest).toBeLessThanOrEqual(allowed);
      compared++;
    }
    expect(compared).toBeGreaterThan(0);
    program.release();
  });
});
