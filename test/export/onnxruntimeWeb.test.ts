import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import * as web from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { createSession } from '../../src/session/index.ts';
import { wasmKernels } from '../kernels/engines.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));

const CASES = [
  { config: 'full_quant.cfg', format: 'QDQ' },
  { config: 'full_quant.cfg', format: 'QOPERATOR' },
  { config: 'dynamic_quant.cfg', strategy: 'ALWC' },
  { config: 'dynamic_quant.cfg', strategy: 'ACWL' },
  { config: 'weight_quant.cfg' },
  { config: 'mixed_bit.cfg' },
] as const;

describe('an exported sample', () => {
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-web-'));
  const digit = Float32Array.from({ length: 784 }, (_, i) => ((i * 37) % 256) / 255);
  let kernels: KernelSet;

  beforeAll(async () => {
    cpSync(SAMPLE, folder, { recursive: true });
    kernels = await wasmKernels();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(CASES)(
    '$config $format$strategy loads in onnxruntime-node and onnxruntime-web, which agree with us',
    async (c) => {
      const configPath = join(folder, c.config);
      const configText = readFileSync(configPath, 'utf8')
        .replace('calibrate_size=100', 'calibrate_size=4')
        .replace('evaluate_size=500', 'evaluate_size=4')
        .replace(/^debug_info_save_path=.*$/m, '')
        .replace('=ALWC', `=${'strategy' in c ? c.strategy : 'ALWC'}`);
      const open = () =>
        createSession({ kernels, files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined });
      const session = open();
      await session.open(join(folder, 'mnist.onnx'));
      await session.quantize({ configText, configPath });
      const path = join(folder, 'exported.onnx');
      await session.exportModel(path, 'format' in c ? c.format : undefined);

      const again = open();
      await again.open(path);
      const ours = (await again.run(new Map([['image', { dtype: 'float32', dims: [1, 1, 28, 28], data: digit }]]))).get(
        'probabilities',
      )?.data;
      const native = await (await InferenceSession.create(path)).run({
        image: new Tensor('float32', digit, [1, 1, 28, 28]),
      });
      const inWasm = await web.InferenceSession.create(readFileSync(path));
      const wasm = await inWasm.run({ image: new web.Tensor('float32', digit, [1, 1, 28, 28]) });
      const digits = (data: unknown): number[] => Array.from(data as Float32Array);
      expect(digits(ours)).toHaveLength(10);
      for (const theirs of [native.probabilities?.data, wasm.probabilities?.data]) {
        digits(theirs).forEach((p, i) => {
          expect(Math.abs(p - (digits(ours)[i] ?? Number.NaN))).toBeLessThanOrEqual(STEP);
        });
      }
    },
  );
});

/** One code of the probabilities, 1 / 255: a tie may fall on either side. */
const STEP = 1 / 255 + 1e-6;
