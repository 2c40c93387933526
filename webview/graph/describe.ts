import type { NodeFigures } from '../../src/protocol/views.ts';
import { t } from '../l10n.ts';
import type { Drawing } from './drawing.ts';
import type { NodeMark } from './heat.ts';
import { ItemKind } from './picture.ts';

/** An item in words: tooltip and screen reader name. */
export function describeItem(drawing: Drawing, item: number, marks: ReadonlyMap<number, NodeMark>): string {
  const { kind, id, title, fullLabel, shape, supported } = drawing.text(item);
  if (kind === ItemKind.input) return t('Graph input {0} {1}', fullLabel, shape).trimEnd();
  if (kind === ItemKind.output) return t('Graph output {0} {1}', fullLabel, shape).trimEnd();
  if (kind !== ItemKind.node) return t('Group {0}', fullLabel);
  const mark = marks.get(id);
  const parts = [`${title} ${fullLabel}`];
  if (mark?.text) parts.push(mark.text);
  if (mark?.figures !== null && mark?.figures !== undefined) {
    parts.push(mark.figures.skipped ? t('skipped') : t(mark.figures.form));
  }
  if (!supported) parts.push(t('not supported'));
  if (shape !== '') parts.push(t('weights {0}', shape));
  parts.push(t('{0} in, {1} out', drawing.before(item).length, drawing.after(item).length));
  return parts.join(', ');
}

/**
 * The context VS Code hands to `webview/context` menus: `webviewSection` is `node` or `canvas`, a node comes with
 * `nodeId`, `canSkip` and `skipped`.
 */
export function contextOf(
  nodeId: number | undefined,
  figures: NodeFigures | null,
  obstacle: string | undefined,
): string {
  return JSON.stringify(
    nodeId !== undefined
      ? {
          webviewSection: 'node',
          nodeId,
          canSkip: obstacle === undefined,
          skipped: figures?.skipped ?? false,
          preventDefaultContextMenuItems: true,
        }
      : { webviewSection: 'canvas', preventDefaultContextMenuItems: true },
  );
}
