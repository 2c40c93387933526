import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tensor } from '../../src/base/tensor.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { model } from '../models/model.ts';
import { caseNames, extractNodeCases } from '../ops/conformanceCases.ts';
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

describeWithShared('the ONNX backend cases of the shared data', () => {
  const archive = sharedData('conformance/onnx-backend-v1.22.0.tar.gz');

  test('verify runs over all of them; what does not pass is unsupported, or drops elements at random', async () => {
    const root = extractNodeCases(archive);
    const json = join(folder, 'conformance.json');
    const names = caseNames(root);
    await cli(['verify', ...names.map((name) => join(root, name)), '--json', json]);
    const { total, passed, cases } = JSON.parse(readFileSync(json, 'utf8'));
    expect(total).toBe(names.length);
    expect(passed).toBeGreaterThanOrEqual(1326);
    const failed = cases.filter((c: { status: string }) => c.status === 'failed');
    expect(failed.filter((c: { name: string }) => !c.name.startsWith('test_training_dropout'))).toEqual([]);
  });
});
