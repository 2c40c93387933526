import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { parseCommand } from '../../src/cli/args.ts';
import { cli, looksClean, SAMPLE, testFolder } from './cli.ts';

const folder = testFolder();
const sample = join(folder, 'sample');
const model = join(sample, 'mnist.onnx');
const config = join(sample, 'few.cfg');

beforeAll(() => {
  cpSync(SAMPLE, sample, { recursive: true });
  const text = readFileSync(join(sample, 'full_quant.cfg'), 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=10')
    .replace('evaluate_size=500', 'evaluate_size=10');
  writeFileSync(config, text);
});

const search = (...more: string[]): readonly string[] => ['search', 'm.onnx', '--config', 'c', ...more];

test.each([
  [['--target', 'cosine=0.995'], { goal: { kind: 'skip', target: { value: 0.995 } }, judge: { id: 'cosine' } }],
  [['--target', '0.01', '--judge', 'mse'], { goal: { kind: 'skip', target: { value: 0.01 } }, judge: { id: 'mse' } }],
  [['--drop', 'top1=0.005'], { goal: { kind: 'skip', target: { drop: 0.005 } }, judge: { id: 'top1' } }],
  [['--bytes', '1.2MB'], { goal: { kind: 'bits', bytes: 1_200_000 }, judge: { id: 'cosine' } }],
  [['--bytes', '1.5KiB', '--judge', 'sqnrDb'], { goal: { kind: 'bits', bytes: 1536 }, judge: { id: 'sqnrDb' } }],
  [['--bytes', '0.5x'], { goal: { kind: 'bits', share: 0.5 } }],
  [['--bytes', '9000', '--samples', '7', '--budget', '9'], { goal: { bytes: 9000 }, samples: 7, budget: 9 }],
  [
    ['--target', '3', '--judge', 'command:node score.js a=b', '--better', 'lower'],
    { judge: { id: 'command', command: 'node score.js a=b', better: 'lower' } },
  ],
])('%j says what is searched', (options, wish) => {
  expect(parseCommand(search(...options))).toMatchObject({ kind: 'search', wish });
});

test.each([
  ['no goal', [], /^CLI120 .*one of --target .*--drop .*--bytes/],
  ['two goals', ['--target', 'cosine=1', '--bytes', '1MB'], /^CLI120 .*one of/],
  ['no number', ['--target', 'cosine='], /^CLI120 .*"" is not a number/],
  ['no judge', ['--target', '0.9'], /^CLI120 .*names no judge.*cosine=0\.9/],
  ['two judges', ['--drop', 'top1=0.1', '--judge', 'top5'], /^CLI120 .*both/],
  ['another judge', ['--target', 'cosin=0.9'], /^CLI121 .*cosin is no judge.*cosine\?/],
  ['another size', ['--bytes', '3TB'], /^CLI120 .*3TB is no size/],
  ['no size', ['--bytes', '0x'], /^CLI120 .*0x is no size/],
  ['no samples', ['--bytes', '1MB', '--samples', '0'], /^CLI120 .*--samples 0/],
])('%s is said in one line', (_, options, message) => {
  expect(() => parseCommand(search(...options))).toThrow(message);
});

test('a target is reached with the config that is written, and the JSON says how', async () => {
  const [json, better] = [join(folder, 'search.json'), join(folder, 'better.cfg')];
  const options = ['--target', 'sqnrDb=60', '--samples', '4', '--json', json, '--output-config', better];
  const ended = await cli(['search', model, '--config', config, ...options]);
  expect(looksClean(ended)).toBe(true);
  expect(ended.code).toBe(0);
  expect(ended.stdout).toMatch(/asked for: sqnrDb 60; float Infinity/);
  const said = JSON.parse(readFileSync(json, 'utf8'));
  expect(said).toMatchObject({ reached: true, target: 60, float: null, samples: 4, best: { reached: true } });
  expect(said.best.value).toBeGreaterThanOrEqual(60);
  expect(said.tried.length).toBeGreaterThan(1);
  const best = said.tried.findIndex((step: unknown) => isDeepStrictEqual(step, said.best));
  expect(ended.stdout).toContain(`\n* ${best + 1} `);
  expect(readFileSync(better, 'utf8')).toContain(said.lines.at(-1));
});

test('what is out of reach ends with 4, and prints what comes nearest', async () => {
  const options = ['--bytes', '100', '--samples', '2', '--budget', '10'];
  const ended = await cli(['search', model, '--config', config, ...options]);
  expect(ended.code).toBe(4);
  expect(ended.stdout).toMatch(/out of reach/);
  expect(ended.stdout).toMatch(/comes nearest/);
  expect(ended.stdout).toMatch(/\[quantscope\]\nnode_overrides=/);
});
