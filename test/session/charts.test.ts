import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { NEVER } from '../../src/base/abort.ts';
import { PER_TENSOR, type QuantParams } from '../../src/base/quantParams.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { MOST_CHANNELS } from '../../src/protocol/chartViews.ts';
import { channelFigures, likelyAxis } from '../../src/session/charts/channels.ts';
import { ChartDesk } from '../../src/session/charts/chartDesk.ts';
import type { ChartedTensor } from '../../src/session/charts/charted.ts';
import { binsOf, histogramOf } from '../../src/session/charts/histogram.ts';
import { type ChartParts, tensorCharts, tensorSpread } from '../../src/session/charts/tensorCharts.ts';
import { evaluated } from './evaluated.ts';

const total = (counts: Uint32Array | null | undefined): number => Array.from(counts ?? []).reduce((a, b) => a + b, 0);

function params(scale: readonly number[], zeroPoint: readonly number[], axis?: number): QuantParams {
  const granularity = axis === undefined ? PER_TENSOR : ({ kind: 'perChannel', axis } as const);
  return {
    scheme: { dtype: 'int8', mapping: 'asymmetric', granularity, qmin: -128, qmax: 127 },
    scale: Float32Array.from(scale),
    zeroPoint: Int32Array.from(zeroPoint),
  };
}

function charted(origin: readonly number[], rest: Partial<ChartedTensor> = {}): ChartedTensor {
  const dims = rest.dims ?? [origin.length];
  return { kind: 'Activation', origin, dequant: undefined, codes: undefined, params: undefined, ...rest, dims };
}

describe('bins', () => {
  test('cover both ends, with a grid and without', () => {
    for (const [low, high] of [
      [-1, 1],
      [0, 0],
      [3, 3],
      [-1e-30, 5e-31],
      [-3e38, 3e38],
    ] as const) {
      for (const grid of [null, { scale: 0.01 }, { scale: 3 }]) {
        const bins = binsOf({ low, high, elements: 1e6 }, grid);
        if (grid !== null && high > 1e30) continue; // a step is below the resolution of a double there
        expect(bins.low, `${low} to ${high}`).toBeLessThanOrEqual(low);
        expect(bins.low + bins.count * bins.width).toBeGreaterThanOrEqual(high);
        expect(bins.count).toBeGreaterThanOrEqual(1);
        expect(bins.count).toBeLessThanOrEqual(1024);
      }
    }
  });

  test('hold each value of the grid in their middle, also where a code has several bins', () => {
    for (const [low, high, scale, elements] of [
      [-1.28, 1.27, 0.01, 1e6],
      [-0.7, 0.8, 0.1, 1e6],
      [0, 255, 1, 1e6],
      [0, 15, 1, 10],
    ] as const) {
      const bins = binsOf({ low, high, elements }, { scale });
      for (let q = Math.ceil(low / scale); q <= high / scale; q++) {
        const place = (q * scale - bins.low) / bins.width;
        expect(place - Math.floor(place), `${q} of ${scale}`).toBeCloseTo(0.5, 6);
      }
    }
  });

  test('are fewer for fewer elements, and then hold whole codes: none lies between two of them', () => {
    expect(binsOf({ low: 0, high: 1, elements: 288 }, null).count).toBe(17);
    expect(binsOf({ low: 0, high: 1, elements: 3 }, null).count).toBe(16);
    const bins = binsOf({ low: -12.8, high: 12.7, elements: 100 }, { scale: 0.1 });
    expect(bins.count).toBeLessThanOrEqual(20);
    for (let q = -128; q <= 127; q++) {
      const place = (q * 0.1 - bins.low) / bins.width;
      expect(Math.abs(place - Math.round(place)), String(q)).toBeGreaterThan(0.01);
    }
  });

  test('stay few where a single value lies far outside the codes', () => {
    expect(binsOf({ low: -1, high: 1e6, elements: 1e6 }, { scale: 0.01 }).count).toBeLessThanOrEqual(1024);
  });
});

