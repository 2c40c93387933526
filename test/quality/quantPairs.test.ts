import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Tensor } from '../../src/base/tensor.ts';
import type { Program } from '../../src/exec/program.ts';
import type { ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { describeWithShared } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { type Apart, apart, compareSteps, type StepResult } from './compareSteps.ts';
import { type Level, type OrtRun, runOrt } from './ortTensors.ts';
import { quantCases } from './quantPairsCases.ts';
import { floatsBefore, integerValues, type OpenCase, openCase, runFreely } from './quantRun.ts';
import { printTable, temporaryFolder } from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

const LEVELS = ['disabled', 'all'] as const;

/** Kernels of ONNX Runtime that round as equation (R) does, or look codes up: there no tie is left to decide. */
const EXACT = /^(QLinearConv|QGemm|QLinearMatMul|QLinearMul|QLinearConcat|QLinearSigmoid|QLinearSoftmax)$/;

describeWithShared("models quantized elsewhere, on ONNX Runtime's integers", () => {
  const folder = temporaryFolder();
  const parity: Record<string, string | number>[] = [];
  const free: Record<string, string | number>[] = [];
  let kernels: KernelSet;

  beforeAll(async () => {
    kernels = await wasmKernels();
  });
  afterAll(() => {
    folder.remove();
    printTable('Each integer step alone, on the codes of ONNX Runtime', parity);
    printTable('Run freely: share of elements that differ, and the largest distance', free);
  });

  test('finds the models', () => {
    expect(quantCases().length).toBeGreaterThan(40);
  });

  test.each(quantCases().map((c) => [c.name, c] as const))('%s', async (_, c) => {
    const open = await openCase(c, kernels);
    const integers = integerValues(open);
    const probes = await bothLevels(open, integers);
    const steps = { disabled: await stepsOn(open, probes.disabled), all: await stepsOn(open, probes.all) };
    const fused = steps.all.filter((s) => EXACT.test(probes.all.makers.get(s.output) ?? ''));
    if (steps.all.length > 0) parity.push(parityRow(c.name, steps, fused.length));
    for (const s of [...steps.disabled, ...steps.all]) {
      expect([s.handle, s.most], 'codes differ by one at most').toEqual([s.handle, Math.min(s.most, 1)]);
      expect(s.fromTie, `${s.handle} (${s.opType}): ${s.different} of ${s.elements}`).toBeLessThanOrEqual(s.bound);
    }
    expect(fused.filter((s) => s.different > 0).map((s) => s.handle)).toEqual([]);

    for (const level of LEVELS) {
      const { values } = probes[level];
      const given = steps[level].filter((s) => s.different > 0).map((s) => s.output);
      if (level === 'all') given.push(...quantizedFloats(open.program)); // it fuses what we compute in float
      const replayed = runFreely(open, new Map(given.map((id) => [id, values.get(id) as Tensor]))); // compared above
      expect(apart(replayed, values, integers).different, `${level}, with ${given.length} tensors given`).toBe(0);
    }

    const ours = runFreely(open);
    for (const [id, t] of open.program.start(open.feeds).finish()) ours.set(id, t);
    const outputs = await bothLevels(open, []);
    const ties = steps.disabled.reduce((n, s) => n + s.different, 0);
    const weighted = steps.all.filter((s) => /^(Conv|Gemm|MatMul)$/.test(s.opType));
    const integersInAll = weighted.every((s) => fused.includes(s)); // else its levels both sum floats
    for (const [what, ids, runs] of [
      ['codes', integers, probes],
      ['outputs', open.model.graph.outputs, outputs],
    ] as const) {
      const [disabled, all] = [runs.disabled.values, runs.all.values];
      const spread = apart(disabled, all, ids);
      const toLevels = [apart(ours, disabled, ids), apart(ours, all, ids)];
      if (spread.elements > 0) free.push(freeRow(c.name, what, [...toLevels, spread]));
      if (what === 'codes' && ties === 0) expect(toLevels[0]?.different).toBe(0);
      if (what === 'codes' && integersInAll) {
        expect(Math.min(...toLevels.map((d) => d.different))).toBeLessThanOrEqual(spread.different);
        expect(Math.min(...toLevels.map((d) => d.most))).toBeLessThanOrEqual(spread.most);
      }
    }
    open.program.release();
  });

  async function bothLevels(open: OpenCase, wanted: Iterable<ValueId>): Promise<Record<Level, OrtRun>> {
    const at = (level: Level) => runOrt(open.model, open.feeds, { folder: folder.path, level, wanted });
    return { disabled: await at('disabled'), all: await at('all') };
  }
});

function stepsOn(open: OpenCase, { values }: OrtRun): Promise<StepResult[]> {
  return compareSteps({ ...open, codes: values, floatsOf: (step) => floatsBefore(open, step, values) });
}

/** Codes that a QuantizeLinear makes on its own. */
function quantizedFloats({ steps }: Program): readonly ValueId[] {
  return steps.filter((s) => s.form === 'float' && s.node.opType === 'QuantizeLinear').flatMap((s) => s.outputs);
}

function parityRow(model: string, steps: Readonly<Record<Level, readonly StepResult[]>>, fused: number) {
  const different = (level: Level): number => steps[level].reduce((n, s) => n + s.different, 0);
  const ties = [...steps.disabled, ...steps.all].filter((s) => s.different > 0);
  return {
    model,
    steps: steps.all.length,
    codes: steps.all.reduce((n, s) => n + s.elements, 0),
    'ties decided otherwise: disabled': different('disabled'),
    all: different('all'),
    'furthest from a tie': Math.max(0, ...ties.map((s) => s.fromTie)).toExponential(1),
    'share of the bound': Math.max(0, ...ties.map((s) => s.fromTie / s.bound)).toPrecision(2),
    'fused in all': fused,
  };
}

function freeRow(model: string, what: string, [disabled, all, spread]: readonly Apart[]) {
  const cell = (d: Apart | undefined): string =>
    d === undefined || d.elements === 0
      ? '–'
      : `${(d.different / d.elements).toPrecision(2)}, ${d.most.toPrecision(3)}`;
  return {
    model,
    what,
    elements: spread?.elements ?? 0,
    'ours to disabled': cell(disabled),
    'ours to all': cell(all),
    'disabled to all': cell(spread),
  };
}
