import { t } from '../../l10n.ts';
import type { Camera } from '../../store.ts';
import type { Size } from '../camera.ts';
import { Found, findInRect, type Rect } from '../draw/boxTree.ts';
import type { Pen } from '../draw/pen.ts';
import type { Drawing } from '../drawing.ts';
import type { Marks } from '../marks.ts';
import { paintCards, rectInSight, type ShownTrace } from '../painter.ts';
import type { Palette } from '../palette.ts';
import { SvgPen } from './svgPen.ts';

/** Cards beyond which viewers of SVG and pixels beyond which canvases give up. */
const MOST_CARDS = 12_000;
const MOST_SIDE = 16_000;
const MOST_PIXELS = 64_000_000;
const LEAST_SCALE = 0.25;
const MARGIN = 24;

export interface Picturing {
  readonly drawing: Drawing;
  readonly palette: Palette;
  readonly marks: Marks;
  readonly trace: ShownTrace | undefined;
  readonly title: string;
}

/** A file, and what it shows; or why there can be none. */
export interface MadePicture {
  readonly data?: Uint8Array;
  readonly text: string;
}

/** The whole graph as a file where it fits in one, else what is in sight of it. */
export async function makePicture(
  picturing: Picturing,
  kind: 'svg' | 'png',
  { camera, view }: { readonly camera: Camera; readonly view: Size },
): Promise<MadePicture> {
  const { layout, scene, index } = picturing.drawing;
  const whole = { left: -MARGIN, top: -MARGIN, right: layout.width + MARGIN, bottom: layout.height + MARGIN };
  if (scene.count <= MOST_CARDS && (kind === 'svg' || scaleOf(whole) >= LEAST_SCALE)) {
    return { data: await encode(picturing, whole, kind), text: t('The picture shows the whole graph') };
  }
  const rect = rectInSight(camera, view, 0);
  if (findInRect(index.items, rect, new Found(), MOST_CARDS) && scaleOf(rect) >= LEAST_SCALE) {
    return {
      data: await encode(picturing, rect, kind),
      text: t('The whole graph is too large for a picture; it shows what is in sight'),
    };
  }
  return { text: t('What is in sight is too large for a picture: zoom in, or close groups') };
}

async function encode(picturing: Picturing, rect: Rect, kind: 'svg' | 'png'): Promise<Uint8Array> {
  return kind === 'svg' ? new TextEncoder().encode(pictureAsSvg(picturing, rect)) : pictureAsPng(picturing, rect);
}

/** A part of the graph as SVG. */
export function pictureAsSvg(picturing: Picturing, rect: Rect): string {
  const pen = new SvgPen();
  paintPart(pen, picturing, rect);
  const { left, top, right, bottom } = rect;
  return pen.finish({ left, top, width: right - left, height: bottom - top }, picturing.title);
}

/** A part of the graph as PNG, two pixels to a unit where that is not too large. */
async function pictureAsPng(picturing: Picturing, rect: Rect): Promise<Uint8Array> {
  const scale = Math.min(2, scaleOf(rect));
  const canvas = new OffscreenCanvas(
    Math.ceil((rect.right - rect.left) * scale),
    Math.ceil((rect.bottom - rect.top) * scale),
  );
  const g = canvas.getContext('2d', { alpha: false });
  if (g === null) throw new Error('the canvas has no 2d context');
  g.setTransform(scale, 0, 0, scale, -rect.left * scale, -rect.top * scale);
  paintPart(g, picturing, rect);
  const blob = await canvas.convertToBlob({ type: 'image/png' });
  return new Uint8Array(await blob.arrayBuffer());
}

function scaleOf({ left, top, right, bottom }: Rect): number {
  const [width, height] = [right - left, bottom - top];
  return Math.min(MOST_SIDE / width, MOST_SIDE / height, Math.sqrt(MOST_PIXELS / (width * height)));
}

function paintPart(pen: Pen, { drawing, palette, marks, trace }: Picturing, rect: Rect): void {
  pen.fillStyle = palette.background;
  pen.fillRect(rect.left, rect.top, rect.right - rect.left, rect.bottom - rect.top);
  const inSight = { rect, items: new Found(), pieces: new Found() };
  findInRect(drawing.index.items, rect, inSight.items);
  findInRect(drawing.index.pieces, rect, inSight.pieces);
  const highlight = { selected: undefined, hovered: undefined, found: new Set<number>(), focused: false, trace };
  paintCards(pen, drawing, inSight, { zoom: 1, palette, marks, highlight, labels: Infinity });
}
