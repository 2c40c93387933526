import type { NodeFigures } from '../../src/protocol/views.ts';
import { formatCount } from '../format.ts';
import { kindName } from '../kindNames.ts';
import { t } from '../l10n.ts';
import type { Drawing } from './drawing.ts';
import { groupTitle } from './hierarchy/blockNames.ts';
import type { Marks } from './marks.ts';
import { ItemKind } from './picture.ts';

/** An item in words: tooltip and screen reader name. */
export function describeItem(drawing: Drawing, item: number, marks: Marks): string {
  const { kind, title, fullLabel, shape, supported } = drawing.text(item);
  if (kind === ItemKind.input) return t('Graph input {0} {1}', fullLabel, shape).trimEnd();
  if (kind === ItemKind.output) return t('Graph output {0} {1}', fullLabel, shape).trimEnd();
  if (kind !== ItemKind.node) return describeGroup(drawing, item, marks);
  const mark = marks.of(item);
  const parts = [`${title} ${fullLabel}`];
  if (mark?.text) parts.push(mark.text);
  if (mark?.second?.text) parts.push(mark.second.text);
  if (mark?.figures !== null && mark?.figures !== undefined) {
    parts.push(mark.figures.skipped ? t('skipped') : kindName(mark.figures.form));
  }
  if (!supported) parts.push(t('not supported'));
  if (shape !== '') parts.push(t('weights {0}', shape));
  parts.push(t('{0} in, {1} out', drawing.before(item).length, drawing.after(item).length));
  return parts.join(', ');
}

function describeGroup(drawing: Drawing, item: number, marks: Marks): string {
  const group = drawing.group(item);
  if (group === undefined) return '';
  const isClosed = drawing.scene.kind[item] === ItemKind.group;
  const parts = [t('Group {0}', groupTitle(group))];
  if (group.block !== '') parts.push(group.block);
  parts.push(group.size === 1 ? t('1 node') : t('{0} nodes', formatCount(group.size)));
  const worst = marks.of(item)?.text;
  if (isClosed && worst) parts.push(t('worst {0}', worst));
  parts.push(isClosed ? t('closed, Enter opens it') : t('open, Enter closes it'));
  return parts.join(', ');
}

/** What VS Code's menus and commands are told of a place in the graph. */
export interface Context {
  readonly nodeId?: number | undefined;
  readonly handle?: string | undefined;
  readonly group?: string | undefined;
  readonly isOpen?: boolean;
  readonly figures: NodeFigures | null;
  /** Why the node cannot be skipped. */
  readonly obstacle: string | undefined;
  /** Another node is selected, so that a path can lead here. */
  readonly hasOther: boolean;
}

/**
 * The context VS Code hands to `webview/context` menus: `webviewSection` is `node`, `group` or `graph`. A node comes with
 * `nodeId`, `handle`, `canSkip`, `skipped` and `hasOther`, a group with its key as `group` and `isOpen`.
 */
export function contextOf({ nodeId, handle, group, isOpen, figures, obstacle, hasOther }: Context): string {
  const shared = { preventDefaultContextMenuItems: true };
  if (nodeId !== undefined) {
    return JSON.stringify({
      webviewSection: 'node',
      nodeId,
      handle,
      canSkip: obstacle === undefined,
      skipped: figures?.skipped ?? false,
      hasOther,
      ...shared,
    });
  }
  if (group !== undefined) return JSON.stringify({ webviewSection: 'group', group, isOpen, ...shared });
  return JSON.stringify({ webviewSection: 'graph', ...shared });
}
