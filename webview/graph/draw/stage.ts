import type { Camera } from '../../store.ts';
import type { Point, Size } from '../camera.ts';
import type { Drawing } from '../drawing.ts';
import type { Marks } from '../marks.ts';
import {
  activeEdges,
  findInSight,
  type Highlight,
  outlineFrame,
  paintCards,
  paintTransition,
  rectInSight,
  type ShownTrace,
} from '../painter.ts';
import type { Palette } from '../palette.ts';
import { Found, findInRect } from './boxTree.ts';
import { drawFlat, type FlatStyle } from './flat.ts';
import { categoriesOf, flatStyleOf } from './flatStyle.ts';
import { drawFrameNames } from './groups.ts';
import { strokeEdges, strokePieces } from './lines.ts';
import { type Sight, type TileRegion, Tiles } from './tiles.ts';
import { createTransition, type Transition } from './transition.ts';

/** Side of a tile in device pixels. */
const TILE = 512;
/** Main-thread time that drawing and preparing tiles may take of a frame, in milliseconds. */
const FRAME_BUDGET = 6;
const LEAST_WORK = 1.5;
/** After the zoom has not changed for so long, tiles are made for exactly it; in milliseconds. */
const STEADY_MS = 120;
const TRANSITION_MS = 220;

/** What a frame shows. */
export interface StageView {
  readonly drawing: Drawing;
  readonly camera: Camera;
  readonly view: Size;
  readonly palette: Palette;
  readonly highlight: Highlight;
  readonly marks: Marks;
}

/**
 * Draws frames on a canvas: card by card while what is in sight can be drawn so in one frame, else from tiles that are
 * prepared a few milliseconds at a time.
 */
export class Stage {
  readonly #canvas: HTMLCanvasElement;
  readonly #g: CanvasRenderingContext2D;
  readonly #view: () => StageView | undefined;
  readonly #tiles: Tiles<ImageBitmap>;
  readonly #inSight = { items: new Found(), pieces: new Found() };
  #frame = 0;
  #steady: ReturnType<typeof setTimeout> | undefined;
  /** A tile was finished since the last frame and is to be shown. */
  #finished = false;
  #gliding: { readonly transition: Transition; readonly of: Drawing; readonly began: number } | undefined;
  #zoom = 0;
  #zoomedAt = 0;
  #families: { readonly drawing: Drawing; readonly families: Uint8Array } | undefined;
  #tiled: { readonly drawing: Drawing; readonly style: FlatStyle } | undefined;
  #style: { readonly from: readonly unknown[]; readonly style: FlatStyle } | undefined;

