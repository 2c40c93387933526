import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, expect, test, vi } from 'vitest';
import { describeWithShared } from '../helpers/sharedData.ts';
import { wasmBytes } from '../kernels/engines.ts';
import { BASELINES, configOf } from './realModels.ts';
import { printTable, repeatedLinks, temporaryFolder } from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

interface Measured {
  readonly peakBytes: number;
  readonly rssBytes: number;
  readonly cosine: number;
}

describeWithShared('UltraFace calibrated on repeated images, each time in a new process', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());

  test('takes the same memory, to the byte, for 10 samples and for 200', async () => {
    const wasm = join(folder.path, 'kernels.wasm');
    const program = join(folder.path, 'calibrateOnce.mjs');
    writeFileSync(wasm, await wasmBytes());
    await build({
      entryPoints: [resolve(import.meta.dirname, 'calibrateOnce.ts')],
      outfile: program,
      bundle: true,
      loader: { '.wasm': 'binary' },
      target: 'node20',
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
      banner: { js: "import { createRequire as from } from 'node:module'; const require = from(import.meta.url);" },
    });
    const m = BASELINES.ultraface;
    const images = readdirSync(m.calibration)
      .slice(0, 10)
      .map((f) => join(m.calibration, f));
    const found = [10, 200].map((samples): Measured => {
      const calibration = repeatedLinks(join(folder.path, String(samples)), images, samples);
      const config = join(folder.path, `${samples}.cfg`);
      const few = { ...m, calibration, calibrationSamples: samples, evaluationSamples: 1 };
      writeFileSync(config, configOf(few, { biasCorrection: false }));
      const output = join(folder.path, `${samples}.json`);
      execFileSync(process.execPath, [program, m.path, config, wasm, output], { stdio: 'inherit' });
      return JSON.parse(readFileSync(output, 'utf8')) as Measured;
    });
    printTable(
      'UltraFace, memory',
      found.map((f, i) => ({ samples: [10, 200][i] ?? 0, ...f })),
    );
    expect(found[1]?.peakBytes).toBe(found[0]?.peakBytes);
    expect(found[1]?.cosine).toBe(found[0]?.cosine);
  });
});
