import type { Camera } from '../store.ts';
import { type Size, toGraph } from './camera.ts';
import { Found, findInRect, type Rect } from './draw/boxTree.ts';
import { drawFrame, drawHeader } from './draw/groups.ts';
import { drawArrows, drawLabels, strokeEdges, strokePieces } from './draw/lines.ts';
import type { Pen } from './draw/pen.ts';
import type { LineIndex } from './draw/sceneIndex.ts';
import { between, type Transition } from './draw/transition.ts';
import type { Drawing } from './drawing.ts';
import type { Marks } from './marks.ts';
import { type CardMark, drawItem, LARGE, TITLES } from './node.ts';
import type { Palette } from './palette.ts';
import type { Trace } from './paths.ts';
import { ItemKind } from './picture.ts';
import { shorten } from './text.ts';

export interface Highlight {
  readonly selected: number | undefined;
  readonly hovered: number | undefined;
  readonly found: ReadonlySet<number>;
  readonly focused: boolean;
  /** What is followed; everything else steps back. */
  readonly trace: ShownTrace | undefined;
}

export interface ShownTrace extends Trace {
  readonly index: LineIndex;
}

export interface PaintOptions {
  readonly zoom: number;
  readonly palette: Palette;
  readonly marks: Marks;
  readonly highlight: Highlight;
  /** How far an item that fades in has come, 0 to 1. */
  readonly fade?: (item: number) => number;
  /** How many lines may be labelled. */
  readonly labels?: number;
  /** Names are drawn larger than they are, so that they can be read. */
  readonly enlarged?: boolean;
}

/** Items and pieces of lines in sight. */
export interface InSight {
  readonly rect: Rect;
  readonly items: Found;
  readonly pieces: Found;
}

/** More than this is drawn flat: sooner where there is no text to read. */
const MOST = { withText: { items: 1500, pieces: 5000 }, plain: { items: 450, pieces: 1800 } };
/** Lines drawn once more, on each side, because they touch what is selected. */
const MOST_ACTIVE = 300;
const MOST_LABELS = 250;
/** Down to this zoom names are enlarged, unless there are too many. */
const ENLARGED = 0.17;
const MOST_ENLARGED = 260;
const ARROWS = 0.3;
const LABELS = 0.55;
/** Beside the label and the number of a second metric: both edges and the gap between. */
const SECOND_ROOM = 42;
/** How much of what is not followed is left to see. */
export const STEPPED_BACK = 0.28;

/** The part of the graph in the view, in its units, and `margin` pixels around. */
export function rectInSight(camera: Camera, view: Size, margin: number): Rect {
  const corner = toGraph(camera, view, { x: -margin, y: -margin });
  const far = toGraph(camera, view, { x: view.width + margin, y: view.height + margin });
  return { left: corner.x, top: corner.y, right: far.x, bottom: far.y };
}

/** Fills `into` with what lies in sight; false when that is too much to be drawn card by card. */
export function findInSight({ index }: Drawing, into: InSight, zoom: number): boolean {
  const { items, pieces } = zoom < TITLES ? MOST.plain : MOST.withText;
  return (
    findInRect(index.items, into.rect, into.items, items) && findInRect(index.pieces, into.rect, into.pieces, pieces)
  );
}

/** Draws items on their way after groups were opened or closed. The pen is in the graph's units. */
export function paintTransition(g: Pen, transition: Transition, rect: Rect, t: number, options: PaintOptions): void {
  const { before, after, items, ghosts, isNew } = transition;
  const { zoom, palette } = options;
  const thin = Math.max(1, 0.6 / zoom);
  transition.moveTo(t);
  for (const { item, from, to } of ghosts) {
    if (before.scene.kind[item] === ItemKind.frame) continue;
    const place = between(from, to, t);
    const width = place.right - place.left;
    const text = before.text(item);
    g.globalAlpha = Math.max(0, 1 - 1.6 * t);
    const state = { selected: false, hovered: false, focused: false, found: false, isHeated: false, mark: undefined };
    drawItem(
      g,
      { ...text, width, height: place.bottom - place.top },
      { x: place.left, y: place.top, zoom },
      state,
      palette,
    );
  }
  g.globalAlpha = 1;
  const pieces = new Found();
  findInRect(after.index.pieces, rect, pieces, MOST.withText.pieces);
  g.globalAlpha = Math.max(0, 2 * t - 1);
  strokePieces(g, after.layout, after.index, pieces, { color: palette.edge, width: thin });
  g.globalAlpha = 1;
  const still = { ...options.highlight, selected: undefined, hovered: undefined, trace: undefined };
  const fade = (item: number) => (isNew.has(item) ? t : 1);
  const inSight = { rect, items, pieces: new Found() };
  paintCards(g, after, inSight, { ...options, highlight: still, fade });
}

