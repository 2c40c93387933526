import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Tensor } from '../../src/base/tensor.ts';
import type { ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { restoreQOperators } from '../../src/passes/expandQOperators.ts';
import { type FileQuantization, stripQdq } from '../../src/passes/recoverQdq.ts';
import { type OpenModel, openModel } from '../../src/session/model.ts';
import { compileModel } from '../exec/golden.ts';
import { describeWithShared } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { differences } from './compareSteps.ts';
import { saveOptimized } from './ortTensors.ts';
import { quantCases } from './quantPairsCases.ts';
import { openCase, runFreely } from './quantRun.ts';
import { printTable, temporaryFolder } from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

const ON_CODES = /^(QLinear|QGemm$)/;
const CASES =
  /mobilenet|conv_qdq_s8s8|optimization__dup_qdq$|squeezenet\.minmax\.pc\.u8|(ultraface|yolox_nano)\/minmax\.pc\.u8/;

describeWithShared('operators on codes, as ONNX Runtime puts them in place of conversions,', () => {
  const folder = temporaryFolder();
  const rows: Record<string, string | number>[] = [];
  let kernels: KernelSet;
  beforeAll(async () => {
    kernels = await wasmKernels();
  });
  afterAll(() => {
    folder.remove();
    printTable('Models with operators on codes beside the same models between conversions', rows);
  });

  const cases = quantCases().filter(({ name }) => CASES.test(name));

  test('are in the models', () => {
    expect(cases.length).toBeGreaterThan(5);
  });

  test.each(cases.map((c) => [c.name, c] as const))(
    'have a float model, and run as in the file: %s',
    async (name, c) => {
      const path = join(folder.path, 'fused.onnx');
      await saveOptimized(c.path, 'extended', path);
      const { model, qdq } = await openModel(nodeFiles, path);
      const isOnCodes = (n: { readonly opType: string }): boolean => ON_CODES.test(n.opType);
      expect(model.graph.nodes.some(isOnCodes)).toBe(true);
      expect(qdq.graph.nodes.filter(isOnCodes)).toEqual([]);

      const file = await openCase({ ...c, path }, kernels);
      const restored = { ...qdq, ...restoreQOperators(qdq, model.graph, qdq.graph) };
      expect(restored.graph.nodes.map((n) => n.opType).sort()).toEqual(model.graph.nodes.map((n) => n.opType).sort());
      const program = await compileModel(restored, file.feeds, kernels, { file: name });
      const [expected, found] = [runFreely(file), runFreely({ ...file, model: restored, program })];
      for (const [id, t] of found) {
        const origin = expected.get(id);
        if (origin !== undefined && model.graph.values.has(id)) expect(differences(t, origin).different).toBe(0);
      }
      program.release();
      file.program.release();

      const [ours, theirs] = [await floatOutputs(path, c.feeds), await floatOutputs(c.path, c.feeds)];
      for (const [output, t] of theirs) {
        const { most } = differences(ours.get(output) as Tensor, t);
        expect(most).toBe(0);
        rows.push({ model: name, 'on codes': model.graph.nodes.filter(isOnCodes).length, output, most });
      }
    },
  );

  /** Of the float form of a quantized file, by name. */
  async function floatOutputs(
    path: string,
    feedsOf: (model: OpenModel['model']) => Promise<Map<ValueId, Tensor>>,
  ): Promise<Map<string, Tensor>> {
    const { file, qdq, quantization } = await openModel(nodeFiles, path);
    const feeds = await feedsOf(qdq);
    const stripped = stripQdq(qdq, quantization as FileQuantization, { kernels });
    const program = await compileModel(stripped, feeds, kernels, { file });
    const made = program.start(feeds, {}).finish();
    program.release();
    return new Map([...made].map(([id, t]) => [qdq.graph.values.get(id)?.name ?? '', t]));
  }
});
