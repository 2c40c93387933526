import { expect, test } from 'vitest';
import type { Severity } from '../../src/base/diagnostics.ts';
import { summary } from '../../src/cli/summary.ts';
import type { RunView } from '../../src/protocol/views.ts';

const said = (severity: Severity, code: string, message: string) => ({
  severity,
  code,
  message,
  at: { file: 'm.onnx' },
});

const run: RunView = {
  runId: 1,
  model: 'm.onnx',
  config: 'q.cfg',
  quantType: 'DYNAMIC_QUANT',
  method: 'DYNAMIC_QUANT, ALWC',
  evaluatedOn: 'test',
  samples: 1,
  outputs: [],
  nodes: [],
  accuracy: null,
  sizes: { float: 4, quantized: 1, floatGzip: null, quantizedGzip: null, effectiveBits: null, weights: [] },
  autoTune: null,
  clusters: null,
  requantizers: null,
  differences: null,
  elapsedMs: 1,
  diagnostics: [],
  reportFolder: null,
};

test('the method comes first, then figures, warnings, and notes', () => {
  const diagnostics = [said('note', 'CFG124', 'has no effect'), said('warning', 'CFG131', 'no such node')];
  const lines = summary({ ...run, diagnostics }).split('\n');
  expect(lines[0]).toBe('DYNAMIC_QUANT, ALWC');
  expect(lines.slice(-4)).toEqual(['', 'CFG131 m.onnx: no such node', '', 'note CFG124 m.onnx: has no effect']);
});

test('of many notes of one code three are shown, and how many more there are', () => {
  const alike = ['a', 'b', 'c', 'd', 'e'].map((what) => said('note', 'QNT301', what));
  const lines = summary({ ...run, diagnostics: [...alike, said('note', 'QNT310', 'f')] }).split('\n');
  expect(lines.slice(-5)).toEqual([
    ...['a', 'b', 'c'].map((what) => `note QNT301 m.onnx: ${what}`),
    'note QNT301: 2 more like it',
    'note QNT310 m.onnx: f',
  ]);
});
