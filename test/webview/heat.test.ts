import { describe, expect, test } from 'vitest';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import {
  type Borders,
  defaultBorders,
  isWorse,
  METRICS,
  type MetricId,
  metricInfo,
} from '../../src/protocol/metrics.ts';
import {
  bandOf,
  bordersOf,
  coordinateOf,
  countBands,
  domainOf,
  fractionOf,
  histogramOf,
  SHADES,
  shadesOf,
  valueAt,
  valueAtFraction,
  withBorder,
} from '../../webview/heat/bands.ts';
import { markNodes } from '../../webview/heat/marks.ts';
import { PALETTES, shadeColours, shadeCount } from '../../webview/heat/shades.ts';
import { type Heat, shownMetric } from '../../webview/heat/state.ts';
import { columnOf, mobileNet, runOf } from './fixtures.ts';

const graph = mobileNet();
const table = new GraphTable(encodeGraph(graph));
const run = runOf(graph);
const cosine = metricInfo('cosine');
const sqnr = metricInfo('sqnrDb');
const clip = metricInfo('clipRate');

const bordersFor = (id: MetricId, values: Float64Array): Borders => defaultBorders(metricInfo(id), values);

describe('the axis of a metric', () => {
  test.each(METRICS.map((m) => m.id))('of %s runs from better to worse and back to the same value', (id) => {
    const info = metricInfo(id);
    const values =
      id === 'cosine' ? [0.999999, 0.9, 0.2, -0.7] : info.axis === 'linear' ? [40, 3, 0, -9] : [1e-7, 0.3, 8e9];
    const worseLast = info.higherIsBetter ? values : [...values].sort((a, b) => a - b);
    const along = worseLast.map((v) => coordinateOf(info, v));
    expect(along).toEqual([...along].sort((a, b) => a - b));
    for (const v of values)
      expect(valueAt(info, coordinateOf(info, v))).toBeCloseTo(
        v,
        6 - Math.max(0, Math.ceil(Math.log10(Math.abs(v) || 1))),
      );
  });

  test('begins with what cannot be better', () => {
    expect(coordinateOf(cosine, 1)).toBe(-Infinity);
    expect(coordinateOf(cosine, 1.0000000001)).toBe(-Infinity);
    expect(coordinateOf(clip, 0)).toBe(-Infinity);
    expect(coordinateOf(sqnr, Infinity)).toBe(-Infinity);
    expect(valueAtFraction(cosine, { from: -5, to: 0 }, 0)).toBe(1);
    expect(valueAtFraction(clip, { from: -5, to: 0 }, -0.3)).toBe(0);
    expect(valueAtFraction(sqnr, { from: -60, to: 0 }, 0), 'a border at no finite place could not be saved').toBe(60);
  });

  test('shows all finite values and borders, whatever they are', () => {
    const values = Float64Array.of(Infinity, 45, Number.NaN, -3);
    const domain = domainOf(sqnr, values, [40, 30, 20, 10]);
    expect(domain.from).toBeLessThan(-45);
    expect(domain.to).toBeGreaterThan(3);
    expect(fractionOf(sqnr, domain, Infinity)).toBe(0);
    expect(fractionOf(sqnr, domain, -1000)).toBe(1);
    expect(fractionOf(sqnr, domain, Number.NaN)).toBeNaN();
    expect(domainOf(clip, new Float64Array(), [0, 0, 0, 0])).toEqual({ from: 0, to: 1 });
    const one = domainOf(sqnr, Float64Array.of(20), [20, 20, 20, 20]);
    expect(one.to).toBeGreaterThan(one.from);
  });
});

