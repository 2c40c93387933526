import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { CALIBRATION_METHODS } from '../../src/quant/methods.ts';
import { createSession } from '../../src/session/index.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'quantscope-methods-'));
const configPath = join(folder, 'full_quant.cfg');
let plain = '';

beforeAll(() => {
  cpSync(SAMPLE, folder, { recursive: true });
  plain = readFileSync(configPath, 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=12')
    .replace('evaluate_size=500', 'evaluate_size=4')
    .replace('bias_correction=true', 'bias_correction=false');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Found {
  /** Of the rectified activation. */
  readonly scale: number;
  readonly zeroPoint: number;
  readonly codes: readonly string[];
  readonly stages: readonly string[];
  readonly cosine: number;
}

/** Quantizes the sample, its config changed. */
async function quantize(change: (text: string) => string): Promise<Found> {
  const stages = new Set<string>();
  const session = createSession({
    kernels: createJsKernels(),
    files: nodeFiles,
    clock: { now: () => 0 },
    onProgress: ({ stage, text, total }) => {
      if (stage === 'calibrate' && text !== '') stages.add(`${text.split(' · ')[0]} of ${total}`);
    },
  });
  await session.open(join(folder, 'mnist.onnx'));
  const reportFolder = join(folder, 'report');
  const run = await session.quantize({ configText: change(plain), configPath, reportFolder });
  const relu = run.nodes.find((n) => n.handle === 'relu1');
  const { tensors } = await session.details(relu?.nodeId ?? -1);
  const quant = tensors.find((t) => t.kind === 'Activation' && t.role === 'Output')?.quant;
  return {
    scale: quant?.scale[0] ?? Number.NaN,
    zeroPoint: quant?.zeroPoint[0] ?? Number.NaN,
    codes: run.diagnostics.filter((d) => d.code.startsWith('QNT')).map((d) => `${d.code} ${d.message.split(' ')[0]}`),
    stages: [...stages],
    cosine: run.outputs[0]?.cosine ?? Number.NaN,
  };
}

const ours = (line: string) => (text: string) => text.replace('[quantscope]', `[quantscope]\n${line}`);
const theirs = (method: string) => (text: string) => text.replace('quant_method=MAX_MIN', `quant_method=${method}`);

describe('the calibration method of a config', () => {
  test.each(CALIBRATION_METHODS)(
    '$name quantizes, tells its passes and what became of the ranges',
    async ({ name, passes }) => {
      const found = await quantize(ours(`calibration_method=${name}\npercentile=99`));
      expect(found.cosine).toBeGreaterThan(0.98);
      expect(found.zeroPoint).toBe(0);
      expect(found.stages).toEqual([`ranges of ${12 * passes}`]); // the second pass finds all that it looks at kept by the first
      expect(found.codes.filter((c) => c.startsWith('QNT210'))).toEqual(name === 'MAX_MIN' ? [] : [`QNT210 ${name}`]);
    },
  );

  test('is that of converter_lite where calibration_method is not set, in both spellings', async () => {
    const [kl, outliers, whole] = [
      await quantize(theirs('KL')),
      await quantize(theirs('REMOVAL_OUTLIER')),
      await quantize((t) => t),
    ];
    expect(kl.scale).toBe((await quantize(ours('calibration_method=KL'))).scale);
    expect(outliers.scale).toBe((await quantize(theirs('RemovalOutlier'))).scale);
    expect(new Set([kl.scale, outliers.scale, whole.scale]).size).toBe(3);
    const overridden = await quantize((t) => ours('calibration_method=MAX_MIN')(theirs('KL')(t)));
    expect(overridden.scale).toBe(whole.scale);
  });

  test('takes the percentile that is set', async () => {
    const at = async (percentile: number) =>
      (await quantize(ours(`calibration_method=PERCENTILE\npercentile=${percentile}`))).scale;
    const [low, high] = [await at(90), await at(99.9)];
    expect(low).toBeLessThan(high);
    expect(high).toBeLessThan((await quantize((t) => t)).scale);
  });

  test('of a node is its own where node_overrides says so', async () => {
    const found = await quantize(ours('node_overrides=relu1:PERCENTILE\npercentile=90'));
    const whole = await quantize(ours('calibration_method=PERCENTILE\npercentile=90'));
    expect(found.scale).toBe(whole.scale);
    expect(found.codes).toContain('QNT210 PERCENTILE');
  });

  test('KL of strict_reference is symmetric with zero point 0, and wastes half of the codes of a rectified value', async () => {
    const strict = await quantize((t) => ours('strict_reference=true')(theirs('KL')(t)));
    const own = await quantize(theirs('KL'));
    expect(strict.zeroPoint).toBe(0);
    expect(strict.scale / own.scale).not.toBe(1);
  });
});
