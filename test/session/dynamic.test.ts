import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NEVER } from '../../src/base/abort.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { createSession, type Session } from '../../src/session/index.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'quantscope-dynamic-'));
const configPath = join(folder, 'dynamic_quant.cfg');
let configText = '';

beforeAll(() => {
  cpSync(SAMPLE, folder, { recursive: true });
  configText = readFileSync(configPath, 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=2')
    .replace('evaluate_size=500', 'evaluate_size=8');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function open(): Promise<Session> {
  const session = createSession({
    kernels: createJsKernels(),
    files: nodeFiles,
    clock: { now: () => 0 },
    onProgress: () => undefined,
  });
  await session.open(join(folder, 'mnist.onnx'));
  return session;
}

function withLine(section: string, line: string): string {
  return configText.replace(`[${section}]\n`, `[${section}]\n${line}\n`);
}

describe('the sample under DYNAMIC_QUANT', () => {
  let session: Session;
  let run: RunView;

  beforeAll(async () => {
    session = await open();
    run = await session.quantize({ configText, configPath });
  });

  test('convolution and product are on integers, the rest says why it is not', () => {
    expect(run.quantType).toBe('DYNAMIC_QUANT');
    expect(run.nodes.map((n) => [n.handle, n.form, n.quantized, n.canSkip])).toEqual([
      ['conv1', 'integer', true, true],
      ['relu1', 'float', false, false],
      ['pool1', 'float', false, false],
      ['flatten', 'float', false, false],
      ['fc', 'integer', true, true],
      ['softmax', 'float', false, false],
    ]);
    const why = new Map(run.nodes.map((n) => [n.handle, n.why]));
    expect(why.get('fc')).toBe('int8 weight per channel (10), the activation becomes uint8 by its range in every run');
    expect(why.get('conv1')).toBe(
      'int8 weight per channel (12), the activation becomes uint8 by its range in every run',
    );
    expect(why.get('pool1')).toBe('DYNAMIC_QUANT does not quantize MaxPool');
  });

  test('the network keeps its answers, convolution and product err', () => {
    expect(run.accuracy?.top1.quantized).toBe(run.accuracy?.top1.float);
    expect(run.outputs[0]?.cosine).toBeGreaterThan(0.999);
    const fc = run.nodes.find((n) => n.handle === 'fc');
    expect(fc?.sqnrDb).toBeGreaterThan(35);
    expect(fc?.sqnrDb).toBeLessThan(60);
    expect(fc?.localSqnrDb).toBeGreaterThan(fc?.sqnrDb ?? 0); // what comes to it errs already
    const conv = run.nodes.find((n) => n.handle === 'conv1');
    expect(conv?.sqnrDb).toBeGreaterThan(35);
    expect(conv?.localSqnrDb).toBe(conv?.sqnrDb); // nothing before it errs
  });

  test('says where converter_lite does otherwise', () => {
    const note = run.diagnostics.find((d) => d.code === 'QNT250');
    expect(note?.message).toMatch(/1 Gemm and 1 Conv stay float there.*int8 by a range that need not hold 0/);
  });

  test('ACWL has one scale for the weight, and a scale for each row that comes', async () => {
    const other = await open();
    const acwl = await other.quantize({ configText: configText.replace('=ALWC', '=ACWL'), configPath });
    expect(acwl.nodes.find((n) => n.handle === 'fc')?.why).toBe(
      'int8 weight per tensor, the activation becomes int8 per row in every run',
    );
    const scales = async (s: Session, r: RunView) => {
      const { tensors } = await s.details(r.nodes.find((n) => n.handle === 'fc')?.nodeId ?? -1);
      return tensors.map((t) => t.quant?.scale.length ?? 0);
    };
    expect(await scales(other, acwl)).toEqual([0, 1, 0, 0]);
    expect(await scales(session, run)).toEqual([0, 10, 0, 0]);
  });

  test('what is skipped leaves a float model, and back again the first figures', async () => {
    const skipped = await session.trial({
      configText: withLine('common_quant_param', 'skip_quant_node=fc,conv1'),
      configPath,
    });
    expect(skipped.run.outputs[0]?.cosine).toBe(1);
    expect(skipped.run.nodes.find((n) => n.handle === 'fc')?.form).toBe('skipped');
    const back = await session.trial({ configText, configPath });
    expect(back.run.outputs).toEqual(back.base);
    expect(back.effort.executed).toBe(0);
  });

  test('node_overrides keep a node float or its weight per layer', async () => {
    const float = await (await open()).quantize({
      configText: withLine('quantscope', 'node_overrides=fc:float32,conv1:float32'),
      configPath,
    });
    expect(float.outputs[0]?.cosine).toBe(1);
    expect(float.nodes.find((n) => n.handle === 'fc')?.why).toBe('float32 in node_overrides');
    const layer = await (await open()).quantize({
      configText: withLine('quantscope', 'node_overrides=fc:per_layer'),
      configPath,
    });
    expect(layer.nodes.find((n) => n.handle === 'fc')?.why).toContain('int8 weight per tensor');
  });

  test('words of node_overrides that have no effect are named', async () => {
    const words = await (await open()).quantize({
      configText: withLine('quantscope', 'node_overrides=fc:int16+symmetric,conv1:int8'),
      configPath,
    });
    const idle = words.diagnostics.filter((d) => d.message.includes('DYNAMIC_QUANT carries out'));
    expect(idle.map((d) => d.message)).toEqual([expect.stringMatching(/fc.*not int16 and symmetric/)]);
  });

  test('sensitivity finds the nodes that err', async () => {
    const request = { mode: 'layerwise', part: 'both', judge: { id: 'cosine' }, samples: 2, verify: null } as const;
    const { entries } = await session.sweeps.run(request, [], () => undefined, NEVER);
    expect(entries.map((e) => e.handle).sort()).toEqual(['conv1', 'fc']);
    expect(entries.every((e) => e.loss !== null && e.loss > 0)).toBe(true);
  });

  test('needs no samples at all', async () => {
    const bare = '[common_quant_param]\nquant_type=DYNAMIC_QUANT\n';
    const without = await (await open()).quantize({ configText: bare, configPath });
    expect(without.samples).toBe(1);
    expect(without.nodes.find((n) => n.handle === 'fc')?.form).toBe('integer');
  });
});
