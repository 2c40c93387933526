import type { Drawing } from '../drawing.ts';
import { groupNote, TOGGLE } from '../groupText.ts';
import { groupTitle } from '../hierarchy/blockNames.ts';
import type { Palette } from '../palette.ts';
import { ItemKind } from '../picture.ts';
import { shorten } from '../text.ts';
import type { Pen } from './pen.ts';

const RADIUS = 6;
/** Names of frames are drawn at the size of the screen when the header's would be too small to read. */
const LEAST_NAMED = { width: 96, height: 30 };
const READABLE = 0.5;

/** Whether a point of the graph lies on the arrow of a group. */
export function isOnToggle({ scene, layout }: Drawing, item: number, x: number, y: number): boolean {
  if (scene.kind[item] !== ItemKind.group && scene.kind[item] !== ItemKind.frame) return false;
  const left = (layout.x[item] as number) - (layout.itemWidth[item] as number) / 2;
  return x - left < TOGGLE && y - (layout.y[item] as number) < TOGGLE + 8;
}

/** The arrow of a group: to the right when closed, down when open. */
export function drawToggle(g: Pen, x: number, y: number, way: 'closed' | 'open'): void {
  g.beginPath();
  if (way === 'closed') {
    g.moveTo(x - 2, y - 4);
    g.lineTo(x + 2.5, y);
    g.lineTo(x - 2, y + 4);
  } else {
    g.moveTo(x - 4, y - 2);
    g.lineTo(x, y + 2.5);
    g.lineTo(x + 4, y - 2);
  }
  g.lineWidth = 1.6;
  g.stroke();
}

/** Draws the frame of an open group, behind everything. */
export function drawFrame(g: Pen, { layout }: Drawing, item: number, palette: Palette, zoom: number): void {
  const width = layout.itemWidth[item] as number;
  g.beginPath();
  g.roundRect(
    (layout.x[item] as number) - width / 2,
    layout.y[item] as number,
    width,
    layout.itemHeight[item] as number,
    RADIUS,
  );
  g.fillStyle = palette.frame;
  g.fill();
  g.strokeStyle = palette.frameLine;
  g.lineWidth = Math.max(1, 0.7 / zoom);
  g.stroke();
}

/** Draws the header of an open group, over lines that enter it. */
export function drawHeader(g: Pen, drawing: Drawing, item: number, palette: Palette, zoom: number): void {
  const { layout, scene, measure } = drawing;
  const group = drawing.group(item);
  if (zoom < READABLE || group === undefined) return;
  const width = layout.itemWidth[item] as number;
  const x = (layout.x[item] as number) - width / 2;
  const middle = (layout.y[item] as number) + (scene.height[item] as number) / 2;
  const room = width - TOGGLE - 12;
  const label = shorten(groupTitle(group), room, (text) => measure(text, 'title'));
  const afterLabel = measure(label, 'title') + 8;
  const whole = groupNote(group);
  const note = afterLabel + measure(whole, 'label') > room ? '' : whole;
  g.fillStyle = palette.background;
  g.globalAlpha = 0.6;
  g.fillRect(x + TOGGLE - 2, middle - 8, (note === '' ? afterLabel - 8 : afterLabel + measure(note, 'label')) + 4, 16);
  g.globalAlpha = 1;
  g.strokeStyle = palette.dim;
  drawToggle(g, x + TOGGLE / 2 + 1, middle, 'open');
  g.textAlign = 'left';
  g.textBaseline = 'middle';
  g.font = `600 12px ${palette.font}`;
  g.fillStyle = palette.text;
  g.fillText(label, x + TOGGLE, middle);
  g.font = `11px ${palette.font}`;
  g.fillStyle = palette.dim;
  if (note !== '') g.fillText(note, x + TOGGLE + afterLabel, middle);
}

/** Names of the frames in sight whose headers are too small to read, largest frames first; the pen is in pixels. */
export function drawFrameNames(
  g: Pen,
  drawing: Drawing,
  sight: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
    readonly zoom: number;
  },
  palette: Palette,
): void {
  const { layout, measure } = drawing;
  if (sight.zoom >= READABLE) return;
  const taken: { x: number; y: number; width: number }[] = [];
  g.font = `600 11px ${palette.font}`;
  g.textAlign = 'left';
  g.textBaseline = 'middle';
  for (const item of drawing.framesBySize) {
    const width = (layout.itemWidth[item] as number) * sight.zoom;
    const height = (layout.itemHeight[item] as number) * sight.zoom;
    if (width < LEAST_NAMED.width / 2 && height < LEAST_NAMED.height) break;
    if (width < LEAST_NAMED.width || height < LEAST_NAMED.height) continue;
    const x = ((layout.x[item] as number) - sight.left) * sight.zoom - width / 2;
    const y = ((layout.y[item] as number) - sight.top) * sight.zoom;
    if (x > sight.width || x + width < 0 || y > sight.height || y + height < 0) continue;
    const group = drawing.group(item);
    const label = shorten(group === undefined ? '' : groupTitle(group), width - 10, (text) => measure(text, 'title'));
    const place = { x: Math.max(4, x + 5), y: Math.max(10, y + 10), width: measure(label, 'title') };
    if (place.x + place.width > x + width || place.y + 8 > y + height) continue;
    if (
      taken.some((o) => Math.abs(o.y - place.y) < 15 && place.x < o.x + o.width + 6 && o.x < place.x + place.width + 6)
    )
      continue;
    taken.push(place);
    g.fillStyle = palette.background;
    g.globalAlpha = 0.8;
    g.fillRect(place.x - 3, place.y - 8, place.width + 4, 16);
    g.globalAlpha = 1;
    g.fillStyle = palette.text;
    g.fillText(label, place.x, place.y);
    if (taken.length >= 60) return;
  }
}
