import { ItemKind, type Picture } from '../picture.ts';
import { Found, findInRect, type Rect } from './boxTree.ts';
import type { Pen } from './pen.ts';
import type { SceneIndex } from './sceneIndex.ts';

/** Objects drawn between two chances to stop. */
const BATCH = 256;
/** Pieces of lines and insides of frames shorter than this, in pixels, are not drawn. */
const LEAST_PIECE = 1.5;
const LEAST_FRAME = 3;
/** Pieces lower than this, in pixels, are straight. */
const LEAST_BEND = 14;

/** Colours of what is too small for texts. */
export interface FlatStyle {
  readonly edge: string;
  readonly frame: string;
  readonly frameLine: string;
  /** Colours of cards, and for each item which of them it has. */
  readonly fills: readonly string[];
  readonly fillOf: Uint8Array;
}

export interface FlatRegion {
  /** In the graph's units. */
  readonly rect: Rect;
  /** Pixels to a unit. */
  readonly scaleX: number;
  readonly scaleY: number;
}

/**
 * Draws part of a picture as plain rectangles and thin lines. The pen must be set to the graph's units. Every item is at
 * least one pixel wide and high, so that no part of a large graph vanishes.
 *
 * @yields between batches, so that a caller can stop for a frame.
 */
export function* drawFlat(
  g: Pen,
  { picture, index }: { readonly picture: Picture; readonly index: SceneIndex },
  region: FlatRegion,
  style: FlatStyle,
): Generator<void, void> {
  const found = new Found();
  findInRect(index.items, region.rect, found);
  yield* drawFrames(g, picture, found, region, style);
  const items = byColour(picture, found, style);
  findInRect(index.pieces, region.rect, found);
  yield* drawPieces(g, picture, index, found, { region, color: style.edge });
  yield* drawItems(g, picture, items, region, style);
}

function* drawFrames(
  g: Pen,
  { scene, layout }: Picture,
  found: Found,
  { scaleX, scaleY }: FlatRegion,
  style: FlatStyle,
): Generator<void, void> {
  const frames = Array.from(found.items.subarray(0, found.count)).filter((i) => scene.kind[i] === ItemKind.frame);
  frames.sort((a, b) => a - b); // outer ones first
  g.fillStyle = style.frame;
  g.strokeStyle = style.frameLine;
  g.lineWidth = 1 / scaleX;
  let drawn = 0;
  for (const i of frames) {
    const width = layout.itemWidth[i] as number;
    const height = layout.itemHeight[i] as number;
    if (width * scaleX < LEAST_FRAME || height * scaleY < LEAST_FRAME) continue;
    const left = (layout.x[i] as number) - width / 2;
    g.fillRect(left, layout.y[i] as number, width, height);
    g.strokeRect(left, layout.y[i] as number, width, height);
    if (++drawn % BATCH === 0) yield;
  }
}

function* drawPieces(
  g: Pen,
  { layout: { points } }: Picture,
  { piecePoint }: SceneIndex,
  found: Found,
  { region: { scaleX, scaleY }, color }: { readonly region: FlatRegion; readonly color: string },
): Generator<void, void> {
  g.strokeStyle = color;
  g.lineWidth = 1 / Math.max(scaleX, scaleY);
  g.beginPath();
  let drawn = 0;
  for (let k = 0; k < found.count; k++) {
    const p = 2 * (piecePoint[found.items[k] as number] as number);
    const ax = points[p] as number;
    const ay = points[p + 1] as number;
    const bx = points[p + 2] as number;
    const by = points[p + 3] as number;
    if (Math.abs(bx - ax) * scaleX < LEAST_PIECE && Math.abs(by - ay) * scaleY < LEAST_PIECE) continue;
    g.moveTo(ax, ay);
    if (ax === bx || Math.abs(by - ay) * scaleY < LEAST_BEND) g.lineTo(bx, by);
    else g.bezierCurveTo(ax, (ay + by) / 2, bx, (ay + by) / 2, bx, by);
    if (++drawn % BATCH !== 0) continue;
    g.stroke();
    yield;
    g.beginPath();
  }
  g.stroke();
}

function* drawItems(
  g: Pen,
  { layout }: Picture,
  items: Int32Array,
  { scaleX, scaleY }: FlatRegion,
  { fills, fillOf }: FlatStyle,
): Generator<void, void> {
  let fill = -1;
  let drawn = 0;
  for (const i of items) {
    if (fillOf[i] !== fill) {
      fill = fillOf[i] as number;
      g.fillStyle = fills[fill] as string;
    }
    const width = Math.max(layout.itemWidth[i] as number, 1 / scaleX);
    const height = Math.max(layout.itemHeight[i] as number, 1 / scaleY);
    g.fillRect((layout.x[i] as number) - width / 2, layout.y[i] as number, width, height);
    if (++drawn % BATCH === 0) yield;
  }
}

/** What was found but frames, one colour after another. */
function byColour({ scene }: Picture, found: Found, { fills, fillOf }: FlatStyle): Int32Array {
  const start = new Int32Array(fills.length + 1);
  for (let k = 0; k < found.count; k++) {
    const i = found.items[k] as number;
    if (scene.kind[i] !== ItemKind.frame) start[(fillOf[i] as number) + 1]!++;
  }
  for (let c = 0; c < fills.length; c++) start[c + 1]! += start[c] as number;
  const sorted = new Int32Array(start[fills.length] as number);
  for (let k = 0; k < found.count; k++) {
    const i = found.items[k] as number;
    if (scene.kind[i] !== ItemKind.frame) sorted[start[fillOf[i] as number]!++] = i;
  }
  return sorted;
}
