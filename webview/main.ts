import './theme.css';
import { mountApp } from './app.ts';
import { connect } from './connection.ts';
import { INITIAL, type PersistedView, Store } from './store.ts';
import { registerControls } from './ui.ts';

registerControls();
const root = document.getElementById('app');
if (root === null) throw new Error('the page has no #app');
const connection = connect();
const saved = connection.load();
const store = new Store({ ...INITIAL, ...saved });
const actions = mountApp(root, store, connection);

store.watch(
  (s) => [
    s.selected,
    s.metric,
    s.sort,
    s.showDetails,
    s.showTable,
    s.tab,
    s.detailsWidth,
    s.tableHeight,
    s.legend,
    s.camera,
    s.file,
  ],
  ({ selected, metric, sort, showDetails, showTable, tab, detailsWidth, tableHeight, legend, camera, file }) => {
    const view: PersistedView = {
      selected,
      metric,
      sort,
      showDetails,
      showTable,
      tab,
      detailsWidth,
      tableHeight,
      legend,
      camera,
      file,
    };
    connection.save(view);
  },
);
void actions.start();
