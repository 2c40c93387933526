import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tensor } from '../../src/base/tensor.ts';
import { writeTensorProto } from '../../src/onnx/writeTensor.ts';
import { model } from '../models/model.ts';
import { cli, testFolder, writeCase } from './cli.ts';

const folder = testFolder();
const floats = (...values: number[]) => tensor('float32', [values.length], Float32Array.from(values));

test('verify prints a line per case, counts, and exits 1 when one differs', async () => {
  const relu = await model()
    .input('x', [3])
    .node('Relu', { outputs: ['y'] })
    .build()
    .bytes();
  const strange = model().input('x', [3]).opset('com.example', 1).node('Frobnicate', { domain: 'com.example' });
  const good = writeCase(join(folder, 'good'), relu, { x: floats(-1, 0, 2) }, { y: floats(0, 0, 2) });
  const close = writeCase(join(folder, 'close'), relu, { x: floats(-1, 0, 2) }, { y: floats(0, 0, 2.0001) });
  const bad = writeCase(join(folder, 'bad'), relu, { x: floats(-1, 0, 2) }, { y: floats(0, 0.5, 2) });
  const shape = writeCase(join(folder, 'shape'), relu, { x: floats(-1, 0, 2) }, { y: floats(0, 0) });
  const other = writeCase(join(folder, 'other'), await strange.build().bytes(), { x: floats(1, 2, 3) }, {});
  const empty = join(folder, 'nothing');
  const json = join(folder, 'verify.json');

  const passing = await cli(['verify', good, close]);
  expect(passing.stdout).toMatch(/^passed +good\npassed +close\n2 cases: 2 passed, 0 failed, 0 unsupported\n$/);
  expect(passing.code).toBe(0);

  expect((await cli(['verify', good, other])).code).toBe(2);

  const failing = await cli(['verify', good, bad, shape, other, empty, '--json', json]);
  expect(failing.code).toBe(1);
  expect(failing.stdout).toMatch(/^failed +bad: data set 0, y: 1 of 3 elements differ, by up to 0\.5$/m);
  const result = JSON.parse(readFileSync(json, 'utf8'));
  expect(result).toMatchObject({ total: 5, passed: 1, failed: 3, unsupported: 1 });
  expect(Object.keys(result)).toEqual(['total', 'passed', 'failed', 'unsupported', 'cases']);
  expect(result.cases.map((c: object) => Object.values(c))).toEqual([
    ['good', 'passed', ''],
    ['bad', 'failed', expect.stringMatching(/differ/)],
    ['shape', 'failed', expect.stringMatching(/shape \[3\], expected \[2\]/)],
    ['other', 'unsupported', expect.stringMatching(/Frobnicate/)],
    ['nothing', 'failed', expect.stringMatching(/there is no file/)],
  ]);
});

test('several data sets must all agree', async () => {
  const relu = await model()
    .input('x', [1])
    .node('Relu', { outputs: ['y'] })
    .build()
    .bytes();
  const both = join(folder, 'both');
  writeCase(both, relu, { x: floats(1) }, { y: floats(1) });
  const second = writeCase(join(folder, 'second'), relu, { x: floats(1) }, { y: floats(3) });
  cpSync(join(second, 'test_data_set_0'), join(both, 'test_data_set_1'), { recursive: true });
  const { code, stdout } = await cli(['verify', both]);
  expect(stdout).toMatch(/^failed +both: data set 1, y: /);
  expect(code).toBe(1);
});

test('verify finds the cases below a folder, and models with outputs beside them', async () => {
  const suite = join(folder, 'suite');
  const relu = await model()
    .input('x', [4])
    .node('Relu', { outputs: ['y'] })
    .build()
    .bytes();
  writeCase(join(suite, 'node', 'b'), relu, { x: floats(-1, 0, 1, 2) }, { y: floats(0, 0, 1, 2) });
  writeCase(join(suite, 'node', 'a'), relu, { x: floats(-1, 0, 1, 2) }, { y: floats(0, 0, 1, 3) });
  mkdirSync(join(suite, 'light'));
  writeFileSync(join(suite, 'light', 'm.onnx'), relu);
  writeFileSync(join(suite, 'light', 'm_output_0.pb'), writeTensorProto('y', floats(0, 0.25, 0.5, 0.75)));
  writeFileSync(join(suite, 'light', 'other.onnx'), relu);
  const { code, stdout } = await cli(['verify', suite]);
  expect(stdout).toMatch(/^passed +m\nfailed +a: .*\npassed +b\n3 cases: 2 passed, 1 failed, 0 unsupported\n$/);
  expect(code).toBe(1);
});

test('of outputs that are drawn at random only type and shape are compared, and verify says so', async () => {
  const random = await model()
    .input('x', [2, 2])
    .node('RandomUniformLike', { outputs: ['u'] })
    .node('Neg', { outputs: ['y'] })
    .build()
    .bytes();
  const x = tensor('float32', [2, 2], new Float32Array(4));
  const same = writeCase(join(folder, 'random'), random, { x }, { y: x });
  const other = writeCase(join(folder, 'randomShape'), random, { x }, { y: floats(0, 0, 0, 0) });
  const { stdout } = await cli(['verify', same, other]);
  expect(stdout).toMatch(/^passed +random: only type and shape: y is random$/m);
  expect(stdout).toMatch(/^failed +randomShape: .*shape/m);
});
