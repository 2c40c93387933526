import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Tensor } from '../../src/base/tensor.ts';
import type { ValueId } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { createThreadPool, type NodeThreadPool } from '../../src/node/threads.ts';
import { onReference } from '../exec/integerSteps.ts';
import { describeWithShared } from '../helpers/sharedData.ts';
import { wasmBytes, wasmKernels } from '../kernels/engines.ts';
import { differences } from './compareSteps.ts';
import { saveOptimized } from './ortTensors.ts';
import { quantCases } from './quantPairsCases.ts';
import { openCase, roundsOtherwise, runFreely } from './quantRun.ts';
import { printTable, temporaryFolder } from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

const INTEGER = /^u?int(8|16|32)$/;

describeWithShared('quantized models on both engines', () => {
  const folder = temporaryFolder();
  const pools: NodeThreadPool[] = [];
  const rows: Record<string, string | number>[] = [];
  const wasm: KernelSet[] = [];

  beforeAll(async () => {
    const entryPath = join(folder.path, 'kernelThread.cjs');
    await build({
      entryPoints: [join(import.meta.dirname, '../../src/node/kernelThread.ts')],
      outfile: entryPath,
      bundle: true,
      format: 'cjs',
      platform: 'node',
    });
    const bytes = await wasmBytes();
    wasm.push(await wasmKernels());
    for (const threads of [2, 3]) {
      const pool = (memory: WebAssembly.Memory): NodeThreadPool => {
        const created = createThreadPool({ threads, wasmBytes: bytes, memory, entryPath });
        pools.push(created);
        return created;
      };
      wasm.push(await wasmKernels({ pool }));
    }
  });
  afterAll(async () => {
    for (const pool of pools) await pool.dispose();
    folder.remove();
    printTable(
      'Integer tensors and exact floats: equal on js and wasm. All bytes: equal on 1, 1, 2 and 3 threads',
      rows,
    );
  });

  // Two of the four SqueezeNets: both activation types, weights per channel and per tensor.
  const cases = quantCases().filter(({ name }) => !/squeezenet\.(minmax\.pc\.u8|minmax\.pt\.s8|pre)$/.test(name));

  const fused = cases.filter(({ name }) =>
    /mobilenet|factorio|past_state\.u8|to_float|dynamic|conv_qdq|dup_qdq/.test(name),
  );

  test('finds the models', () => {
    expect(cases.length).toBeGreaterThan(40);
  });

  test.each([
    ...cases.map((c) => [c.name, 'as it was quantized', c] as const),
    ...fused.map((c) => [c.name, 'in QOperator form', c] as const),
  ])('%s %s', async (name, form, original) => {
    const [single] = wasm as [KernelSet];
    const path = form === 'in QOperator form' ? join(folder.path, 'fused.onnx') : original.path;
    if (path !== original.path) await saveOptimized(original.path, 'extended', path);
    const c = { ...original, path };
    const open = await openCase(c, single);
    const values = runFreely(open);
    const expected = hashOf(values);
    expect(hashOf(runFreely(open))).toEqual(expected);
    open.program.release();
    for (const several of wasm.slice(1)) {
      const threaded = await openCase(c, several);
      expect([several.threads, hashOf(runFreely(threaded))]).toEqual([several.threads, expected]);
      threaded.program.release();
    }

    const { program } = await openCase(c, createJsKernels());
    const known = new Map([...values, ...open.feeds]);
    let [steps, elements] = [0, 0];
    for (const step of program.steps) {
      const [id] = step.outputs;
      const onWasm = id === undefined ? undefined : values.get(id);
      if (onWasm === undefined || step.form === 'layout') continue;
      if (!INTEGER.test(onWasm.dtype) && roundsOtherwise(step.node)) continue;
      const onJs = onReference(program, step, known);
      expect([step.node.handle, onJs.dtype, onJs.dims]).toEqual([step.node.handle, onWasm.dtype, onWasm.dims]);
      expect([step.node.handle, differences(onJs, onWasm).different]).toEqual([step.node.handle, 0]);
      steps++;
      elements += onJs.data.length;
    }
    rows.push({ model: name, form, 'exact steps': steps, elements, tensors: values.size });
    program.release();
  });
});

/** A digest of every value's bytes, in order of ids. */
function hashOf(values: ReadonlyMap<ValueId, Tensor>): string {
  const hash = createHash('sha1');
  for (const [id, { data }] of [...values].sort(([a], [b]) => a - b)) {
    hash.update(`${id}:`);
    if (ArrayBuffer.isView(data)) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