describe('a histogram', () => {
  test('counts every finite element once on each side, and says how many are not', () => {
    const origin = [0, 0.1, 0.2, Number.NaN, Number.POSITIVE_INFINITY, -5];
    const view = histogramOf(charted(origin, { dequant: [0, 0.1, 0.2, 0, 1, -1.28] }));
    expect(total(view?.origin)).toBe(4);
    expect(total(view?.dequant)).toBe(6);
    expect(view?.notFinite).toBe(2);
  });

  test('of nothing finite is none', () => {
    expect(histogramOf(charted([]))).toBeNull();
    expect(histogramOf(charted([Number.NaN]))).toBeNull();
  });

  test('has a grid and a count per code where one scale holds for all', () => {
    const codes = [-128, 0, 0, 127];
    const view = histogramOf(
      charted([-9, 0, 0.001, 9], { dequant: [-1.28, 0, 0, 1.27], codes, params: params([0.01], [0]) }),
    );
    expect(view?.grid).toMatchObject({ zeroPoint: 0, qmin: -128, qmax: 127 });
    expect(view?.codes?.first).toBe(-128);
    expect([0, 128, 255].map((i) => view?.codes?.counts[i])).toEqual([1, 2, 1]);
    expect(total(view?.codes?.counts)).toBe(4);
  });

  test('has codes but no common grid where channels have scales of their own, and no codes behind a table', () => {
    const parts = { codes: [1, 2], dequant: [1, 2], dims: [2, 1] };
    expect(histogramOf(charted([1, 2], { ...parts, params: params([1, 1], [0, 0], 0) }))).toMatchObject({ grid: null });
    const table = { ...params([1], [0]), table: Float32Array.of(1, 2) };
    expect(histogramOf(charted([1, 2], { ...parts, params: table }))).toMatchObject({ grid: null, codes: null });
  });
});

describe('channels', () => {
  test('have their own extremes, errors and clipped elements', () => {
    // [2, 2, 2] along axis 1: channel 0 is 0, 1, 4, 5; channel 1 is 2, 3, 6, 7.
    const origin = [0, 1, 2, 3, 4, 5, 6, 7];
    const dequant = [0, 1, 2, 3, 4, 4, 4, 4];
    const view = channelFigures(charted(origin, { dims: [2, 2, 2], dequant, params: params([1 / 32], [0]) }), 1);
    expect(view).toMatchObject({ axis: 1, count: 2, scale: null });
    expect(Array.from(view?.min ?? [])).toEqual([0, 2]);
    expect(Array.from(view?.max ?? [])).toEqual([5, 7]);
    expect(Array.from(view?.quantized?.max ?? [])).toEqual([4, 4]);
    expect(Array.from(view?.quantized?.rmse ?? [])).toEqual([Math.sqrt(1 / 4), Math.sqrt((4 + 9) / 4)]);
    expect(Array.from(view?.quantized?.clipRate ?? [])).toEqual([2 / 4, 2 / 4]); // 127 / 32 < 4
    expect(view?.quantized?.sqnrDb[0]).toBeCloseTo(10 * Math.log10(42), 12);
  });

  test('clip by their own scales, whatever axis is asked for', () => {
    const parts = { dims: [2, 2], dequant: [1, 1, 1, 1], params: params([1, 1 / 127], [0, 0], 0) };
    const byRow = channelFigures(charted([100, 100, 100, 1], parts), 0);
    expect(Array.from(byRow?.quantized?.clipRate ?? [])).toEqual([0, 0.5]);
    expect(Array.from(byRow?.scale ?? [])).toEqual([1, Math.fround(1 / 127)]);
    const byColumn = channelFigures(charted([100, 100, 100, 1], parts), 1);
    expect(Array.from(byColumn?.quantized?.clipRate ?? [])).toEqual([0.5, 0]);
    expect(byColumn?.scale).toBeNull();
  });

  test('without error have an infinite SQNR, without finite elements no figures', () => {
    const view = channelFigures(charted([1, Number.NaN], { dims: [2, 1], dequant: [1, 1] }), 0);
    expect(view?.quantized?.sqnrDb[0]).toBe(Number.POSITIVE_INFINITY);
    expect([view?.min[1], view?.quantized?.rmse[1], view?.quantized?.sqnrDb[1]]).toEqual([NaN, NaN, NaN]);
  });

  test('are not counted for a scalar, an empty tensor, an axis that is not there, or too many of them', () => {
    expect(channelFigures(charted([1], { dims: [] }), 0)).toBeNull();
    expect(channelFigures(charted([], { dims: [0, 3] }), 1)).toBeNull();
    expect(channelFigures(charted([1]), 1)).toBeNull();
    const many = channelFigures(charted(Array.from({ length: MOST_CHANNELS + 1 }, () => 1)), 0);
    expect(many).toMatchObject({ count: MOST_CHANNELS + 1 });
    expect(many?.min).toHaveLength(0);
  });

  test('lie along the axis of the parameters, an image’s second axis, or the last', () => {
    expect(likelyAxis(charted([1], { dims: [1, 1, 1], params: params([1], [0], 1) }))).toBe(1);
    expect(likelyAxis(charted([1], { dims: [1, 1, 1, 1] }))).toBe(1);
    expect(likelyAxis(charted([1], { dims: [1, 1, 1] }))).toBe(2);
    expect(likelyAxis(charted([1], { dims: [1, 1, 1, 1], kind: 'Weight' }))).toBe(0);
  });
});

