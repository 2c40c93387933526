import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import type { MetricColumn, MetricId, SampleChoice } from '../../src/protocol/metrics.ts';
import { readOverlays, UnreadableOverlay, writeNodeData, writeOverlay } from '../../webview/heat/overlay.ts';
import { shadeColours } from '../../webview/heat/shades.ts';
import { type ShownMetric, shownMetric } from '../../webview/heat/state.ts';
import { columnOf, mobileNet, runOf } from './fixtures.ts';

const graph = mobileNet();
const table = new GraphTable(encodeGraph(graph));
const run = runOf(graph);

const columnFor = (metric: MetricId, of: SampleChoice = 'mean'): MetricColumn => columnOf(graph, run, { metric, of });
const shown = (metric: MetricId, of: SampleChoice = 'mean'): ShownMetric =>
  shownMetric(columnFor(metric, of), undefined, 'bands');

describe('values that are saved', () => {
  test('come back as they were, with their borders, unit and name', () => {
    const column = columnFor('cosine');
    const moved = shownMetric(column, [0.999, 0.995, 0.99, 0.9], 'bands');
    const { overlays, unknown, notNumbers } = readOverlays(table, 'before', writeOverlay(table, [moved]));
    expect([unknown, notNumbers]).toEqual([[], []]);
    expect(overlays).toHaveLength(1);
    const [overlay] = overlays;
    expect(overlay).toMatchObject({ id: 'overlay:before', name: 'before' });
    expect(overlay?.values).toEqual(column.values);
    expect(overlay?.info).toMatchObject({ higherIsBetter: true, axis: 'logDistance' });
    expect(overlay?.info.format(0.99)).toBe('0.9900');
    const again = shownMetric(overlay as NonNullable<typeof overlay>, undefined, 'bands');
    expect(again.borders).toEqual(moved.borders);
    expect(again.shades).toEqual(moved.shades);
  });

  test('of two metrics come back as two, named by metric and sample', () => {
    const text = writeOverlay(table, [shown('sqnrDb', 'worst'), shown('macs')]);
    const { overlays } = readOverlays(table, 'both', text);
    expect(overlays.map((o) => [o.id, o.name])).toEqual([
      ['overlay:both', 'SQNR · worst'],
      ['overlay:both 2', 'MACs'],
    ]);
    const [sample] = readOverlays(table, 's', writeOverlay(table, [shown('mse', 3)])).overlays;
    expect(sample?.name).toBe('s · n01533_goldfish.JPEG');
  });

  test('keep infinities, which JSON does not have', () => {
    const column = columnFor('sqnrDb');
    column.values[0] = Number.POSITIVE_INFINITY;
    const text = writeOverlay(table, [shownMetric(column, undefined, 'bands')]);
    expect(JSON.parse(text).columns[0].values[table.handle(0)]).toBe('Infinity');
    expect(readOverlays(table, 'x', text).overlays[0]?.values[0]).toBe(Number.POSITIVE_INFINITY);
  });

  test('of another model are taken for the nodes of the same names; the others are told by name', () => {
    const { handle } = graph.nodes[3] as (typeof graph.nodes)[number];
    const columns = [
      { metric: 'made up', higherIsBetter: true, values: { [handle]: 2, gone: 3, [table.handle(4)]: 'x' } },
    ];
    const text = JSON.stringify({ format: 'quantscope-overlay', version: 1, model: 'other.onnx', columns });
    const { overlays, unknown, notNumbers } = readOverlays(table, 'o', text);
    expect(overlays[0]?.values.filter((v) => !Number.isNaN(v))).toEqual(Float64Array.of(2));
    expect(overlays[0]?.info).toMatchObject({ higherIsBetter: true, axis: 'linear', short: 'made up' });
    expect(unknown).toEqual(['gone']);
    expect(notNumbers).toEqual([table.handle(4)]);
  });

  test('can be written by hand as docs/heat.md shows', () => {
    const text = readFileSync(new URL('../../docs/heat.md', import.meta.url), 'utf8');
    const example = /```json\n([^`]*)```/.exec(text)?.[1] ?? '';
    const { overlays, unknown } = readOverlays(table, 'doc', example);
    expect(overlays[0]).toMatchObject({
      name: 'doc · worst',
      info: { title: 'Cosine similarity', axis: 'logDistance' },
    });
    expect(unknown).toHaveLength(2);
  });

  test('are refused when they are none', () => {
    for (const text of ['', '[1]', '3', '{}', '{"format":"quantscope-overlay"}', '{"a":{"b":1}}'])
      expect(() => readOverlays(table, 'x', text), text).toThrow(UnreadableOverlay);
  });

  test('with borders that make no sense get others', () => {
    const make = (thresholds: unknown): string =>
      JSON.stringify({
        format: 'quantscope-overlay',
        columns: [{ metric: 'sqnrDb', thresholds, values: { [table.handle(0)]: 12 } }],
      });
    for (const thresholds of [[10, 20, 30, 40], [1, 2], 'x', null, [40, null, 20, 10]]) {
      const [overlay] = readOverlays(table, 'x', make(thresholds)).overlays;
      expect(shownMetric(overlay as NonNullable<typeof overlay>, undefined, 'bands').borders).toEqual([40, 30, 20, 10]);
    }
  });
});

describe('node data of Model Explorer', () => {
  const colours = ['#000001', '#000002', '#000003', '#000004', '#000005'];

  test('that was saved here comes back with the good end where it was', () => {
    for (const metric of ['cosine', 'sqnrDb', 'cumulativeError'] as const) {
      const saved = shown(metric);
      const [overlay] = readOverlays(table, 'x', writeNodeData(table, saved, colours).text).overlays;
      const again = shownMetric(overlay as NonNullable<typeof overlay>, undefined, 'bands');
      expect([metric, again.borders, again.shades]).toEqual([metric, saved.borders, saved.shades]);
    }
  });

  test('has a graph with results by the tensor a node makes, and ascending upper bounds', () => {
    const { text, leftOut } = writeNodeData(table, shown('cosine'), colours);
    expect(leftOut).toEqual([]);
    const file = JSON.parse(text);
    expect(Object.keys(file)).toEqual([graph.name]);
    const { name, results, thresholds } = file[graph.name];
    expect(name).toBe('Cosine similarity');
    const column = columnFor('cosine');
    const measured = graph.nodes.filter((_, i) => !Number.isNaN(column.values[i] as number));
    expect(Object.keys(results)).toEqual(measured.map((n) => graph.values.find((v) => v.id === n.outputs[0])?.name));
    expect(Object.values(results)[0]).toEqual({ value: column.values[graph.nodes.indexOf(measured[0] as never)] });
    const most = Math.max(0.9999, ...column.values.filter((v) => !Number.isNaN(v)));
    expect(thresholds).toEqual(
      [0.95, 0.99, 0.999, 0.9999, most].map((value, i) => ({ value, bgColor: colours[4 - i] })),
    );
  });

  test('of a metric that is better when lower has the best colour first', () => {
    const { thresholds } = Object.values(
      JSON.parse(writeNodeData(table, shown('cumulativeError'), colours).text),
    )[0] as {
      thresholds: { value: number; bgColor: string }[];
    };
    expect(thresholds.map((b) => b.bgColor)).toEqual(colours);
    expect(thresholds.map((b) => b.value).slice(0, 4)).toEqual([0.01, 0.0316, 0.1, 0.316]);
  });

  test('of a gradient has the colour of each node', () => {
    const gradient = shownMetric(columnFor('cosine'), undefined, 'gradient');
    const { text } = writeNodeData(table, gradient, shadeColours('viridis', 'gradient'));
    const results = Object.values(JSON.parse(text)[graph.name].results) as { bgColor: string }[];
    expect(results.every((r) => r.bgColor !== undefined)).toBe(true);
    expect(new Set(results.map((r) => r.bgColor)).size).toBeGreaterThan(3);
  });

  test('leaves out what is infinite, by name', () => {
    const column = columnFor('sqnrDb');
    column.values[2] = Number.POSITIVE_INFINITY;
    const { text, leftOut } = writeNodeData(table, shownMetric(column, undefined, 'bands'), colours);
    expect(leftOut).toEqual([table.handle(2)]);
    expect(text).not.toContain('null');
  });

  test('comes back with values and bounds, by tensor name, for one graph or by graph', () => {
    const column = columnFor('cumulativeError');
    const { text } = writeNodeData(table, shown('cumulativeError'), colours);
    const inner = JSON.stringify(Object.values(JSON.parse(text))[0]);
    for (const file of [text, inner]) {
      const { overlays, unknown } = readOverlays(table, 'nd', file);
      expect(unknown).toEqual([]);
      expect(overlays[0]?.values).toEqual(column.values);
      expect(overlays[0]?.name).toBe('Cumulative error');
      const again = shownMetric(overlays[0] as NonNullable<(typeof overlays)[0]>, undefined, 'bands');
      expect(again.borders).toEqual([0.01, 0.0316, 0.1, 0.316]);
    }
  });

  test('of others is read by node names too; texts instead of numbers are told', () => {
    const results = { [table.handle(1)]: { value: 4 }, nowhere: { value: 1 }, [table.handle(2)]: { value: 'int8' } };
    const { overlays, unknown, notNumbers } = readOverlays(table, 'nd', JSON.stringify({ main: { results } }));
    expect(overlays[0]?.name).toBe('nd');
    expect(overlays[0]?.values[1]).toBe(4);
    expect([unknown, notNumbers]).toEqual([['nowhere'], [table.handle(2)]]);
  });
});
