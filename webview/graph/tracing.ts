import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { h } from '../dom.ts';
import { t } from '../l10n.ts';
import type { Store } from '../store.ts';
import { button } from '../ui.ts';
import { buildLineIndex } from './draw/sceneIndex.ts';
import type { Drawing } from './drawing.ts';
import type { ShownTrace } from './painter.ts';
import { type Along, countNodes, follow, pathsBetween, type Reach, traceOf } from './paths.ts';

/** What is followed, and what to say of it. */
interface Tracing {
  readonly reach: Reach;
  readonly text: string;
}

/** Follows what a node needs, or what needs it. */
function followNode(table: GraphTable, nodeId: number, along: Along): Tracing | undefined {
  const node = table.nodeIndex(nodeId);
  if (node < 0) return undefined;
  const reach = follow(table, { node }, along);
  const others = countNodes(reach) - 1;
  const name = table.handle(node);
  const text = along === 'upstream' ? t('{0} nodes before {1}', others, name) : t('{0} nodes after {1}', others, name);
  return { reach, text };
}

/** Follows a tensor to what it comes from, or to what it goes into. */
function followTensor(table: GraphTable, valueId: number, along: Along): Tracing | undefined {
  const value = table.valueIndex(valueId);
  if (value < 0) return undefined;
  const reach = follow(table, { value }, along);
  const name = table.valueName(value);
  const count = countNodes(reach);
  const text = along === 'upstream' ? t('{0} nodes lead to {1}', count, name) : t('{0} nodes use {1}', count, name);
  return { reach, text };
}

/** All paths between two nodes; a text alone when there is none. */
function tracePaths(table: GraphTable, a: number, b: number): Tracing | string {
  const [from, to] = [table.nodeIndex(a), table.nodeIndex(b)];
  const reach = from < 0 || to < 0 ? null : pathsBetween(table, from, to);
  if (reach === null) return t('No path joins {0} and {1}', table.handle(from), table.handle(to));
  return {
    reach,
    text: t('{0} nodes on paths between {1} and {2}', countNodes(reach), table.handle(from), table.handle(to)),
  };
}

function showTrace({ scene, picture }: Drawing, { reach }: Tracing): ShownTrace {
  const trace = traceOf(scene, reach);
  return { ...trace, index: buildLineIndex(picture, trace.edges) };
}

export interface TraceControlOptions {
  readonly store: Store;
  readonly drawing: () => Drawing | undefined;
  readonly announce: (text: string) => void;
  readonly onChange: () => void;
}

/** What is followed at the moment, and a line over the graph that says so, with a button that ends it. */
export function createTraceControl({ store, drawing, announce, onChange }: TraceControlOptions) {
  let tracing: Tracing | undefined;
  let shown: ShownTrace | undefined;
  /** Node that a path is to begin at; the selected one when null. */
  let start: number | null = null;
  const text = h('span', { class: 'trace-text' });
  const element = h(
    'div',
    { class: 'trace', hidden: true, role: 'group', attrs: { 'aria-label': t('Followed') } },
    text,
    button({
      label: t('Show all again (Escape)'),
      icon: 'close',
      appearance: 'icon',
      onClick: () => set(undefined),
    }),
  );
  const refresh = () => {
    const current = drawing();
    shown = tracing === undefined || current === undefined ? undefined : showTrace(current, tracing);
  };
  const set = (next: Tracing | undefined): void => {
    tracing = next;
    refresh();
    element.hidden = next === undefined;
    text.textContent = next?.text ?? '';
    text.title = text.textContent;
    if (next !== undefined) announce(next.text);
    onChange();
  };
  const begin = (): number | null => start ?? store.state.selected;

  return {
    element,
    set,
    get shown(): ShownTrace | undefined {
      return shown;
    },
    isOn: (): boolean => tracing !== undefined,
    /** Shows the same in another picture of the graph. */
    refresh,
    follow(nodeId: number | null, along: Along): void {
      const { graph } = store.state;
      if (graph === null || nodeId === null) announce(t('Select a node first'));
      else set(followNode(graph, nodeId, along));
    },
    followTensor(valueId: number, along: Along): void {
      const { graph } = store.state;
      if (graph !== null) set(followTensor(graph, valueId, along));
    },
    pathFrom(nodeId: number | null): void {
      start = nodeId;
      if (nodeId !== null) announce(t('Choose the other end of the path'));
    },
    /** Shows the paths from where one begins, the selected node unless told, to a node. */
    pathTo(nodeId: number | null): void {
      const { graph } = store.state;
      const from = begin();
      if (graph === null || nodeId === null || from === null) return;
      start = null;
      const paths = tracePaths(graph, from, nodeId);
      if (typeof paths === 'string') announce(paths);
      set(typeof paths === 'string' ? undefined : paths);
    },
    /** Whether a path could lead to a node. */
    canReach: (nodeId: number | undefined): boolean => (begin() ?? nodeId) !== nodeId,
  };
}
