import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { cli, type Ended, looksClean, SAMPLE, testFolder } from './cli.ts';

const folder = testFolder();
const sample = join(folder, 'sample');
const config = join(sample, 'full_quant.cfg');
const model = join(sample, 'mnist.onnx');

beforeAll(() => {
  cpSync(SAMPLE, sample, { recursive: true });
  const text = readFileSync(config, 'utf8').replace('calibrate_size=100', 'calibrate_size=10');
  writeFileSync(config, text.replace('evaluate_size=500', 'evaluate_size=20'));
});

test('quantize exports operators on codes, warns of signed activations, and prints the excluded nodes', async () => {
  const signed = join(sample, 'signed.cfg');
  const text = readFileSync(config, 'utf8').replace('bit_num=8', 'bit_num=8\nskip_quant_node=softmax');
  writeFileSync(signed, `${text.replace(/^activation_type=.*$/m, '')}\nactivation_type=int8\n`);
  const out = join(folder, 'onCodes.onnx');
  const flags = ['--export-format', 'QOPERATOR', '--print-skips', '--threads', '1'];
  const { code, stdout } = await cli(['quantize', model, '--config', signed, '--output', out, ...flags]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/EXE152 .*int8/);
  expect(stdout).toContain('\nskip_quant_node=softmax\nnodes_to_exclude=["softmax"]');
  const session = await InferenceSession.create(out);
  const { probabilities } = await session.run({ image: new Tensor('float32', new Float32Array(784), [1, 1, 28, 28]) });
  expect(probabilities?.dims).toEqual([1, 10]);
});

