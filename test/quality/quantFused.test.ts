import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { describeWithShared } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { apart } from './compareSteps.ts';
import { runOrt, saveOptimized } from './ortTensors.ts';
import { quantCases } from './quantPairsCases.ts';
import { integerValues, openCase, roundsOtherwise, runFreely } from './quantRun.ts';
import { printTable, temporaryFolder } from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

/** Models whose convolutions ONNX Runtime turns to channels last at level all, and uses no layout of its own machine. */
const CHANNELS_LAST = /mobilenet|minmax\.pt\.u8|ultraface\/minmax\.pc\.u8|multi_consumer_dq_nodes/;

describeWithShared('models in QOperator form, as ONNX Runtime saves them, run freely', () => {
  const folder = temporaryFolder();
  const rows: Record<string, string | number>[] = [];
  let kernels: KernelSet;

  beforeAll(async () => {
    kernels = await wasmKernels();
  });
  afterAll(() => {
    folder.remove();
    printTable('Elements that differ from ONNX Runtime, whole models', rows);
  });

  const cases = quantCases().flatMap((c) => [
    [c.name, 'extended', c] as const,
    ...(CHANNELS_LAST.test(c.name) ? [[c.name, 'all', c] as const] : []),
  ]);

  test('finds the models', () => {
    expect(cases.length).toBeGreaterThan(40);
  });

  test.each(cases)('%s, saved at level %s', async (name, level, c) => {
    const path = join(folder.path, 'fused.onnx');
    await saveOptimized(c.path, level, path);
    const open = await openCase({ ...c, path }, kernels);
    const { model, program, feeds } = open;
    const convolutions = model.graph.nodes.filter((n) => n.opType === 'QLinearConv');
    if (level === 'all') expect(convolutions.map((n) => n.domain)).toContain('com.microsoft');
    const integers = integerValues(open);
    const theirs = await runOrt(model, feeds, { folder: folder.path, level: 'disabled', wanted: integers });
    const ours = runFreely(open);
    const codes = apart(ours, theirs.values, integers);
    const outputs = apart(program.start(feeds).finish(), theirs.values, model.graph.outputs);
    const sums = model.graph.nodes.filter(roundsOtherwise).length;
    rows.push({
      model: name,
      level,
      nodes: model.graph.nodes.length,
      'of them sum floats': sums,
      codes: codes.elements,
      'codes that differ': codes.different,
      outputs: outputs.elements,
      'outputs that differ': outputs.different,
      'by at most': outputs.most,
    });
    expect(outputs.elements).toBeGreaterThan(0);
    // Where a float sum decides a tie otherwise, what follows differs by as much as it makes of that one code.
    const first = [...integers].find((id) => apart(ours, theirs.values, [id]).different > 0);
    if (first !== undefined) expect(apart(ours, theirs.values, [first]).most).toBe(1);
    if (sums === 0) expect([codes.different, outputs.different]).toEqual([0, 0]);
    program.release();
  });
});
