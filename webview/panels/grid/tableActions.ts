import type { SampleChoice } from '../../../src/protocol/metrics.ts';
import { AbortFlag, Cancelled, type Diagnostic, diagnosticOf } from '../../../src/protocol/rpc.ts';
import type { Connection } from '../../connection.ts';
import { t } from '../../l10n.ts';
import type { Store } from '../../store.ts';
import { NO_SUCH_SAMPLE } from './metricColumns.ts';
import type { TableId, TableView } from './tableView.ts';

export interface TableTools {
  readonly announce: (text: string) => void;
  readonly report: (problems: readonly Diagnostic[]) => void;
}

/** What can be done with the tables of nodes and tensors. */
export function createTableActions(store: Store, { rpc }: Connection, { announce, report }: TableTools) {
  let listing: AbortFlag | undefined;
  const change = (id: TableId, part: Partial<TableView>): void => {
    const { tables } = store.state;
    store.update({ tables: { ...tables, [id]: { ...tables[id], ...part } } });
  };
  return {
    changeTable: change,

    /** Opens a table with a filter. */
    showInTable(id: TableId, filter: string): void {
      change(id, { filter });
      store.update({ bottom: id, tab: 'table', showTable: true });
    },

    /** Figures of all tensors, measured where they are not known yet. */
    async listTensors(of: SampleChoice): Promise<void> {
      listing?.abort();
      const asked = new AbortFlag();
      listing = asked;
      store.update({ listing: true });
      try {
        const tensorTable = await rpc.request('tensors/list', { of }, { signal: asked });
        if (listing === asked) store.update({ tensorTable });
      } catch (cause) {
        if (cause instanceof Cancelled || listing !== asked) return;
        const problem = diagnosticOf(cause, 'view', 'tensors/list');
        if (problem.code === NO_SUCH_SAMPLE) store.update({ sample: 'worst' });
        else report([problem]);
      } finally {
        if (listing === asked) store.update({ listing: false, measuring: null });
      }
    },
    cancelListing: () => listing?.abort(),

    /** Writes a table to a file of the user's choice. */
    async saveTable(name: string, text: string): Promise<void> {
      try {
        const { saved } = await rpc.request('table/save', { name, text });
        if (saved) announce(t('Saved'));
      } catch (cause) {
        report([diagnosticOf(cause, 'view', 'table/save')]);
      }
    },
  };
}