describe('quantize, on the sample', () => {
  const out = join(folder, 'new', 'int8.onnx');
  const reports = join(folder, 'reports');
  const json = join(folder, 'result.json');
  let ended: Ended;

  beforeAll(async () => {
    const files = ['--output', out, '--report', reports, '--json', json, '--threads', '1'];
    ended = await cli(['quantize', model, '--config', config, ...files]);
  });

  test('ends well, and prints nodes worst first, the output, accuracy, sizes and where the files are', () => {
    expect(ended.stderr).not.toMatch(/error/i);
    expect(ended.code).toBe(0);
    const { stdout } = ended;
    expect(stdout).toContain(
      'FULL_QUANT, target onnxruntime, activations uint8 asymmetric by MAX_MIN, weights int8 symmetric per channel, biases corrected',
    );
    expect(stdout).toMatch(/^note SHP103 .*batch dimension N/m);
    expect(stdout).toMatch(/node +operator +form +cosine/);
    const cosines = [...stdout.matchAll(/^\S+ +\w+ +\w+ +(\d\.\d{6}) /gm)].map((m) => Number(m[1]));
    expect(cosines.length).toBeGreaterThan(3);
    expect(cosines).toEqual([...cosines].sort((a, b) => a - b));
    expect(stdout).toMatch(/output probabilities: cosine 0\.99|output \S+: cosine (0\.9|1\.0)/);
    expect(stdout).toMatch(/top-1 of 20: float [\d.]+ %, quantized [\d.]+ %/);
    expect(stdout).toMatch(/weights: float [\d.]+ KiB, quantized [\d.]+ KiB/);
    expect(stdout).toContain(reports);
    expect(stdout).toContain(out);
  });

  test('the JSON has the fields that scripts rely on, and no others', () => {
    const result = JSON.parse(readFileSync(json, 'utf8'));
    expect(Object.keys(result)).toEqual([
      ...[
        'model',
        'config',
        'quantType',
        'method',
        'elapsedMs',
        'peakRssBytes',
        'outputs',
        'nodes',
        'accuracy',
        'sizes',
      ],
      ...['autoTune', 'differences', 'clusters', 'requantizers', 'diagnostics'],
    ]);
    expect(Object.keys(result.outputs[0])).toEqual(['name', 'cosine', 'sqnrDb', 'noiseToSignal']);
    for (const node of result.nodes)
      expect(Object.keys(node)).toEqual([
        ...['handle', 'opType', 'form', 'precision', 'quantized', 'why'],
        ...['cosine', 'sqnrDb', 'localSqnrDb', 'clipRate'],
      ]);
    expect(result.nodes.map((n: { handle: string }) => n.handle)).toEqual([
      ...['conv1', 'relu1', 'pool1', 'flatten', 'fc', 'softmax'],
    ]);
    expect(result.accuracy).toEqual({
      samples: 20,
      top1: { float: expect.any(Number), quantized: expect.any(Number) },
      top5: { float: expect.any(Number), quantized: expect.any(Number) },
      discordant: { float: expect.any(Number), quantized: expect.any(Number) },
    });
    expect(result.sizes.quantized).toBeLessThan(result.sizes.float / 2);
    expect(result.elapsedMs).toBeGreaterThan(0);
    expect(result.peakRssBytes).toBeGreaterThan(10e6);
  });

  test('the reports are one round per calibration sample, and the summaries', () => {
    const names = readdirSync(reports);
    expect(names.filter((name) => name.startsWith('round_'))).toHaveLength(10);
    expect(names).toEqual(expect.arrayContaining(['quant_param.csv', 'output_summary.csv', 'report.json']));
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('the model loads in ONNX Runtime and gives probabilities', async () => {
    const session = await InferenceSession.create(out);
    const image = new Tensor('float32', new Float32Array(28 * 28).fill(0.5), [1, 1, 28, 28]);
    const results = await session.run({ [session.inputNames[0] as string]: image });
    const [output] = Object.values(results);
    const probabilities = Array.from((output?.data ?? []) as Float32Array);
    expect(probabilities).toHaveLength(10);
    expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 1);
  });
});

test("converter_lite's own flags mean quantize, and --json - prints nothing else", async () => {
  const out = join(folder, 'lite');
  const flags = ['--fmk=ONNX', `--modelFile=${model}`, `--configFile=${config}`, `--outputFile=${out}`];
  const { code, stdout } = await cli([...flags, '--json', '-']);
  expect(code).toBe(0);
  expect(existsSync(`${out}.onnx`)).toBe(true);
  expect(JSON.parse(stdout).outputs).toHaveLength(1);
  const other = await cli(['--fmk=TFLITE', ...flags.slice(1)]);
  expect(other.code).toBe(1);
  expect(other.stderr).toMatch(/^CLI104 .*TFLITE is not supported; ONNX is\n$/);
});

test('all errors of a config are told at their lines, with exit code 1', async () => {
  const bad = join(sample, 'bad.cfg');
  const text = readFileSync(config, 'utf8')
    .replace('=MAX_MIN', '=MAXMIN')
    .replace('per_channel=true', 'per_chanel=true');
  writeFileSync(bad, text);
  const ended = await cli(['quantize', model, '--config', bad]);
  expect(ended.code).toBe(1);
  const lineOf = (key: string): number => text.split('\n').findIndex((line) => line.startsWith(key)) + 1;
  const method = `^CFG104 \\S+bad\\.cfg:${lineOf('activation_quant_method')}: .*MAXMIN is not.*MAX_MIN`;
  expect(ended.stderr).toMatch(new RegExp(method, 'm'));
  expect(ended.stderr).toMatch(new RegExp(`^CFG108 \\S+bad\\.cfg:${lineOf('per_chanel')}: .*per_channel`, 'm'));
  expect(looksClean(ended)).toBe(true);
});

test('the rules of converter_lite are a target, and exit code 0', async () => {
  const other = join(sample, 'other.cfg');
  writeFileSync(other, readFileSync(config, 'utf8').replace('[quantscope]', '[quantscope]\ntarget=mindspore'));
  const ended = await cli(['quantize', model, '--config', other]);
  expect(ended.stdout).toMatch(/output \S+: cosine 0\.99|output \S+: cosine 1/);
  expect(ended.code).toBe(0);
});

test.each([
  ['before the samples are read', /reading …|calibrating …/],
  ['while the model is evaluated', /evaluating …/],
])('Ctrl+C %s leaves no file half-written', async (_when, moment) => {
  const out = mkdtempSync(join(folder, 'interrupted-'));
  const reports = join(out, 'reports');
  const args = ['quantize', model, '--config', join(SAMPLE, 'full_quant.cfg'), '--output', join(out, 'out.onnx')];
  let sent = false;
  const ended = await cli([...args, '--report', reports, '--threads', '1'], (text, interrupt) => {
    if (!sent && moment.test(text)) interrupt();
    sent ||= moment.test(text);
  });
  expect(sent).toBe(true);
  expect(ended.stderr).toMatch(/cancelled\n$/);
  expect(ended.code).toBe(1);
  expect(existsSync(join(out, 'out.onnx'))).toBe(false);
  const left = readdirSync(out, { recursive: true, encoding: 'utf8' });
  expect(left.filter((name) => name.endsWith('.tmp') || name.endsWith('report.json'))).toEqual([]);
});

test.each([
  ['--output', 'the model'],
  ['--report', 'the reports'],
  ['--json', 'the result'],
])('%s whose name is taken by something else is a clear error: %s', async (option) => {
  const taken = mkdtempSync(join(folder, 'taken-'));
  const place = option === '--report' ? model : taken;
  const ended = await cli(['quantize', model, '--config', config, option, place, '--threads', '1']);
  expect(ended.stderr).toMatch(/^SES410 \S+: it cannot be written: /m);
  expect(looksClean(ended)).toBe(true);
  expect(ended.code).toBe(1);
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
