import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Cancelled, NEVER } from '../../src/base/abort.ts';
import { seededRandom } from '../../src/base/random.ts';
import { tensor } from '../../src/base/tensor.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import type { DataFinding } from '../../src/protocol/diagnosisViews.ts';
import { dataFindings } from '../../src/session/diagnose/data.ts';
import { referenceOf } from '../../src/session/diagnose/reference.ts';
import { model } from '../models/model.ts';
import { dataPartsOf } from './dataLab.ts';

vi.setConfig({ testTimeout: 120_000 }); // the readable kernels, perhaps beside other work

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'quantscope-data-'));
const [images, path] = [join(folder, 'images'), join(folder, 'colours.onnx')];
const digits = join(folder, 'mnist.onnx');
let digitsText = '';

/** Mean and deviation of the pixels of each colour, red, green and blue. */
const COLOURS = [
  [180, 40],
  [110, 30],
  [60, 20],
] as const;
const SIDE = 8;
const IMAGES = 24;

beforeAll(async () => {
  const random = seededRandom(11);
  mkdirSync(images);
  for (let i = 0; i < IMAGES; i++) {
    const pixels = Array.from({ length: SIDE * SIDE }, () => COLOURS.map(([m, d]) => m + d * random.normal())).flat();
    const bytes = Uint8Array.from(pixels, (x) => Math.max(0, Math.min(255, Math.round(x))));
    const name = `${String(i).padStart(2, '0')}.ppm`;
    writeFileSync(join(images, name), Buffer.concat([Buffer.from(`P6\n${SIDE} ${SIDE}\n255\n`), bytes]));
  }
  // Trained on red, green, blue, (pixel - 127.5) / 127.5
  const constant = (values: readonly number[]) => tensor('float32', [3], Float32Array.from(values));
  const built = model()
    .input('image', [1, 3, SIDE, SIDE])
    .constant('scale', constant([1, 1, 1]))
    .constant('shift', constant([0, 0, 0]))
    .constant('mean', constant(COLOURS.map(([m]) => (m - 127.5) / 127.5)))
    .constant('variance', constant(COLOURS.map(([, d]) => (d / 127.5) ** 2)))
    .node('BatchNormalization', { inputs: ['image', 'scale', 'shift', 'mean', 'variance'] })
    .floats('weight', [24, 3, 3, 3])
    .node('Conv', { name: 'conv', inputs: ['batchnormalization0_out', 'weight'] })
    .node('Relu')
    .output()
    .build();
  writeFileSync(path, await built.bytes());
  cpSync(SAMPLE, folder, { recursive: true });
  digitsText = readFileSync(join(folder, 'full_quant.cfg'), 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=12')
    .replace('evaluate_size=500', 'evaluate_size=30')
    .replace('debug_info_save_path=quant_report\n', '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function configOf(format: string, mean: number, std: number): string {
  return [
    '[common_quant_param]',
    'quant_type=FULL_QUANT',
    '[data_preprocess_param]',
    `calibrate_path=image:${images}`,
    'calibrate_size=12',
    'input_type=IMAGE',
    `image_to_format=${format}`,
    `normalize_mean=[${mean},${mean},${mean}]`,
    `normalize_std=[${std},${std},${std}]`,
    '',
  ].join('\n');
}

async function findingsOf(modelPath: string, text: string): Promise<readonly DataFinding[]> {
  const parts = await dataPartsOf(modelPath, text, createJsKernels());
  try {
    const heard: DataFinding[] = [];
    const found = await dataFindings(parts, NEVER, (f) => heard.push(f));
    expect(heard).toEqual(found);
    return found;
  } finally {
    parts.release();
  }
}

const preprocessing = (all: readonly DataFinding[]) => all.flatMap((f) => (f.kind === 'preprocessing' ? [f] : []));

test.each([
  ['BGR for RGB', 'BGR', 127.5, 127.5, { image_to_format: 'RGB' }],
  ['a wrong scale', 'RGB', 0, 255, { normalize_mean: '[127.5,127.5,127.5]', normalize_std: '[127.5,127.5,127.5]' }],
])('statistics at BatchNormalization show %s', async (_, format, mean, std, expected) => {
  const found = preprocessing(await findingsOf(path, configOf(format, mean, std)));
  const settings = found[0]?.change.settings ?? [];
  expect(found.filter((f) => f.advised)).toHaveLength(1);
  expect(found[0]?.advised).toBe(true);
  expect(Object.fromEntries(settings.map((s) => [s.key, s.value]))).toEqual(expected);
});

test('the preprocessing that a model was trained with is not doubted', async () => {
  const found = preprocessing(await findingsOf(path, configOf('RGB', 127.5, 127.5)));
  expect(found.length).toBeGreaterThan(8);
  expect(found.filter((f) => f.advised)).toEqual([]);
});

test('labels show a wrong deviation, and too few samples are said', async () => {
  const wrong = digitsText.replace(
    'normalize_mean=[0.0]\nnormalize_std=[255.0]',
    'normalize_mean=[255]\nnormalize_std=[-40]',
  );
  const right = await findingsOf(digits, digitsText);
  expect(preprocessing(right).filter((f) => f.advised)).toEqual([]);
  const few = right.find((f) => f.kind === 'tooFewSamples');
  expect(few?.kind === 'tooFewSamples' && few.growth.map((p) => p.samples)).toEqual([1, 2, 4, 8, 12]);
  const [first] = preprocessing(await findingsOf(digits, wrong));
  expect(first?.advised).toBe(true);
});

test('a sample unlike the others is named', async () => {
  writeFileSync(
    join(images, '05.ppm'),
    Buffer.concat([Buffer.from(`P6\n${SIDE} ${SIDE}\n255\n`), new Uint8Array(192).fill(255)]),
  );
  const odd = (await findingsOf(path, configOf('RGB', 127.5, 127.5))).filter((f) => f.kind === 'oddSample');
  expect(odd.map((f) => f.kind === 'oddSample' && f.sample)).toEqual([join(images, '05.ppm')]);
});

test('with labels cosine and top-1 are measured side by side, else how much more than rounding nodes err', async () => {
  const labelled = await dataPartsOf(digits, digitsText, createJsKernels());
  const reference = await referenceOf(labelled, NEVER);
  expect(reference).toEqual(await referenceOf(labelled, NEVER));
  labelled.release();
  if (reference?.kind !== 'accuracy') throw new Error('labels are there');
  const cosines = reference.points.map((p) => p.cosine);
  expect(cosines.length).toBeGreaterThan(5);
  expect(cosines).toEqual([...cosines].sort((a, b) => b - a));
  expect(cosines.at(-1)).toBeLessThan(cosines[0] as number);
  expect(reference.enough).toBeLessThanOrEqual(cosines[0] as number);
  expect(reference.floatTop1).toBe(labelled.lab.result.accuracy?.top1.float);

  const plain = await dataPartsOf(digits, digitsText.replace('labels=labels.csv\n', ''), createJsKernels());
  const rmse = await referenceOf(plain, NEVER);
  plain.release();
  if (rmse?.kind !== 'rmseScale') throw new Error('no labels are there');
  expect(rmse.healthy).toBeCloseTo(0.2887, 4);
  expect(rmse.nodes).toBeGreaterThan(2);
  expect(rmse.above).toBeLessThanOrEqual(rmse.nodes);
});

test('it can be cancelled at any time', async () => {
  const parts = await dataPartsOf(digits, digitsText, createJsKernels());
  for (const after of [0, 3, 30]) {
    let left = after;
    const signal = {
      get aborted() {
        return left-- <= 0;
      },
    };
    await expect(dataFindings(parts, signal, () => undefined)).rejects.toThrow(Cancelled);
    left = after;
    await expect(referenceOf(parts, signal)).rejects.toThrow(Cancelled);
  }
  parts.release();
});