describe('the charts of a tensor of the sample', () => {
  const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
  const configText = readFileSync(`${SAMPLE}/full_quant.cfg`, 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=12')
    .replace('evaluate_size=500', 'evaluate_size=12');
  let parts: ChartParts;
  beforeAll(async () => {
    const last = await evaluated(`${SAMPLE}/mnist.onnx`, { configText, configPath: `${SAMPLE}/full_quant.cfg` });
    parts = { open: last.run.open, last, signal: NEVER };
  });

  const refOf = (handle: string, role: 'Input' | 'Output', index: number) => {
    const node = parts.open.model.graph.nodes.find((n) => n.handle === handle);
    const valueId = (role === 'Input' ? node?.inputs : node?.outputs)?.[index];
    if (node === undefined || valueId === undefined) throw new Error(`${handle} has no such tensor`);
    return { nodeId: node.id, valueId, role };
  };

  test('an activation: every element in the histogram and in a channel', async () => {
    const ref = { ...refOf('relu1', 'Output', 0), sample: 11, axis: null };
    const charts = await tensorCharts(parts, ref, 11);
    expect(charts.sample).toMatchObject({ index: 11, count: 12 });
    expect(total(charts.histogram?.origin)).toBe(sizeOf(charts.dims));
    expect(total(charts.histogram?.dequant)).toBe(sizeOf(charts.dims));
    expect(total(charts.histogram?.codes?.counts)).toBe(sizeOf(charts.dims));
    expect(charts.channels).toMatchObject({ axis: 1, count: charts.dims[1] });
  });

  test('a weight: channels with their scales; before a run the float side alone', async () => {
    const ref = { ...refOf('conv1', 'Input', 1), sample: 0, axis: null };
    const charts = await tensorCharts(parts, ref, 0);
    expect(charts.sample).toBeNull();
    expect(charts.channels?.scale).toHaveLength(charts.dims[0] as number);
    const before = await tensorCharts({ ...parts, last: undefined }, ref, 0);
    expect(before.channels?.quantized).toBeNull();
    expect(before.histogram).toMatchObject({ dequant: null, grid: null, codes: null });
    expect(total(before.histogram?.origin)).toBe(sizeOf(charts.dims));
  });

  test('spread: five rising numbers of each sample, also of those outside the cache; none for a weight', async () => {
    const spread = await tensorSpread(parts, { ...refOf('fc', 'Output', 0), samples: 99 });
    expect(spread?.names).toHaveLength(12);
    for (let i = 0; i < 12; i++) {
      const five = Array.from(spread?.origin.slice(5 * i, 5 * i + 5) ?? []);
      expect(five).toEqual([...five].sort((a, b) => a - b));
      expect(spread?.rmse[i]).toBeGreaterThan(0);
    }
    expect(await tensorSpread(parts, { ...refOf('fc', 'Input', 1), samples: 1 })).toBeNull();
  });

  test('figures over samples: the worst of them, their mean, and each one as it was evaluated', async () => {
    const desk = new ChartDesk(() => ({ open: parts.open, after: parts.last }));
    const ref = refOf('softmax', 'Output', 0);
    const over = await desk.figures(ref);
    expect(over).toMatchObject({ count: 12 });
    const cosines = over?.figures.find((f) => f.metric === 'cosine');
    const each = Array.from(cosines?.each ?? []);
    expect(each).toHaveLength(12);
    expect(cosines?.worst).toBe(Math.min(...each));
    expect(each[cosines?.worstSample ?? -1]).toBe(cosines?.worst);
    expect(cosines?.mean).toBeCloseTo(each.reduce((a, b) => a + b, 0) / 12, 12);
    const worst = await desk.charts({ ...ref, sample: 'worst', axis: null });
    const rmse = (await desk.spread({ ...ref, samples: 12 }))?.rmse ?? new Float64Array(0);
    expect(rmse[worst.sample?.index ?? -1]).toBe(Math.max(...rmse));
    expect(await desk.figures(refOf('fc', 'Input', 1))).toBeNull();
  });

  test('an operator: what it does, what its version takes, and what holds without an attribute', async () => {
    const desk = new ChartDesk(() => ({ open: parts.open, after: undefined }));
    const conv = await desk.operator({ domain: '', opType: 'Conv' });
    expect(conv.inputs.map((i) => [i.name, i.optional])).toEqual([
      ['X', false],
      ['W', false],
      ['B', true],
    ]);
    expect(conv.attributes.find((a) => a.name === 'group')).toMatchObject({ default: '1', required: false });
    expect(conv.since).toBe(1);
    const none = await desk.operator({ domain: 'my.domain', opType: 'Thing' });
    expect(none).toMatchObject({ text: '', since: null, url: null, attributes: [] });
  });

  test('what is computed inside the next node is not charted, and the message says so', async () => {
    const ref = { ...refOf('conv1', 'Output', 0), sample: 0, axis: null };
    await expect(tensorCharts(parts, ref, 0)).rejects.toThrow(/SES440.*part of the next node/);
  });
});
