import { levelOf } from '../../src/protocol/metrics.ts';
import type { SensitivityEntry, SensitivityView } from '../../src/protocol/sensitivityViews.ts';
import { NARROW } from '../actions.ts';
import { h } from '../dom.ts';
import { formatDb } from '../format.ts';
import type { ShownMetric } from '../heat/state.ts';
import { t } from '../l10n.ts';
import { cellText, text } from '../panels/columns.ts';
import type { Column } from '../panels/grid/column.ts';
import { judgeWords } from './judges.ts';
import { lossOf } from './sensitivityInfo.ts';

/** A sweep as a table reads it; rows are indices of nodes in the graph. */
export interface SweepRows {
  readonly view: SensitivityView;
  readonly entries: ReadonlyMap<number, SensitivityEntry>;
  /** Place in the ranking, from 0. */
  readonly ranks: ReadonlyMap<number, number>;
  readonly greatestLoss: number;
  /** As the graph is coloured by it. */
  readonly shown: ShownMetric;
}

export interface SweepColumnSource {
  readonly rows: () => SweepRows | null;
  /** What can be done with a row at its place. */
  readonly buttons: (row: number, at: number) => readonly Node[];
}

/** Node, loss as a bar and a number, the judge's value, local SQNR, and what can be done. */
export function sweepColumns({ rows, buttons }: SweepColumnSource): Column[] {
  const entry = (row: number) => rows()?.entries.get(row);
  const of =
    <T>(read: (entry: SensitivityEntry) => T, missing: T) =>
    (row: number): T => {
      const own = entry(row);
      return own === undefined ? missing : read(own);
    };
  const words = () => {
    const view = rows()?.view;
    return judgeWords(view === undefined || view.request.mode === 'local' ? { id: 'sqnrDb' } : view.request.judge);
  };
  const loss = of((own) => lossOf(own, rows()?.view.request ?? { mode: 'layerwise' }) ?? Number.NaN, Number.NaN);
  const lossText = (row: number) => cellText(loss(row), words().formatLoss);
  const number = { kind: 'number', field: null, shown: true } as const;
  return [
    {
      ...number,
      id: 'rank',
      header: '#',
      doc: t('Place in the ranking: measured nodes by what is lost, the others by their local SQNR.'),
      width: 44,
      worstIsHigh: false,
      text: (row) => String((rows()?.ranks.get(row) ?? 0) + 1),
      value: (row) => (rows()?.ranks.get(row) ?? 0) + 1,
    },
    text('handle', t('Node'), t('The name to use in skip_quant_node.'), {
      field: null,
      width: matchMedia(NARROW).matches ? 170 : 240,
      cut: 'start',
      read: of((own) => own.handle, ''),
    }),
    {
      ...number,
      id: 'loss',
      get header() {
        return words().loss;
      },
      get doc() {
        return rows()?.shown.info.doc ?? '';
      },
      width: 160,
      worstIsHigh: true,
      text: lossText,
      value: loss,
      content: (row) => {
        const sweep = rows();
        const own = loss(row);
        if (sweep === null || Number.isNaN(own)) return [h('span', { class: 'cell-text dim' }, t('not measured'))];
        const { info, borders } = sweep.shown;
        return bar(own / sweep.greatestLoss, levelOf(info, borders, own), lossText(row));
      },
    },
    {
      ...number,
      id: 'value',
      get header() {
        return words().title;
      },
      doc: t('What the judge says of the output, with this node alone quantized or left float.'),
      width: 130,
      get worstIsHigh() {
        return !words().higherIsBetter;
      },
      text: (row) => cellText(of((own) => own.value ?? Number.NaN, Number.NaN)(row), words().format),
      value: of((own) => own.value ?? Number.NaN, Number.NaN),
    },
    {
      ...number,
      id: 'localSqnrDb',
      header: t('Local SQNR'),
      doc: t('SQNR of the node’s own output, quantized alone on float inputs.'),
      width: 100,
      worstIsHigh: false,
      text: of((own) => formatDb(own.localSqnrDb), ''),
      value: of((own) => own.localSqnrDb ?? Number.NaN, Number.NaN),
    },
    text('opType', t('Operator'), t('The ONNX operator.'), {
      field: null,
      width: 96,
      read: of((own) => own.opType, ''),
    }),
    {
      ...text('actions', t('Change'), t('Leaves nodes float, by skip_quant_node; the trial follows by itself.'), {
        field: null,
        width: 170,
        read: () => '',
      }),
      content: buttons,
    },
  ];
}

/** A share of the greatest as a bar, its band's colour, and the number. */
function bar(share: number, level: number, number: string): Node[] {
  const fill = h('span', { class: 'loss-fill' });
  fill.style.width = `${(100 * Math.max(0, Math.min(1, share))).toFixed(1)}%`;
  fill.style.background = `var(--qs-level-${level})`;
  return [
    h('span', { class: 'loss-track', attrs: { 'aria-hidden': 'true' } }, fill),
    h('span', { class: 'cell-text' }, number),
  ];
}
