import { formatBytes, formatCosine, formatDb, formatNumber, formatShare } from '../format.ts';
import { t } from '../l10n.ts';
import type { Column } from '../panels/grid/column.ts';
import { changeText } from './changeText.ts';
import { formatPercent } from './outcome.ts';
import { type TrialRow, timeText, trialName, worstCosine, worstSqnr } from './trialRows.ts';

/** Columns of the history; rows are numbered as the history goes. */
export function trialColumns(rows: () => readonly TrialRow[]): readonly Column[] {
  const trial = (row: number) => rows()[row]?.trial;
  const number = (
    id: string,
    header: string,
    doc: string,
    { of, text, width = 92, worstIsHigh = false }: NumberColumn,
  ): Column => ({
    ...{ id, header, doc, width, worstIsHigh },
    kind: 'number',
    shown: true,
    field: null,
    text: (row) => {
      const value = numberIn(of, rows(), row);
      return Number.isNaN(value) ? '' : text(value);
    },
    value: (row) => numberIn(of, rows(), row),
  });
  const text = (id: string, header: string, doc: string, width: number, read: (row: number) => string): Column => ({
    ...{ id, header, doc, width },
    kind: 'text',
    worstIsHigh: false,
    shown: true,
    field: null,
    text: read,
    value: read,
  });
  return [
    number('place', '#', t('Its place in the history.'), { of: (_, row) => row + 1, text: String, width: 44 }),
    text('name', t('Trial'), t('Its name, or what was changed.'), 260, (row) => {
      const known = trial(row);
      return known === undefined ? '' : trialName(known);
    }),
    number('cosine', t('Cosine'), t('Of the worst output, against the float model.'), {
      of: ({ trial: of }) => worstCosine(of),
      text: formatCosine,
    }),
    number('sqnrDb', t('SQNR'), t('Of the worst output, against the float model.'), {
      of: ({ trial: of }) => worstSqnr(of),
      text: formatDb,
    }),
    number('top1', t('Top-1'), t('Of the quantized model; only with labels.'), {
      of: ({ trial: of }) => of.top1 ?? Number.NaN,
      text: formatPercent,
      width: 72,
    }),
    number('bytes', t('Size'), t('Bytes of the constants as stored.'), {
      of: ({ trial: of }) => of.bytes,
      text: formatBytes,
      width: 84,
      worstIsHigh: true,
    }),
    number('integerShare', t('Integer share'), t('Share of the multiply-accumulates that run on integers.'), {
      of: ({ trial: of }) => of.integerShare,
      text: formatShare,
      width: 118,
    }),
    number('cost', t('Cost'), t('Estimated time by multiply-accumulates and precision, all in float32 being 1.'), {
      of: ({ trial: of }) => of.cost,
      text: formatNumber,
      width: 70,
      worstIsHigh: true,
    }),
    text('pinned', t('Pinned'), t('Pinned trials stay when old ones are let go.'), 64, (row) =>
      trial(row)?.pinned === true ? t('yes') : '',
    ),
    text('change', t('Change'), t('What it changed of the one it was made from.'), 260, (row) => {
      const known = trial(row);
      return known === undefined || known.parent === null ? '' : changeText(known.change);
    }),
    number('time', t('Time'), t('When it was tried.'), {
      of: ({ trial: of }) => of.timeMs,
      text: timeText,
      width: 84,
    }),
  ];
}

interface NumberColumn {
  readonly of: (trial: TrialRow, row: number) => number;
  readonly text: (value: number) => string;
  readonly width?: number;
  readonly worstIsHigh?: boolean;
}

function numberIn(of: NumberColumn['of'], rows: readonly TrialRow[], row: number): number {
  const known = rows[row];
  return known === undefined ? Number.NaN : of(known, row);
}
