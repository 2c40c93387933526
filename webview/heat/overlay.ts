import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { formatSmall, parsePlain } from '../../src/protocol/metricNumbers.ts';
import { type Borders, isMetricId, isWorse, METRICS, type MetricInfo, metricInfo } from '../../src/protocol/metrics.ts';
import { t } from '../l10n.ts';
import { BANDS } from './bands.ts';
import type { Overlay, ShownMetric } from './state.ts';

/** What a file of values holds, and what could not be used of it. */
export interface ReadOverlays {
  readonly overlays: readonly Overlay[];
  /** Names in the file that no node of this model has. */
  readonly unknown: readonly string[];
  /** Entries whose value is no number. */
  readonly notNumbers: readonly string[];
}

/** Why a text is no file of values. */
export class UnreadableOverlay extends Error {}

type Json = { readonly [key: string]: unknown };

const FORMAT = 'quantscope-overlay';

/**
 * Columns as text, to be loaded again here or read by a script: `{format, version, model, columns: [{metric, title, unit,
 * higherIsBetter, axis, of, thresholds, values: {handle: value}}]}`. Infinities are texts, since JSON has none.
 */
export function writeOverlay(graph: GraphTable, shown: readonly ShownMetric[]): string {
  const columns = shown.map(({ metric, info, title, of, samples, borders, values }) => ({
    metric: isMetricId(metric) ? metric : info.short,
    title,
    unit: info.unit,
    higherIsBetter: info.higherIsBetter,
    axis: info.axis,
    of: typeof of === 'number' ? (samples[of] ?? of) : of,
    thresholds: borders.map(jsonNumber),
    values: Object.fromEntries(known(values).map((i) => [graph.handle(i), jsonNumber(values[i] as number)])),
  }));
  return `${JSON.stringify({ format: FORMAT, version: 1, model: graph.file, columns }, null, 1)}\n`;
}

/** A column as Model Explorer's node data, and the nodes whose value is infinite, which it cannot hold. */
export interface NodeDataFile {
  readonly text: string;
  readonly leftOut: readonly string[];
}

/**
 * One column in the form that Model Explorer loads as custom node data: values by the tensor a node makes, with upper
 * bounds and their colours in ascending order.
 *
 * @param colours of the shades, best first.
 * @source google-ai-edge/model-explorer, node_data_builder.py (ModelNodeData, GraphNodeData, ThresholdItem).
 */
export function writeNodeData(graph: GraphTable, shown: ShownMetric, colours: readonly string[]): NodeDataFile {
  const { info, title, borders, values, shades } = shown;
  const used = known(values);
  const finite = used.filter((i) => Number.isFinite(values[i]));
  const isGradient = colours.length > BANDS;
  const results = finite.map((i) => [
    keyOf(graph, i),
    { value: values[i], ...(isGradient ? { bgColor: colours[shades[i] as number] } : {}) },
  ]);
  const data = { name: title, results: Object.fromEntries(results), thresholds: bounds() };
  const text = `${JSON.stringify({ [graph.name || graph.file]: data }, null, 1)}\n`;
  return { text, leftOut: used.filter((i) => !Number.isFinite(values[i])).map((i) => graph.handle(i)) };

  function bounds(): readonly { value: number; bgColor: string }[] {
    const bandColour = (band: number): string => colours[Math.floor((band * (colours.length - 1)) / (BANDS - 1))] ?? '';
    const most = Math.max(...finite.map((i) => values[i] as number), ...borders.filter(Number.isFinite));
    const ascending = info.higherIsBetter ? [...borders].reverse() : borders;
    const upper = [...ascending, most];
    return upper.flatMap((value, i) => {
      const bgColor = bandColour(info.higherIsBetter ? BANDS - 1 - i : i);
      return Number.isFinite(value) ? [{ value, bgColor }] : [];
    });
  }
}

/**
 * Reads values that were saved here, or Model Explorer's node data, for one graph or by graph. Node data that bears the
 * name of a metric is taken for one: it alone says which end is better.
 *
 * @param name what the overlays are called where the file does not say: its own name.
 * @throws UnreadableOverlay where it is neither.
 */
export function readOverlays(graph: GraphTable, name: string, text: string): ReadOverlays {
  const json = parsed(text);
  const found = json.format === FORMAT ? ownColumns(json, name) : nodeDataColumns(json, name);
  if (found.length === 0) throw new UnreadableOverlay('it holds no values of nodes');
  const indexOf = namesOf(graph);
  const unknown = new Set<string>();
  const notNumbers = new Set<string>();
  const overlays = found.map((column, i): Overlay => {
    const values = new Float64Array(graph.nodeCount).fill(Number.NaN);
    for (const [key, value] of column.values) {
      const node = indexOf.get(key);
      if (node === undefined) unknown.add(key);
      else if (value === undefined) notNumbers.add(key);
      else values[node] = value;
    }
    return { id: `overlay:${name}${i === 0 ? '' : ` ${i + 1}`}`, name: column.name, info: column.info, values };
  });
  return { overlays, unknown: [...unknown], notNumbers: [...notNumbers] };
}

