import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NEVER } from '../../src/base/abort.ts';
import { tensor } from '../../src/base/tensor.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { NodeDetails, RunView } from '../../src/protocol/views.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { model } from '../models/model.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'quantscope-imported-'));
const configPath = join(folder, 'full_quant.cfg');
const REPORT_PATH = /^(debug_info_save_path=).*$/m;
let configText = '';
let ours: Session;
let original: RunView;

async function open(name: string): Promise<Session> {
  const kernels = createJsKernels();
  const session = createSession({ kernels, files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined });
  await session.open(join(folder, name));
  return session;
}

const withOurs = (...lines: readonly string[]): string =>
  configText.replace('[quantscope]', ['[quantscope]', ...lines].join('\n'));
const withSkip = (text: string, names: string): string =>
  text.replace('bit_num=8', `bit_num=8\nskip_quant_node=${names}`);
const idOf = (run: RunView, handle: string): number => run.nodes.find((n) => n.handle === handle)?.nodeId ?? -1;

async function parameters(session: Session, run: RunView, handle: string): Promise<NodeDetails['tensors']> {
  return (await session.details(idOf(run, handle))).tensors;
}

type CsvRow = Readonly<Record<string, string>>;

/** Lines of a report by the names of its columns, without their running number. */
function csvRows(report: string, name: string): CsvRow[] {
  const text = readFileSync(join(folder, report, name), 'utf8');
  const [columns = [], ...lines] = text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  const named = columns.flatMap((column, i) => (column === '' ? [] : [[column, i] as const]));
  return lines.map((cells) => Object.fromEntries(named.map(([column, i]) => [column, cells[i] ?? ''])));
}

