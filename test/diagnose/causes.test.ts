import { expect, test } from 'vitest';
import { beyond, HEALTHY_RMSE_SCALE } from '../../src/diagnose/borders.ts';
import { causesOf } from '../../src/diagnose/causesOf.ts';
import { deadChannels, dominatingChannel } from '../../src/diagnose/channels.ts';
import type { Named } from '../../src/diagnose/named.ts';
import type { ChannelNumbers, NodeNumbers, TensorNumbers } from '../../src/diagnose/numbers.ts';
import { calibrationRange, clipping, outliers, symmetricAfterClamp, unlikeRanges } from '../../src/diagnose/ranges.ts';
import { activations, biasOverflow, carried, floatIsland, weights } from '../../src/diagnose/shares.ts';
import { CAUSES, EVIDENCE_LABELS } from '../../src/protocol/causes.ts';
import { healthyError, healthyNode, healthyTensor, healthyWeight } from './numbers.ts';

const rounding = healthyTensor().rounding;
const tensor = (change: Partial<TensorNumbers>): NodeNumbers => healthyNode({ tensors: [healthyTensor(change)] });
const channels = (change: Partial<ChannelNumbers>): Partial<TensorNumbers> => ({
  channels: { count: 16, spread: 2, widest: 3, middleCodes: 128, alive: 16, lost: 0, ...change },
});
const symmetric = (lo: number): NodeNumbers => {
  const grid = { lo: -1, hi: 1, scale: 1 / 127, codes: 255, negative: 127, mapping: 'symmetric', bits: 8 } as const;
  return tensor({ lo, hi: 1, grid });
};
const meeting = (...lengths: readonly number[]): NodeNumbers =>
  healthyNode({ meeting: lengths.map((hi, i) => ({ tensor: `in${i}`, valueId: i, lo: 0, hi })) });

interface Border {
  readonly judge: (node: NodeNumbers) => Named | undefined;
  /** At the border or on its healthy side, and beyond it. */
  readonly healthy: NodeNumbers;
  readonly ill: NodeNumbers;
}

const BORDERS: Readonly<Record<string, Border>> = {
  'clipping as loud as rounding': {
    judge: clipping,
    healthy: tensor({ clipping: rounding, clippedShare: 0.01 }),
    ill: tensor({ clipping: 1.01 * rounding, clippedShare: 0.01 }),
  },
  'clipping of what calibration saw': {
    judge: clipping,
    healthy: tensor({ clipping: 10 * rounding, unseen: 6 * rounding }),
    ill: tensor({ clipping: 10 * rounding, unseen: 4 * rounding }),
  },
  'values calibration did not see': {
    judge: calibrationRange,
    healthy: tensor({ clipping: rounding, unseen: rounding, hi: 1.2 }),
    ill: tensor({ clipping: 1.1 * rounding, unseen: 1.1 * rounding, hi: 1.2 }),
  },
  'a quarter of the calibrated range': {
    judge: calibrationRange,
    healthy: tensor({ lo: -0.25, hi: 0.25 }),
    ill: tensor({ lo: -0.25, hi: 0.24 }),
  },
  'a quarter of the noise without outliers': {
    judge: outliers,
    healthy: tensor({ best: { lo: -0.5, hi: 0.5, noise: 0.25 } }),
    ill: tensor({ best: { lo: -0.4, hi: 0.4, noise: 0.24 } }),
  },
  'eight times the range of another input': { judge: unlikeRanges, healthy: meeting(8, 1), ill: meeting(8.1, 2, 1) },
  'no value below half a step': {
    judge: symmetricAfterClamp,
    healthy: symmetric(-0.5 / 127),
    ill: symmetric(-0.49 / 127),
  },
  'eight times the middle channel': {
    judge: dominatingChannel,
    healthy: tensor(channels({ spread: 8, middleCodes: 31 })),
    ill: tensor(channels({ spread: 8.1, middleCodes: 31 })),
  },
  '32 codes for the middle channel': {
    judge: dominatingChannel,
    healthy: tensor(channels({ spread: 9, middleCodes: 32 })),
    ill: tensor(channels({ spread: 9, middleCodes: 31.9 })),
  },
  'a weight with one scale': {
    judge: dominatingChannel,
    healthy: healthyNode(),
    ill: healthyNode({
      weight: healthyWeight({
        granularity: 'perTensor',
        channels: { count: 8, spread: 100, widest: 5, middleCodes: 2.5, alive: 8, lost: 0 },
      }),
    }),
  },
  'a quarter of the channels lost': {
    judge: deadChannels,
    healthy: tensor(channels({ lost: 4 })),
    ill: tensor(channels({ lost: 5 })),
  },
  'a raised scale': {
    judge: biasOverflow,
    healthy: healthyNode(),
    ill: healthyNode({ weight: healthyWeight({ raised: { factor: 1.5, channels: 1 } }) }),
  },
  'a tenth of the error': {
    judge: carried,
    healthy: healthyNode({ error: healthyError({ total: 1e-3 }) }),
    ill: healthyNode({ error: healthyError({ total: 1.01e-3 }) }),
  },
  'half of its own error in the weight': {
    judge: weights,
    healthy: healthyNode({ error: healthyError({ fromInputs: 2.5e-5, fromOutput: 2.5e-5 }) }),
    ill: healthyNode({ error: healthyError({ fromInputs: 2.4e-5, fromOutput: 2.5e-5 }) }),
  },
  'half of its own error in activations': {
    judge: activations,
    healthy: healthyNode({ error: healthyError({ fromInputs: 2.4e-5, fromOutput: 2.5e-5 }) }),
    ill: healthyNode({ error: healthyError({ fromInputs: 2.5e-5, fromOutput: 2.5e-5 }) }),
  },
  'an island with conversions': {
    judge: floatIsland,
    healthy: healthyNode({ island: { nodes: 1, conversions: 0, macsShare: 0.1, canQuantize: true } }),
    ill: healthyNode({ island: { nodes: 1, conversions: 2, macsShare: 0.1, canQuantize: true } }),
  },
};

