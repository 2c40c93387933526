import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cancelled, NEVER } from '../../src/base/abort.ts';
import { applyChange } from '../../src/config/changes.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { NodeFigures, Progress, RunView, TrialView } from '../../src/protocol/views.ts';
import { createSession, type Session } from '../../src/session/index.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'quantscope-sample-'));
const configPath = join(folder, 'full_quant.cfg');
let configText = '';

beforeAll(() => {
  cpSync(SAMPLE, folder, { recursive: true });
  configText = readFileSync(configPath, 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=12')
    .replace('evaluate_size=500', 'evaluate_size=20');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function open(onProgress: (p: Progress) => void = () => undefined): Promise<Session> {
  const session = createSession({ kernels: createJsKernels(), files: nodeFiles, clock: { now: () => 0 }, onProgress });
  await session.open(join(folder, 'mnist.onnx'));
  return session;
}

function withSkip(names: string): string {
  return configText.replace('bit_num=8', `bit_num=8\nskip_quant_node=${names}`);
}

/** What a figure says, without the ids of runs. */
function figures(run: RunView): (NodeFigures | RunView['outputs'])[] {
  return [run.outputs, ...run.nodes];
}

describe('the sample, quantized with its config', () => {
  let session: Session;
  let run: RunView;

  beforeAll(async () => {
    session = await open();
    run = await session.quantize({ configText, configPath });
  });

  test('every node of the file is there once, with its form and its reason', () => {
    expect(run.nodes.map((n) => [n.handle, n.form, n.quantized, n.canSkip])).toEqual([
      ['conv1', 'fused', true, true],
      ['relu1', 'integer', true, true],
      ['pool1', 'integer', true, true],
      ['flatten', 'integer', true, true],
      ['fc', 'integer', true, true],
      ['softmax', 'float', true, true],
    ]);
    for (const n of run.nodes) expect(n.why.length, n.handle).toBeGreaterThan(10);
  });

  test('every quantized node has an error of its own, also one that computes in float between codes', () => {
    const alone = run.nodes.map((n) => [n.handle, n.localSqnrDb === null ? null : n.localSqnrDb > 30]);
    expect(alone).toEqual([
      ['conv1', null],
      ['relu1', true],
      ['pool1', true],
      ['flatten', true],
      ['fc', true],
      ['softmax', true],
    ]);
  });

  test('the quantized network keeps its answers', () => {
    expect(run.outputs).toHaveLength(1);
    expect(run.outputs[0]?.cosine).toBeGreaterThan(0.999);
    expect(run.accuracy?.samples).toBe(20);
    expect(run.accuracy?.top1.quantized).toBe(run.accuracy?.top1.float);
    expect(run.sizes.quantized).toBeLessThan(run.sizes.float / 3);
  });

  test('the same input gives the same figures', async () => {
    expect(figures(await (await open()).quantize({ configText, configPath }))).toEqual(figures(run));
  });

  test('a trial gives what a full run under the same config gives, node by node', async () => {
    for (const skip of ['conv1', 'relu1', 'fc', 'softmax', 'conv1,fc']) {
      const trial = await session.trial({ configText: withSkip(skip), configPath, samples: 8 });
      const fresh = await open();
      const full = await fresh.quantize({
        configText: withSkip(skip).replace('evaluate_size=20', 'evaluate_size=8'),
        configPath,
      });
      expect(figures(trial.run), skip).toEqual(figures(full));
      expect(trial.added.length + trial.removed.length, skip).toBeGreaterThan(0);
    }
  });

  test('taking a skip back gives the first numbers again, without running a node', async () => {
    const before = await session.trial({ configText, configPath, samples: 8 });
    const skipped = await session.trial({ configText: withSkip('fc'), configPath, samples: 8 });
    const after = await session.trial({ configText, configPath, samples: 8 });
    expect(skipped.run.outputs).not.toEqual(before.run.outputs);
    expect(skipped.before).toEqual(before.run.outputs);
    expect(figures(after.run)).toEqual(figures(before.run));
    expect(after.removed).toEqual(['fc']);
    expect(executedSteps(after)).toBeLessThan(executedSteps(skipped));
  });

  test('skipping everything leaves a float model: cosine 1 exactly, no error', async () => {
    const all = run.nodes.map((n) => n.handle).join(',');
    const trial = await session.trial({ configText: withSkip(all), configPath, samples: 8 });
    for (const o of trial.run.outputs) expect(o).toMatchObject({ cosine: 1, sqnrDb: Number.POSITIVE_INFINITY });
    expect(trial.run.nodes.every((n) => !n.quantized)).toBe(true);
    expect(trial.run.diagnostics.map((d) => d.code)).toContain('QNT208');
  });

  test('skipping a clamp shows the convolution before it, and runs nothing of the float model but that', async () => {
    await session.trial({ configText, configPath, samples: 8 });
    const trial = await session.trial({ configText: withSkip('relu1'), configPath, samples: 8 });
    const conv = trial.run.nodes.find((n) => n.handle === 'conv1');
    expect(conv).toMatchObject({ form: 'integer', quantized: true });
    expect(conv?.cosine).toBeGreaterThan(0.999);
    expect(trial.effort).toMatchObject({ reusedSamples: 8, samples: 8 });
  });

  test('more changed than a trial may: it asks for a full run and names the key', async () => {
    const other = applyChange(configText, { settings: [{ section: 'quantscope', key: 'equalization', value: 'on' }] });
    await expect(session.trial({ configText: other, configPath })).rejects.toThrow(/SES402.*equalization/);
  });

  test('sensitivity answers for every node that makes an error, and its clamp has its loss too', async () => {
    await session.trial({ configText, configPath }); // as the config is, whatever was tried before
    const request = { mode: 'layerwise', part: 'both', judge: { id: 'cosine' }, samples: 4, verify: null } as const;
    const view = await session.sweeps.run(request, [], () => undefined, NEVER);
    expect(view.entries.map((e) => e.handle).sort()).toEqual(['conv1', 'fc', 'softmax']);
    expect(view.entries.every((e) => e.loss !== null && e.loss >= 0 && e.loss < 0.1)).toBe(true);
    const column = await session.metrics.column({ metric: 'sensitivity', of: 'mean' });
    expect(column.values.filter((v) => !Number.isNaN(v))).toHaveLength(4);
  });

  test('details hold the parameters and five numbers of each tensor', async () => {
    const trial = await session.trial({ configText, configPath, samples: 8 });
    expect(trial.run.outputs).toEqual(trial.base);
    const fc = run.nodes.find((n) => n.handle === 'fc')?.nodeId ?? -1;
    const details = await session.details(fc);
    expect(details.tensors.map((t) => [t.role, t.kind, t.quant?.dtype, t.quant?.scale.length])).toEqual([
      ['Input', 'Activation', 'uint8', 1],
      ['Input', 'Weight', 'int8', 10],
      ['Input', 'Weight', 'int32', 10],
      ['Output', 'Activation', 'uint8', 1],
    ]);
    for (const { origin, dequant, cosine } of details.tensors) {
      expect(origin !== null && origin.min <= origin.q1 && origin.q1 <= origin.median && origin.q3 <= origin.max).toBe(
        true,
      );
      expect(dequant).not.toBeNull();
      expect(cosine).toBeGreaterThan(0.99);
    }
  });
});

function executedSteps(trial: TrialView): number {
  return trial.effort.executed;
}

describe('a run', () => {
  test('writes one round per calibration sample, the summaries and report.json', async () => {
    const session = await open();
    const reportFolder = join(folder, 'made', 'report');
    const run = await session.quantize({ configText, configPath, reportFolder });
    expect(run.reportFolder).toBe(reportFolder);
    const names = readdirSync(reportFolder).sort();
    expect(names.filter((n) => n.startsWith('round_'))).toHaveLength(12);
    expect(names.filter((n) => !n.startsWith('round_'))).toEqual([
      'output_summary.csv',
      'quant_param.csv',
      'report.json',
      'rounds_summary.csv',
    ]);
    const json = JSON.parse(readFileSync(join(reportFolder, 'report.json'), 'utf8'));
    expect(json.nodes).toHaveLength(6);
    const [header, ...lines] = readFileSync(join(reportFolder, 'round_0.csv'), 'utf8').trimEnd().split('\n');
    expect(header).toBe(
      ',NodeName,NodeType,TensorName,InOutFlag,DataTypeFlag,TensorTypeFlag,Min,Q1,Median,Q3,Max,Mean,Var,Sparsity,Clip,CosineSimilarity,',
    );
    // 17 tensors of 6 nodes (conv1 4, relu1 2, pool1 2, flatten 2, fc 4, softmax 2), Origin and Dequant
    expect(lines).toHaveLength(32);
  });

  test('can be cancelled at any stage, and the session lives on', async () => {
    for (const stage of ['calibrate', 'correct', 'evaluate'] as const) {
      const signal = { aborted: false };
      const session = await open((p) => {
        if (p.stage === stage && p.done > 0) signal.aborted = true;
      });
      const reportFolder = join(folder, `cancelled-${stage}`);
      await expect(session.quantize({ configText, configPath, reportFolder }, signal), stage).rejects.toThrow(
        Cancelled,
      );
      expect(existsSync(join(reportFolder, 'report.json'))).toBe(false);
      signal.aborted = false;
      expect((await session.details(0)).figures).toBeNull();
    }
  });

  test('memory of the kernels does not grow with the number of calibration samples', async () => {
    const peak = async (size: number): Promise<number> => {
      const kernels = createJsKernels();
      const session = createSession({
        kernels,
        files: nodeFiles,
        clock: { now: () => 0 },
        onProgress: () => undefined,
      });
      await session.open(join(folder, 'mnist.onnx'));
      await session.quantize({
        configText: configText.replace('calibrate_size=12', `calibrate_size=${size}`),
        configPath,
      });
      return kernels.memory.peakBytes;
    };
    expect(await peak(100)).toBe(await peak(10));
  });

  test('a skip that names no node is a warning at its line, with the nearest name', async () => {
    const session = await open();
    const run = await session.quantize({ configText: withSkip('conv2'), configPath });
    const found = run.diagnostics.find((d) => d.code === 'CFG131');
    expect(found?.message).toContain('conv1?');
    expect(found?.at.line).toBe(
      withSkip('x')
        .split('\n')
        .findIndex((l) => l.startsWith('skip_quant_node')) + 1,
    );
  });

  test.each([
    ['calibrate_path=image:calibration', 'calibrate_path=picture:calibration', /SES406.*picture.*image:folder/],
    ['calibrate_path=image:calibration', 'calibrate_path=image:nowhere', /DAT.*nowhere/],
    ['calibrate_size=12', 'calibrate_size=1200', /DAT.*100.*1200/],
    ['quant_type=FULL_QUANT', 'quant_type=HALF_QUANT', /CFG104.*HALF_QUANT/],
    ['activation_quant_method=MAX_MIN', 'activation_quant_method=MEAN', /CFG104.*MEAN/],
    ['labels=labels.csv', 'labels=nothing.csv', /SES407.*nothing\.csv/],
  ])('%s changed to %s is an error that says so', async (from, to, message) => {
    const session = await open();
    expect(configText).toContain(from);
    await expect(session.quantize({ configText: configText.replace(from, to), configPath })).rejects.toThrow(message);
    const found = await session.checkConfig(configText.replace(from, to), configPath);
    expect(found.some((d) => d.severity === 'error')).toBe(true);
  });
});

describe('a session', () => {
  test('says what it needs before anything was opened or quantized', async () => {
    const session = createSession({
      kernels: createJsKernels(),
      files: nodeFiles,
      clock: { now: () => 0 },
      onProgress: () => undefined,
    });
    await expect(session.quantize({ configText, configPath })).rejects.toThrow(/SES401/);
    await session.open(join(folder, 'mnist.onnx'));
    await expect(session.metrics.column({ metric: 'cosine', of: 'mean' })).rejects.toThrow(
      /SES401.*Quantize with config/,
    );
  });

  test("shows type and shape of a node's tensors before anything was quantized", async () => {
    const session = await open();
    const { figures: none, tensors } = await session.details(0);
    expect(none).toBeNull();
    expect(tensors.map((t) => [t.name, t.role, t.kind, t.dtype, t.dims, t.quant])).toEqual([
      ['image', 'Input', 'Activation', 'float32', ['N', 1, 28, 28], null],
      ['conv1_weight', 'Input', 'Weight', 'float32', [12, 1, 3, 3], null],
      ['conv1_bias', 'Input', 'Weight', 'float32', [12], null],
      ['conv1_output', 'Output', 'Activation', 'float32', ['N', 12, 26, 26], null],
    ]);
  });
});
