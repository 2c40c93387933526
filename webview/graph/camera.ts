import type { Camera } from '../store.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export const MIN_ZOOM = 0.02;
export const MAX_ZOOM = 4;

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
export function zoomAt(camera: Camera, view: Size, at: Point, factor: number): Camera {
  const zoom = clampZoom(camera.zoom * factor);
  const fixed = toGraph(camera, view, at);
  return {
    x: fixed.x - (at.x - view.width / 2) / zoom,
    y: fixed.y - (at.y - view.height / 2) / zoom,
    zoom,
  };
}

/** Shows the whole graph, never larger than life. */
export function fitCamera(view: Size, graph: Size): Camera {
  const zoom = clampZoom(Math.min(1, view.width / Math.max(1, graph.width), view.height / Math.max(1, graph.height)));
  return { x: graph.width / 2, y: graph.height / 2, zoom };
}

/** The first sight of a graph: its top, at a zoom that can be read. */
export function firstCamera(view: Size, graph: Size, top: Point): Camera {
  const whole = fitCamera(view, graph);
  if (whole.zoom >= 0.6) return whole;
  const zoom = clampZoom(Math.min(1, Math.max(0.6, view.width / Math.max(1, graph.width))));
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

function clampZoom(zoom: number): number {
  return Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom));
}
