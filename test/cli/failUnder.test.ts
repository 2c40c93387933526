import { expect, test } from 'vitest';
import { parseCommand } from '../../src/cli/args.ts';
import { foundUnderLimits, readFailUnder, refuseOtherFigures, underLimits } from '../../src/cli/failUnder.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { FIGURE_JUDGES, type JudgedOutput } from '../../src/whatif/judge.ts';

const RUN = {
  samples: 12,
  outputs: [
    { name: 'a', cosine: 0.99, sqnrDb: 20, noiseToSignal: 0.02 },
    { name: 'b', cosine: 0.97, sqnrDb: 30, noiseToSignal: 0 },
  ],
  accuracy: { samples: 10, top1: { float: 0.9, quantized: 0.8 }, top5: null, discordant: { float: 1, quantized: 0 } },
} as unknown as RunView; // what limits look at

test('limits are figures and numbers, in one option or several', () => {
  const limits = [
    { figure: 'cosine', least: 0.99 },
    { figure: 'top1', least: 0.7 },
  ];
  expect(readFailUnder(['cosine=0.99,top1=0.7'])).toEqual(limits);
  expect(readFailUnder(['cosine=0.99', 'top1=0.7'])).toEqual(limits);
  expect(readFailUnder(undefined)).toEqual([]);
});

test.each([
  ['cosin=1', /CLI131.*"cosin" is none of.*cosine\?/],
  ['cosine', /CLI131.*a number is expected/],
  ['cosine=high', /CLI131.*a number is expected/],
  ['cosine=1=2', /CLI131.*a number is expected/],
])('%s is said in one line', (text, message) => {
  expect(() => readFailUnder([text])).toThrow(message);
});

test('means over the outputs count, equal is enough, and accuracy needs labels', () => {
  const under = (text: string) => underLimits(readFailUnder([text]), RUN);
  expect(under('cosine=0.98,sqnrDb=20,top1=0.8')).toEqual([]);
  expect(under('cosine=0.981')).toEqual(['--fail-under: cosine is 0.98 (12 samples), at least 0.981 is asked for']);
  expect(under('sqnrDb=20.1,top1=0.81')).toEqual([
    expect.stringMatching(/sqnrDb is 20 \(12 samples\), at least 20.1 is asked for \(dB of the mean noise/),
    expect.stringContaining('top1 is 0.8 (10 samples)'),
  ]);
  expect(() => under('top5=0.5')).toThrow(/CLI132.*top5/);
  const broken = { ...RUN, outputs: [{ name: 'a', cosine: Number.NaN, sqnrDb: 1 }] };
  expect(underLimits(readFailUnder(['cosine=-1']), broken)).toHaveLength(1);
});

test('what a search found is known by its judge alone', () => {
  const limits = readFailUnder(['cosine=0.99']);
  expect(foundUnderLimits(limits, { value: 0.99, samples: 1 })).toEqual([]);
  expect(foundUnderLimits(limits, { value: 0.98, samples: 1 })).toHaveLength(1);
  expect(foundUnderLimits(limits, { value: Number.NaN, samples: 1 })).toHaveLength(1);
  expect(foundUnderLimits(limits)).toHaveLength(1);
  expect(() => refuseOtherFigures(limits, 'cosine')).not.toThrow();
  expect(() => refuseOtherFigures(limits, 'mse')).toThrow(/CLI133.*goes by mse/);
});

test('a sweep by default is layerwise, of all nodes, by cosine', () => {
  const command = parseCommand(['sensitivity', 'm.onnx', '--config', 'c']);
  const request = { mode: 'layerwise', part: 'both', judge: { id: 'cosine' }, samples: 32, verify: null };
  expect(command).toMatchObject({ kind: 'sensitivity', request });
  const asked = ['--mode', 'leave-one-out', '--on', 'weights', '--metric', 'top1', '--samples', '8', '--verify', '20'];
  expect(parseCommand(['sensitivity', 'm.onnx', '--config', 'c', ...asked])).toMatchObject({
    request: { mode: 'leaveOneOut', part: 'weights', judge: { id: 'top1' }, samples: 8, verify: 20 },
  });
});

test.each([
  [['--mode', 'layer'], /CLI130.*layer is none of layerwise/],
  [['--on', 'bias'], /CLI130.*bias is none of both/],
  [['--mode', 'local', '--on', 'weights'], /CLI130.*local errors are those of whole nodes/],
  [['--verify', '0'], /CLI130.*--verify 0/],
  [['--judge', 'mse', '--metric', 'mse'], /CLI130/],
  [['--judge', 'cosinus'], /CLI121.*cosine\?/],
])('%s is said in one line', (more, message) => {
  expect(() => parseCommand(['sensitivity', 'm.onnx', '--config', 'c', ...more])).toThrow(message);
});

test('sqnrDb is what the judge of that name says of the same run', async () => {
  const ratios = [0.01, 0.03];
  const judging = FIGURE_JUDGES.sqnrDb.start();
  const figuresOf = (ratio: number) => ({ sqnrDb: -10 * Math.log10(ratio) });
  for (const [i, ratio] of ratios.entries()) judging.add(i, [{ figures: figuresOf(ratio) } as JudgedOutput]);
  const judged = await judging.finish();
  const run = { ...RUN, outputs: [{ name: 'a', cosine: 1, sqnrDb: 17.6, noiseToSignal: 0.02 }] };
  expect(underLimits([{ figure: 'sqnrDb', least: judged - 1e-9 }], run)).toEqual([]);
  expect(underLimits([{ figure: 'sqnrDb', least: judged + 1e-9 }], run)).toHaveLength(1);
});
