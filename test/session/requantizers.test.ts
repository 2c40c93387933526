import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { relativeError, toFixedPoint } from '../../src/base/fixedPoint.ts';
import { applyChange } from '../../src/config/changes.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { RequantizersView, RunView } from '../../src/protocol/views.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { wasmKernels } from '../kernels/engines.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const CONFIG = readFileSync(join(SAMPLE, 'full_quant.cfg'), 'utf8')
  .replace('calibrate_size=100', 'calibrate_size=8')
  .replace('evaluate_size=500', 'evaluate_size=6')
  .replace('bias_correction=true', 'bias_correction=false'); // it would make up for the requantizer, too
const folder = mkdtempSync(join(tmpdir(), 'quantscope-requantizers-'));
let kernels: KernelSet;

beforeAll(async () => {
  kernels = await wasmKernels();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly session: Session;
  readonly run: RunView;
  readonly view: RequantizersView;
}

async function quantize(lines: string, compareRequantizers = false): Promise<Ran> {
  const session = createSession({
    kernels,
    files: nodeFiles,
    clock: { now: () => 0 },
    onProgress: () => undefined,
  });
  await session.open(join(SAMPLE, 'mnist.onnx'));
  const configPath = join(SAMPLE, 'full_quant.cfg');
  const reportFolder = folder;
  const run = await session.quantize({
    configText: `${CONFIG}\n${lines}\n`,
    configPath,
    reportFolder,
    compareRequantizers,
  });
  if (run.requantizers === null) throw new Error('the sample has a convolution and a matrix product');
  return { session, run, view: run.requantizers };
}

describe('the multipliers of the sample', () => {
  test('are given for its convolution and its matrix product, whichever flavour runs', async () => {
    const { session, view } = await quantize('');
    expect(view).toMatchObject({ flavour: 'fp32', bits: 31, tolerance: null, comparedOn: null });
    expect(view.nodes.map((n) => [n.handle, n.channels, n.differences])).toEqual([
      ['conv1', 12, null],
      ['fc', 10, null],
    ]);
    for (const { worst, shifts } of view.nodes) {
      expect(worst.mantissa).toBeGreaterThanOrEqual(2 ** 30);
      expect(worst.relativeError).toBeLessThanOrEqual(2 ** -31);
      expect(worst.shift).toBeGreaterThanOrEqual(shifts[0]);
      expect(worst.shift).toBeLessThanOrEqual(shifts[1]);
    }
    for (const node of view.nodes) expect((await session.details(node.nodeId)).requantizer).toEqual(node);
    const { nodes } = await session.open(join(SAMPLE, 'mnist.onnx'));
    expect((await session.details(nodes[0]?.id ?? -1)).requantizer, 'before a run').toBeNull();
  });

  test('are the scale of the activation times that of the weight by that of the output', async () => {
    const { session, view } = await quantize('multiplier_bits=9');
    const fc = view.nodes.find((n) => n.handle === 'fc');
    const { tensors } = await session.details(fc?.nodeId ?? -1);
    const scaleOf = (role: string, kind: string): readonly number[] =>
      tensors.find((t) => t.role === role && t.kind === kind)?.quant?.scale ?? [];
    const [x = NaN] = scaleOf('Input', 'Activation');
    const [y = NaN] = scaleOf('Output', 'Activation');
    const all = scaleOf('Input', 'Weight').map((w) => (x * w) / y);
    const errors = all.map((m) => relativeError(m, toFixedPoint(m, { bits: 9 })));
    const channel = errors.indexOf(Math.max(...errors));
    const multiplier = all[channel] ?? NaN;
    const fixed = toFixedPoint(multiplier, { bits: 9 });
    expect(fc?.worst).toEqual({ channel, multiplier, ...fixed, relativeError: errors[channel] });
  });

  test('keep multiplier_error, or the run names the nodes where they do not', async () => {
    const near = await quantize('requantizer=fixedPoint\nmultiplier_error=0.01');
    expect(near.view.nodes.map((n) => n.withinTolerance)).toEqual([true, true]);
    expect(near.run.diagnostics.filter((d) => d.code === 'SES416')).toEqual([]);
    const [note] = near.run.diagnostics.filter((d) => d.code === 'SES417');
    expect(note?.message).toMatch(/^requantizer=fixedPoint is about sums: in softmax codes become float32/);
    for (const { worst } of near.view.nodes) expect(worst.mantissa).toBeLessThan(128);
    const coarse = await quantize('requantizer=fixedPoint\nmultiplier_error=0.01\nmultiplier_bits=2');
    const [said] = coarse.run.diagnostics.filter((d) => d.code === 'SES416');
    expect(said?.message).toMatch(/^no multiplier of 2 bits keeps multiplier_error in 2 nodes \(conv1 the first\)/);
    expect(coarse.view.nodes.map((n) => n.withinTolerance)).toEqual([false, false]);
  });
});

describe('the two requantizers, on the same integers', () => {
  test('make the same codes with 31 bits, and others with 4, from either side', async () => {
    const exact = await quantize('', true);
    expect(exact.view.comparedOn).toBe(6);
    for (const { differences } of exact.view.nodes) {
      expect(differences?.codes).toBeGreaterThan(0);
      expect(differences?.most).toBeLessThanOrEqual(1);
      // float32 rounds three times: only steps of up to 255 that lie within 3 * 2^-24 of them from a tie differ
      const share = 2 * 255 * 3 * 2 ** -24;
      expect(differences?.different).toBeLessThanOrEqual(share * (differences?.codes ?? 0));
    }
    const coarse = await quantize('multiplier_bits=4', true);
    const [conv, fc] = coarse.view.nodes.map((n) => n.differences);
    expect(conv?.codes).toBe(6 * 12 * 26 * 26);
    expect(fc?.codes).toBe(6 * 10);
    expect(conv?.different).toBeGreaterThan(1000);
    const flavour = await quantize('requantizer=fixedPoint\nmultiplier_bits=4', true);
    expect(flavour.view.nodes[0]?.differences, 'the first node reads the same integers').toEqual(conv);
    const json = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'));
    expect(json.requantizers).toMatchObject({ flavour: 'fixedPoint', bits: 4, comparedOn: 6 });
    expect(json.requantizers.nodes[0]).toMatchObject({ handle: 'conv1', differences: conv });
  });

  test('a model whose nodes stay float has none', async () => {
    const { session } = await quantize('');
    const configText = applyChange(CONFIG, { skip: ['conv1', 'fc'] });
    const params = { configText, configPath: join(SAMPLE, 'full_quant.cfg'), reportFolder: folder };
    const run = await session.quantize({ ...params, compareRequantizers: true });
    expect(run.requantizers).toBeNull();
  });
});
