import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { bytesOf } from '../../src/base/bytes.ts';
import { type NumericDType, viewArray } from '../../src/base/dtype.ts';
import { valuesOfCodes } from '../../src/base/floatBits.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import { readModel } from '../../src/onnx/read.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { runGraph } from './runGraph.ts';

interface GoldenTensor {
  readonly name: string;
  readonly dtype: NumericDType;
  readonly dims: readonly number[];
  readonly file?: string;
  readonly stats?: { readonly min: number; readonly max: number; readonly mean: number };
}

interface Golden {
  readonly model: string;
  readonly inputs: readonly GoldenTensor[];
  readonly outputs: readonly GoldenTensor[];
}

/** Distance from ONNX Runtime's outputs, as a share of the largest magnitude. Other sums round otherwise. */
const FLOAT32 = 2e-5;

/** Model to allowed distance; float16 rounds every activation to 11 bits, QDQ moves a few codes by one step. */
const MODELS: ReadonlyMap<string, number> = new Map([
  ['audio__dtln_1', FLOAT32],
  ['audio__dtln_2', FLOAT32],
  ['audio__oww_embedding_model', FLOAT32],
  ['audio__oww_melspectrogram', FLOAT32],
  ['audio__speech_recog_winml', FLOAT32],
  ['cls__cifar10_cnn_winml_tutorial', FLOAT32],
  ['cls__mnist_cntk_8', FLOAT32],
  ['cls__mnist_pytorch_cnn', FLOAT32],
  ['cls__mnist_winml', FLOAT32],
  ['cls__squeezenet_fp16', 0.01],
  ['derived__squeezenet_fp32_from_fp16', FLOAT32],
  ['derived__mobilenet_v2_float_from_qdq', FLOAT32],
  ['det__yolox_nano_416', 5e-4], // box sizes are exponentials of outputs
  ['face__ultraface_RFB-320', FLOAT32],
  ['face__ultraface_RFB-320_simplified', FLOAT32],
  ['face__yunet_n_320_320', FLOAT32],
  ['face__yunet_n_dynamic', FLOAT32],
  ['i2i__super_resolution_10', FLOAT32],
  ['ocr__ppocr_v2_cls', FLOAT32],
  ['ocr__ppocrv4_det', 1e-4],
  ['ocr__ppocrv4_rec', FLOAT32],
  ['misc__simplified_ssd', FLOAT32],
  ['nlp__gpt2_past_tiny', FLOAT32],
  ['nlp__magika_standard_v3_3', FLOAT32],
  ['nlp__tfbert_qa_tiny', FLOAT32],
  ['quant-pairs__attention_past_state__attention_past_state.u8s8', FLOAT32],
  ['quant-pairs__mnist_factorio__model', FLOAT32],
  ['quant-pairs__mnist_factorio__model_quantized', FLOAT32],
  ['quant-pairs__mobilenet_v2_torchvision_qdq__model', 0.1],
  ['seg__deeplab_v3_mnv2_257', FLOAT32],
]);

function readTensor(folder: string, t: GoldenTensor): Tensor | undefined {
  if (t.file === undefined) return undefined;
  const stored = readFileSync(join(folder, t.file));
  const bytes = new Uint8Array(t.file.endsWith('.gz') ? gunzipSync(stored) : stored);
  if (t.dtype === 'float16') {
    const values = valuesOfCodes('float16');
    const codes = new Uint16Array(bytes.buffer, bytes.byteOffset, sizeOf(t.dims));
    return tensor(
      'float16',
      t.dims,
      Float32Array.from(codes, (c) => values[c] as number),
    );
  }
  return tensor(t.dtype, t.dims, viewArray(t.dtype, bytes.slice().buffer, 0, sizeOf(t.dims)));
}

function relativeDistance(found: Tensor, expected: Tensor): number {
  const [a, b] = [found.data as Float32Array, expected.data as Float32Array];
  let [distance, largest] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    distance = Math.max(distance, Math.abs((a[i] as number) - (b[i] as number)));
    largest = Math.max(largest, Math.abs(b[i] as number));
  }
  return distance / largest;
}

describeWithShared('real models against ONNX Runtime (golden/)', () => {
  for (const [id, allowed] of MODELS) {
    it(`${id} computes what ONNX Runtime computes`, { timeout: 120_000 }, async () => {
      const folder = sharedData(`golden/${id}`);
      const golden = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')) as Golden;
      const bytes = new Uint8Array(readFileSync(sharedData(golden.model)));
      const { model } = await readModel(bytesOf(bytes), { file: id });
      const feeds = golden.inputs.map((t) => readTensor(folder, t) as Tensor);
      const outputs = await runGraph(model, feeds, await wasmKernels());
      expect(outputs.length).toBe(golden.outputs.length);
      for (const [i, expected] of golden.outputs.entries()) {
        const found = outputs[i] as Tensor;
        expect(found.dims).toEqual(expected.dims);
        const data = readTensor(folder, expected);
        if (data !== undefined) expect(relativeDistance(found, data)).toBeLessThanOrEqual(allowed);
        else {
          const values = found.data as Float32Array;
          const scale = Math.abs(expected.stats?.max ?? 1);
          expect(
            Math.abs(values.reduce((m, v) => Math.max(m, v), -Infinity) - (expected.stats?.max ?? 0)) / scale,
          ).toBeLessThanOrEqual(allowed);
        }
      }
    });
  }
});
