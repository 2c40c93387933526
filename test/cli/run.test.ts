import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { tensor } from '../../src/base/tensor.ts';
import { readNpy, writeNpy } from '../../src/data/npy.ts';
import { model } from '../models/model.ts';
import { cli, looksClean, testFolder } from './cli.ts';

const folder = testFolder();
const path = join(folder, 'twice.onnx');
const input = join(folder, 'x.npy');

beforeAll(async () => {
  const twice = model()
    .input('x', ['batch', 3])
    .node('Add', { inputs: ['x', 'x'], outputs: ['sum/of x'] });
  writeFileSync(path, await twice.output('sum/of x').build().bytes());
  writeFileSync(input, writeNpy(tensor('float32', [2, 3], Float32Array.of(1, -2, 3, 4, 5, 6.5))));
});

test('run writes one .npy per output, and outputs.json that lists them', async () => {
  const out = join(folder, 'a', 'b');
  const ended = await cli(['run', path, '--input', `x=${input}`, '--output-dir', out]);
  expect(ended.stderr).toBe('');
  expect(ended.code).toBe(0);
  const list = JSON.parse(readFileSync(join(out, 'outputs.json'), 'utf8'));
  expect(list).toEqual([{ name: 'sum/of x', dtype: 'float32', dims: [2, 3], file: 'sum_of_x.npy' }]);
  const result = readNpy(new Uint8Array(readFileSync(join(out, 'sum_of_x.npy'))), 'sum_of_x.npy');
  expect(result.dims).toEqual([2, 3]);
  expect([...result.data]).toEqual([2, -4, 6, 8, 10, 13]);
  expect(readdirSync(out).sort()).toEqual(['outputs.json', 'sum_of_x.npy']);
});

test('without SharedArrayBuffer run computes on one thread, and says so', async () => {
  const out = join(folder, 'alone');
  const args = ['run', path, '--input', `x=${input}`, '--output-dir', out, '--threads', '2'];
  const ended = await cli(args, undefined, ['--no-harmony-sharedarraybuffer']);
  expect(ended.stderr).toBe('SharedArrayBuffer is missing here: the kernels run on one thread\n');
  expect(ended.code).toBe(0);
  const result = readNpy(new Uint8Array(readFileSync(join(out, 'sum_of_x.npy'))), 'sum_of_x.npy');
  expect([...result.data]).toEqual([2, -4, 6, 8, 10, 13]);
});

test.each([
  ['an input the model does not have', ['--input', `y=INPUT`], /^SES404 .*y: no such input; no feed for x/],
  ['no input at all', [], /^SES404 .*no feed for x/],
  ['a file that is not there', ['--input', 'x=/nowhere/x.npy'], /^CLI106 \/nowhere\/x\.npy: .*there is no file/],
  ['a file that is no .npy', ['--input', 'x=MODEL'], /^DAT\d+ .*twice\.onnx/],
  ['an input without a file', ['--input', 'x'], /^CLI105 .*"x" is not of the form --input NAME=FILE\.npy/],
])('%s is a clear error and exit code 1', async (_what, given, message) => {
  const args = given.map((arg) => arg.replace('INPUT', input).replace('MODEL', path));
  const ended = await cli(['run', path, ...args, '--output-dir', join(folder, 'none')]);
  expect(ended.stderr).toMatch(message);
  expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(looksClean(ended)).toBe(true);
  expect(ended.code).toBe(1);
});

test('an output folder whose name is taken is exit code 1', async () => {
  const ended = await cli(['run', path, '--input', `x=${input}`, '--output-dir', input]);
  expect(ended.stderr).toMatch(/^SES410 .*cannot be written/);
  expect(ended.code).toBe(1);
});
