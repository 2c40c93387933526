import { formatNumber } from './format.ts';
import type { OutputSummaryRow, QuantParamRow, ReportRow, TensorStats } from './reportTypes.ts';
import type { TensorJson } from './tensorSummary.ts';

/** One column of a table: what is written, and what it means. */
export interface Column<Row> {
  readonly id: string;
  /** The text of the header line. */
  readonly header: string;
  /** Empty for a number without one, and for text. */
  readonly unit: '' | 'x' | 'x^2' | 'dB' | 'fraction' | 'bit';
  readonly doc: string;
  /** The cell; empty for what was not measured. */
  readonly get: (row: Row) => string;
}

/** One line of `round_*.csv`: one of the two sides of a {@link ReportRow}. */
export interface RoundLine {
  readonly row: ReportRow;
  readonly side: 'Origin' | 'Dequant';
}

/** Columns of `round_*.csv` behind the running number. Figures are of the line's own tensor unless said otherwise. */
export const ROUND_COLUMNS: readonly Column<RoundLine>[] = [
  text('nodeName', 'NodeName', 'Handle of the node.', ({ row }) => row.nodeName),
  text('nodeType', 'NodeType', 'ONNX operator.', ({ row }) => row.nodeType),
  text('tensorName', 'TensorName', 'Name of the tensor in the model.', ({ row }) => row.tensorName),
  text('inOut', 'InOutFlag', 'Input or Output of the node.', ({ row }) => row.inOut),
  text('side', 'DataTypeFlag', 'Origin: the float model. Dequant: the quantized model.', ({ side }) => side),
  text('tensorType', 'TensorTypeFlag', 'Weight for constants, else Activation.', ({ row }) => row.tensorType),
  stat('min', 'Min', 'x', 'Least element.'),
  stat('q1', 'Q1', 'x', 'Element at rank floor(0.25 n), counted from 0.'),
  stat('median', 'Median', 'x', 'Element at rank floor(0.5 n).'),
  stat('q3', 'Q3', 'x', 'Element at rank floor(0.75 n).'),
  stat('max', 'Max', 'x', 'Greatest element.'),
  stat('mean', 'Mean', 'x', 'Arithmetic mean.'),
  stat('variance', 'Var', 'x^2', 'Population variance.'),
  stat('sparsity', 'Sparsity', 'fraction', 'Share of elements that are exactly 0.'),
  {
    id: 'clipRate',
    header: 'Clip',
    unit: 'fraction',
    doc: 'Share of float elements that the code range cannot hold; 0 in Origin lines.',
    get: ({ row, side }) => figure(row.report && (side === 'Origin' ? 0 : row.report.clipRate)),
  },
  {
    id: 'cosine',
    header: 'CosineSimilarity',
    unit: '',
    doc: 'Cosine of the angle between both tensors; 1 in Origin lines.',
    get: ({ row, side }) => figure(row.report && (side === 'Origin' ? 1 : row.report.cosine)),
  },
];

/** Columns of `quant_param.csv`. */
export const QUANT_PARAM_COLUMNS: readonly Column<QuantParamRow>[] = [
  text('nodeName', 'NodeName', 'Handle of the node.', (row) => row.nodeName),
  text('nodeType', 'NodeType', 'ONNX operator.', (row) => row.nodeType),
  text('tensorName', 'TensorName', 'Name of the tensor in the model.', (row) => row.tensorName),
  text('elementsNum', 'ElementsNum', 'Elements of the tensor.', (row) => String(row.elementsNum)),
  text('dims', 'Dims', 'Each dimension with a blank behind it.', (row) => row.dims.map((d) => `${d} `).join('')),
  number('scale', 'Scale', 'x', 'Step between codes.', (row) => row.scale),
  number('zeroPoint', 'ZeroPoint', '', 'Code of the real 0.', (row) => row.zeroPoint),
  number('bits', 'Bits', 'bit', 'Bits of a code; 32 for biases.', (row) => row.bits),
  number(
    'correctionVar',
    'CorrectionVar',
    '',
    'Factor that restores the variance; 1 unused.',
    (row) => row.correctionVar,
  ),
  number(
    'correctionMean',
    'CorrectionMean',
    'x',
    'Summand that restores the mean; 0 unused.',
    (row) => row.correctionMean,
  ),
];

