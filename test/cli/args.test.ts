import { describe, expect, test } from 'vitest';
import { type Diagnostic, DiagnosticError } from '../../src/base/diagnostics.ts';
import { PRODUCT } from '../../src/base/product.ts';
import { parseCommand } from '../../src/cli/args.ts';
import { exitCodeOf } from '../../src/cli/exitCodes.ts';
import { COMMANDS, usage } from '../../src/cli/usage.ts';
import { cli, testFolder } from './cli.ts';

testFolder();

test.each([
  ['an unknown command', ['quantise', 'm.onnx'], /^CLI101 .*quantise is not a command.*quantize\?/],
  ['no model', ['inspect'], /^CLI102 .*MODEL is missing/],
  ['no config', ['quantize', 'm.onnx'], /^CLI102 .*--config CFG is missing/],
  ['no output folder', ['run', 'm.onnx'], /^CLI102 .*--output-dir DIR is missing/],
  ['no folder', ['verify'], /^CLI102 .*folder/],
  ['an unknown option', ['inspect', 'm.onnx', '--jsn', 'x'], /^CLI103 .*--jsn/],
  ['two models', ['inspect', 'a.onnx', 'b.onnx'], /^CLI103 .*b\.onnx is one argument too many/],
  ['words for threads', ['quantize', 'm.onnx', '--config', 'c', '--threads', 'many'], /^CLI105 .*--threads many/],
  [
    'an unknown format',
    ['quantize', 'm.onnx', '--config', 'c', '--export-format', 'qdq'],
    /^CLI105 .*qdq is not QDQ or QOPERATOR/,
  ],
  ['a length of zero', ['inspect', 'm.onnx', '--dim', 'batch=0'], /^CLI105 .*batch=0/],
])('%s is said in one line', (_what, argv, message) => {
  expect(() => parseCommand(argv)).toThrow(message);
});

test('names may hold =, and dims are numbers', () => {
  const command = parseCommand(['run', 'm.onnx', '--input', 'a=b=x.npy', '--dim', 'n=4', '--output-dir', 'o']);
  expect(command).toMatchObject({
    kind: 'run',
    inputs: new Map([['a=b', 'x.npy']]),
    dims: new Map([['n', 4]]),
    threads: 0,
    budgetBytes: undefined,
  });
});

describe('help', () => {
  test.each([
    [['sensitivity', '--help'], 'sensitivity'],
    [['help', 'search'], 'search'],
    [['--help'], undefined],
    [[], undefined],
  ])('%j asks for that of %s', (argv, command) => {
    expect(parseCommand(argv)).toEqual({ kind: 'help', command });
  });

  test('of a command tells its options alone, each with what it does', () => {
    const text = usage('diagnose');
    expect(text).toMatch(/^diagnose: .*\n {2}quantscope diagnose MODEL --config CFG /);
    expect(text).toMatch(/\n {2}--no-cures +\S/);
    expect(text).not.toMatch(/--mode|--budget|quantscope search/);
  });

  test('tells every option that a command names, and none that no command has', () => {
    const named = new Set(Object.values(COMMANDS).flatMap(({ args }) => args.join(' ').match(/--[a-z-]+/g) ?? []));
    const told = [...usage(undefined).matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option]) => option);
    expect(told.sort()).toEqual([...named].sort());
  });
});

describe('exit codes', () => {
  const error = (code: string): Diagnostic => ({ severity: 'error', code, message: 'm', at: { file: 'f' } });

  test.each([
    [['EXE301'], 2],
    [['EXE302'], 2],
    [['EXE303'], 2],
    [['CFG123'], 2],
    [['ONX102'], 1],
    [['CFG104', 'CFG123'], 1],
    [['EXE304'], 1],
  ])('%s ends with %i', (codes, exit) => {
    const [first = error(''), ...rest] = codes.map(error);
    expect(exitCodeOf(new DiagnosticError(first, { all: [first, ...rest] }))).toBe(exit);
  });

  test('anything else is a bug of ours', () => expect(exitCodeOf(new TypeError('x is undefined'))).toBe(3));
});

test('the version is that of the product, whatever stands beside', async () => {
  expect(parseCommand(['quantize', '--version'])).toEqual({ kind: 'version' });
  const printed = await cli(['--version']);
  expect([printed.code, printed.stdout]).toEqual([0, `${PRODUCT.name} ${PRODUCT.version}\n`]);
});

test('the process prints help, and one line for a wrong option', async () => {
  const help = await cli(['--help']);
  expect(help.code).toBe(0);
  expect(help.stdout).toMatch(/quantscope quantize MODEL --config CFG/);
  const wrong = await cli(['quantize', 'm.onnx']);
  expect(wrong).toEqual({ code: 1, stdout: '', stderr: 'CLI102 command line: --config CFG is missing\n' });
});
