import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { createSession } from '../../src/session/index.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'quantscope-dialect-'));
const rows = new Map<string, readonly (readonly string[])[]>();
const summaries = new Map<string, string>();

beforeAll(async () => {
  cpSync(SAMPLE, folder, { recursive: true });
  const text = readFileSync(join(folder, 'full_quant.cfg'), 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=2')
    .replace('evaluate_size=500', 'evaluate_size=2');
  for (const dialect of ['document', 'converter_lite']) {
    const session = createSession({
      kernels: createJsKernels(),
      files: nodeFiles,
      clock: { now: () => 0 },
      onProgress: () => undefined,
    });
    await session.open(join(folder, 'mnist.onnx'));
    const reportFolder = join(folder, dialect);
    const configText = text.replace('[quantscope]', `[quantscope]\nreport_dialect=${dialect}`);
    await session.quantize({ configText, configPath: join(folder, 'full_quant.cfg'), reportFolder });
    const lines = readFileSync(join(reportFolder, 'round_0.csv'), 'utf8').trimEnd().split('\n');
    rows.set(
      dialect,
      lines.map((line) => line.split(',')),
    );
    summaries.set(dialect, readFileSync(join(reportFolder, 'output_summary.csv'), 'utf8'));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("converter_lite's dialect has its own figures for activations and weights, in the lines of what was measured", () => {
  const [document = [], lite = []] = ['document', 'converter_lite'].map((dialect) => rows.get(dialect));
  const [header = []] = document;
  const column = (name: string): number => {
    expect(header).toContain(name);
    return header.indexOf(name);
  };
  expect(lite[0]).toEqual(header);
  const measured = document.filter((line, i) => i === 0 || line[column('Min')] !== '');
  expect(measured.length).toBe(document.length - 4); // what the convolution gives its ReLU, once per node and side
  expect(lite).toHaveLength(measured.length);
  const names = ['NodeName', 'TensorName', 'DataTypeFlag', 'TensorTypeFlag', 'Min', 'Max', 'Mean'];
  const seen = new Set<string>();
  for (const [i, ours] of measured.entries()) {
    const its = lite[i] ?? [];
    for (const name of names) expect(its[column(name)]).toBe(ours[column(name)]);
    const variance = Number(ours[column('Var')]);
    if (i === 0 || variance === 0) continue;
    expect(Number(its[column('Var')]) / Math.sqrt(variance)).toBeCloseTo(1, 4);
    for (const kind of ['Weight', 'Activation']) if (ours.includes(kind)) seen.add(kind);
  }
  expect([...seen].sort()).toEqual(['Activation', 'Weight']);
  expect(summaries.get('converter_lite')?.split('\n')[0]).toBe(summaries.get('document')?.split('\n')[0]);
});
