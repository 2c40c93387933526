import type { GraphTable } from '../../src/protocol/graphTable.ts';
import {
  formatCosine,
  formatDecibels,
  formatFraction,
  formatSmall,
  parseCosine,
  parseDecibels,
  parseFraction,
  parsePlain,
} from '../../src/protocol/metricNumbers.ts';
import { levelOf, metricInfo } from '../../src/protocol/metrics.ts';
import type { PairFigure, SideFigure, TensorTable } from '../../src/protocol/tensorTable.ts';
import { formatNumber, formatShape } from '../format.ts';
import { t } from '../l10n.ts';
import type { NumberField } from '../query/fields.ts';
import { cellText, text } from './columns.ts';
import type { Column } from './grid/column.ts';
import type { TensorRefs } from './tensorRows.ts';

/** What the columns of tensors are read from. */
export interface TensorSource {
  readonly graph: () => GraphTable | null;
  readonly refs: () => TensorRefs | null;
  /** Null before they are measured. */
  readonly figures: () => TensorTable | null;
  readonly dtypeOf: (row: number) => string;
}

/** A figure as a column, and as a field of queries. */
interface Figure {
  readonly id: string;
  readonly short: string;
  readonly header: string;
  readonly doc: string;
  readonly shown: boolean;
  readonly worstIsHigh: boolean;
  readonly format: (value: number) => string;
  readonly parse: (text: string) => number | undefined;
  readonly example: string;
  readonly of: (table: TensorTable) => Float64Array;
}

/** Figures of tensors, in the order of their columns. */
export function tensorFigures(): Figure[] {
  return [...pairFigures(), ...parameterFigures(), ...sideFigures('origin'), ...sideFigures('dequant')];
}

/** The figures as fields of queries. */
export function tensorFields(): NumberField[] {
  return tensorFigures().map(({ short, header, doc, parse, example }) => ({
    name: short,
    parse,
    title: () => `${header}: ${doc}`,
    example: `${short}:${example}`,
  }));
}

function pairFigures(): Figure[] {
  const pair = (id: PairFigure, short: string, figure: Omit<Figure, 'id' | 'short' | 'of' | 'parse'>): Figure => ({
    id,
    short,
    parse: PARSERS[id],
    of: (table) => table.pair[id],
    ...figure,
  });
  return [
    pair('cosine', 'cos', {
      header: t('Cosine'),
      doc: t('Of the float tensor and the dequantized one.'),
      shown: true,
      worstIsHigh: false,
      format: formatCosine,
      example: '<0.99',
    }),
    pair('sqnrDb', 'sqnr', {
      header: t('SQNR'),
      doc: t('Signal to quantization noise.'),
      shown: true,
      worstIsHigh: false,
      format: formatDecibels,
      example: '<20dB',
    }),
    pair('mse', 'mse', {
      header: t('MSE'),
      doc: t('Of the dequantized tensor against the float one.'),
      shown: false,
      worstIsHigh: true,
      format: formatSmall,
      example: '>0.001',
    }),
    pair('clipRate', 'clip', {
      header: t('Clip rate'),
      doc: t('Share of float elements that the code range cannot hold.'),
      shown: true,
      worstIsHigh: true,
      format: formatFraction,
      example: '>1%',
    }),
    pair('saturation', 'sat', {
      header: t('Saturation'),
      doc: t('Share of codes at either end of the range.'),
      shown: false,
      worstIsHigh: true,
      format: formatFraction,
      example: '>1%',
    }),
  ];
}

const PARSERS: Readonly<Record<PairFigure, (text: string) => number | undefined>> = {
  cosine: parseCosine,
  sqnrDb: parseDecibels,
  mse: parsePlain,
  clipRate: parseFraction,
  saturation: parseFraction,
};

function parameterFigures(): Figure[] {
  const figure = (
    id: 'scaleGreatest' | 'zeroPoint' | 'channels',
    short: string,
    header: string,
    doc: string,
  ): Figure => ({
    id,
    short,
    header,
    doc,
    shown: id !== 'channels',
    worstIsHigh: true,
    format: formatNumber,
    parse: parsePlain,
    example: '>1',
    of: (table) => table[id],
  });
  return [
    figure('scaleGreatest', 'scale', t('Scale'), t('Step between codes; the greatest of all channels.')),
    figure('zeroPoint', 'zp', t('Zero point'), t('Code of the real 0, where all channels have the same.')),
    figure('channels', 'channels', t('Channels'), t('Scales it has: 1, or one per channel.')),
  ];
}