describe('shades', () => {
  const values = Float64Array.of(1, 0.99995, 0.9995, 0.995, 0.96, 0.5, Number.NaN);

  test('of bands are the bands', () => {
    const shades = shadesOf(cosine, bordersFor('cosine', values), values, 'bands');
    expect(Array.from(shades)).toEqual([0, 0, 1, 2, 3, 4, -1]);
  });

  test('of a gradient lie within their band, worse values never before better ones', () => {
    const many = Float64Array.from({ length: 400 }, (_, i) => 1 - 10 ** (-6 + i / 70));
    const borders = bordersFor('cosine', many);
    const shades = shadesOf(cosine, borders, many, 'gradient');
    const bands = shadesOf(cosine, borders, many, 'bands');
    expect(new Set(shades).size).toBeGreaterThan(0.8 * SHADES); // the margins of the axis have no values
    shades.forEach((shade, i) => {
      expect(bandOf(shade, 'gradient')).toBe(bands[i]);
      if (i > 0) expect(shade).toBeGreaterThanOrEqual(shades[i - 1] as number);
    });
    expect(shadesOf(cosine, borders, Float64Array.of(Number.NaN), 'gradient')[0]).toBe(-1);
  });

  test('follow a border that is moved, in bands and gradient', () => {
    const borders = bordersFor('cosine', values);
    const moved = withBorder(cosine, borders, 1, 0.994);
    expect(moved).toEqual([0.9999, 0.994, 0.99, 0.95]);
    for (const scale of ['bands', 'gradient'] as const) {
      const [before, after] = [borders, moved].map((b) => shadesOf(cosine, b, values, scale)[3] as number) as [
        number,
        number,
      ];
      expect([bandOf(before, scale), bandOf(after, scale)]).toEqual([2, 1]);
    }
  });

  test('count what each band and bin has', () => {
    const borders = bordersFor('cosine', values);
    expect(countBands(cosine, borders, values)).toEqual([2, 1, 1, 1, 1]);
    const domain = domainOf(cosine, values, borders);
    const bins = histogramOf(cosine, domain, values, 10);
    expect(bins.reduce((a, b) => a + b, 0)).toBe(6);
    expect(bins[0], 'what cannot be better is in the first').toBeGreaterThanOrEqual(1);
    expect(histogramOf(cosine, domain, new Float64Array(), 3)).toEqual([0, 0, 0]);
  });
});

describe('borders', () => {
  test('stay between their neighbours', () => {
    const borders: Borders = [40, 30, 20, 10];
    expect(withBorder(sqnr, borders, 1, 50)).toEqual([40, 40, 20, 10]);
    expect(withBorder(sqnr, borders, 1, 15)).toEqual([40, 20, 20, 10]);
    expect(withBorder(sqnr, borders, 0, 99)).toEqual([99, 30, 20, 10]);
    expect(withBorder(sqnr, borders, 3, -8)).toEqual([40, 30, 20, -8]);
    expect(withBorder(clip, [0, 0.1, 0.2, 0.3], 2, 0.05)).toEqual([0, 0.1, 0.1, 0.3]);
  });

  test('that were saved are used only while they make sense', () => {
    const none = new Float64Array();
    expect(bordersOf(sqnr, [50, 40, 30, 20], none)).toEqual([50, 40, 30, 20]);
    for (const wrong of [[20, 30, 40, 50], [1, 2, 3], [null, 1, 0, 0], 'x', {}, [1, Number.NaN, 0, 0]])
      expect(bordersOf(sqnr, wrong as unknown as Borders, none), JSON.stringify(wrong)).toEqual([40, 30, 20, 10]);
  });
});

