import { describe, expect, test } from 'vitest';
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

describe('what auto_tune tried', () => {
  const candidate = (initScale: number, cosine: number) => ({ scale: 1 / initScale, initScale, cosine, ratio: 4.5 });
  const tried = [candidate(0.02, 0.98), candidate(0.01, 0.997)] as const;
  const shown = (rule: 'search' | 'converter_lite') =>
    summary({ ...run, autoTune: { target: 0.995, samples: 8, rule, best: tried[1], tried } });

  test('is told as it is written into a config, the chosen one marked', () => {
    const text = shown('search');
    expect(text).toContain('auto_tune: init_scale = 0.01 keeps a mean cosine of 0.995 over 8 samples');
    expect(text).toMatch(/^ +0\.02 +0\.980000 +4\.50x$/m);
    expect(text).toMatch(/^ +0\.01 \* +0\.997000 +4\.50x$/m);
  });

  test('is told as scales where they are those of converter_lite', () => {
    expect(shown('converter_lite')).toMatch(/^ +1\/100 \* +0\.997000 +4\.50x$/m);
  });
});
