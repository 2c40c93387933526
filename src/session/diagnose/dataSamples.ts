import type { AbortSignalLike } from '../../base/abort.ts';
import {
  type Extremes,
  LEAST_SAMPLES,
  lastDoubling,
  rangeGrowth,
  type SampleScore,
  sampleScores,
} from '../../diagnose/dataRanges.ts';
import { DATA_LABELS } from '../../protocol/dataLabels.ts';
import type { DataFinding, Evidence } from '../../protocol/diagnosisViews.ts';
import { nodeMacs } from '../metrics/nodeMacs.ts';
import type { DataParts } from './data.ts';
import { calibrationPass } from './dataPass.ts';

/** Samples that are looked at, evenly spread over the calibration. */
const MOST = 256;
/** Multiply-accumulates of both models together, about a minute of one thread. */
const PASS_MACS = 3e11;

/**
 * Deviations from the median at which a sample is odd.
 * @source B. Iglewicz and D. Hoaglin, How to Detect and Handle Outliers (1993): 3.5 for scores by the median distance.
 */
const ODD = 3.5;
/** By so much its ranges must differ as well, and its noise: less does not matter whatever the others do. */
const ODD_RANGE = 1.5;
const ODD_NOISE = 10;
/** Samples that are named at most, the oddest first. */
const NAMED = 10;

/** Sixteen of 256 codes: what half of the samples did not show would have cost as many. */
const GROWTH = 1 / 16;

/** Samples unlike the others, oddest first, and whether more are needed: from one pass. @throws Cancelled */
export async function sampleFindings(
  { lab, onProgress }: DataParts,
  signal: AbortSignalLike,
): Promise<readonly DataFinding[]> {
  const { calibration, sampleSource } = lab.settings;
  if (sampleSource === 'pseudo-random' || calibration.count === 0) return [];
  const macs = (await nodeMacs(lab.run.open, lab.run.prepared)).filter((m) => m > 0).reduce((a, b) => a + b, 0);
  const count = Math.min(
    calibration.count,
    MOST,
    Math.max(LEAST_SAMPLES, Math.floor(PASS_MACS / Math.max(1, 2 * macs))),
  );
  const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * calibration.count) / count));
  const onSample = (done: number, total: number, text: string): void =>
    onProgress({ stage: 'calibrate', done, total, text });
  const { names, tensors, noise } = await calibrationPass({ lab, samples: calibration, chosen, signal, onSample });
  const odd = oddSamples(names, sampleScores(tensors, noise, count));
  return lab.settings.quantType === 'FULL_QUANT' ? [...odd, tooFew(tensors, count)] : odd; // others calibrate no ranges
}

function oddSamples(names: readonly string[], scores: readonly SampleScore[]): DataFinding[] {
  if (scores.length < LEAST_SAMPLES) return [];
  return scores
    .map((score, i) => ({ score, name: names[i] as string, by: oddness(score) }))
    .filter(({ by }) => by > 0)
    .sort((a, b) => b.by - a.by)
    .slice(0, NAMED)
    .map(({ score, name }) => ({ kind: 'oddSample' as const, sample: name, evidence: evidenceOf(score, name) }));
}

/** Deviations, 0 where it is not odd. Less noise than others have is no fault. */
function oddness(s: SampleScore): number {
  const byRange = Math.abs(s.rangeScore) > ODD && Math.max(s.range, 1 / s.range) >= ODD_RANGE;
  const byNoise = s.noiseScore > ODD && s.noise >= ODD_NOISE;
  return Math.max(byRange ? Math.abs(s.rangeScore) : 0, byNoise ? s.noiseScore : 0);
}

function evidenceOf(s: SampleScore, sample: string): Evidence[] {
  const all: Evidence[] = [
    { label: DATA_LABELS.rangeOfSample, value: s.range, unit: 'ratio', healthy: 1, sample },
    { label: DATA_LABELS.rangeScore, value: s.rangeScore, unit: 'number', healthy: ODD, sample },
    { label: DATA_LABELS.noiseOfSample, value: s.noise, unit: 'ratio', healthy: 1, sample },
    { label: DATA_LABELS.noiseScore, value: s.noiseScore, unit: 'number', healthy: ODD, sample },
  ];
  return all.filter((e) => Number.isFinite(e.value));
}

function tooFew(tensors: readonly Extremes[], samples: number): DataFinding {
  const growth = lastDoubling(tensors, samples);
  const evidence: Evidence[] = [{ label: DATA_LABELS.samples, value: samples, unit: 'count' }];
  if (samples > 1) evidence.push({ label: DATA_LABELS.growth, value: growth, unit: 'share', healthy: GROWTH });
  const advised = samples < 2 || growth > GROWTH;
  return { kind: 'tooFewSamples', growth: rangeGrowth(tensors, samples), evidence, advised };
}
