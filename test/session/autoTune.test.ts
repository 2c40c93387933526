import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Cancelled } from '../../src/base/abort.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { Progress } from '../../src/protocol/views.ts';
import { INIT_SCALES } from '../../src/quant/weightOnly/coarsestScale.ts';
import { createSession } from '../../src/session/index.ts';
import { model } from '../models/model.ts';
import { codesOf, configOf, folder, open, quantized } from './weights.ts';

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LAYERS = 6;

/** Matrix products one behind the other: each adds the error of its weight. */
function stack() {
  const builder = model({ seed: 21 }).input('x', [8, 40]);
  for (let i = 0; i < LAYERS; i++) builder.matMul({ name: `m${i}`, units: 40 });
  return builder.output();
}

/**
 * A loss of s in the weight of each of L products is one of about L s² / 2 in the cosine. At the finest scale the steps
 * of converter_lite still lose 0.01 sqrt(2), by which L = 6 lose 0.0006.
 */
const BEYOND_REFERENCE = 0.9999;

const tuned = (target: number, ours: readonly string[] = []) =>
  quantized(stack(), {
    common: ['bit_num=0'],
    mixed: ['auto_tune=true'],
    ours: [`auto_tune_target=${target}`, ...ours],
  });

const withScale = (initScale: number | undefined) =>
  quantized(stack(), { common: ['bit_num=0'], mixed: [`init_scale=${initScale}`] });

describe('auto_tune', () => {
  test('keeps a target that the steps of converter_lite cannot, which strict_reference says by name', async () => {
    const { run } = await tuned(BEYOND_REFERENCE);
    expect(run.autoTune?.rule).toBe('search');
    expect(run.outputs[0]?.cosine).toBeGreaterThanOrEqual(BEYOND_REFERENCE);
    expect(run.outputs[0]?.cosine).toBe(run.autoTune?.best.cosine);
    expect(run.autoTune?.tried.length).toBeLessThan(10);
    expect(run.autoTune?.tried).toContainEqual(run.autoTune?.best);
    await expect(tuned(BEYOND_REFERENCE, ['strict_reference=true'])).rejects.toThrow(
      /QNT309 .*none of \d+ scales keeps .* 0\.9999 .*strict_reference=false/,
    );
  });

  test('says so where other samples than those it was tuned on miss the target', async () => {
    const sample = join(import.meta.dirname, '../../media/sample');
    const session = createSession({
      kernels: createJsKernels(),
      files: nodeFiles,
      clock: { now: () => 0 },
      onProgress: () => undefined,
    });
    await session.open(join(sample, 'mnist.onnx'));
    const text = readFileSync(join(sample, 'mixed_bit.cfg'), 'utf8')
      .replace('auto_tune=false', 'auto_tune=true')
      .replace(/calibrate_size=.*/, 'calibrate_size=1');
    const { diagnostics, outputs } = await session.quantize({ configText: text, configPath: join(sample, 'c.cfg') });
    const [warning] = diagnostics.filter((d) => d.code === 'SES425');
    expect(outputs[0]?.cosine).toBeLessThan(0.995);
    expect(warning?.message).toContain(`over the 500 evaluation samples it is ${outputs[0]?.cosine.toFixed(4)}`);
    expect(warning?.at.line).toBeGreaterThan(0);
  });

  test('makes the model that its init_scale makes in a config, and the next coarser one loses the target', async () => {
    const { run } = await tuned(BEYOND_REFERENCE);
    const { initScale = 0 } = run.autoTune?.best ?? {};
    const told = run.diagnostics.find((d) => d.code === 'QNT310')?.message;
    expect(told).toContain(`auto_tune=false with init_scale=${initScale} makes the same model`);
    const again = await withScale(initScale);
    expect(again.run.nodes).toEqual(run.nodes);
    expect(again.run.outputs).toEqual(run.outputs);
    expect(again.run.sizes).toEqual(run.sizes);
    const coarser = await withScale(INIT_SCALES[INIT_SCALES.indexOf(initScale) - 1]);
    expect(coarser.run.outputs[0]?.cosine).toBeLessThan(BEYOND_REFERENCE);
  });

  test('gives a nearer target finer steps', async () => {
    const [far, near] = [await tuned(0.9), await tuned(0.99999)];
    expect(near.run.autoTune?.best.initScale).toBeLessThan(far.run.autoTune?.best.initScale ?? 0);
    expect(near.run.sizes.quantized).toBeGreaterThan(far.run.sizes.quantized);
    expect(near.run.outputs[0]?.cosine).toBeGreaterThanOrEqual(0.99999);
  });

  test('names the best candidate where none keeps the target', async () => {
    await expect(tuned(1 - 1e-15)).rejects.toThrow(/QNT309 .*none of [89] scales keeps .*Lower \[quantscope\]/);
  });

  test('with strict_reference walks and codes as converter_lite, and says that no init_scale is the same', async () => {
    const { run } = await tuned(0.99, ['strict_reference=true']);
    expect(run.autoTune).toMatchObject({ rule: 'converter_lite', samples: 1 });
    expect(run.autoTune?.tried.slice(0, 2).map((c) => c.scale)).toEqual([1, 3000]);
    for (const { scale, initScale } of run.autoTune?.tried ?? []) expect(initScale).toBe(1 / scale);
    expect(run.outputs[0]?.cosine).toBe(run.autoTune?.best.cosine);
    expect(run.diagnostics.find((d) => d.code === 'QNT310')?.message).toMatch(/1\/\d+ of .*not those of an init_scale/);
  });

  test('has nothing to do where no weight is quantized', async () => {
    const { run } = await quantized(model().input('x', [4, 4]).relu().output(), {
      common: ['bit_num=0'],
      mixed: ['auto_tune=true'],
    });
    expect([run.autoTune, codesOf(run).includes('QNT311')]).toEqual([null, true]);
  });

  test('tells its progress by candidates, and stops at once when it is cancelled', async () => {
    const steps: Progress[] = [];
    const signal = { aborted: false };
    const session = createSession({
      kernels: createJsKernels(),
      files: nodeFiles,
      clock: { now: () => 0 },
      onProgress: (step) => {
        if (step.text.startsWith('auto_tune')) steps.push(step);
        if (new Set(steps.map((s) => s.text)).size === 3) signal.aborted = true;
      },
    });
    const opened = await open(stack());
    const path = join(folder, 'cancelled.onnx');
    await opened.quantize({ configText: configOf({}), configPath: join(folder, 'w.cfg') });
    await opened.exportModel(path);
    await session.open(path);
    const text = configOf({
      common: ['bit_num=0'],
      mixed: ['auto_tune=true'],
      ours: [`auto_tune_target=${BEYOND_REFERENCE}`, 'imported_model=requantize'],
    });
    const running = session.quantize({ configText: text, configPath: join(folder, 'w.cfg') }, signal);
    await expect(running).rejects.toThrow(Cancelled);
    expect([...new Set(steps.map((s) => [s.done, s.total].join(' of ')))]).toEqual(['0 of 9', '1 of 9', '2 of 9']);
  });
});
