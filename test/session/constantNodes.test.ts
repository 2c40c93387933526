import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { tensor } from '../../src/base/tensor.ts';
import { model } from '../models/model.ts';
import { configOf, newSession } from './weights.ts';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-constants-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const WEIGHT = Float32Array.from({ length: 64 * 32 }, (_, i) => Math.sin(i));

/** A product with a weight that a Constant node makes, as some exporters write all of them. */
async function opened() {
  const builder = model({ seed: 4 })
    .input('x', [4, 64])
    .node('Constant', {
      name: 'made',
      inputs: [],
      outputs: ['w'],
      attributes: { value: tensor('float32', [64, 32], WEIGHT) },
    })
    .node('MatMul', { name: 'product', inputs: ['x', 'w'], outputs: ['y'] })
    .output('y');
  const path = join(folder, 'constants.onnx');
  writeFileSync(path, await builder.build().bytes());
  const session = newSession();
  const graph = await session.open(path);
  const node = graph.nodes.find((n) => n.handle === 'product');
  const valueId = node?.inputs[1] ?? -1;
  return { session, graph, nodeId: node?.id ?? -1, valueId };
}

describe('a weight that a Constant node makes', () => {
  test('is a constant of the graph, of its type and shape', async () => {
    const { graph, valueId } = await opened();
    expect(graph.values.find((v) => v.id === valueId)).toMatchObject({
      kind: 'constant',
      dtype: 'float32',
      dims: [64, 32],
    });
  });

  test('is a weight of the node that reads it, and can be looked at, before a run', async () => {
    const { session, nodeId, valueId } = await opened();
    const { tensors } = await session.details(nodeId);
    expect(tensors.find((t) => t.valueId === valueId)?.kind).toBe('Weight');
    const head = await session.tensors.head({ nodeId, valueId, role: 'Input', sample: 0 });
    expect(head).toMatchObject({ kind: 'Weight', dtype: 'float32', dims: [64, 32], error: null });
  });

  test('is one after a run, with its codes, and counts in the size of the float model', async () => {
    const { session, nodeId, valueId } = await opened();
    const run = await session.quantize({ configText: configOf({}), configPath: join(folder, 'w.cfg') });
    expect(run.sizes.float).toBe(64 * 32 * 4);
    expect(run.sizes.quantized).toBeLessThan(run.sizes.float / 3);
    const { tensors } = await session.details(nodeId);
    const weight = tensors.find((t) => t.valueId === valueId);
    expect(weight).toMatchObject({ kind: 'Weight', stored: { bits: 8 } });
  });
});
