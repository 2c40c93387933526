import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tensor } from '../../src/base/tensor.ts';
import { writeNpy } from '../../src/data/npy.ts';
import { model } from '../models/model.ts';
import { CLI, testFolder } from './cli.ts';

const folder = testFolder();

/** A loop without a trip count whose condition stays true: only the user ends it. */
async function endless(): Promise<Uint8Array> {
  const m = model()
    .input('x', [3])
    .constant('go', tensor('bool', [], Uint8Array.of(1)));
  const body = m.body('body', (graph) => {
    graph.input('i', 'int64', []);
    const go = graph.input('go_on', 'bool', []);
    const before = graph.input('before', 'float32', [3]);
    const after = graph.value({ name: 'after' });
    graph.node({ handle: 'relu', opType: 'Relu', inputs: [before], outputs: [after] });
    const same = graph.value({ name: 'same' });
    graph.node({ handle: 'same', opType: 'Identity', inputs: [go], outputs: [same] });
    graph.output(same);
    graph.output(after);
  });
  const attributes = { body: { kind: 'graph', value: body } } as const;
  return m
    .node('Loop', { inputs: ['', 'go', 'x'], outputs: ['y'], attributes })
    .output('y')
    .build()
    .bytes();
}

test('Ctrl+C is heard while the model computes: run says so, writes nothing and ends', async () => {
  const [path, input, out] = ['endless.onnx', 'x.npy', 'out'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(path, await endless());
  writeFileSync(input, writeNpy(tensor('float32', [3], Float32Array.of(1, 2, 3))));
  const child = spawn(process.execPath, [CLI, 'run', path, '--input', `x=${input}`, '--output-dir', out]);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = once(child, 'close');
  const early = await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 2000, 'still running'))]);
  expect(early).toBe('still running');
  child.kill('SIGINT');
  expect(await closed).toEqual([1, null]);
  expect(stderr).toBe('cancelled\n');
  expect(existsSync(out)).toBe(false);
});

test('a reader of the output that goes away early is no error', async () => {
  const path = join(folder, 'long.onnx');
  const m = model().input('x', [3]);
  for (let i = 0; i < 500; i++) m.node('Relu');
  writeFileSync(path, await m.build().bytes());
  const child = spawn(process.execPath, [CLI, 'inspect', path, '--json', '-']);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.destroy();
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(stderr).toBe('');
});
