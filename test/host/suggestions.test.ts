import { expect, it } from 'vitest';
import { fixesToApply, nodesToSkip } from '../../src/host/suggestions/suggestions.ts';
import { nodeFigures, runView } from './runView.ts';

it('suggests the nodes with the lowest SQNR of their own, worst first, at most five', () => {
  const nodes = [30, 10, null, 20, Number.POSITIVE_INFINITY, 25, 5, 40, 39.9].map((localSqnrDb, nodeId) =>
    nodeFigures({ nodeId, localSqnrDb }),
  );
  const found = nodesToSkip(runView({ nodes }));
  expect(found.map((s) => s.kind === 'skip' && s.localSqnrDb)).toEqual([5, 10, 20, 25, 30]);
});

it('suggests no node that is skipped, in float, or not for the user to switch', () => {
  const nodes = [
    nodeFigures({ skipped: true }),
    nodeFigures({ quantized: false }),
    nodeFigures({ canSkip: false }),
    nodeFigures({ localSqnrDb: null }),
  ];
  expect(nodesToSkip(runView({ nodes }))).toEqual([]);
});

it('suggests what the fixes of a config would do, and is silent on what only the user knows', () => {
  const text = '[common_quant_param]\nquant_type=FULL_QUNT\n';
  const at = { file: 'c.cfg', line: 2, column: 12, endColumn: 21 };
  const wrong = {
    severity: 'error',
    code: 'CFG104',
    message: 'FULL_QUNT is unknown',
    at,
    suggestion: 'FULL_QUANT',
  } as const;
  const plain = { severity: 'warning', code: 'RPT999', message: 'look at it', at: { file: 'c.cfg' } } as const;
  const found = fixesToApply([wrong, plain], text, undefined);
  expect(found).toMatchObject([{ kind: 'fix', diagnostic: wrong, fix: { title: 'Replace with FULL_QUANT' } }]);
});
