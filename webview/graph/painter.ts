import { formatShape } from '../format.ts';
import type { Camera } from '../store.ts';
import { type Size, toGraph } from './camera.ts';
import type { Drawing } from './drawing.ts';
import type { NodeMark } from './heat.ts';
import { drawItem } from './node.ts';
import type { Palette } from './palette.ts';
import { ItemKind } from './picture.ts';

export interface Highlight {
  readonly selected: number | undefined;
  readonly hovered: number | undefined;
  readonly found: ReadonlySet<number>;
  readonly focused: boolean;
}

/** Draws what lies in sight. */
export function paint(
  g: CanvasRenderingContext2D,
  drawing: Drawing,
  options: {
    readonly camera: Camera;
    readonly view: Size;
    readonly pixelRatio: number;
    readonly palette: Palette;
    readonly marks: ReadonlyMap<number, NodeMark>;
    readonly highlight: Highlight;
  },
): void {
  const { camera, view, pixelRatio, palette, marks, highlight } = options;
  const { scene, layout } = drawing;
  g.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  g.fillStyle = palette.background;
  g.fillRect(0, 0, view.width, view.height);
  const scale = camera.zoom * pixelRatio;
  g.setTransform(
    scale,
    0,
    0,
    scale,
    (view.width / 2 - camera.x * camera.zoom) * pixelRatio,
    (view.height / 2 - camera.y * camera.zoom) * pixelRatio,
  );
  const corner = toGraph(camera, view, { x: -20, y: -20 });
  const far = toGraph(camera, view, { x: view.width + 20, y: view.height + 20 });
  const inSight = (left: number, top: number, right: number, bottom: number) =>
    right >= corner.x && left <= far.x && bottom >= corner.y && top <= far.y;

  const visible: number[] = [];
  for (let e = 0; e < scene.edgeFrom.length; e++) {
    const [left, top, right, bottom] = drawing.edgeBoxes.subarray(4 * e, 4 * e + 4) as unknown as number[];
    if (inSight(left as number, top as number, right as number, bottom as number)) visible.push(e);
  }
  const touches = (e: number, item: number | undefined) =>
    item !== undefined && (scene.edgeFrom[e] === item || scene.edgeTo[e] === item);
  const active = visible.filter((e) => touches(e, highlight.selected) || touches(e, highlight.hovered));
  const thin = Math.max(1, 0.6 / camera.zoom);
  strokeEdges(g, drawing, visible, palette.edge, thin);
  strokeEdges(g, drawing, active, palette.edgeActive, thin * 1.8);
  if (camera.zoom >= 0.3) {
    drawArrows(g, drawing, visible, palette.edge);
    drawArrows(g, drawing, active, palette.edgeActive);
  }

  const focus = { found: highlight.found, selected: highlight.selected, hovered: highlight.hovered };
  for (let i = 0; i < scene.count; i++) {
    const width = layout.itemWidth[i] as number;
    const height = layout.itemHeight[i] as number;
    const x = (layout.x[i] as number) - width / 2;
    const y = layout.y[i] as number;
    if (scene.kind[i] === ItemKind.frame || !inSight(x, y, x + width, y + height)) continue;
    const text = drawing.text(i);
    const state = {
      selected: focus.selected === i,
      hovered: focus.hovered === i,
      focused: highlight.focused,
      found: focus.found.has(i),
      mark: text.kind === ItemKind.node ? marks.get(text.id) : undefined,
    };
    drawItem(g, { ...text, width, height }, { x, y, zoom: camera.zoom }, state, palette);
  }
  if (camera.zoom >= 0.55) drawLabels(g, drawing, visible, new Set(active), camera.zoom, palette);
}

function strokeEdges(
  g: CanvasRenderingContext2D,
  { layout }: Drawing,
  edges: readonly number[],
  color: string,
  width: number,
): void {
  if (edges.length === 0) return;
  const { points, pointStart } = layout;
  g.beginPath();
  for (const e of edges) {
    let p = pointStart[e] as number;
    let x = points[2 * p] as number;
    let y = points[2 * p + 1] as number;
    g.moveTo(x, y);
    for (p++; p < (pointStart[e + 1] as number); p++) {
      const nx = points[2 * p] as number;
      const ny = points[2 * p + 1] as number;
      if (nx === x) g.lineTo(nx, ny);
      else g.bezierCurveTo(x, (y + ny) / 2, nx, (y + ny) / 2, nx, ny);
      x = nx;
      y = ny;
    }
  }
  g.strokeStyle = color;
  g.lineWidth = width;
  g.stroke();
}

function drawArrows(g: CanvasRenderingContext2D, { layout }: Drawing, edges: readonly number[], color: string): void {
  if (edges.length === 0) return;
  g.beginPath();
  for (const e of edges) {
    const last = (layout.pointStart[e + 1] as number) - 1;
    const x = layout.points[2 * last] as number;
    const y = layout.points[2 * last + 1] as number;
    g.moveTo(x, y);
    g.lineTo(x - 3.5, y - 6);
    g.lineTo(x + 3.5, y - 6);
    g.closePath();
  }
  g.fillStyle = color;
  g.fill();
}

/** Shapes below their producer, once per tensor; with its name when zoomed in or when the line is highlighted. */
function drawLabels(
  g: CanvasRenderingContext2D,
  { table, scene, layout }: Drawing,
  edges: readonly number[],
  active: ReadonlySet<number>,
  zoom: number,
  palette: Palette,
): void {
  const done = new Set<number>();
  g.font = `10.5px ${palette.font}`;
  g.textAlign = 'left';
  g.textBaseline = 'middle';
  const ordered = [...edges].sort((a, b) => Number(active.has(b)) - Number(active.has(a)));
  for (const e of ordered) {
    const value = scene.edgeValue[e] as number;
    if (done.has(value)) continue;
    done.add(value);
    const shape = formatShape(table.dims(value));
    const p = layout.pointStart[e] as number;
    const named = zoom >= 1.6 || active.has(e);
    const text = named ? [table.valueName(value), shape].filter((part) => part !== '').join('  ') : shape;
    if (text === '') continue;
    const x = (layout.points[2 * p] as number) + 6;
    const y = (layout.points[2 * p + 1] as number) + 11;
    const width = g.measureText(text).width;
    g.fillStyle = palette.background;
    g.globalAlpha = 0.85;
    g.fillRect(x - 2, y - 7, width + 4, 14);
    g.globalAlpha = 1;
    g.fillStyle = active.has(e) ? palette.text : palette.dim;
    g.fillText(text, x, y);
  }
}
