import type { NodeMark } from './heat.ts';
import type { ItemSize, ItemText } from './items.ts';
import type { Palette } from './palette.ts';
import { ItemKind } from './picture.ts';

export type SceneItem = ItemText & ItemSize;

export interface CardState {
  readonly selected: boolean;
  readonly hovered: boolean;
  readonly focused: boolean;
  readonly found: boolean;
  readonly mark: NodeMark | undefined;
}

const RADIUS = 4;

/** Draws a card with its upper left corner at (x, y), in the graph's units. */
export function drawItem(
  g: CanvasRenderingContext2D,
  item: SceneItem,
  at: { readonly x: number; readonly y: number; readonly zoom: number },
  state: CardState,
  palette: Palette,
): void {
  const { x, y, zoom } = at;
  const { width: w, height } = item;
  const mark = state.mark;
  const level = mark?.level === null || mark?.level === undefined ? undefined : palette.levels[mark.level];
  const radius = item.kind === ItemKind.node ? RADIUS : height / 2;
  const skipped = mark?.figures?.skipped === true;

  g.beginPath();
  g.roundRect(x, y, w, height, radius);
  g.fillStyle = level?.fill ?? palette.card;
  g.fill();
  if (item.kind === ItemKind.node) drawStrip(g, item, x, y, palette);
  g.beginPath();
  g.roundRect(x, y, w, height, radius);
  g.lineWidth = item.supported ? 1 : 2;
  g.strokeStyle = item.supported ? palette.border : palette.error;
  g.setLineDash(skipped ? [5, 3] : []);
  if (skipped) {
    g.lineWidth = 2;
    g.strokeStyle = palette.text;
  }
  g.stroke();
  g.setLineDash([]);
  if (state.found && !state.selected) {
    g.setLineDash([4, 3]);
    outline(g, item, x, y, radius, 2, palette.edgeActive);
    g.setLineDash([]);
  }
  if (state.hovered && !state.selected) outline(g, item, x, y, radius, 1.5, palette.hover);
  if (state.selected) outline(g, item, x, y, radius, state.focused ? 3 : 2, palette.focus);
  if (zoom < 0.28) return;

  const text = level?.text ?? palette.text;
  const dim = level?.dim ?? palette.dim;
  g.textBaseline = 'middle';
  g.textAlign = 'left';
  if (item.kind !== ItemKind.node) {
    g.textAlign = 'center';
    g.fillStyle = palette.text;
    g.font = `600 12px ${palette.font}`;
    g.fillText(item.label, x + w / 2, item.shape === '' ? y + height / 2 : y + 12);
    g.fillStyle = palette.dim;
    g.font = `11px ${palette.font}`;
    if (item.shape !== '' && zoom >= 0.45) g.fillText(item.shape, x + w / 2, y + 26);
    return;
  }
  g.fillStyle = text;
  g.font = `600 12px ${palette.font}`;
  g.fillText(item.title, x + 14, y + 13.5);
  const right = noteOf(mark);
  if (right !== '') {
    g.textAlign = 'right';
    g.font = `${mark?.text === right ? '600 ' : ''}12px ${palette.font}`;
    g.fillText(right, x + w - 8, y + 13.5);
    g.textAlign = 'left';
  } else if (!item.supported) {
    g.textAlign = 'right';
    g.fillStyle = palette.error;
    g.fillText('unsupported', x + w - 8, y + 13.5);
    g.textAlign = 'left';
  }
  if (zoom < 0.45) return;
  g.fillStyle = dim;
  g.font = `11px ${palette.font}`;
  g.fillText(item.label, x + 14, y + 30);
}

/** What stands at the right of a card: its number, or how it ran when it has none. */
function noteOf(mark: NodeMark | undefined): string {
  if (mark === undefined) return '';
  if (mark.pending) return '…';
  if (mark.text !== '') return mark.figures?.skipped ? `⊘ ${mark.text}` : mark.text;
  if (mark.figures?.skipped) return 'skipped';
  return mark.figures?.form === 'fused' ? 'fused' : mark.figures?.form === 'float' ? 'float' : '';
}

function drawStrip(g: CanvasRenderingContext2D, item: SceneItem, x: number, y: number, palette: Palette): void {
  g.beginPath();
  g.roundRect(x, y, 6, item.height, [RADIUS, 0, 0, RADIUS]);
  g.fillStyle = palette.categories[item.category];
  g.fill();
}

function outline(
  g: CanvasRenderingContext2D,
  item: SceneItem,
  x: number,
  y: number,
  radius: number,
  width: number,
  color: string,
): void {
  g.beginPath();
  g.roundRect(x - 2, y - 2, item.width + 4, item.height + 4, radius + 2);
  g.lineWidth = width;
  g.strokeStyle = color;
  g.stroke();
}
