import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { METRICS, type MetricId, type MetricInfo } from '../../src/protocol/metrics.ts';
import type { NodeFigures } from '../../src/protocol/views.ts';
import { formatShape } from '../format.ts';
import { kindName } from '../kindNames.ts';
import { t } from '../l10n.ts';
import type { Column } from './grid/column.ts';

/** What the columns of nodes are read from; rows are indices of nodes. */
export interface NodeColumnSource {
  readonly table: () => GraphTable | null;
  readonly figuresOf: (node: number) => NodeFigures | undefined;
  /** Figures of all nodes; undefined while they are not known. */
  readonly metric: (id: MetricId) => Float64Array | undefined;
  /** The band of a value, 0 (best) to 4. */
  readonly levelOf: (id: MetricId, value: number) => number;
  /** How a value of a metric is written. */
  readonly format: (id: MetricId, value: number) => string;
  readonly groupOf: (node: number) => string;
  readonly isPending: (node: number) => boolean;
}

const SHOWN_METRICS: readonly MetricId[] = ['cosine', 'sqnrDb', 'localSqnrDb', 'clipRate', 'sensitivity'];

/** Titles that are too long for a heading. */
const SHORT_TITLES: Readonly<Partial<Record<MetricId, () => string>>> = {
  cosine: () => t('Cosine'),
  mse: () => t('MSE'),
  localSqnrDb: () => t('Local SQNR'),
  cumulativeError: () => t('Cumul. error'),
  timeMs: () => t('Time'),
  floatTimeMs: () => t('Float time'),
};

/** The columns of the table of nodes: what they are, how they ran, and every metric. */
export function nodeColumns(source: NodeColumnSource): Column[] {
  const { table, figuresOf } = source;
  const ofTable = (read: (graph: GraphTable, node: number) => string) => (node: number) => {
    const graph = table();
    return graph === null ? '' : read(graph, node);
  };
  const ofFigures = (read: (figures: NodeFigures) => string) => (node: number) => {
    const figures = figuresOf(node);
    return figures === undefined ? '' : read(figures);
  };
  const shapes = (side: 'inputsOf' | 'outputsOf') =>
    ofTable((graph, node) =>
      Array.from(graph[side](node))
        .filter((value) => value >= 0 && graph.valueKind(value) !== 'constant')
        .map((value) => formatShape(graph.dims(value)) || '?')
        .join(', '),
    );
  const form = (node: number) => formText(source, node);
  return [
    text('handle', t('Node'), t('The name to use in skip_quant_node.'), {
      field: 'name',
      width: 220,
      cut: 'start',
      read: ofTable((graph, node) => graph.handle(node)),
    }),
    text('opType', t('Operator'), t('The ONNX operator.'), {
      field: 'op',
      kind: 'choice',
      read: ofTable((graph, node) => graph.opType(node)),
    }),
    text('group', t('Group'), t('The group that the graph shows it in, else the folder of its name.'), {
      field: 'group',
      width: 160,
      shown: false,
      cut: 'start',
      read: source.groupOf,
    }),
    text('form', t('Form'), t('How it ran in the quantized model.'), {
      field: 'form',
      kind: 'choice',
      width: 90,
      read: form,
    }),
    text('precision', t('Precision'), t('What it computes in.'), {
      field: 'precision',
      kind: 'choice',
      width: 90,
      shown: false,
      read: ofFigures((f) => f.precision ?? ''),
    }),
    text('inputs', t('Inputs'), t('Shapes of what it reads, constants aside.'), {
      field: 'shape',
      width: 150,
      shown: false,
      read: shapes('inputsOf'),
    }),
    text('outputs', t('Outputs'), t('Shapes of what it makes.'), {
      field: 'shape',
      width: 130,
      read: shapes('outputsOf'),
    }),
    ...METRICS.map((metric) => metricColumn(metric, source)),
    text('skipped', t('Skipped'), t('Whether the config names it in skip_quant_node.'), {
      field: 'skipped',
      kind: 'choice',
      width: 80,
      shown: false,
      read: ofFigures((f) => (f.skipped ? t('yes') : t('no'))),
    }),
    text('attributes', t('Attributes'), t('As the file has them.'), {
      field: null,
      width: 260,
      shown: false,
      read: ofTable((graph, node) =>
        graph
          .attributes(node)
          .map(({ name, value }) => `${name}=${value}`)
          .join(', '),
      ),
    }),
    text('why', t('Why'), t('Why it is quantized or not.'), {
      field: 'why',
      width: 320,
      shown: false,
      read: ofFigures((f) => f.why),
    }),
  ];
}

interface TextColumn {
  readonly read: (row: number) => string;
  readonly field: string | null;
  readonly kind?: 'text' | 'choice';
  readonly width?: number;
  readonly shown?: boolean;
  readonly cut?: 'start';
}

/** A column of texts that are shown as they are. */
export function text(id: string, header: string, doc: string, column: TextColumn): Column {
  const { read, field, kind = 'text', width = 110, shown = true, cut } = column;
  return {
    id,
    header,
    doc,
    width,
    shown,
    field,
    kind,
    worstIsHigh: false,
    text: read,
    value: read,
    ...(cut && { cut }),
  };
}

function metricColumn(metric: MetricInfo, source: NodeColumnSource): Column {
  const { id, short, higherIsBetter } = metric;
  const value = (node: number) => source.metric(id)?.[node] ?? Number.NaN;
  return {
    id,
    header: SHORT_TITLES[id]?.() ?? t(metric.title),
    doc: t(metric.doc),
    width: 118,
    shown: SHOWN_METRICS.includes(id),
    field: short,
    kind: 'number',
    worstIsHigh: !higherIsBetter,
    text: (node) => cellText(value(node), (v) => source.format(id, v)),
    value,
    level: (node) => (Number.isNaN(value(node)) ? null : source.levelOf(id, value(node))),
  };
}

/** A number as the column writes it; what was not measured is empty, infinities are signs. */
export function cellText(value: number, format: (value: number) => string): string {
  if (Number.isNaN(value)) return '';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  return format(value);
}

/** How a node ran; also its precision where that is not what the form says. */
function formText({ table, figuresOf, isPending }: NodeColumnSource, node: number): string {
  if (table()?.supported(node) === false) return t('unsupported');
  if (isPending(node)) return '…';
  const figures = figuresOf(node);
  if (figures === undefined) return '';
  const { form, precision } = figures;
  const isPlain = precision === null || precision === 'int8' || precision === 'float32';
  return isPlain ? kindName(form) : `${kindName(form)} ${precision}`;
}
