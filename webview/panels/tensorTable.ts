import { type Actions, whyNoToggle } from '../actions.ts';
import { h, setAttr } from '../dom.ts';
import { contextOf } from '../graph/describe.ts';
import { t } from '../l10n.ts';
import { FieldSet } from '../query/fields.ts';
import type { Store } from '../store.ts';
import { button } from '../ui.ts';
import type { NodeSource } from './grid/nodeSource.ts';
import { createTablePanel, type Preset } from './grid/tablePanel.ts';
import { tensorColumns, tensorFields, tensorFigures } from './tensorColumns.ts';
import { codeTypeOf, rowOf, type TensorRefs, TensorRows, tensorRefs } from './tensorRows.ts';

/** All tensors of all nodes as a table; figures are measured when the table is first looked at after a run. */
export function createTensorTable(store: Store, actions: Actions, source: NodeSource): HTMLElement {
  let refs: TensorRefs | null = null;
  let rows: TensorRows | null = null;
  const figures = () => {
    const { tensorTable } = store.state;
    return tensorTable !== null && tensorTable.rows === refs?.node.length ? tensorTable : null;
  };
  const byShort = new Map(tensorFigures().map(({ short, of }) => [short, of]));
  const columns = tensorColumns({
    graph: () => store.state.graph,
    refs: () => refs,
    figures,
    dtypeOf: (row) => {
      const dtype = store.state.graph?.dtype(refs?.value[row] ?? -1) ?? '';
      const codes = codeTypeOf(figures(), row);
      return codes === '' || codes === dtype ? dtype : `${dtype} → ${codes}`;
    },
  });
  const state = listingState(store, actions);
  const panel = createTablePanel({
    id: 'tensors',
    label: t('Tensors'),
    store,
    actions,
    columns,
    fields: new FieldSet(tensorFields()),
    presets: presets(),
    rows: () => rows,
    look: (row) => {
      const { graph, run, selected } = store.state;
      const node = refs?.node[row] ?? -1;
      const own = source.figuresOf(node);
      const nodeId = graph?.nodeId(node);
      const context = contextOf({
        nodeId,
        handle: graph?.handle(node),
        figures: own ?? null,
        obstacle: whyNoToggle(run, own),
        hasOther: selected !== null && selected !== nodeId,
      });
      return { isCursor: row === cursorRow(), isSkipped: own?.skipped ?? false, context };
    },
    onRow: (row) => {
      const { graph } = store.state;
      if (graph === null || refs === null) return;
      actions.selectTensor(graph.valueId(refs.value[row] as number));
      actions.select(graph.nodeId(refs.node[row] as number), { reveal: true });
    },
    onOpen: (row) => {
      const { graph } = store.state;
      if (graph === null || refs === null) return;
      actions.openTensor(graph.valueId(refs.value[row] as number), graph.nodeId(refs.node[row] as number));
    },
    onKey: ({ key }) => {
      if (key !== '/') return false;
      actions.openSearch();
      return true;
    },
    onNeeds: () => undefined,
    extra: [state],
  });
  const cursorRow = (): number => {
    const { graph, selected, selectedTensor } = store.state;
    if (graph === null || refs === null || selected === null) return -1;
    return rowOf(refs, graph.nodeIndex(selected), selectedTensor === null ? -1 : graph.valueIndex(selectedTensor));
  };
  const reload = () => {
    const { graph } = store.state;
    const { groups, figuresOf } = source;
    if (graph === null || groups === null || refs === null) return;
    const parts = {
      table: graph,
      refs,
      groups,
      figuresOf,
      figures: figures(),
      columns: byShort,
    };
    rows = new TensorRows(parts, rows ?? undefined);
    panel.reload();
  };

  store.watch(
    (s) => [s.graph],
    ({ graph }) => {
      refs = graph === null ? null : tensorRefs(graph);
    },
  );
  store.watch((s) => [s.graph, s.run, s.trial, s.tensorTable, s.hierarchy], reload);
  store.watch(
    (s) => [s.run, s.trial],
    () => store.update({ tensorTable: null }),
  );
  store.watch(
    (s) => [s.graph, s.run, s.trial, s.restored, s.sample, s.bottom, s.showTable, s.busy],
    ({ graph, run, restored, sample, bottom, showTable, busy, tensorTable }) => {
      const isSeen = bottom === 'tensors' && showTable;
      if (graph === null || run === null || restored !== null || busy || !isSeen || tensorTable?.of === sample) return;
      void actions.listTensors(sample);
    },
  );
  store.watch(
    (s) => [s.selected, s.selectedTensor, s.graph, s.showTable, s.bottom],
    () => {
      const row = cursorRow();
      panel.grid.setCursor(row < 0 ? null : row);
    },
  );
  return panel.element;
}

/** Says that figures are missing or being measured, and stops that. */
function listingState(store: Store, actions: Actions): HTMLElement {
  const text = h('span', { class: 'listing-text' });
  const cancel = button({ label: t('Cancel'), onClick: actions.cancelListing });
  const element = h('span', { class: 'listing' }, text, cancel);
  store.watch(
    (s) => [s.run, s.restored, s.listing, s.measuring, s.tensorTable],
    ({ run, restored, listing, measuring, tensorTable }) => {
      const done = measuring === null ? '' : t('{0} of {1}', measuring.done, measuring.total);
      cancel.hidden = !listing;
      text.textContent = listing
        ? t('Measuring all tensors {0}', done).trimEnd()
        : run === null
          ? t('Figures appear after “Quantize with config…”')
          : restored !== null
            ? t('Of a kept run: run again to measure tensors')
            : tensorTable === null
              ? t('Not measured')
              : '';
      setAttr(element, 'aria-busy', String(listing));
      element.hidden = text.textContent === '';
    },
  );
  return element;
}

function presets(): Preset[] {
  const worst = [{ column: 'cosine', descending: false }];
  return [
    { title: t('All tensors, in the order of the file'), filter: '', sorts: [] },
    { title: t('Outputs, cosine ascending: where error first appears'), filter: 'role:output cos:any', sorts: worst },
    { title: t('Outputs below cosine 0.99'), filter: 'role:output cos:<0.99', sorts: worst },
    { title: t('Weights, cosine ascending'), filter: 'kind:weight cos:any', sorts: worst },
    { title: t('Inputs, cosine ascending'), filter: 'role:input kind:activation cos:any', sorts: worst },
    {
      title: t('Clipping more than 1 %'),
      filter: 'clip:>1%',
      sorts: [{ column: 'clipRate', descending: true }],
    },
    {
      title: t('Widest scales first'),
      filter: 'scale:any',
      sorts: [{ column: 'scaleGreatest', descending: true }],
    },
    {
      title: t('Mostly zeros'),
      filter: 'zeros:>50%',
      sorts: [{ column: 'sparsity', descending: true }],
    },
  ];
}