test.each(Object.entries(BORDERS))('%s is the border', (_, { judge, healthy, ill }) => {
  expect(judge(healthy)).toBeUndefined();
  const named = judge(ill);
  expect(named?.evidence.length).toBeGreaterThan(0);
  expect(named?.certainty).toBeGreaterThanOrEqual(0);
  expect(named?.certainty).toBeLessThanOrEqual(1);
});

test('Every cause has a border that is tested, but for that of the data', () => {
  const tested = new Set(Object.values(BORDERS).map(({ judge, ill }) => judge(ill)?.id));
  expect(CAUSES.map((c) => c.id).filter((id) => !tested.has(id))).toEqual(['preprocessing']);
});

test('Every figure has a label of the table', () => {
  const labels = new Set<string>(Object.values(EVIDENCE_LABELS));
  const used = Object.values(BORDERS).flatMap(({ judge, ill }) => judge(ill)?.evidence ?? []);
  expect(used.filter((e) => !labels.has(e.label))).toEqual([]);
});

test('A node without a specific cause is told where its error comes from', () => {
  expect(causesOf(healthyNode()).map((c) => c.id)).toEqual(['activations']);
});

test('What follows from a cause is not named beside it', () => {
  const wide = channels({ spread: 60, middleCodes: 2, lost: 12 });
  const node = tensor({ ...wide, best: { lo: -0.1, hi: 0.1, noise: 0.01 } });
  expect(causesOf(node).map((c) => c.id)).toEqual(['dominatingChannel']);
  expect(causesOf({ ...node, ...{ meeting: meeting(100, 1).meeting } }).map((c) => c.id)).toEqual(['unlikeRanges']);
});

test('The share of the weight stands beside every specific cause', () => {
  const [first] = causesOf(tensor({ clipping: 4 * rounding, clippedShare: 0.1 }));
  expect(first?.id).toBe('clipping');
  expect(first?.certainty).toBe(0.75);
  expect(first?.evidence.find((e) => e.label === EVIDENCE_LABELS.weightShare)?.value).toBeCloseTo(0.4, 12);
});

test('Certainty is 0 at a border, a half at twice and near 1 far beyond', () => {
  expect([beyond(8, 8), beyond(16, 8), beyond(800, 8)]).toEqual([0, 0.5, 0.99]);
});

test('RMSE of even rounding is 0.289 steps', () => {
  let sum = 0;
  const n = 10000;
  for (let i = 0; i < n; i++) sum += ((i + 0.5) / n - 0.5) ** 2;
  expect(HEALTHY_RMSE_SCALE).toBeCloseTo(Math.sqrt(sum / n), 6);
});
