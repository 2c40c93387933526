import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { NEVER } from '../../src/base/abort.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { dataFindings } from '../../src/session/diagnose/data.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { dataPartsOf } from '../session/dataLab.ts';
import { BASELINES, configOf, MOBILENET, type RealModel, SQUEEZENET } from './realModels.ts';
import { printTable, someImages, temporaryFolder } from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

/** With its BatchNormalizations, which the baseline's file has folded. */
const ULTRAFACE: RealModel = { ...BASELINES.ultraface, path: sharedData('models/face/ultraface_RFB-320.onnx') };

/** A model under its own preprocessing, or a damaged one that must be found. */
interface Case {
  readonly name: string;
  readonly model: () => RealModel;
  readonly damage?: Readonly<Record<string, string>>;
  readonly labels?: string;
}

/** Images of each folder for models whose verdicts need no more: the doctor looks at all there are. */
const FEW = 6;

const NONE = { normalize_mean: '[0,0,0]', normalize_std: '[1,1,1]' };

describeWithShared('the doctor of calibration data on real models', () => {
  const folder = temporaryFolder();
  let kernels: KernelSet;
  beforeAll(async () => {
    kernels = await wasmKernels();
  });
  afterAll(() => folder.remove());

  const cifar = (): RealModel => labelledImages(folder.path, CIFAR);
  const digits = (): RealModel => labelledImages(folder.path, DIGITS);
  let folders = 0;
  const someOf = (images: string): string => someImages(join(folder.path, `some-${folders++}`), images, FEW);
  const few = (m: RealModel): RealModel => ({ ...m, calibrationSamples: FEW, evaluationSamples: 1 });
  const fewOf = (m: RealModel): RealModel =>
    few({ ...m, calibration: someOf(m.calibration), evaluation: someOf(m.evaluation) });

  const CASES: readonly Case[] = [
    { name: 'SqueezeNet', model: () => few(SQUEEZENET) },
    {
      name: 'SqueezeNet, RGB for BGR',
      model: () => few(SQUEEZENET),
      damage: { image_to_format: 'RGB', normalize_mean: '[123,117,104]' },
    },
    { name: 'MobileNetV2', model: () => fewOf(MOBILENET) },
    { name: 'MobileNetV2, pixels 0 to 255', model: () => fewOf(MOBILENET), damage: NONE },
    { name: 'UltraFace', model: () => fewOf(ULTRAFACE) },
    { name: 'UltraFace, pixels 0 to 255', model: () => fewOf(ULTRAFACE), damage: NONE },
    { name: 'UltraFace, folded', model: () => fewOf(BASELINES.ultraface) },
    { name: 'YOLOX-nano', model: () => fewOf(BASELINES.yolox_nano) },
    { name: 'PP-OCRv4 det', model: () => fewOf(BASELINES.ppocrv4_det) },
    { name: 'CIFAR-10', model: cifar, labels: 'cifar.csv' },
    {
      name: 'CIFAR-10, BGR for RGB',
      model: cifar,
      labels: 'cifar.csv',
      damage: { image_to_format: 'BGR' },
    },
    { name: 'MNIST', model: digits, labels: 'digits.csv' },
  ];

  test.each(CASES)('$name', async ({ name, model, damage = {}, labels }) => {
    const m = model();
    const damaged = { ...m, preprocess: { ...m.preprocess, ...damage } };
    const choices = labels === undefined ? {} : { labels: join(folder.path, labels) };
    const parts = await dataPartsOf(m.path, configOf(damaged, choices), kernels);
    const found = await dataFindings(parts, NEVER, () => undefined).finally(() => parts.release());
    const tried = found.flatMap((f) => (f.kind === 'preprocessing' ? [f] : []));
    const advised = tried.filter((f) => f.advised);
    const [best] = advised;
    const figures = (best ?? tried[0])?.evidence.map((e) => [e.label, Number(e.value.toPrecision(4))]) ?? [];
    printTable(name, [{ tried: tried.length, advised: best?.label ?? 'nothing', ...Object.fromEntries(figures) }]);
    expect(tried.length).toBeGreaterThan(2);
    expect(found.filter((f) => f.kind === 'oddSample')).toEqual([]);
    if (Object.keys(damage).length === 0) return expect(advised).toEqual([]);
    expect(tried[0]).toBe(best);
    const settings = Object.fromEntries((best?.change.settings ?? []).map((s) => [s.key, s.value]));
    expect(isLike(preparationOf({ ...damaged.preprocess, ...settings }), preparationOf(m.preprocess))).toBe(true);
  });
});

