import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeWithShared, HAS_SHARED_DATA, sharedData } from '../helpers/sharedData.ts';
import { model } from '../models/model.ts';
import { cli, looksClean, SAMPLE, testFolder } from './cli.ts';

const folder = testFolder();
const files = {
  empty: join(folder, 'empty.onnx'),
  text: join(folder, 'text.onnx'),
  page: join(folder, 'page.onnx'),
  truncated: join(folder, 'truncated.onnx'),
  unsupported: join(folder, 'unsupported.onnx'),
  old: join(folder, 'old.onnx'),
};

beforeAll(async () => {
  const sample = readFileSync(join(SAMPLE, 'mnist.onnx'));
  writeFileSync(files.empty, '');
  writeFileSync(files.text, 'not a model\n');
  writeFileSync(files.page, '<!DOCTYPE html><html><title>Sign in</title></html>');
  writeFileSync(files.truncated, sample.subarray(0, sample.length >> 1));
  const strange = model().input('x', [2]).opset('com.example', 1).node('Frobnicate', { domain: 'com.example' });
  writeFileSync(files.unsupported, await strange.build().bytes());
  writeFileSync(
    files.old,
    await model({ opset: 9 })
      .input('x', [2])
      .node('Resize', { inputs: ['x', 'x'] })
      .build()
      .bytes(),
  );
});

test('inspect lists the nodes, and writes nodes, tensors and coverage as JSON', async () => {
  const json = join(folder, 'inspect.json');
  const { code, stdout } = await cli(['inspect', join(SAMPLE, 'mnist.onnx'), '--json', json]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/mnist\.onnx: 6 nodes/);
  expect(stdout).toMatch(/^conv1 +Conv +\S+ float32\[1, 12, 26, 26\]|^conv1 +Conv +\S+ float32\[/m);
  const view = JSON.parse(readFileSync(json, 'utf8'));
  expect(view.nodes.map((n: { opType: string }) => n.opType)).toEqual([
    ...['Conv', 'Relu', 'MaxPool', 'Flatten', 'Gemm', 'Softmax'],
  ]);
  expect(view.nodes.every((n: { supported: boolean }) => n.supported)).toBe(true);
  expect(view.values.length).toBeGreaterThan(view.nodes.length);
  expect(view).toMatchObject({ file: 'mnist.onnx', runnable: true });
});

describe.each(['inspect', 'run'])('%s of what cannot be opened or run', (command) => {
  const options = command === 'run' ? ['--output-dir', join(folder, 'none')] : [];

  test.each([
    ['a missing file', join(folder, 'none.onnx'), 1, /^SES411 .*there is no file/m],
    ['a folder', folder, 1, /^SES411 .*is not a file/m],
    ['an empty file', files.empty, 1, /^ONX101 /m],
    ['a text', files.text, 1, /^ONX10\d /m],
    ['a web page', files.page, 1, /^ONX102 .*web page/m],
    ['half a model', files.truncated, 1, /^ONX103 /m],
    ['an unknown operator', files.unsupported, 2, /^EXE301 .*com\.example\.Frobnicate/m],
    ['an operator of an old opset', files.old, 2, /^EXE302 /m],
  ])('%s', async (_what, path, code, message) => {
    const ended = await cli([command, path, ...options]);
    expect(ended.stderr + ended.stdout).toMatch(message);
    expect(looksClean(ended)).toBe(true);
    expect(ended.code).toBe(code);
  });
});

describeWithShared('the hostile files of the shared data', () => {
  const root = sharedData('hostile');
  const all = HAS_SHARED_DATA ? readdirSync(root, { recursive: true, encoding: 'utf8' }) : [];
  const models = all.filter((name) => name.endsWith('.onnx') && statSync(join(root, name)).isFile());

  test('are there', () => expect(models.length).toBeGreaterThan(10));

  test.each(models)('%s ends with a message, not with a stack', async (name) => {
    const path = join(root, name);
    const ends = [cli(['inspect', path]), cli(['run', path, '--output-dir', join(folder, 'hostile')])];
    for (const ended of await Promise.all(ends)) {
      expect(looksClean(ended), ended.stderr).toBe(true);
      expect([0, 1, 2]).toContain(ended.code);
      if (ended.code !== 0)
        expect(ended.stderr + ended.stdout).toMatch(new RegExp(`^[A-Z]{3}\\d{3} ${basename(name)}`, 'm'));
      if (/not_onnx/.test(name)) expect([ended.code, ended.stderr]).toEqual([1, expect.stringMatching(/^ONX102/)]);
      if (/unsupported_domain.sr_|onnx_ml/.test(name)) expect(ended.code).toBe(2);
    }
  });
});
