import './theme.css';
import { mountApp } from './app.ts';
import { connect } from './connection.ts';
import { keepFocus } from './keepFocus.ts';
import { useTranslations } from './l10n.ts';
import { INITIAL, PERSISTED, type PersistedView, Store } from './store.ts';
import { registerControls } from './ui.ts';

useTranslations(JSON.parse(document.getElementById('texts')?.textContent ?? '{}') as Record<string, string>); // what the host wrote
registerControls();
const root = document.getElementById('app');
if (root === null) throw new Error('the page has no #app');
const connection = connect();
const saved = connection.load();
const store = new Store({ ...INITIAL, ...saved });
const actions = mountApp(root, store, connection);
keepFocus(() => root.querySelector<HTMLElement>('.graph-surface'));

store.watch(
  (s) => PERSISTED.map((key) => s[key]),
  (state) => {
    const view = Object.fromEntries(PERSISTED.map((key) => [key, state[key]])) as unknown as PersistedView;
    connection.save(view);
  },
);
void actions.start();
