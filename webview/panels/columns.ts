import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { NodeFigures, NodeView, RunView } from '../../src/protocol/views.ts';
import { formatCosine, formatDb, formatLoss, formatShare } from '../format.ts';
import type { ColumnId, Sensitivities, Sort } from '../store.ts';

/** A row of the table: a node and, after a run, its figures. */
export interface Row {
  readonly node: NodeView;
  readonly figures: NodeFigures | null;
  readonly sensitivity: number | null;
}

export interface Column {
  readonly id: ColumnId;
  readonly header: string;
  /** Full sentence for the tooltip. */
  readonly doc: string;
  readonly numeric: boolean;
  /** What it is sorted by; null goes last in either direction. */
  readonly key: (row: Row) => number | string | null;
  readonly text: (row: Row) => string;
}

export const COLUMNS: readonly Column[] = [
  {
    id: 'handle',
    header: 'Node',
    doc: 'The name to use in skip_quant_node.',
    numeric: false,
    key: (r) => r.node.handle,
    text: (r) => r.node.handle,
  },
  {
    id: 'opType',
    header: 'Operator',
    doc: 'The ONNX operator.',
    numeric: false,
    key: (r) => r.node.opType,
    text: (r) => r.node.opType,
  },
  {
    id: 'form',
    header: 'Form',
    doc: 'How it ran in the quantized model.',
    numeric: false,
    key: (r) => r.figures?.form ?? null,
    text: (r) => (r.node.supported ? formOf(r.figures) : 'unsupported'),
  },
  {
    id: 'cosine',
    header: 'Cosine',
    doc: 'Cosine similarity of float and quantized model at this node: everything before it counts.',
    numeric: true,
    key: (r) => r.figures?.cosine ?? null,
    text: (r) => formatCosine(r.figures?.cosine ?? null),
  },
  {
    id: 'sqnrDb',
    header: 'SQNR',
    doc: 'Signal to quantization noise of float against quantized model at this node.',
    numeric: true,
    key: (r) => r.figures?.sqnrDb ?? null,
    text: (r) => formatDb(r.figures?.sqnrDb ?? null),
  },
  {
    id: 'localSqnrDb',
    header: 'Local SQNR',
    doc: 'The same when only this node is quantized and its inputs are float.',
    numeric: true,
    key: (r) => r.figures?.localSqnrDb ?? null,
    text: (r) => formatDb(r.figures?.localSqnrDb ?? null),
  },
  {
    id: 'clipRate',
    header: 'Clip',
    doc: 'Share of the float output outside the calibrated range.',
    numeric: true,
    key: (r) => r.figures?.clipRate ?? null,
    text: (r) => formatShare(r.figures?.clipRate ?? null),
  },
  {
    id: 'sensitivity',
    header: 'Sensitivity',
    doc: '1 - cosine at the model output when only this node is quantized.',
    numeric: true,
    key: (r) => r.sensitivity,
    text: (r) => formatLoss(r.sensitivity),
  },
];

/** Rows in file order. */
export function buildRows(graph: GraphTable | null, run: RunView | null, sensitivity: Sensitivities): Row[] {
  const figures = new Map(run?.nodes.map((f) => [f.nodeId, f]) ?? []);
  return (
    graph?.nodes.map((node) => {
      const own = figures.get(node.id) ?? null;
      return { node, figures: own, sensitivity: sensitivity.values.get(node.id) ?? own?.sensitivity ?? null };
    }) ?? []
  );
}

/** Sorted copy; rows without a value stay last, ties keep file order. */
export function sortRows(rows: readonly Row[], { column, descending }: Sort): Row[] {
  const key = COLUMNS.find((c) => c.id === column)?.key ?? (() => null);
  const keyed = rows.map((row) => ({ row, value: key(row) }));
  keyed.sort((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
    const order =
      typeof a.value === 'string' || typeof b.value === 'string'
        ? compareText(String(a.value), String(b.value))
        : a.value - b.value || 0; // equal infinities differ by NaN
    return descending ? -order : order;
  });
  return keyed.map(({ row }) => row);
}

const collator = new Intl.Collator('en', { numeric: true });

function compareText(a: string, b: string): number {
  return collator.compare(a, b);
}

/** How a node ran; also its precision where that is not what the form says. */
function formOf(figures: NodeFigures | null): string {
  if (figures === null) return '';
  const { form, precision } = figures;
  const isPlain = precision === null || precision === 'int8' || precision === 'float32';
  return isPlain ? form : `${form} ${precision}`;
}
