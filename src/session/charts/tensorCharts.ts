import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import type {
  TensorCharts,
  TensorChartsRequest,
  TensorSpread,
  TensorSpreadRequest,
} from '../../protocol/chartViews.ts';
import type { TensorStats } from '../../report/reportTypes.ts';
import { tensorStats } from '../../report/stats.ts';
import type { OpenModel } from '../model.ts';
import type { Result } from '../result.ts';
import type { RunState } from '../run.ts';
import { findTensor, readTensor } from '../tensorData/openTensor.ts';
import { readPair } from '../tensorPair.ts';
import { channelFigures, likelyAxis } from './channels.ts';
import { chartedTensor } from './charted.ts';
import { histogramOf } from './histogram.ts';

/** Five numbers of a box. */
const FIVE = 5;

export interface ChartParts {
  readonly open: OpenModel;
  /** The last run or trial, if any. */
  readonly last: { readonly run: RunState; readonly result: Result } | undefined;
  readonly signal: AbortSignalLike;
}

/** @param sample that the request speaks of. @throws DiagnosticError SES403, SES426, SES440, DAT…; Cancelled */
export async function tensorCharts(
  { open, last, signal }: ChartParts,
  request: TensorChartsRequest,
  sample: number,
): Promise<TensorCharts> {
  const after = last && { ...last, sample, signal };
  const found = findTensor(open, after, request);
  const tensor = chartedTensor(await readTensor(open, after, found), found.kind);
  const isSampled = last !== undefined && found.kind === 'Activation';
  const { nodeId, valueId, role } = request;
  return {
    ...{ nodeId, valueId, role, name: found.name, kind: found.kind, dims: tensor.dims },
    sample: isSampled ? { index: sample, name: last.run.samples.nameOf(sample), count: last.run.sampleCount } : null,
    histogram: histogramOf(tensor),
    channels: channelFigures(tensor, request.axis ?? likelyAxis(tensor)),
  };
}

/** An activation's five numbers on each of the first samples, float and dequantized; null for any other tensor. */
export async function tensorSpread(
  { open, last, signal }: ChartParts,
  request: TensorSpreadRequest,
): Promise<TensorSpread | null> {
  const after = last && { ...last, sample: 0, signal };
  const { entry } = findTensor(open, after, request);
  if (last === undefined || entry?.pair === undefined) return null;
  const { run, result } = last;
  const { kernels } = run.float;
  const count = Math.min(request.samples, run.sampleCount);
  const { nodeId, valueId, role } = request;
  const spread = {
    ...{ nodeId, valueId, role, count: run.sampleCount },
    names: [] as string[],
    origin: new Float64Array(FIVE * count),
    dequant: new Float64Array(FIVE * count),
    rmse: new Float64Array(count),
  };
  for (let sample = 0; sample < count; sample++) {
    throwIfAborted(signal);
    const pair = await readPair({ run, result, sample, signal }, entry);
    if (pair === undefined) return null;
    const { origin, dequant } = pair;
    spread.names.push(run.samples.nameOf(sample));
    spread.origin.set(fiveNumbers(tensorStats(kernels, origin)), FIVE * sample);
    spread.dequant.set(fiveNumbers(tensorStats(kernels, dequant)), FIVE * sample);
    spread.rmse[sample] = Math.sqrt(kernels.pairSumsF32(origin, dequant).squaredError / origin.length);
    await Promise.resolve();
  }
  return spread;
}

function fiveNumbers({ min, q1, median, q3, max }: TensorStats): number[] {
  return [min, q1, median, q3, max];
}
