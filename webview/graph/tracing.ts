import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { h } from '../dom.ts';
import { t } from '../l10n.ts';
import { button } from '../ui.ts';
import { buildLineIndex } from './draw/sceneIndex.ts';
import type { Drawing } from './drawing.ts';
import type { ShownTrace } from './painter.ts';
import { type Along, countNodes, follow, pathsBetween, type Reach, traceOf } from './paths.ts';

/** What is followed, and what to say of it. */
export interface Tracing {
  readonly reach: Reach;
  readonly text: string;
}

/** Follows what a node needs, or what needs it. */
export function followNode(table: GraphTable, nodeId: number, along: Along): Tracing | undefined {
  const node = table.nodeIndex(nodeId);
  if (node < 0) return undefined;
  const reach = follow(table, { node }, along);
  const others = countNodes(reach) - 1;
  const name = table.handle(node);
  const text = along === 'upstream' ? t('{0} nodes before {1}', others, name) : t('{0} nodes after {1}', others, name);
  return { reach, text };
}

/** Follows a tensor to what it comes from, or to what it goes into. */
export function followTensor(table: GraphTable, valueId: number, along: Along): Tracing | undefined {
  const value = table.valueIndex(valueId);
  if (value < 0) return undefined;
  const reach = follow(table, { value }, along);
  const name = table.valueName(value);
  const count = countNodes(reach);
  const text = along === 'upstream' ? t('{0} nodes lead to {1}', count, name) : t('{0} nodes use {1}', count, name);
  return { reach, text };
}

/** All paths between two nodes; a text alone when there is none. */
export function tracePaths(table: GraphTable, a: number, b: number): Tracing | string {
  const [from, to] = [table.nodeIndex(a), table.nodeIndex(b)];
  const reach = from < 0 || to < 0 ? null : pathsBetween(table, from, to);
  if (reach === null) return t('No path joins {0} and {1}', table.handle(from), table.handle(to));
  return {
    reach,
    text: t('{0} nodes on paths between {1} and {2}', countNodes(reach), table.handle(from), table.handle(to)),
  };
}

/** How a drawing shows what is followed. */
export function showTrace({ scene, picture }: Drawing, { reach }: Tracing): ShownTrace {
  const trace = traceOf(scene, reach);
  return { ...trace, index: buildLineIndex(picture, trace.edges) };
}

/** A line over the graph that says what is followed, with a button that ends it. */
export function createTraceNote(onClose: () => void) {
  const text = h('span', { class: 'trace-text' });
  const element = h(
    'div',
    { class: 'trace', hidden: true, role: 'group', attrs: { 'aria-label': t('Followed') } },
    text,
    button({ label: t('Show all again (Escape)'), icon: 'close', appearance: 'icon', onClick: onClose }),
  );
  return {
    element,
    show(tracing: Tracing | undefined): void {
      element.hidden = tracing === undefined;
      text.textContent = tracing?.text ?? '';
      text.title = text.textContent;
    },
  };
}