/** Draws what was found in sight, card by card. The pen is in the graph's units. */
export function paintCards(g: Pen, drawing: Drawing, inSight: InSight, options: PaintOptions): void {
  const { zoom, palette, highlight } = options;
  const { scene, layout, index } = drawing;
  const items = inSight.items.items.subarray(0, inSight.items.count).slice().sort();
  for (const i of items) if (scene.kind[i] === ItemKind.frame) drawFrame(g, drawing, i, palette, zoom);

  const edges = options.fade === undefined ? visibleEdges(drawing, items) : [];
  const active = activeEdges(drawing, highlight);
  const thin = Math.max(1, 0.6 / zoom);
  const { trace } = highlight;
  g.globalAlpha = trace === undefined ? 1 : STEPPED_BACK;
  strokePieces(g, layout, index, inSight.pieces, { color: palette.edge, width: thin });
  if (zoom >= ARROWS) drawArrows(g, layout, edges, palette.edge);
  g.globalAlpha = 1;
  if (trace !== undefined) {
    const found = new Found();
    findInRect(trace.index.pieces, inSight.rect, found);
    strokePieces(g, layout, trace.index, found, { color: palette.edgeActive, width: 1.8 * thin });
    if (zoom >= ARROWS)
      drawArrows(
        g,
        layout,
        edges.filter((e) => trace.edges[e] === 1),
        palette.edgeActive,
      );
  }
  if (active.size > 0) {
    strokeEdges(g, layout, active, { color: palette.edgeActive, width: 1.8 * thin });
    if (zoom >= ARROWS) drawArrows(g, layout, active, palette.edgeActive);
  }
  for (const i of items) if (scene.kind[i] === ItemKind.frame) drawHeader(g, drawing, i, palette, zoom);
  const enlarged = zoom < TITLES && zoom >= ENLARGED && items.length <= MOST_ENLARGED;
  for (const i of items) if (scene.kind[i] !== ItemKind.frame) drawOne(g, drawing, i, { ...options, enlarged });
  for (const i of [highlight.hovered, highlight.selected]) {
    if (i !== undefined && scene.kind[i] === ItemKind.frame) outlineFrame(g, drawing, i, options);
  }
  if (zoom >= LABELS) drawLabels(g, drawing, { edges, active, zoom, most: options.labels ?? MOST_LABELS }, palette);
}

function drawOne(g: Pen, drawing: Drawing, i: number, options: PaintOptions): void {
  const { zoom, palette, marks, highlight, fade } = options;
  const { layout } = drawing;
  const width = layout.itemWidth[i] as number;
  const height = layout.itemHeight[i] as number;
  const stepsBack = highlight.trace !== undefined && highlight.trace.items[i] !== 1;
  g.globalAlpha = (stepsBack ? STEPPED_BACK : 1) * (fade?.(i) ?? 1);
  drawItem(
    g,
    { ...drawing.text(i), ...labelBeside(drawing, i, marks.of(i)), width, height },
    { x: (layout.x[i] as number) - width / 2, y: layout.y[i] as number, zoom },
    {
      selected: highlight.selected === i,
      hovered: highlight.hovered === i,
      focused: highlight.focused,
      found: highlight.found.has(i),
      isHeated: marks.any,
      mark: marks.of(i),
      ...(options.enlarged && { name: enlargedName(drawing, i, width) }),
    },
    palette,
  );
  g.globalAlpha = 1;
}

/** The name of a card as far as it fits in large letters. */
function enlargedName(drawing: Drawing, i: number, width: number): string {
  const { kind, title, label } = drawing.text(i);
  const name = kind === ItemKind.input || kind === ItemKind.output ? label : title;
  return shorten(name, width - 16, (text) => (drawing.measure(text, 'title') * LARGE) / 12);
}

/** Shortened to leave room for the number of a second metric. */
function labelBeside(drawing: Drawing, i: number, mark: CardMark | undefined): { label: string } | undefined {
  const { label } = drawing.text(i);
  if (!mark?.second?.text) return undefined;
  const widthOf = (text: string): number => drawing.measure(text, 'label');
  const room = (drawing.layout.itemWidth[i] as number) - widthOf(mark.second.text) - SECOND_ROOM;
  return { label: shorten(label, room, widthOf) };
}

/** The border of a frame or, far away, of any item that is selected or under the pointer. */
export function outlineFrame(g: Pen, { layout }: Drawing, i: number, { zoom, palette, highlight }: PaintOptions): void {
  const width = Math.max(layout.itemWidth[i] as number, 6 / zoom);
  const height = Math.max(layout.itemHeight[i] as number, 6 / zoom);
  const gap = 2 / zoom;
  g.beginPath();
  g.roundRect(
    (layout.x[i] as number) - width / 2 - gap,
    (layout.y[i] as number) - gap,
    width + 2 * gap,
    height + 2 * gap,
    4 / Math.max(1, zoom),
  );
  const isSelected = highlight.selected === i;
  g.lineWidth = (isSelected && highlight.focused ? 3 : 2) / zoom;
  g.strokeStyle = isSelected ? palette.focus : palette.hover;
  g.stroke();
}

/** Lines that begin or end at an item in sight; those that only pass have no label or head to draw. */
function visibleEdges({ scene }: Drawing, items: Int32Array): number[] {
  const edges = new Set<number>();
  for (const i of items) {
    for (let k = scene.inStart[i] as number; k < (scene.inStart[i + 1] as number); k++) {
      edges.add(scene.inEdges[k] as number);
    }
    // A tensor of many readers has one label.
    const end = Math.min(scene.outStart[i + 1] as number, (scene.outStart[i] as number) + 64);
    for (let k = scene.outStart[i] as number; k < end; k++) edges.add(scene.outEdges[k] as number);
  }
  return [...edges];
}

/** Lines of what is selected or under the pointer. */
export function activeEdges({ scene }: Drawing, { selected, hovered }: Highlight): Set<number> {
  const edges = new Set<number>();
  for (const i of [selected, hovered]) {
    if (i === undefined) continue;
    const into = scene.inEdges.subarray(scene.inStart[i], scene.inStart[i + 1]);
    const out = scene.outEdges.subarray(scene.outStart[i], scene.outStart[i + 1]);
    for (const side of [into, out]) for (const e of side.subarray(0, MOST_ACTIVE)) edges.add(e);
  }
  return edges;
}