describe('marks', () => {
  const heatOf = (change: Partial<Heat> = {}, second?: MetricId): Heat => {
    const scale = change.scale ?? 'bands';
    const shown = (metric: MetricId) => shownMetric(columnOf(graph, run, { metric, of: 'mean' }), undefined, scale);
    return {
      main: shown('cosine'),
      second: second === undefined ? null : shown(second),
      scale,
      band: null,
      graph: table,
      ...change,
    };
  };

  test('carry both metrics, and the second also where the first has no value', () => {
    const marks = markNodes(run, heatOf({}, 'macs'), new Set());
    const conv = graph.nodes.findIndex((n) => n.opType === 'Conv');
    const mark = marks.get(graph.nodes[conv]?.id ?? -1);
    expect(mark?.text).toMatch(/^0\.9|^1/);
    expect(mark?.second?.text).toMatch(/k$|M$/);
    expect(mark?.second?.level).toBeGreaterThanOrEqual(0);
    const clipped = marks.get(graph.nodes.find((n) => n.opType === 'Clip')?.id ?? -1);
    expect(clipped).toMatchObject({ level: null });
    expect([clipped?.text, clipped?.second?.text]).toEqual(['', '']);
  });

  test('before a run are those of nodes with a value', () => {
    const main = shownMetric(columnOf(graph, null, { metric: 'macs', of: 'mean' }), undefined, 'bands');
    const marks = markNodes(null, heatOf({ main }), new Set());
    expect(marks.size).toBe(graph.nodes.filter((n) => n.opType === 'Conv' || n.opType === 'Gemm').length);
    expect([...marks.values()].every((m) => m.figures === null && m.level !== null)).toBe(true);
  });

  test('of another band than the chosen one lose their colour and keep their number', () => {
    for (const scale of ['bands', 'gradient'] as const) {
      const all = [...markNodes(run, heatOf({ scale }), new Set()).values()];
      const some = [...markNodes(run, heatOf({ scale, band: 2 }), new Set()).values()];
      const coloured = some.filter((m) => m.level !== null);
      expect(coloured.length).toBe(all.filter((m) => m.level !== null && bandOf(m.level, scale) === 2).length);
      expect(coloured.length).toBeGreaterThan(0);
      expect(some.map((m) => m.text)).toEqual(all.map((m) => m.text));
    }
  });

  test('of many nodes write no number before it is read', () => {
    const shown = heatOf();
    let written = 0;
    const format = (value: number): string => `${++written} ${value}`;
    const marks = markNodes(
      run,
      { ...shown, main: { ...shown.main, info: { ...shown.main.info, format } } },
      new Set(),
    );
    expect(marks.size).toBeGreaterThan(50);
    expect(written).toBe(0);
    expect(marks.get(graph.nodes[0]?.id ?? -1)?.text).toMatch(/^1 0\.99/);
  });
});

describe('palettes', () => {
  test('have a colour for every level, from best to worst', () => {
    for (const { id, stops } of PALETTES) {
      for (const scale of ['bands', 'gradient'] as const) {
        const colours = shadeColours(id, scale);
        expect(colours).toHaveLength(shadeCount(scale));
        expect(new Set(colours).size).toBe(colours.length);
        expect([colours[0], colours.at(-1)]).toEqual(
          stops === undefined ? ['var(--qs-band-0)', 'var(--qs-band-4)'] : [stops[0], stops.at(-1)],
        );
      }
    }
  });

  test('for all eyes tell neighbouring bands apart by lightness, also without colours', () => {
    for (const id of ['viridis', 'cividis'] as const) {
      const lightness = shadeColours(id, 'bands').map(lightnessOf);
      for (let i = 1; i < lightness.length; i++)
        expect((lightness[i - 1] as number) - (lightness[i] as number), `${id} ${i}`).toBeGreaterThan(10);
    }
  });

  test('that diverge are light in the middle and differ at their ends for red-green blindness', () => {
    const colours = shadeColours('blueOrange', 'bands');
    const lightness = colours.map(lightnessOf);
    expect(Math.max(...lightness)).toBe(lightness[2]);
    const [blue, orange] = [colours[0], colours[4]].map((c) => Number.parseInt((c ?? '').slice(5, 7), 16)) as [
      number,
      number,
    ];
    expect(blue - orange).toBeGreaterThan(100); // the blue channel, which all but tritanopes see
  });
});

/** CIE L* of `#rrggbb`. */
function lightnessOf(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return y > 216 / 24389 ? 116 * Math.cbrt(y) - 16 : (y * 24389) / 27;
}

test('what is worse has never a better shade, for any metric', () => {
  for (const info of METRICS) {
    const values = Float64Array.from({ length: 50 }, (_, i) => (i + 1) / 51);
    const shades = shadesOf(info, defaultBorders(info, values), values, 'gradient');
    for (let i = 1; i < 50; i++) {
      const [a, b] = [i - 1, i].map((k) => ({ value: values[k] as number, shade: shades[k] as number })) as [
        { value: number; shade: number },
        { value: number; shade: number },
      ];
      const [better, worse] = isWorse(info, b.value, a.value) ? [a, b] : [b, a];
      expect(better.shade, info.id).toBeLessThanOrEqual(worse.shade);
    }
  }
});
