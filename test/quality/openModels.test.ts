import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DiagnosticError } from '../../src/base/diagnostics.ts';
import { seededRandom } from '../../src/base/random.ts';
import { tensor } from '../../src/base/tensor.ts';
import { writeNpy } from '../../src/data/npy.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { openModel } from '../../src/session/model.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { model } from '../models/model.ts';
import { configOf, type RealModel } from './realModels.ts';
import { openSession, temporaryFolder } from './workbench.ts';

let kernels: KernelSet;

beforeAll(async () => {
  kernels = await wasmKernels();
});

describeWithShared('a model that cannot be run', () => {
  test.each(['unsupported_domain/sr_prepost_ortext_opset18', 'ort/custom_ops_type_inference_fails_0'])(
    '%s opens, draws, and is refused with all nodes that do not run',
    async (name) => {
      const path = sharedData(`hostile/${name}.onnx`);
      const { view, coverage } = await openModel(nodeFiles, path);
      expect(view.nodes.length).toBeGreaterThan(1);
      expect(view.runnable).toBe(false);
      expect(coverage.length).toBeGreaterThan(0);
      const unsupported = view.nodes.filter((n) => !n.supported).map((n) => n.handle);
      const session = await openSession(path, kernels);
      const refused = await session.quantize({ configText: '', configPath: `${path}.cfg` }).catch((e: unknown) => e);
      expect(refused).toBeInstanceOf(DiagnosticError);
      const named = refused instanceof DiagnosticError ? (refused.all ?? []).map((d) => d.at.node) : [];
      expect(named).toEqual(coverage.map((d) => d.at.node));
      for (const handle of unsupported) expect(named).toContain(handle);
    },
  );
});

describeWithShared('a model with dynamic dimensions', () => {
  test.each([
    ['face/yunet_n_dynamic', 'input', 'faces', 'height:96,width:128', '128', '96', ['height', 'width']],
    ['ocr/ppocrv4_rec', 'x', 'ocr', 'p2o.DynamicDimension.1:64', '64', '48', ['p2o.DynamicDimension.1']],
  ] as const)('%s quantizes once they are fixed', async (name, input, images, fixedDims, width, height, open) => {
    const m: RealModel = {
      path: sharedData(`models/${name}.onnx`),
      input,
      calibration: sharedData(`calib/${images}`),
      evaluation: sharedData(`calib/${images}`),
      calibrationSamples: 2,
      evaluationSamples: 1,
      preprocess: {
        image_to_format: 'BGR',
        normalize_mean: '[0,0,0]',
        normalize_std: '[255,255,255]',
        resize_width: width,
        resize_height: height,
        resize_method: 'LINEAR',
      },
    };
    const session = await openSession(m.path, kernels);
    const configPath = `${m.path}.cfg`;
    const unfixed = session.quantize({ configText: configOf(m), configPath });
    await expect(unfixed).rejects.toThrow(/SHP104/);
    for (const symbol of open) await expect(unfixed).rejects.toThrow(symbol);
    const run = await session.quantize({ configText: configOf(m, { fixedDims }), configPath });
    expect(run.outputs.length).toBeGreaterThan(0);
    for (const o of run.outputs) expect(o.cosine, o.name).toBeGreaterThan(0.5);
    expect(run.nodes.filter((n) => n.form === 'integer' || n.form === 'fused').length).toBeGreaterThan(50);
  });
});

describe('a model with two inputs', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());

  async function twoInputs(): Promise<string> {
    const net = model().input('left', [1, 3, 8, 8]).input('right', [1, 4, 8, 8]);
    const right = net.conv({ channels: 5, name: 'r' }).current;
    net.at('left').conv({ channels: 5, name: 'l' }).add(right, 'sum').relu('y');
    const path = join(folder.path, 'two.onnx');
    writeFileSync(path, await net.build().bytes());
    const random = seededRandom(7);
    for (const [name, channels] of [
      ['left', 3],
      ['right', 4],
    ] as const) {
      mkdirSync(join(folder.path, name), { recursive: true });
      for (let i = 0; i < 3; i++) {
        const data = Float32Array.from({ length: channels * 64 }, () => random.normal());
        if (name === 'left') writeFileSync(join(folder.path, name, `${i}.bin`), new Uint8Array(data.buffer));
        else writeFileSync(join(folder.path, name, `${i}.npy`), writeNpy(tensor('float32', [1, channels, 8, 8], data)));
      }
    }
    return path;
  }

  function config(calibrate: string): string {
    return [
      '[common_quant_param]',
      'quant_type=FULL_QUANT',
      '[data_preprocess_param]',
      `calibrate_path=${calibrate}`,
      'calibrate_size=3',
      'input_type=BIN',
      '[quantscope]',
      'bin_layout=NCHW',
    ].join('\n');
  }

  test('takes one folder per input, of .bin and of .npy files', async () => {
    const path = await twoInputs();
    const configPath = join(folder.path, 'two.cfg');
    const session = await openSession(path, kernels);
    const run = await session.quantize({ configText: config('left:left,right:right'), configPath });
    expect(run.samples).toBe(3);
    expect(run.outputs[0]?.cosine).toBeGreaterThan(0.999);
    expect(run.nodes.every((n) => n.quantized)).toBe(true);
    const swapped = await session.quantize({ configText: config('right:right,left:left'), configPath });
    expect(swapped.outputs).toEqual(run.outputs);
  });

  test('names the inputs when a folder lacks or is too many', async () => {
    const path = await twoInputs();
    const session = await openSession(path, kernels);
    for (const folders of ['left:left', 'left:left,right:right,third:left']) {
      const refused = session.quantize({ configText: config(folders), configPath: join(folder.path, 'two.cfg') });
      await expect(refused, folders).rejects.toThrow(/SES406.*left:folder,right:folder/);
    }
  });
});
