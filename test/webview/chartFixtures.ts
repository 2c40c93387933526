import type { ChartRequests, SampledFigureView } from '../../src/protocol/chartViews.ts';
import type { Handlers } from '../../src/protocol/messages.ts';
import type { SampledTensorRef } from '../../src/protocol/tensorViews.ts';
import type { GraphView } from '../../src/protocol/views.ts';
import { channelFigures, likelyAxis } from '../../src/session/charts/channels.ts';
import { type ChartedTensor, chartedTensor } from '../../src/session/charts/charted.ts';
import { histogramOf } from '../../src/session/charts/histogram.ts';
import { operatorView } from '../../src/session/operatorView.ts';
import { made, SAMPLES, WORST_SAMPLE } from './tensorFixtures.ts';

const NAMES = Array.from({ length: SAMPLES }, (_, i) => `ILSVRC2012_val_0000${1230 + i}.JPEG`);

/** Answers as a session would, on the tensors of the tensor viewer's fixtures. */
export function chartHandlers(graph: GraphView, hasRun: () => boolean): Handlers<ChartRequests> {
  const isWeight = (valueId: number) => graph.values[valueId]?.kind === 'constant';
  const charted = (ref: SampledTensorRef, sample: number): ChartedTensor =>
    chartedTensor(made(graph, ref, sample, hasRun()), isWeight(ref.valueId) ? 'Weight' : 'Activation');
  return {
    'tensor/charts': async ({ nodeId, valueId, role, sample, axis }) => {
      const index = sample === 'worst' ? WORST_SAMPLE : sample;
      const tensor = charted({ nodeId, valueId, role, sample }, index);
      return {
        ...{ nodeId, valueId, role, kind: tensor.kind, dims: tensor.dims },
        name: graph.values[valueId]?.name ?? '',
        sample: isWeight(valueId) ? null : { index, name: NAMES[index] ?? '', count: SAMPLES },
        histogram: histogramOf(tensor),
        channels: channelFigures(tensor, axis ?? likelyAxis(tensor)),
      };
    },
    'tensor/spread': async ({ nodeId, valueId, role, samples }) => {
      if (isWeight(valueId)) return null;
      const count = Math.min(samples, SAMPLES);
      const each = Array.from({ length: count }, (_, i) => charted({ nodeId, valueId, role, sample: i }, i));
      const five = (x: ArrayLike<number>) => {
        const sorted = Float64Array.from(x).sort();
        return [0, 0.25, 0.5, 0.75, 1].map((p) => sorted[Math.floor(p * (sorted.length - 1))] ?? Number.NaN);
      };
      return {
        ...{ nodeId, valueId, role, count: SAMPLES, names: NAMES.slice(0, count) },
        origin: Float64Array.from(each.flatMap((t) => five(t.origin))),
        dequant: Float64Array.from(each.flatMap((t) => five(t.dequant ?? []))),
        rmse: Float64Array.from(each, (_, i) => (i === WORST_SAMPLE ? 0.02 : 0.005 + 0.001 * i)),
      };
    },
    'tensor/figures': async ({ valueId }) => {
      if (!hasRun() || isWeight(valueId)) return null;
      const row = (metric: SampledFigureView['metric'], best: number, step: number): SampledFigureView => {
        const each = Float64Array.from(NAMES, (_, i) => best + step * (i === WORST_SAMPLE ? 6 : i / SAMPLES));
        const worst = each[WORST_SAMPLE] ?? Number.NaN;
        const mean = each.reduce((a, b) => a + b, 0) / each.length;
        return { metric, worst, worstSample: WORST_SAMPLE, mean, each };
      };
      return {
        count: SAMPLES,
        names: NAMES,
        figures: [
          row('cosine', 0.9998, -0.001),
          row('sqnrDb', 34, -2),
          row('cumulativeError', 0.02, 0.01),
          row('mse', 1e-4, 1e-4),
          row('clipRate', 0, 0.0001),
          row('saturation', 0.001, 0.0002),
        ],
      };
    },
    'operator/doc': async (request) => operatorView(request, new Map([['', 17]])),
  };
}
