import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bytesOf } from '../../src/base/bytes.ts';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { Graph } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { readModel } from '../../src/onnx/read.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { codesFrom } from '../ops/qlinearCases.ts';
import { compileModel, feedsByName } from './golden.ts';

/** Models whose quantized operators ONNX Runtime fuses into its own, and which of these they then hold. */
const MODELS = [
  [
    'quant-pairs/mobilenet_v2_torchvision_qdq/model.onnx',
    ['QGemm', 'QLinearAdd', 'QLinearConv', 'QLinearGlobalAveragePool'],
  ],
  [
    'ort-baseline/models/squeezenet.minmax.pc.u8.onnx',
    ['QLinearConcat', 'QLinearConv', 'QLinearGlobalAveragePool', 'QLinearSoftmax'],
  ],
  ['quant-pairs/ort_testdata/transform__qdq_with_multi_consumer_dq_nodes.fixed.onnx', ['QLinearAdd', 'QLinearConv']],
  ['quant-pairs/ort_testdata/transpose_optimizer_qdq_fixup_unsqueeze_per_axis_dq.onnx', ['QLinearSigmoid']],
  ['quant-pairs/ort_testdata/matmul_integer_to_float_int8_int8_bias.onnx', ['MatMulIntegerToFloat']],
  ['quant-pairs/mnist_factorio/model_quantized.onnx', ['DynamicQuantizeMatMul']],
] as const;

describeWithShared('models that ONNX Runtime fused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-fused-'));
  const random = seededRandom(43);
  let kernels: KernelSet;

  beforeAll(async () => {
    kernels = await wasmKernels();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(
    MODELS.flatMap(([path, fused]) => [
      ['extended', path, fused] as const,
      ['all', path, path.includes('squeezenet') ? [...fused, 'NhwcMaxPool'] : fused] as const,
    ]),
  )('give its outputs to the last bit, level %s: %s', async (level, path, fused) => {
    const fusedPath = join(folder, 'fused.onnx');
    const session = await InferenceSession.create(readFileSync(sharedData(path)), {
      graphOptimizationLevel: level,
      intraOpNumThreads: 1,
      logSeverityLevel: 3,
      optimizedModelFilePath: fusedPath,
    });
    const { model } = await readModel(bytesOf(new Uint8Array(readFileSync(fusedPath))), { file: path });
    const tensors = inputsOf(model.graph);
    const expected = await session.run(Object.fromEntries([...tensors].map(([name, t]) => [name, ortTensor(t)])));
    const types = new Set(model.graph.nodes.map((n) => n.opType));
    expect(fused.filter((type) => !types.has(type))).toEqual([]);
    const feeds = feedsByName(model, tensors);
    const program = await compileModel(model, feeds, kernels);
    const found = program.start(feeds, { poison: true }).finish();
    for (const [i, name] of session.outputNames.entries()) {
      const own = found.get(program.graph.outputs[i]!)!;
      const other = expected[name]!.data as Float32Array;
      expect(own.data.length).toBe(other.length);
      expect(other.findIndex((v, at) => v !== own.data[at])).toBe(-1);
    }
    program.release();
    await session.release();
  });

  function inputsOf(graph: Graph): Map<string, Tensor> {
    return new Map(
      graph.inputs.map((id) => {
        const { name, dims = [], dtype } = graph.values.get(id)!;
        const own = dims.map((d, i) => (typeof d === 'number' ? d : dims.length === 4 && i === 0 ? 1 : 3));
        const fill = Array.from({ length: sizeOf(own) }, () => random.normal());
        if (dtype === 'int8' || dtype === 'uint8') {
          return [
            name,
            codesFrom(
              dtype,
              own,
              fill.map((x) => Math.abs(Math.trunc(40 * x)) % 128),
            ),
          ] as const;
        }
        return [name, tensor('float32', own, Float32Array.from(fill))] as const;
      }),
    );
  }
});

function ortTensor({ dtype, data, dims }: Tensor): OrtTensor {
  return new OrtTensor(dtype as 'float32', data as Float32Array, [...dims]); // both name types alike
}