function sideFigures(side: 'origin' | 'dequant'): Figure[] {
  const isOrigin = side === 'origin';
  const figure = (id: SideFigure, short: string, header: string, doc: string): Figure => ({
    id: isOrigin ? id : `${id}Dequant`,
    short: isOrigin ? short : `d${short}`,
    header: isOrigin ? header : t('{0} (dequant)', header),
    doc: isOrigin ? t('{0} Of the float model.', doc) : t('{0} Of the quantized model.', doc),
    shown: isOrigin ? id === 'min' || id === 'max' : false,
    worstIsHigh: true,
    format: id === 'sparsity' ? formatFraction : formatNumber,
    parse: id === 'sparsity' ? parseFraction : parsePlain,
    example: id === 'sparsity' ? '>50%' : '>1',
    of: (table) => table[side][id],
  });
  return [
    figure('min', 'min', t('Min'), t('Least element.')),
    figure('q1', 'q1', t('Q1'), t('A quarter of the elements is below.')),
    figure('median', 'median', t('Median'), t('Half of the elements is below.')),
    figure('q3', 'q3', t('Q3'), t('Three quarters of the elements are below.')),
    figure('max', 'max', t('Max'), t('Greatest element.')),
    figure('mean', 'mean', t('Mean'), t('Arithmetic mean.')),
    figure('variance', 'var', t('Variance'), t('Population variance.')),
    figure('sparsity', 'zeros', t('Sparsity'), t('Share of elements that are exactly 0.')),
  ];
}

/** The columns of the table of tensors. */
export function tensorColumns(source: TensorSource): Column[] {
  const { refs, graph } = source;
  const read = (of: (graph: GraphTable, refs: TensorRefs, row: number) => string) => (row: number) => {
    const [table, all] = [graph(), refs()];
    return table === null || all === null ? '' : of(table, all, row);
  };
  return [
    text('tensor', t('Tensor'), t('Name in the model.'), {
      field: 'tensor',
      width: 220,
      cut: 'start',
      read: read((table, { value }, row) => table.valueName(value[row] as number)),
    }),
    text('handle', t('Node'), t('The node that reads or makes it.'), {
      field: 'name',
      width: 180,
      cut: 'start',
      read: read((table, { node }, row) => table.handle(node[row] as number)),
    }),
    text('opType', t('Operator'), t('The ONNX operator of the node.'), {
      field: 'op',
      kind: 'choice',
      read: read((table, { node }, row) => table.opType(node[row] as number)),
    }),
    text('role', t('Role'), t('Whether the node reads it (Input) or makes it (Output).'), {
      field: 'role',
      kind: 'choice',
      width: 78,
      read: read((_, { isOutput }, row) => (isOutput[row] === 1 ? t('Output') : t('Input'))),
    }),
    text('kind', t('Kind'), t('Weight for constants, else Activation.'), {
      field: 'kind',
      kind: 'choice',
      width: 92,
      read: read((table, { value }, row) => kindText(table, value[row] as number)),
    }),
    text('dtype', t('Type'), t('Element type, and that of its codes.'), {
      field: 'dtype',
      kind: 'choice',
      width: 120,
      read: (row) => source.dtypeOf(row),
    }),
    text('shape', t('Shape'), t('Lengths and symbols of its dimensions.'), {
      field: 'shape',
      width: 130,
      read: read((table, { value }, row) => formatShape(table.dims(value[row] as number))),
    }),
    ...tensorFigures().map((figure) => figureColumn(figure, source)),
    sampleColumn(source),
  ];
}

export function kindText(table: GraphTable, value: number): string {
  return table.valueKind(value) === 'constant' ? t('Weight') : t('Activation');
}

function figureColumn(figure: Figure, { figures }: TensorSource): Column {
  const { id, short, header, doc, shown, worstIsHigh, format, of } = figure;
  const value = (row: number) => {
    const table = figures();
    return table === null ? Number.NaN : (of(table)[row] ?? Number.NaN);
  };
  const level = id === 'cosine' || id === 'sqnrDb' || id === 'clipRate' ? bandOf(id, value) : undefined;
  const shownText = (row: number) =>
    id === 'scaleGreatest' ? scaleText(figures(), row) : cellText(value(row), format);
  return {
    id,
    header,
    doc,
    width: 118,
    shown,
    field: short,
    kind: 'number',
    worstIsHigh,
    text: shownText,
    value,
    ...(level && { level }),
  };
}

function bandOf(id: 'cosine' | 'sqnrDb' | 'clipRate', value: (row: number) => number) {
  const info = metricInfo(id);
  const { borders } = info.borders;
  return (row: number) => (Number.isNaN(value(row)) ? null : levelOf(info, borders, value(row)));
}

/** `0.012`, or `0.001 – 0.02` of several channels. */
function scaleText(table: TensorTable | null, row: number): string {
  const [least, greatest] = [table?.scaleLeast[row] ?? Number.NaN, table?.scaleGreatest[row] ?? Number.NaN];
  if (Number.isNaN(least)) return '';
  return least === greatest ? formatNumber(least) : `${formatNumber(least)} – ${formatNumber(greatest)}`;
}

function sampleColumn({ figures }: TensorSource): Column {
  const value = (row: number) => figures()?.sample[row] ?? Number.NaN;
  return {
    id: 'sample',
    header: t('Sample'),
    doc: t('The evaluation sample that the figures are of.'),
    width: 80,
    shown: false,
    field: null,
    kind: 'number',
    worstIsHigh: true,
    text: (row) => cellText(value(row), (sample) => String(sample)),
    value,
  };
}
