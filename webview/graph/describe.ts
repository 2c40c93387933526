import type { NodeFigures } from '../../src/protocol/views.ts';
import type { NodeMark } from './heat.ts';
import type { Scene, SceneItem } from './scene.ts';

/** An item in words: tooltip and screen reader name. */
export function describeItem(scene: Scene, index: number, marks: ReadonlyMap<number, NodeMark>): string {
  const item = scene.items[index];
  if (item === undefined) return '';
  if (item.kind !== 'node') return `Graph ${item.kind} ${item.fullLabel} ${item.shape}`.trimEnd();
  const mark = marks.get(item.id);
  const parts = [`${item.title} ${item.fullLabel}`];
  if (mark?.text) parts.push(mark.text);
  if (mark?.figures !== null && mark?.figures !== undefined) {
    parts.push(mark.figures.skipped ? 'skipped' : mark.figures.form);
  }
  if (!item.supported) parts.push('not supported');
  if (item.shape !== '') parts.push(`weights ${item.shape}`);
  const inputs = scene.incoming[index]?.length ?? 0;
  const outputs = scene.outgoing[index]?.length ?? 0;
  parts.push(`${inputs} in, ${outputs} out`);
  return parts.join(', ');
}

/**
 * The context VS Code hands to `webview/context` menus: `webviewSection` is `node` or `canvas`, a node comes with
 * `nodeId`, `canSkip` and `skipped`.
 */
export function contextOf(
  item: Pick<SceneItem, 'kind' | 'id'> | undefined,
  figures: NodeFigures | null,
  obstacle: string | undefined,
): string {
  return JSON.stringify(
    item?.kind === 'node'
      ? {
          webviewSection: 'node',
          nodeId: item.id,
          canSkip: obstacle === undefined,
          skipped: figures?.skipped ?? false,
          preventDefaultContextMenuItems: true,
        }
      : { webviewSection: 'canvas', preventDefaultContextMenuItems: true },
  );
}