interface Preparation {
  readonly format: string | undefined;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

function preparationOf(keys: Readonly<Record<string, string>>): Preparation {
  const numbers = (key: string): number[] => JSON.parse(keys[key] ?? '[]') as number[];
  return { format: keys.image_to_format, mean: numbers('normalize_mean'), std: numbers('normalize_std') };
}

/** Twenty of 255 pixels, a fifth of the deviation: what models hardly tell apart. */
function isLike(a: Preparation, b: Preparation): boolean {
  const isNear = (x: number, y: number): boolean => Math.max(x / y, y / x) <= 1.2;
  return (
    a.format === b.format &&
    a.mean.every((m, c) => Math.abs(m - (b.mean[c] as number)) <= 20) &&
    a.std.every((s, c) => isNear(s, b.std[c] as number))
  );
}

/** Images in one file: a label, then the pixels, colour by colour. */
interface Images {
  readonly name: string;
  readonly file: string;
  readonly model: string;
  readonly input: string;
  readonly side: number;
  readonly channels: 1 | 3;
  readonly preprocess: Readonly<Record<string, string>>;
}

const CIFAR: Images = {
  name: 'cifar',
  file: 'calib/cifar10/test_a_2000.bin',
  model: 'models/cls/cifar10_cnn_winml_tutorial.onnx',
  input: 'modelInput',
  side: 32,
  channels: 3,
  preprocess: {
    image_to_format: 'RGB',
    normalize_mean: '[127.5,127.5,127.5]',
    normalize_std: '[127.5,127.5,127.5]',
  },
};
const DIGITS: Images = {
  name: 'digits',
  file: 'calib/mnist/digits_a.bin',
  model: 'models/cls/mnist_pytorch_cnn.onnx',
  input: '0',
  side: 28,
  channels: 1,
  preprocess: { image_to_format: 'GRAY', normalize_mean: '[0]', normalize_std: '[255]' },
};
const COUNT = 300;

/** Writes images as files, and their labels beside the folder. */
function labelledImages(folder: string, { name, file, model, input, side, channels, preprocess }: Images): RealModel {
  const all = readFileSync(sharedData(file));
  const directory = join(folder, name);
  mkdirSync(directory, { recursive: true });
  const places = side * side;
  const labels: string[] = [];
  for (let i = 0; i < COUNT; i++) {
    const at = i * (1 + channels * places);
    const pixels = Buffer.alloc(channels * places);
    for (let p = 0; p < places; p++)
      for (let c = 0; c < channels; c++) pixels[p * channels + c] = all[at + 1 + c * places + p] as number;
    const image = `${String(i).padStart(4, '0')}.${channels === 3 ? 'ppm' : 'pgm'}`;
    const header = Buffer.from(`${channels === 3 ? 'P6' : 'P5'}\n${side} ${side}\n255\n`);
    writeFileSync(join(directory, image), Buffer.concat([header, pixels]));
    labels.push(`${image},${all[at]}`);
  }
  writeFileSync(join(folder, `${name}.csv`), labels.join('\n'));
  return {
    path: sharedData(model),
    input,
    calibration: directory,
    calibrationSamples: 32,
    evaluation: directory,
    evaluationSamples: 32,
    preprocess,
  };
}