beforeAll(async () => {
  cpSync(SAMPLE, folder, { recursive: true });
  configText = readFileSync(configPath, 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=12')
    .replace('evaluate_size=500', 'evaluate_size=20')
    .replace(REPORT_PATH, '$1first');
  ours = await open('mnist.onnx');
  original = await ours.quantize({ configText, configPath });
  await ours.exportModel(join(folder, 'coded.onnx'));
  await ours.exportModel(join(folder, 'operators.onnx'), 'QOPERATOR');
  writeFileSync(join(folder, 'integers.onnx'), await integerModel());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A product of codes without a float weight behind it. */
function integerModel(): Promise<Uint8Array> {
  const weight = Int8Array.from({ length: 7840 }, (_, i) => ((i * 37) % 255) - 127);
  return model()
    .input('image', [1, 1, 28, 28])
    .constant('scale', tensor('float32', [], Float32Array.of(1 / 255)))
    .constant('zero', tensor('uint8', [], Uint8Array.of(0)))
    .constant('weight', tensor('int8', [784, 10], weight))
    .node('QuantizeLinear', { inputs: ['image', 'scale', 'zero'] })
    .node('Flatten', { outputs: ['flat'] })
    .node('MatMulInteger', { inputs: ['flat', 'weight', 'zero'], outputs: ['sums'] })
    .node('Cast', { attributes: { to: 1 }, outputs: ['logits'] })
    .output('logits')
    .build()
    .bytes();
}

describe('a model that is quantized in its file', () => {
  test('is recognised, with its parameters, before anything runs', async () => {
    const session = await open('coded.onnx');
    const view = await session.open(join(folder, 'coded.onnx'));
    expect(view.quantization).toEqual({
      format: 'QDQ',
      activations: 6,
      activationTypes: ['uint8'],
      weights: 4,
      weightTypes: ['int8', 'int32'],
      integerOperators: 0,
    });
    const conv = view.nodes.find((n) => n.opType === 'Conv');
    const [x, weight] = (await session.details(conv?.id ?? -1)).tensors;
    const [x0, weight0] = await parameters(ours, original, 'conv1');
    expect(x?.quant).toEqual(x0?.quant);
    expect(weight?.quant).toEqual(weight0?.quant);
  });

  test('measured against its float parent gives what its own run gave', async () => {
    const session = await open('coded.onnx');
    const run = await session.quantize({ configText: withOurs('float_model=mnist.onnx'), configPath });
    expect(run.diagnostics.filter((d) => d.code.startsWith('SES41'))).toEqual([]);
    expect(run.outputs).toEqual(original.outputs);
    expect(run.accuracy).toEqual(original.accuracy);
    for (const handle of ['pool1', 'fc', 'softmax']) {
      const now = run.nodes.find((n) => n.handle === handle);
      const then = original.nodes.find((n) => n.handle === handle);
      expect([handle, now?.cosine, now?.sqnrDb, now?.form]).toEqual([handle, then?.cosine, then?.sqnrDb, then?.form]);
    }
    for (const handle of ['pool1', 'fc', 'softmax']) {
      const quants = (tensors: NodeDetails['tensors']) => tensors.map((t) => [t.role, t.quant, t.fileQuant]);
      const then = quants(await parameters(ours, original, handle));
      expect([handle, quants(await parameters(session, run, handle))]).toEqual([handle, then]);
    }
    const [, weight] = await parameters(session, run, 'fc');
    const [, weight0] = await parameters(ours, original, 'fc');
    expect(weight?.cosine).toBe(weight0?.cosine);
  });

  test('reports the figures and parameters of its own run, under the names of the file', async () => {
    const session = await open('coded.onnx');
    const own = withOurs('float_model=mnist.onnx').replace(REPORT_PATH, '$1again');
    await session.quantize({ configText: own, configPath });
    for (const name of ['quant_param.csv', 'round_0.csv', 'round_7.csv']) {
      const of = (rows: readonly CsvRow[], node: string) =>
        rows.filter((r) => r.NodeName === node).map(({ NodeName, TensorName, ...figures }) => figures);
      const [then, now] = [csvRows('first', name), csvRows('again', name)];
      for (const handle of ['pool1', 'fc', 'softmax']) {
        expect(of(then, handle)).not.toEqual([]);
        expect([name, handle, of(now, handle)]).toEqual([name, handle, of(then, handle)]);
      }
    }
    expect(csvRows('again', 'output_summary.csv')).toEqual(csvRows('first', 'output_summary.csv'));
    const values = new Set((await session.open(join(folder, 'coded.onnx'))).values.map((v) => v.name));
    for (const { TensorName } of csvRows('again', 'round_0.csv')) expect(values).toContain(TensorName);
  });

  test('without a parent is measured against what its codes stand for: weights then have no error', async () => {
    const session = await open('coded.onnx');
    const run = await session.quantize({ configText, configPath });
    const [, weight] = await parameters(session, run, 'fc');
    expect(weight?.cosine).toBe(1);
    expect(run.outputs[0]?.cosine).toBeGreaterThan(0.999);
  });

  test('is said not to be clustered, and compares both requantizers', async () => {
    const session = await open('coded.onnx');
    const params = { configText: withOurs('clusters=16', 'multiplier_bits=4'), configPath, compareRequantizers: true };
    const run = await session.quantize(params);
    expect(run.clusters).toBeNull();
    const [said] = run.diagnostics.filter((d) => d.code === 'SES423');
    expect(said?.message).toMatch(/^the model is quantized in its file, .*: clusters is not applied/);
    expect(run.requantizers?.nodes.map((n) => n.opType)).toEqual(['Conv', 'Gemm']);
    for (const { differences } of run.requantizers?.nodes ?? []) expect(differences?.different).toBeGreaterThan(0);
  });

  test('a skipped node reads its input as it was before QuantizeLinear, and the rest stays', async () => {
    const session = await open('coded.onnx');
    const base = await session.quantize({ configText: withOurs('float_model=mnist.onnx'), configPath });
    const text = withSkip(withOurs('float_model=mnist.onnx'), 'fc');
    const trial = await session.trial({ configText: text, configPath, samples: 8 });
    const fc = trial.run.nodes.find((n) => n.handle === 'fc');
    expect(fc?.skipped).toBe(true);
    expect(trial.added).toEqual(['fc']);
    expect(trial.run.outputs[0]?.cosine).not.toBe(trial.base[0]?.cosine);
    const back = await session.trial({ configText: withOurs('float_model=mnist.onnx'), configPath, samples: 8 });
    expect(back.run.outputs).toEqual(trial.base);
    expect(base.nodes.find((n) => n.handle === 'fc')?.canSkip).toBe(true);
  });

  test('quantized anew by the same config has the parameters it had, beside those of the file', async () => {
    const session = await open('coded.onnx');
    const text = withOurs('imported_model=requantize', 'float_model=mnist.onnx', 'activation_type=int8').replace(
      /^activation_type=uint8\n/m,
      '',
    );
    const run = await session.quantize({ configText: text, configPath });
    const [x] = await parameters(session, run, 'fc');
    const [x0] = await parameters(ours, original, 'fc');
    expect(x?.fileQuant).toEqual(x0?.quant);
    expect(x?.quant?.dtype).toBe('int8');
    expect(x?.quant?.scale).toEqual(x0?.quant?.scale);
  });

  test('each node left float costs in a sweep what it costs in a trial', async () => {
    const session = await open('coded.onnx');
    const text = withOurs('float_model=mnist.onnx');
    await session.quantize({ configText: text, configPath });
    const request = { mode: 'leaveOneOut', part: 'both', judge: { id: 'cosine' }, samples: 8, verify: null } as const;
    const view = await session.sweeps.run(request, [], () => undefined, NEVER);
    const measured = view.entries.filter((e) => e.value !== null);
    expect(measured.length).toBeGreaterThan(1);
    const weights = session.sweeps.run({ ...request, part: 'weights' }, [], () => undefined, NEVER);
    await expect(weights).rejects.toThrow(/^SES465 .*the weights of a node alone cannot be changed/);
    for (const { handle, value } of measured) {
      const trial = await session.trial({ configText: withSkip(text, handle), configPath, samples: 8 });
      expect([handle, value]).toEqual([handle, trial.run.outputs[0]?.cosine]);
    }
  });

  test('operators on codes are measured as the conversions of the same model are, and left float', async () => {
    const session = await open('operators.onnx');
    const text = withOurs('float_model=mnist.onnx');
    const run = await session.quantize({ configText: text, configPath });
    expect(run.diagnostics.filter((d) => d.severity === 'warning')).toEqual([]);
    const figuresOf = ({ nodes }: RunView, handle: string) => {
      const { cosine, sqnrDb, localSqnrDb, form } = nodes.find((n) => n.handle === handle) ?? {};
      return { cosine, sqnrDb, localSqnrDb, form };
    };
    for (const handle of ['pool1', 'flatten', 'fc'])
      expect(figuresOf(run, handle), handle).toEqual(figuresOf(original, handle));
    expect(figuresOf(run, 'conv1')).toEqual(figuresOf(original, 'relu1'));
    expect(run.nodes.find((n) => n.handle === 'softmax')).toMatchObject({ form: 'integer', opType: 'QLinearSoftmax' });
    const weight = (await parameters(session, run, 'fc')).find((t) => t.kind === 'Weight' && t.dims?.length === 2);
    expect(weight?.sqnrDb).toBeGreaterThan(20);

    const trial = await session.quantize({ configText: withSkip(text, 'softmax'), configPath });
    expect(trial.nodes.find((n) => n.handle === 'softmax')?.form).toBe('skipped');
    expect(trial.outputs[0]?.sqnrDb).toBeGreaterThan(run.outputs[0]?.sqnrDb ?? Number.NaN);
    const fresh = await session.quantize({ configText: withSkip(text, 'fc,softmax'), configPath });
    expect(fresh.outputs[0]?.sqnrDb).toBeGreaterThan(trial.outputs[0]?.sqnrDb ?? Number.NaN);
  });

  test('a sweep and a search of operators on codes find what leaving them float wins', async () => {
    const session = await open('operators.onnx');
    const configTextOfFloat = withOurs('float_model=mnist.onnx');
    const run = await session.quantize({ configText: configTextOfFloat, configPath });
    const request = { mode: 'leaveOneOut', part: 'both', judge: { id: 'sqnrDb' }, samples: 8, verify: null } as const;
    const swept = await session.sweeps.run(request, [], () => undefined, NEVER);
    expect(swept.done).toBe(swept.total);
    expect(run.nodes.filter((n) => n.canSkip).length).toBeGreaterThan(2);
    const goal = { kind: 'skip', target: { value: 0.9999999 } } as const;
    const judge = { id: 'cosine' } as const;
    const { best } = await session.searches.run({ judge, samples: 8, budget: 20, goal }, () => undefined);
    expect(best?.handles).toContain('softmax');
  });

  test('what is made of integers alone cannot be left float: a sweep, a search and a float model say so', async () => {
    const session = await open('integers.onnx');
    const run = await session.quantize({ configText, configPath });
    expect(run.nodes.some((n) => n.canSkip)).toBe(false);
    const request = { mode: 'leaveOneOut', part: 'both', judge: { id: 'cosine' }, samples: 8, verify: null } as const;
    const swept = session.sweeps.run(request, [], () => undefined, NEVER);
    await expect(swept).rejects.toThrow(/^SES466 .*no node that is quantized can be left float/);
    const goal = { kind: 'skip', target: { value: 0.99999999 } } as const;
    const searched = session.searches.run({ judge: request.judge, samples: 8, budget: 20, goal }, () => undefined);
    await expect(searched).rejects.toThrow(/^SES463 .*none to skip/);
    const helped = session.quantize({ configText: withOurs('float_model=mnist.onnx'), configPath });
    await expect(helped).rejects.toThrow(
      /^SES467 mnist\.onnx: .*integers\.onnx has no constant of codes behind a DequantizeLinear .* compute on codes/,
    );
  });

  test('skips are searched, and bits of weights refused by name', async () => {
    const session = await open('coded.onnx');
    const text = withOurs('float_model=mnist.onnx');
    await session.quantize({ configText: text, configPath });
    const base = { judge: { id: 'cosine' }, samples: 8, budget: 20 } as const;
    const goal = { kind: 'skip', target: { value: 0.99999999 } } as const;
    const { best, ended } = await session.searches.run({ ...base, goal }, () => undefined);
    expect(ended).not.toBe('cancelled');
    expect(best?.handles.length).toBeGreaterThan(0);
    const bits = session.searches.run({ ...base, goal: { kind: 'bits', bytes: 10_000 } }, () => undefined);
    await expect(bits).rejects.toThrow(/^SES465 .*quantized in its file.*bits of weights cannot be changed/);
  });

  test('a diagnosis tries what can be carried out: leaving nodes float', async () => {
    const session = await open('coded.onnx');
    await session.quantize({ configText: withOurs('float_model=mnist.onnx'), configPath });
    const request = { judge: { id: 'cosine' }, samples: 4, nodes: 8, cures: true, data: false } as const;
    const view = await session.diagnoses.run(request, () => undefined);
    expect(view.done).toBe(true);
    expect(view.whole).toBeNull();
    const tried = view.causes.flatMap((c) => [...c.cures, ...c.tried]);
    for (const { kind } of tried) expect(['skip', 'unskip']).toContain(kind);
  });

  test('a float model that is no relative is refused by name', async () => {
    const session = await open('coded.onnx');
    cpSync(join(folder, 'coded.onnx'), join(folder, 'other.onnx'));
    const run = session.quantize({ configText: withOurs('float_model=other.onnx'), configPath });
    await expect(run).rejects.toThrow(/^SES412 other\.onnx: no node of coded\.onnx has a counterpart in float_model/);
  });
});
