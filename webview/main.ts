import './theme.css';
import { mountApp } from './app.ts';
import { connect } from './connection.ts';
import { INITIAL, PERSISTED, type PersistedView, Store } from './store.ts';
import { registerControls } from './ui.ts';

registerControls();
const root = document.getElementById('app');
if (root === null) throw new Error('the page has no #app');
const connection = connect();
const saved = connection.load();
const store = new Store({ ...INITIAL, ...saved });
const actions = mountApp(root, store, connection);

store.watch(
  (s) => PERSISTED.map((key) => s[key]),
  (state) => {
    const view = Object.fromEntries(PERSISTED.map((key) => [key, state[key]])) as unknown as PersistedView;
    connection.save(view);
  },
);
void actions.start();
