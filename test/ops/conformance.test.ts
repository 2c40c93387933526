import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../src/base/bytes.ts';
import { isContainer } from '../../src/base/dtype.ts';
import type { Tensor } from '../../src/base/tensor.ts';
import type { Graph, ValueId } from '../../src/graph/model.ts';
import { allNodes } from '../../src/graph/topo.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { readContainerProto, readModel, readTensorProto } from '../../src/onnx/read.ts';
import { supportedOps } from '../../src/ops/registry.ts';
import { type CaseResult, verifyCase } from '../../src/session/verify.ts';
import { findCases } from '../../src/session/verifyCases.ts';
import { sharedData } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { difference } from './compare.ts';
import { caseNames, extractSuite, readCase } from './conformanceCases.ts';
import { DECIMALS, DRAWN, NOT_PASSING, SUITE } from './conformanceFailures.ts';
import { SUITE_OPS } from './conformanceOps.ts';
import { runGraph, Unsupported } from './runGraph.ts';

/** Roundings a float output may differ by, in units of the type's epsilon times the largest element. */
const STEPS = 32;

const archive = sharedData('conformance/onnx-backend-v1.22.0.tar.gz');

async function outcome(folder: string, name: string, tested: Set<string>): Promise<string> {
  const files = readCase(folder, name);
  const { model } = await readModel(bytesOf(files.model), { file: name });
  const { graph } = model;
  let inputs: readonly Tensor[];
  let outputs: readonly Tensor[];
  try {
    inputs = await readAll(files.inputs, graph.inputs, graph);
    outputs = await readAll(files.outputs, graph.outputs, graph);
  } catch (e) {
    return `unsupported: data ${message(e)}`;
  }
  try {
    const found = await runGraph(model, inputs, createJsKernels());
    for (const [i, expected] of outputs.entries()) {
      const decimals = DECIMALS.get(name);
      const absolute = decimals === undefined ? 0 : 0.5 * 10 ** -decimals;
      const wrong = difference(found[i] as Tensor, expected, STEPS, absolute);
      if (wrong !== undefined) return `fail: output ${i} ${wrong}`;
    }
    if (outputs.length === 0) return 'unsupported: no expected outputs';
    for (const { domain, opType } of allNodes(graph)) tested.add(`${domain}::${opType}`);
    return 'pass';
  } catch (e) {
    return e instanceof Unsupported ? `unsupported: ${e.message}` : `fail: ${message(e)}`;
  }
}

async function readAll(
  files: readonly Uint8Array[],
  ids: readonly ValueId[],
  graph: Graph,
): Promise<readonly Tensor[]> {
  const tensors: Tensor[] = [];
  for (const [i, bytes] of files.entries()) {
    const dtype = graph.values.get(ids[i] as ValueId)?.dtype;
    const read =
      dtype !== undefined && isContainer(dtype)
        ? readContainerProto(bytesOf(bytes), `data_${i}`, dtype)
        : readTensorProto(bytesOf(bytes), `data_${i}`);
    tensors.push((await read).tensor);
  }
  return tensors;
}

function message(e: unknown): string {
  return e instanceof Error ? e.message : String(e);
}

describe.skipIf(!existsSync(archive))('ONNX backend suite (needs shared data conformance/)', () => {
  it('verify passes every case of node and simple but the listed ones', { timeout: 300_000 }, async () => {
    const suite = extractSuite(archive);
    const kernels = await wasmKernels();
    const results: CaseResult[] = [];
    for (const folder of ['node', 'simple']) {
      for (const found of await findCases(join(suite, folder), nodeFiles)) {
        results.push(await verifyCase(found, nodeFiles, kernels));
      }
    }
    const surprises = results.filter((r) => (r.status === 'passed') === NOT_PASSING.has(r.name));
    expect(surprises.map((r) => `${r.name} ${r.status} ${r.reason}`)).toEqual([]);
    const names = new Set(results.map((r) => r.name));
    expect([...NOT_PASSING.keys()].filter((name) => !names.has(name))).toEqual([]);
    expect(results.filter((r) => r.status === 'passed' && r.reason !== '').map((r) => r.name)).toEqual([...DRAWN]);
    expect(results.length).toBe(SUITE.node + SUITE.simple);
  });

  it('node by node, what runs agrees with what was inferred and expected', { timeout: 300_000 }, async () => {
    const folder = join(extractSuite(archive), 'node');
    const names = caseNames(folder).filter((n) => n.includes(process.env.CONFORMANCE_ONLY ?? ''));
    const outcomes = new Map<string, string>();
    const tested = new Set<string>();
    for (const name of names) outcomes.set(name, await outcome(folder, name, tested));
    if (process.env.CONFORMANCE_REPORT) {
      writeFileSync(process.env.CONFORMANCE_REPORT, [...outcomes].map(([n, o]) => `${n}\t${o}`).join('\n'));
    }
    const failures = [...outcomes].filter(
      ([name, o]) => o.startsWith('fail') && !DRAWN.has(name) && !NOT_PASSING.has(name),
    );
    expect(failures.map(([name, o]) => `${name} ${o}`)).toEqual([]);
    expect([...outcomes.values()].filter((o) => o === 'pass').length).toBeGreaterThan(0);
    const known = new Set(supportedOps().map(({ domain, type }) => `${domain}::${type}`));
    if (process.env.CONFORMANCE_ONLY === undefined) {
      expect([...tested].filter((op) => known.has(op)).sort()).toEqual([...SUITE_OPS].sort());
    }
  });
});
