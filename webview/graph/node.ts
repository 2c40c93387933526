import type { NodeMark } from '../heat/marks.ts';
import { kindName } from '../kindNames.ts';
import { drawToggle } from './draw/groups.ts';
import type { Pen } from './draw/pen.ts';
import { STACK, TOGGLE } from './groupText.ts';
import type { ItemSize, ItemText } from './items.ts';
import type { CardColours, Palette } from './palette.ts';
import { ItemKind } from './picture.ts';

export type SceneItem = ItemText & ItemSize;

/** What an item shows of the run; a closed group shows what its worst node does. */
export interface CardMark extends Omit<NodeMark, 'figures'> {
  readonly figures: NodeMark['figures'];
  /** A second metric, on the right edge. */
  readonly second?: { readonly level: number | null; readonly text: string } | null;
}

export interface CardState {
  readonly selected: boolean;
  readonly hovered: boolean;
  readonly focused: boolean;
  readonly found: boolean;
  /** Whether cards are coloured by figures: their families then keep out of it. */
  readonly isHeated: boolean;
  readonly mark: CardMark | undefined;
  /** From afar: the name in large letters, cut to fit. */
  readonly name?: string;
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

const RADIUS = 4;
const EDGE = 10;
/** Size of the letters of names that are enlarged, in the graph's units. */
export const LARGE = 28;
/** Below these zooms titles and the rest of the text are too small to read. */
export const TITLES = 0.34;
const TEXTS = 0.5;

/** Draws a card with its upper left corner at (x, y), in the graph's units. */
export function drawItem(g: Pen, item: SceneItem, at: Place, state: CardState, palette: Palette): void {
  if (item.kind === ItemKind.group) drawStack(g, item, at, palette);
  const size = item.kind === ItemKind.group ? STACK : 0;
  const card = { ...item, width: item.width - size, height: item.height - size };
  const { mark } = state;
  const level = levelOf(mark?.level, palette);
  const radius = isPill(item) ? card.height / 2 : RADIUS;
  g.beginPath();
  g.roundRect(at.x, at.y, card.width, card.height, radius);
  const isTiny = at.zoom < TITLES && item.kind === ItemKind.node;
  g.fillStyle = level?.fill ?? (isTiny ? tinyFill(item, state, palette) : palette.card);
  g.fill();
  if (item.kind === ItemKind.node && !isTiny) drawStrip(g, card, at, palette.categories[item.category]);
  const second = levelOf(mark?.second?.level, palette);
  if (second !== undefined) drawSecondEdge(g, card, at, second.fill, palette);
  drawBorder(g, card, at, state, palette);
  if (state.name !== undefined)
    drawName(g, card, at, { name: state.name, color: nameColor(card, state, palette) }, palette);
  if (at.zoom < TITLES) return;
  g.textBaseline = 'middle';
  if (isPill(item)) drawPillText(g, card, at, palette);
  else drawCardText(g, card, at, mark, palette);
}

function tinyFill(item: SceneItem, { isHeated }: CardState, palette: Palette): string {
  return isHeated ? palette.flatGroup : palette.categories[item.category];
}

function isPill(item: SceneItem): boolean {
  return item.kind === ItemKind.input || item.kind === ItemKind.output;
}

function levelOf(level: number | null | undefined, palette: Palette): CardColours | undefined {
  return level === null || level === undefined ? undefined : palette.shades[level];
}

/** The cards behind the first, which say that there is more inside. */
function drawStack(g: Pen, { width, height }: SceneItem, { x, y }: Place, palette: Palette): void {
  for (const offset of [STACK, STACK / 2]) {
    g.beginPath();
    g.roundRect(x + offset, y + offset, width - STACK, height - STACK, RADIUS);
    g.fillStyle = palette.card;
    g.fill();
    g.lineWidth = 1;
    g.strokeStyle = palette.border;
    g.stroke();
  }
}

function drawBorder(g: Pen, item: SceneItem, { x, y, zoom }: Place, state: CardState, palette: Palette): void {
  const { width, height, supported } = item;
  const radius = isPill(item) ? height / 2 : RADIUS;
  const skipped = state.mark?.figures?.skipped === true;
  const outline = (thickness: number, color: string) => {
    g.beginPath();
    g.roundRect(x - 2, y - 2, width + 4, height + 4, radius + 2);
    g.lineWidth = thickness / Math.min(1, Math.max(0.25, zoom));
    g.strokeStyle = color;
    g.stroke();
  };
  g.beginPath();
  g.roundRect(x, y, width, height, radius);
  g.lineWidth = (supported && !skipped ? 1 : 2) + weightOf(state.mark, palette);
  g.strokeStyle = skipped ? palette.text : supported ? palette.border : palette.error;
  if (skipped) g.setLineDash([5, 3]);
  g.stroke();
  if (skipped) g.setLineDash([]);
  if (state.found && !state.selected) {
    g.setLineDash([4, 3]);
    outline(2, palette.edgeActive);
    g.setLineDash([]);
  }
  if (state.hovered && !state.selected) outline(1.5, palette.hover);
  if (state.selected) outline(state.focused ? 3 : 2, palette.focus);
}

/** In high contrast a worse level has a heavier outline. */
function weightOf(mark: CardMark | undefined, { isHighContrast, shades }: Palette): number {
  const level = mark?.level ?? 0;
  return isHighContrast && shades.length > 1 ? (4 * level) / (shades.length - 1) : 0;
}

function drawName(
  g: Pen,
  { width, height }: SceneItem,
  { x, y }: Place,
  { name, color }: { readonly name: string; readonly color: string },
  palette: Palette,
): void {
  g.font = `600 ${LARGE}px ${palette.font}`;
  g.textAlign = 'center';
  g.textBaseline = 'middle';
  g.fillStyle = color;
  g.fillText(name, x + width / 2, y + height / 2 + 1);
  g.textAlign = 'left';
}

function nameColor(item: SceneItem, { mark, isHeated }: CardState, palette: Palette): string {
  const level = levelOf(mark?.level, palette);
  if (level !== undefined) return level.text;
  return item.kind === ItemKind.node
    ? isHeated
      ? palette.background
      : palette.onCategories[item.category]
    : palette.text;
}

function drawPillText(g: Pen, item: SceneItem, { x, y, zoom }: Place, palette: Palette): void {
  const middle = x + item.width / 2;
  g.textAlign = 'center';
  g.fillStyle = palette.text;
  g.font = `600 12px ${palette.font}`;
  g.fillText(item.label, middle, item.shape === '' ? y + item.height / 2 : y + 12);
  if (item.shape === '' || zoom < TEXTS) return;
  g.fillStyle = palette.dim;
  g.font = `11px ${palette.font}`;
  g.fillText(item.shape, middle, y + 26);
}

function drawCardText(g: Pen, item: SceneItem, at: Place, mark: CardMark | undefined, palette: Palette): void {
  const { x, y, zoom } = at;
  const level = levelOf(mark?.level, palette);
  const dim = level?.dim ?? palette.dim;
  const isGroup = item.kind === ItemKind.group;
  const left = x + (isGroup ? TOGGLE : 14);
  const right = x + item.width - 8 - (mark?.second ? EDGE : 0);
  if (isGroup) {
    g.strokeStyle = dim;
    drawToggle(g, x + TOGGLE / 2, y + item.height / 2, 'closed');
  }
  g.textAlign = 'left';
  g.fillStyle = level?.text ?? palette.text;
  g.font = `600 12px ${palette.font}`;
  g.fillText(item.title, left, y + 13.5);
  const note = noteOf(mark);
  g.textAlign = 'right';
  if (note !== '') {
    if (mark?.text !== note) g.font = `12px ${palette.font}`;
    g.fillText(note, right, y + 13.5);
  } else if (!item.supported) {
    g.fillStyle = palette.error;
    g.fillText('unsupported', right, y + 13.5);
  }
  if (zoom >= TEXTS) {
    g.fillStyle = dim;
    g.font = `11px ${palette.font}`;
    if (mark?.second) g.fillText(mark.second.text, right, y + 30);
    g.textAlign = 'left';
    g.fillText(item.label, left, y + 30);
  }
  g.textAlign = 'left';
}

/** What stands at the right of a card: its number, or how it ran when it has none. */
function noteOf(mark: CardMark | undefined): string {
  if (mark === undefined) return '';
  if (mark.pending) return '…';
  if (mark.text !== '') return mark.figures?.skipped ? `⊘ ${mark.text}` : mark.text;
  if (mark.figures?.skipped) return kindName('skipped');
  const form = mark.figures?.form;
  return form === 'fused' || form === 'float' ? kindName(form) : '';
}

function drawStrip(g: Pen, item: SceneItem, { x, y }: Place, color: string): void {
  g.beginPath();
  g.roundRect(x, y, 6, item.height, [RADIUS, 0, 0, RADIUS]);
  g.fillStyle = color;
  g.fill();
}

function drawSecondEdge(g: Pen, item: SceneItem, { x, y }: Place, color: string, palette: Palette): void {
  const left = x + item.width - EDGE;
  g.beginPath();
  g.roundRect(left, y, EDGE, item.height, [0, RADIUS, RADIUS, 0]);
  g.fillStyle = color;
  g.fill();
  g.beginPath();
  g.moveTo(left, y);
  g.lineTo(left, y + item.height);
  g.lineWidth = 1;
  g.strokeStyle = palette.border;
  g.stroke();
}
