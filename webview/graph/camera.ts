import type { Camera } from '../store.ts';
import type { Rect } from './draw/boxTree.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

const MAX_ZOOM = 4;
/** One can zoom out to this, or as far as shows all of a larger graph. */
const MIN_ZOOM = 0.05;
const FIT_MARGIN = 0.96;

/** What bounds the zoom. */
export interface Limits {
  readonly view: Size;
  readonly graph: Size | undefined;
}

export function toScreen(camera: Camera, view: Size, p: Point): Point {
  return {
    x: (p.x - camera.x) * camera.zoom + view.width / 2,
    y: (p.y - camera.y) * camera.zoom + view.height / 2,
  };
}

export function toGraph(camera: Camera, view: Size, p: Point): Point {
  return {
    x: (p.x - view.width / 2) / camera.zoom + camera.x,
    y: (p.y - view.height / 2) / camera.zoom + camera.y,
  };
}

/** Zooms so that the graph's point under `at` (screen pixels) stays there. */
export function zoomAt(camera: Camera, at: Point, factor: number, { view, graph }: Limits): Camera {
  const least = Math.min(MIN_ZOOM, graph === undefined ? MIN_ZOOM : fitCamera(view, graph).zoom);
  const zoom = Math.min(MAX_ZOOM, Math.max(least, camera.zoom * factor));
  const fixed = toGraph(camera, view, at);
  return {
    x: fixed.x - (at.x - view.width / 2) / zoom,
    y: fixed.y - (at.y - view.height / 2) / zoom,
    zoom,
  };
}

/** Shows the whole graph, never larger than life. */
export function fitCamera(view: Size, graph: Size): Camera {
  const across = (FIT_MARGIN * view.width) / Math.max(1, graph.width);
  const down = (FIT_MARGIN * view.height) / Math.max(1, graph.height);
  return { x: graph.width / 2, y: graph.height / 2, zoom: Math.min(1, across, down) };
}

/** Shows a part of the graph with some of what is around it. */
export function rectCamera(view: Size, rect: Rect): Camera {
  const width = Math.max(1, rect.right - rect.left);
  const height = Math.max(1, rect.bottom - rect.top);
  const zoom = Math.min(1.5, (0.8 * view.width) / width, (0.8 * view.height) / height);
  return { x: (rect.left + rect.right) / 2, y: (rect.top + rect.bottom) / 2, zoom };
}

/** The first sight of a graph: its top, at a zoom that can be read. */
export function firstCamera(view: Size, graph: Size, top: Point): Camera {
  const whole = fitCamera(view, graph);
  if (whole.zoom >= 0.6) return whole;
  const zoom = Math.min(1, Math.max(0.6, view.width / Math.max(1, graph.width)));
  return { x: top.x, y: top.y + view.height / 2 / zoom - 40 / zoom, zoom };
}

/** Moves the camera no farther than so that a strip of the graph stays in sight. */
export function keepInSight(camera: Camera, view: Size, graph: Size): Camera {
  const mx = Math.max(0, view.width / 2 / camera.zoom - 60 / camera.zoom);
  const my = Math.max(0, view.height / 2 / camera.zoom - 60 / camera.zoom);
  return {
    x: Math.min(Math.max(camera.x, -mx), graph.width + mx),
    y: Math.min(Math.max(camera.y, -my), graph.height + my),
    zoom: camera.zoom,
  };
}