  /** @param view what to show, asked once per frame. */
  constructor(canvas: HTMLCanvasElement, view: () => StageView | undefined) {
    const g = canvas.getContext('2d', { alpha: false });
    if (g === null) throw new Error('the canvas has no 2d context');
    this.#canvas = canvas;
    this.#g = g;
    this.#view = view;
    this.#tiles = new Tiles({
      side: TILE,
      render: (region) => this.#renderTile(region),
      release: (image) => image.close(),
    });
  }

  /** Draws at the next frame. */
  draw = (): void => {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(this.#paint);
  };

  /** Fits the canvas to its element; true when its size has changed. */
  resize(view: Size): boolean {
    const width = Math.max(1, Math.round(view.width * devicePixelRatio));
    const height = Math.max(1, Math.round(view.height * devicePixelRatio));
    if (this.#canvas.width === width && this.#canvas.height === height) return false;
    this.#canvas.width = width;
    this.#canvas.height = height;
    return true;
  }

  /**
   * Lets the items of the drawing before glide to their places, unless motion is unwanted or too much would move.
   *
   * @param shift how far the part that stays on its place of the screen has moved in the graph.
   */
  glide(before: Drawing, { drawing, camera, view }: StageView, shift: Point): void {
    this.#gliding = undefined;
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const transition = createTransition(before, drawing, shift, rectInSight(camera, view, 20));
    if (transition !== undefined) this.#gliding = { transition, of: drawing, began: performance.now() };
    this.draw();
  }

  /** Measures text in the canvas's fonts, in pixels at zoom 1. */
  widthIn({ font }: Palette): (text: string, kind: 'title' | 'label') => number {
    return (text, kind) => {
      this.#g.font = kind === 'title' ? `600 12px ${font}` : `11px ${font}`;
      return this.#g.measureText(text).width;
    };
  }

  readonly #paint = (): void => {
    this.#frame = 0;
    const began = performance.now();
    const shown = this.#view();
    const g = this.#g;
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.globalAlpha = 1;
    g.fillStyle = shown?.palette.background ?? getComputedStyle(document.body).backgroundColor;
    g.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (shown === undefined || shown.view.width === 0) return;
    const { drawing, camera, view } = shown;
    const rect = rectInSight(camera, view, 20);
    const inSight = { rect, ...this.#inSight };
    if (this.#gliding?.of === drawing) this.#paintGliding(shown, this.#gliding);
    else if (findInSight(drawing, inSight, camera.zoom)) this.#paintNear(shown, inSight);
    else this.#paintFar(shown, began);
    this.#toPixels();
    const corner = rectInSight(camera, view, 0);
    drawFrameNames(g, drawing, { ...corner, ...view, zoom: camera.zoom }, shown.palette);
  };

  #paintNear(shown: StageView, inSight: Parameters<typeof paintCards>[2]): void {
    const { drawing, camera, palette, highlight, marks } = shown;
    this.#toGraph(shown);
    paintCards(this.#g, drawing, inSight, { zoom: camera.zoom, palette, highlight, marks });
  }

  #paintGliding(shown: StageView, gliding: { readonly transition: Transition; readonly began: number }): void {
    const { camera, view, palette, highlight, marks } = shown;
    const t = Math.min(1, (performance.now() - gliding.began) / TRANSITION_MS);
    this.#toGraph(shown);
    const options = { zoom: camera.zoom, palette, highlight, marks };
    paintTransition(this.#g, gliding.transition, rectInSight(camera, view, 20), 1 - (1 - t) ** 3, options);
    if (t >= 1) this.#gliding = undefined;
    this.draw();
  }

  #paintFar(shown: StageView, began: number): void {
    const { drawing, camera, view, palette, highlight, marks } = shown;
    const g = this.#g;
    this.#prepareTiles(shown);
    const scale = camera.zoom * devicePixelRatio;
    const sight: Sight = { rect: rectInSight(camera, view, 0), scale };
    const now = performance.now();
    if (camera.zoom !== this.#zoom) {
      this.#zoom = camera.zoom;
      this.#zoomedAt = now;
    }
    const pace = now - this.#zoomedAt >= STEADY_MS ? 'steady' : 'moving';
    if (pace === 'moving') {
      clearTimeout(this.#steady);
      this.#steady = setTimeout(this.draw, STEADY_MS + 5);
    }
    const originX = Math.round(-sight.rect.left * scale);
    const originY = Math.round(-sight.rect.top * scale);
    g.imageSmoothingQuality = 'low'; // at rest tiles are drawn pixel by pixel anyway
    for (const { image, left, top, size } of this.#tiles.show(sight, pace)) {
      const x = originX + Math.round(left * scale);
      const y = originY + Math.round(top * scale);
      g.drawImage(
        image,
        x,
        y,
        originX + Math.round((left + size) * scale) - x,
        originY + Math.round((top + size) * scale) - y,
      );
    }
    this.#toGraph(shown);
    const thin = 1.5 / camera.zoom;
    const active = activeEdges(drawing, highlight);
    if (active.size > 0) strokeEdges(g, drawing.layout, active, { color: palette.edgeActive, width: thin });
    this.#drawFound(shown);
    const options = { zoom: camera.zoom, palette, highlight, marks };
    for (const i of [highlight.hovered, highlight.selected]) if (i !== undefined) outlineFrame(g, drawing, i, options);
    const until = Math.max(performance.now() + LEAST_WORK, began + FRAME_BUDGET);
    const isMore = this.#tiles.work(until, () => performance.now());
    if (isMore || this.#finished) this.draw();
    this.#finished = false;
  }

  #drawFound({ drawing: { layout }, camera, palette, highlight, view }: StageView): void {
    const g = this.#g;
    const rect = rectInSight(camera, view, 0);
    const least = 4 / camera.zoom;
    g.fillStyle = palette.edgeActive;
    for (const i of highlight.found) {
      const x = layout.x[i] as number;
      const y = layout.y[i] as number;
      if (x < rect.left || x > rect.right || y < rect.top || y > rect.bottom) continue;
      const width = Math.max(least, layout.itemWidth[i] as number);
      g.fillRect(x - width / 2, y, width, Math.max(least, layout.itemHeight[i] as number));
    }
  }

  /** Sees to it that tiles are of this drawing and these colours. */
  #prepareTiles({ drawing, palette, highlight, marks }: StageView): void {
    const style = this.styleOf(drawing, palette, marks, highlight.trace);
    if (this.#tiled?.drawing !== drawing) this.#tiles.clear();
    else if (this.#tiled.style !== style) this.#tiles.refresh();
    this.#tiled = { drawing, style };
  }

  /** The colours of what is drawn flat; the same object while nothing has changed. */
  styleOf(drawing: Drawing, palette: Palette, marks: Marks, trace: ShownTrace | undefined): FlatStyle {
    const from = [drawing, palette, trace, marks];
    if (this.#style?.from.every((part, i) => part === from[i]) === true) return this.#style.style;
    if (this.#families?.drawing !== drawing) this.#families = { drawing, families: categoriesOf(drawing) };
    this.#style = { from, style: flatStyleOf(this.#families.families, marks, trace, palette) };
    return this.#style.style;
  }

  *#renderTile({ rect, scale }: TileRegion): Generator<void, ImageBitmap> {
    const shown = this.#view();
    const style = this.#tiled?.style;
    if (shown === undefined || style === undefined) throw new Error('a tile of nothing');
    const { drawing, palette, highlight } = shown;
    const canvas = new OffscreenCanvas(TILE, TILE);
    // Drawn by the processor: steps then take the time they seem to take, and none waits for the graphics card.
    const g = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
    if (g === null) throw new Error('the canvas has no 2d context');
    g.fillStyle = palette.background;
    g.fillRect(0, 0, TILE, TILE);
    g.setTransform(scale, 0, 0, scale, -rect.left * scale, -rect.top * scale);
    const region = { rect, scaleX: scale, scaleY: scale };
    for (const _ of drawFlat(g, drawing, region, style)) {
      g.getImageData(0, 0, 1, 1); // what was asked for is drawn now, not all at the end
      yield;
    }
    const { trace } = highlight;
    if (trace !== undefined) {
      const found = new Found();
      findInRect(trace.index.pieces, rect, found);
      strokePieces(g, drawing.layout, trace.index, found, { color: palette.edgeActive, width: 1.5 / scale });
      g.getImageData(0, 0, 1, 1);
      yield;
    }
    this.#finished = true;
    return canvas.transferToImageBitmap();
  }

  #toGraph({ camera, view }: StageView): void {
    const scale = camera.zoom * devicePixelRatio;
    const x = (view.width / 2 - camera.x * camera.zoom) * devicePixelRatio;
    const y = (view.height / 2 - camera.y * camera.zoom) * devicePixelRatio;
    this.#g.setTransform(scale, 0, 0, scale, x, y);
  }

  #toPixels(): void {
    this.#g.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  }
}
