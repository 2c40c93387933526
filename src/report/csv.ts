import Papa from 'papaparse';
import {
  type Column,
  OUTPUT_SUMMARY_COLUMNS,
  QUANT_PARAM_COLUMNS,
  ROUND_COLUMNS,
  ROUNDS_SUMMARY_COLUMNS,
  type RoundLine,
} from './columns.ts';
import type { OutputSummaryRow, QuantParamRow, ReportRow } from './reportTypes.ts';
import type { TensorJson } from './tensorSummary.ts';

/**
 * How lines are joined. `document`: quoted where a cell needs it. `converter_lite`: cells joined by commas as they are,
 * so that a name with a comma shifts its line, as in the files of that tool; figures in its own arithmetic where rows
 * have them.
 */
export type ReportDialect = 'document' | 'converter_lite';

/**
 * `round_<index>.csv`: an Origin and a Dequant line per row, with a running number. Rows without report are empty; in
 * the dialect of converter_lite, which knows no such tensors, they are not there.
 */
export function roundCsv(rows: readonly ReportRow[], dialect: ReportDialect): string {
  const shown = dialect === 'converter_lite' ? rows.filter(isMeasured).map(inItsArithmetic) : rows;
  const lines = shown.flatMap((row): RoundLine[] => [
    { row, side: 'Origin' },
    { row, side: 'Dequant' },
  ]);
  const cells = cellsOf(ROUND_COLUMNS, lines);
  const numbered = cells.map((line, i) => [i === 0 ? '' : String(i - 1), ...line]);
  return join(numbered, dialect);
}

function isMeasured({ report }: ReportRow): boolean {
  return report !== undefined;
}

function inItsArithmetic(row: ReportRow): ReportRow {
  return { ...row, report: row.report?.converterLite ?? row.report };
}

/** `quant_param.csv`: one line per parameter set, channels in order. */
export function quantParamCsv(rows: readonly QuantParamRow[], dialect: ReportDialect): string {
  return join(cellsOf(QUANT_PARAM_COLUMNS, rows), dialect);
}

/** `output_summary.csv`: one line per round and output. */
export function outputSummaryCsv(rows: readonly OutputSummaryRow[], dialect: ReportDialect): string {
  return join(cellsOf(OUTPUT_SUMMARY_COLUMNS, rows), dialect);
}

/** `rounds_summary.csv`: one line per tensor, in the order of the rounds' files; the same in both dialects. */
export function roundsSummaryCsv(tensors: readonly TensorJson[]): string {
  const lines = tensors.map((tensor) => ROUNDS_SUMMARY_COLUMNS.map((c) => c.get(tensor)));
  return join([ROUNDS_SUMMARY_COLUMNS.map((c) => c.header), ...lines], 'document');
}

/** Header and lines; every line ends in an empty cell, which gives the comma at its end. */
function cellsOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[][] {
  const header = [...columns.map((c) => c.header), ''];
  return [header, ...rows.map((row) => [...columns.map((c) => c.get(row)), ''])];
}

function join(lines: readonly (readonly string[])[], dialect: ReportDialect): string {
  if (dialect === 'converter_lite') return `${lines.map((cells) => cells.join(',')).join('\n')}\n`;
  return `${Papa.unparse(lines, { newline: '\n' })}\n`;
}
