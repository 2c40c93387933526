import type { DiagnosisView } from '../../src/protocol/diagnosisViews.ts';
import type { Preferences } from '../../src/protocol/messages.ts';
import type { SearchView } from '../../src/protocol/searchViews.ts';
import type { SensitivityView } from '../../src/protocol/sensitivityViews.ts';
import type { Progress } from '../../src/protocol/views.ts';
import type { Connection } from '../connection.ts';
import { t } from '../l10n.ts';
import type { AppState, Store } from '../store.ts';
import {
  diagnosisRequest,
  type Finding,
  type FindingForms,
  formsOf,
  renewed,
  searchRequest,
  sweepRequest,
} from './state.ts';

export interface FindingTools {
  readonly announce: (text: string) => void;
  readonly fail: (method: string) => (cause: unknown) => void;
  /** Colours the graph by sensitivity, or colours it again with what is new. */
  readonly colour: (how: 'choose' | 'soon' | 'now') => void;
}

type FindingKey = 'sensitivity' | 'search' | 'diagnosis';

const STAGES: Readonly<Partial<Record<Progress['stage'], FindingKey>>> = {
  sensitivity: 'sensitivity',
  search: 'search',
  diagnose: 'diagnosis',
};

/** What can be asked of sweeps, searches and diagnoses, and what their events do to the state. */
export function createFindingActions(store: Store, { rpc }: Connection, { announce, fail, colour }: FindingTools) {
  const show = (key: FindingKey, finding: Partial<Finding<unknown>>) =>
    store.update({ [key]: { ...store.state[key], ...finding } } as Partial<AppState>); // the key is that of its own view
  const sweepEnded = (view: SensitivityView | null): string =>
    view === null || view.done < view.total ? t('Sensitivity cancelled') : t('Sensitivity finished');

  rpc.on('sensitivity/changed', (event) => {
    const before = store.state.sensitivity;
    const sensitivity = renewed(before, event);
    store.update({ sensitivity });
    colour(event.running ? 'soon' : 'now');
    if (before.running && !event.running) announce(sweepEnded(sensitivity.view));
  });
  rpc.on('search/changed', (event) => {
    const before = store.state.search;
    store.update({ search: renewed(before, event) });
    if (before.running && !event.running) announce(t('The search has ended'));
  });
  rpc.on('diagnosis/changed', (event) => {
    const before = store.state.diagnosis;
    store.update({ diagnosis: renewed(before, event), ...(event.running ? {} : { diagnosing: null }) });
    if (!before.running || event.running || event.view === null) return;
    announce(event.view.done ? t('Causes found: {0}', event.view.causes.length) : t('The diagnosis was cancelled'));
  });

  /** A start is shown at once; where it fails, what was known before is there again. */
  const start = <V>(key: FindingKey, keep: V | null, ask: () => Promise<void>): void => {
    const before: Finding<unknown> = store.state[key];
    show(key, { view: keep, running: true, isOutdated: false });
    ask().catch((cause: unknown) => {
      show(key, { ...before, running: false });
      fail(`${key}/start`)(cause);
    });
  };

  return {
    /** @returns whether the progress is that of a sweep, a search or a diagnosis, or of a step inside one. */
    takeProgress(progress: Progress): boolean {
      const key = STAGES[progress.stage];
      if (key === 'diagnosis') store.update({ diagnosing: progress });
      const { sensitivity, search, diagnosis } = store.state;
      return key !== undefined || sensitivity.running || search.running || diagnosis.running;
    },

    /** What the view knows when it opens. */
    adoptFindings(found: {
      readonly sensitivity: SensitivityView | null;
      readonly search: SearchView | null;
      readonly diagnosis: DiagnosisView | null;
    }): void {
      const { sensitivity, search, diagnosis } = found;
      const known = <V>(view: V | null): Finding<V> => ({ view, running: false, isOutdated: false });
      store.update({
        sensitivity: known(sensitivity),
        search: known(search),
        diagnosis: known(diagnosis),
        forms: formsOf(store.state.forms, found),
      });
    },
    adoptJudgeCommand: ({ judgeCommand = null }: Preferences) => store.update({ judgeCommand }),

    changeForm<K extends keyof FindingForms>(key: K, change: Partial<FindingForms[K]>): void {
      const { forms } = store.state;
      store.update({ forms: { ...forms, [key]: { ...forms[key], ...change } } });
    },

    /** Sweeps as the form says, and colours the graph by what comes. */
    startSensitivity(options: { readonly resume: boolean } = { resume: false }): void {
      const { sensitivity, forms } = store.state;
      const { view } = sensitivity;
      const resumed = options.resume ? view : null;
      const request = resumed?.request ?? sweepRequest(forms.sweep, store.state);
      start('sensitivity', resumed, () => rpc.request('sensitivity/start', { request, resume: resumed !== null }));
      store.update({ bottom: 'sensitivity', tab: 'table', showTable: true, findingsTab: 'sweep' });
      colour('choose');
    },
    cancelSensitivity: () => void rpc.request('sensitivity/cancel', undefined).catch(fail('sensitivity/cancel')),

    startSearch: () =>
      start('search', null, () => rpc.request('search/start', searchRequest(store.state.forms.search, store.state))),
    cancelSearch: () => void rpc.request('search/cancel', undefined).catch(fail('search/cancel')),

    startDiagnosis: () =>
      start('diagnosis', null, () =>
        rpc.request('diagnosis/start', diagnosisRequest(store.state.forms.diagnosis, store.state)),
      ),
    cancelDiagnosis: () => void rpc.request('diagnosis/cancel', undefined).catch(fail('diagnosis/cancel')),
  };
}