interface Column {
  readonly name: string;
  readonly info: Omit<MetricInfo, 'id'>;
  readonly values: readonly (readonly [string, number | undefined])[];
}

function ownColumns(json: Json, name: string): Column[] {
  const columns = Array.isArray(json.columns) ? (json.columns as readonly unknown[]) : [];
  return columns.filter(isRecord).map((column) => {
    const { metric, title, of } = column;
    const base = isMetricId(metric) ? metricInfo(metric) : plainInfo(column);
    const borders = bordersFrom(column.thresholds, base.higherIsBetter);
    const info = borders === undefined ? base : { ...base, borders: { kind: 'value' as const, borders } };
    const parts = [columns.length > 1 || name === '' ? String(title ?? metric) : name, ...(of === 'mean' ? [] : [of])];
    return { name: parts.filter((p) => typeof p === 'string').join(' · '), info, values: entriesOf(column.values) };
  });
}

function nodeDataColumns(json: Json, name: string): Column[] {
  const graphs = isRecord(json.results) ? [json] : Object.values(json).filter(isRecord);
  return graphs
    .filter((g) => isRecord(g.results))
    .map((data) => {
      const entries = Object.entries(data.results as Json).map(([key, result]) => {
        return [key, numberFrom(isRecord(result) ? result.value : undefined)] as const;
      });
      const bounds = Array.isArray(data.thresholds) ? (data.thresholds as readonly unknown[]) : [];
      const upper = bounds.map((bound) => (isRecord(bound) ? numberFrom(bound.value) : undefined));
      const base = METRICS.find(({ title }) => data.name === title || data.name === t(title)) ?? plainInfo({});
      const ascending = upper.slice(0, BANDS - 1);
      const borders = bordersFrom(base.higherIsBetter ? ascending.reverse() : ascending, base.higherIsBetter);
      const info = borders === undefined ? base : { ...base, borders: { kind: 'value' as const, borders } };
      return { name: typeof data.name === 'string' && data.name !== '' ? data.name : name, info, values: entries };
    });
}

/** A metric that nobody here knows: lower is taken for better where the file does not say. */
function plainInfo({ metric, title, unit, higherIsBetter, axis }: Json): Omit<MetricInfo, 'id'> {
  return {
    short: typeof metric === 'string' ? metric : '',
    title: typeof title === 'string' ? title : '',
    unit: typeof unit === 'string' ? unit : '',
    doc: '',
    higherIsBetter: higherIsBetter === true,
    perSample: false,
    needs: 'model',
    axis: axis === 'log' || axis === 'logDistance' ? axis : 'linear',
    borders: { kind: 'quantile', borders: [0.2, 0.4, 0.6, 0.8] },
    format: formatSmall,
    parse: parsePlain,
  };
}

function bordersFrom(list: unknown, higherIsBetter: boolean): Borders | undefined {
  const numbers = Array.isArray(list) ? list.map(numberFrom) : [];
  if (numbers.length !== BANDS - 1 || numbers.some((n) => n === undefined || Number.isNaN(n))) return undefined;
  const borders = numbers as unknown as Borders; // four numbers
  const isOrdered = borders.every((b, i) => i === 0 || !isWorse({ higherIsBetter }, borders[i - 1] as number, b));
  return isOrdered ? borders : undefined;
}

function entriesOf(values: unknown): (readonly [string, number | undefined])[] {
  return isRecord(values) ? Object.entries(values).map(([key, value]) => [key, numberFrom(value)]) : [];
}

/** Every name a node goes by: its handle, its name, and the tensors it makes. The first to have one keeps it. */
function namesOf(graph: GraphTable): Map<string, number> {
  const found = new Map<string, number>();
  const add = (name: string, node: number): void => {
    if (name !== '' && !found.has(name)) found.set(name, node);
  };
  for (let i = 0; i < graph.nodeCount; i++) add(graph.handle(i), i);
  for (let i = 0; i < graph.nodeCount; i++) {
    add(graph.nodeName(i), i);
    for (const value of graph.outputsOf(i)) add(graph.valueName(value), i);
  }
  return found;
}

function keyOf(graph: GraphTable, node: number): string {
  const [output] = graph.outputsOf(node);
  return output === undefined ? graph.handle(node) : graph.valueName(output) || graph.handle(node);
}

function known(values: Float64Array): number[] {
  return Array.from(values.keys()).filter((i) => !Number.isNaN(values[i]));
}

function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function numberFrom(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return value === 'Infinity' || value === '-Infinity' ? Number(value) : undefined;
}

function parsed(text: string): Json {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new UnreadableOverlay('it is not JSON', { cause });
  }
  if (!isRecord(json)) throw new UnreadableOverlay('it holds no values of nodes');
  return json;
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
