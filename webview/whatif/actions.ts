import type { ConfigChange } from '../../src/protocol/changes.ts';
import { diagnosticOf } from '../../src/protocol/rpc.ts';
import type { TrialComparison } from '../../src/protocol/trialViews.ts';
import type { Connection } from '../connection.ts';
import { t } from '../l10n.ts';
import type { Store } from '../store.ts';
import { changeText } from './changeText.ts';

export interface WhatIfTools {
  readonly announce: (text: string) => void;
  /** What a failed request is told by. */
  readonly fail: (method: string) => (cause: unknown) => void;
}

/** What can be changed and tried, and what the history of trials can do. */
export function createWhatIfActions(store: Store, { rpc }: Connection, { announce, fail }: WhatIfTools) {
  rpc.on('trials/changed', ({ tree }) => store.update({ trials: tree }));

  return {
    /**
     * Applies a change to the config of the last run; the trial follows as an event.
     *
     * @param measured the text that its gain was measured for: one that needs a run is run without asking.
     */
    changeConfig(change: ConfigChange, measured?: { readonly configText: string }): void {
      const { pendingWords, busy, trial, pendingSkips } = store.state;
      if (busy && trial === null && pendingSkips.size === 0 && pendingWords.size === 0) {
        announce(t('Wait for the run to end, or cancel it'));
        return;
      }
      const label = changeText(change);
      const named = [...(change.skip ?? []), ...(change.unskip ?? [])];
      store.update({
        pendingWords: new Map([...pendingWords, ...Object.entries(change.overrides ?? {})]),
        pendingSkips: new Set([...pendingSkips, ...idsOf(store, named)]),
        changing: label,
      });
      announce(t('Trying {0}', label));
      const made = measured && { runs: true, madeFor: measured.configText };
      rpc.request('config/change', { change, label, ...made }).catch((cause: unknown) => {
        store.update({ pendingWords: new Map(), pendingSkips: new Set(), changing: null });
        fail('config/change')(cause);
      });
    },

    restoreTrial: (id: string) => void rpc.request('trials/restore', { id }).catch(fail('trials/restore')),
    renameTrial: (id: string, name: string) =>
      void rpc.request('trials/rename', { id, name }).catch(fail('trials/rename')),
    pinTrial: (id: string, pinned: boolean) => void rpc.request('trials/pin', { id, pinned }).catch(fail('trials/pin')),
    deleteTrials: (ids: readonly string[]) => void rpc.request('trials/delete', { ids }).catch(fail('trials/delete')),
    /** @returns what there is to say instead where it fails. */
    async compareTrials(a: string, b: string): Promise<TrialComparison | string> {
      try {
        return await rpc.request('trials/compare', { a, b });
      } catch (cause) {
        return diagnosticOf(cause, 'view', 'trials/compare').message;
      }
    },
  };
}

function idsOf(store: Store, handles: readonly string[]): number[] {
  if (handles.length === 0) return [];
  const named = new Set(handles);
  return (store.state.run?.nodes ?? []).filter((f) => named.has(f.handle)).map((f) => f.nodeId);
}
