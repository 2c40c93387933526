import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Tensor } from '../../src/base/tensor.ts';
import type { Model, Node, ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { loadAttributeTensors } from '../../src/ops/attributes.ts';
import { findOp } from '../../src/ops/registry.ts';
import { openModel } from '../../src/session/model.ts';
import { describeWithShared } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { differences } from './compareSteps.ts';
import { runOrt, saveOptimized, type Values } from './ortTensors.ts';
import { type QuantCase, quantCases } from './quantPairsCases.ts';
import { evaluated, roundsOtherwise } from './quantRun.ts';
import { printTable, temporaryFolder } from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

/** Operators that ONNX Runtime's fusions make and we do not run, with the reason. */
const UNSUPPORTED: Readonly<Record<string, string>> = {};

interface Tally {
  readonly operator: string;
  nodes: number;
  elements: number;
  different: number;
  most: number;
}

describeWithShared("nodes of quantized models, on ONNX Runtime's tensors", () => {
  const folder = temporaryFolder();
  const tallies = new Map<string, Tally>();
  const unsupported = new Set<string>();
  let kernels: KernelSet;

  beforeAll(async () => {
    kernels = await wasmKernels();
  });
  afterAll(() => {
    folder.remove();
    printTable(
      'Nodes alone, element by element',
      [...tallies.values()].sort((a, b) => a.operator.localeCompare(b.operator)).map((t) => ({ ...t })),
    );
  });

  const cases = quantCases().map((c) => [c.name, c] as const);

  // Its 120 million elements take 10 s, and its codes are compared step by step elsewhere.
  const light = cases.filter(([name]) => !name.includes('yolox_nano'));

  test('finds the models', () => {
    expect(cases.length).toBeGreaterThan(40);
  });

  test.each(light)('%s as it was quantized', async (_, c) => {
    expect(await compareNodes(c, c.path)).toEqual([]);
  });

  test.each(cases)('%s as ONNX Runtime fuses it: QOperator form', async (_, c) => {
    const path = join(folder.path, 'fused.onnx');
    await saveOptimized(c.path, 'extended', path);
    expect(await compareNodes(c, path)).toEqual([]);
  });

  test('names all operators that are not compared, and has compared the others', () => {
    expect([...unsupported].sort()).toEqual(Object.keys(UNSUPPORTED).sort());
    const seen = [...tallies.keys()].map((operator) => operator.replace(/ to .*/, ''));
    expect(seen).toEqual(
      expect.arrayContaining(['QLinearConv', 'com.microsoft.QLinearAdd', 'MatMulInteger', 'com.microsoft.QGemm']),
    );
  });

  /** Nodes that make other elements than ONNX Runtime does. */
  async function compareNodes(c: QuantCase, path: string): Promise<readonly string[]> {
    const { model } = await openModel(nodeFiles, path);
    const graph = await loadAttributeTensors(model.graph);
    const compared = graph.nodes.filter((n) => n.opType !== 'Constant' && isCompared(model, n));
    const wanted = new Set(compared.flatMap((n) => [...n.inputs, ...n.outputs]).filter((id) => id !== undefined));
    for (const v of graph.values.values()) if (v.constant !== undefined) wanted.delete(v.id);
    const feeds = await c.feeds(model);
    const { values } = await runOrt(model, feeds, { folder: folder.path, level: 'disabled', wanted });
    const known = new Map([...values, ...(await constantsOf(model))]);
    return compared.flatMap((n) => compareNode(model, n, known));
  }

  function compareNode(model: Model, node: Node, known: Values): readonly string[] {
    const wrong: string[] = [];
    for (const [id, found] of evaluated(model, kernels, node, known)) {
      const expected = known.get(id);
      if (expected === undefined) continue;
      expect([found.dtype, found.dims], node.handle).toEqual([expected.dtype, expected.dims]);
      const { different, most } = differences(found, expected);
      const operator = `${node.domain === '' ? '' : `${node.domain}.`}${node.opType} to ${found.dtype}`;
      const tally = tallies.get(operator) ?? { operator, nodes: 0, elements: 0, different: 0, most: 0 };
      tally.nodes++;
      tally.elements += found.data.length;
      tally.different += different;
      tally.most = Math.max(tally.most, most);
      tallies.set(operator, tally);
      if (different > 0) wrong.push(`${node.handle} (${operator}): ${different} of ${found.data.length}, by ${most}`);
    }
    return wrong;
  }

  function isCompared(model: Model, node: Node): boolean {
    if (findOp(node.domain, node.opType, model.opsets.get(node.domain) ?? 1) === undefined) {
      unsupported.add(`${node.domain}.${node.opType}`);
      return false;
    }
    return !roundsOtherwise(node);
  }
});

async function constantsOf({ graph }: Model): Promise<Map<ValueId, Tensor>> {
  const constants = new Map<ValueId, Tensor>();
  for (const { id, constant } of graph.values.values()) {
    if (constant !== undefined) constants.set(id, await constant.load());
  }
  return constants;
}