/** Columns of `output_summary.csv`. */
export const OUTPUT_SUMMARY_COLUMNS: readonly Column<OutputSummaryRow>[] = [
  text('round', 'Round', 'Number of the sample, from 0.', (row) => String(row.round)),
  text('tensorName', 'TensorName', 'Output of the model.', (row) => row.tensorName),
  number('cosine', 'CosineSimilarity', '', 'Cosine of the angle between both outputs.', (row) => row.cosine),
];

/** Columns of `rounds_summary.csv`: figures over the rounds, of each tensor once. */
export const ROUNDS_SUMMARY_COLUMNS: readonly Column<TensorJson>[] = [
  text('nodeName', 'NodeName', 'Handle of the node.', (t) => t.node),
  text('nodeType', 'NodeType', 'ONNX operator.', (t) => t.opType),
  text('tensorName', 'TensorName', 'Name of the tensor in the model.', (t) => t.tensor),
  text('inOut', 'InOutFlag', 'Input or Output of the node.', (t) => t.inOut),
  text('tensorType', 'TensorTypeFlag', 'Weight for constants, else Activation.', (t) => t.kind),
  number('rounds', 'Rounds', '', 'Rounds it was measured in.', (t) => t.rounds),
  number('elementsNum', 'ElementsNum', '', 'Elements in a round.', (t) => t.count),
  ...overRounds('cosine', 'Cosine', '', 'Cosine similarity; the least is the worst.'),
  ...overRounds('sqnrDb', 'SqnrDb', 'dB', 'SQNR, over the rounds with an error; the least is the worst.'),
  ...overRounds('mse', 'Mse', 'x^2', 'Mean squared error; the largest is the worst.'),
  ...overRounds('clipRate', 'Clip', 'fraction', 'Share that the code range cannot hold; the largest is the worst.'),
  ...overRounds(
    'saturation',
    'Saturation',
    'fraction',
    'Share of codes at an end of their range; the largest is the worst.',
  ),
  number('originMin', 'OriginMin', 'x', 'Least element of the float tensor in any round.', (t) => t.origin?.min),
  number('originMax', 'OriginMax', 'x', 'Greatest element of the float tensor in any round.', (t) => t.origin?.max),
  number('dequantMin', 'DequantMin', 'x', 'Least element of the quantized tensor in any round.', (t) => t.dequant?.min),
  number(
    'dequantMax',
    'DequantMax',
    'x',
    'Greatest element of the quantized tensor in any round.',
    (t) => t.dequant?.max,
  ),
];

/** Mean, worst value, the round that has it, and population standard deviation of one figure. */
function overRounds(
  id: 'cosine' | 'sqnrDb' | 'mse' | 'clipRate' | 'saturation',
  header: string,
  unit: Column<TensorJson>['unit'],
  doc: string,
): Column<TensorJson>[] {
  return [
    number(`${id}Mean`, `${header}Mean`, unit, doc, (t) => t[id].mean),
    number(`${id}Worst`, `${header}Worst`, unit, doc, (t) => t[id].worst),
    number(`${id}WorstRound`, `${header}WorstRound`, '', doc, (t) => t[id].worstRound),
    number(`${id}Std`, `${header}Std`, unit, doc, (t) => t[id].spread),
  ];
}

function text<Row>(id: string, header: string, doc: string, get: (row: Row) => string): Column<Row> {
  return { id, header, unit: '', doc, get };
}

function number<Row>(
  id: string,
  header: string,
  unit: Column<Row>['unit'],
  doc: string,
  get: (row: Row) => number | null | undefined,
): Column<Row> {
  return { id, header, unit, doc, get: (row) => formatNumber(get(row)) };
}

function stat(id: keyof TensorStats, header: string, unit: Column<RoundLine>['unit'], doc: string): Column<RoundLine> {
  const get = ({ row, side }: RoundLine) => figure(row.report?.[side === 'Origin' ? 'origin' : 'dequant'][id]);
  return { id, header, unit, doc, get };
}

function figure(x: number | null | undefined): string {
  return formatNumber(x);
}
