import type { Drawing } from '../drawing.ts';
import type { LayoutResult } from '../layout/types.ts';
import type { Palette } from '../palette.ts';
import type { Found } from './boxTree.ts';
import type { Pen } from './pen.ts';
import type { LineIndex } from './sceneIndex.ts';

const LABEL_FONT = '10.5px';
/** Label text is a little smaller than the font it was measured in. */
const LABEL_RATIO = 10.5 / 11;

export interface Stroke {
  readonly color: string;
  readonly width: number;
}

/** Draws the pieces of lines that were found. */
export function strokePieces(g: Pen, layout: LayoutResult, index: LineIndex, found: Found, stroke: Stroke): void {
  if (found.count === 0) return;
  g.beginPath();
  for (let k = 0; k < found.count; k++) {
    const p = index.piecePoint[found.items[k] as number] as number;
    g.moveTo(layout.points[2 * p] as number, layout.points[2 * p + 1] as number);
    bend(g, layout.points, p);
  }
  g.strokeStyle = stroke.color;
  g.lineWidth = stroke.width;
  g.stroke();
}

/** Draws whole lines. */
export function strokeEdges(g: Pen, layout: LayoutResult, edges: Iterable<number>, stroke: Stroke): void {
  g.beginPath();
  for (const e of edges) {
    const first = layout.pointStart[e] as number;
    g.moveTo(layout.points[2 * first] as number, layout.points[2 * first + 1] as number);
    for (let p = first; p + 1 < (layout.pointStart[e + 1] as number); p++) bend(g, layout.points, p);
  }
  g.strokeStyle = stroke.color;
  g.lineWidth = stroke.width;
  g.stroke();
}

/** From point `p` to the next: straight down, or in a curve with upright ends. */
function bend(g: Pen, points: Float64Array, p: number): void {
  const x = points[2 * p] as number;
  const y = points[2 * p + 1] as number;
  const nx = points[2 * p + 2] as number;
  const ny = points[2 * p + 3] as number;
  if (nx === x) g.lineTo(nx, ny);
  else g.bezierCurveTo(x, (y + ny) / 2, nx, (y + ny) / 2, nx, ny);
}

/** Heads of lines that end in sight. */
export function drawArrows(g: Pen, layout: LayoutResult, edges: Iterable<number>, color: string): void {
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

export interface LabelledLines {
  readonly edges: readonly number[];
  readonly active: ReadonlySet<number>;
  readonly zoom: number;
  /** How many labels are drawn at most. */
  readonly most: number;
}

/** Type and shape below the producer, once per tensor; with its name when zoomed in or when the line is highlighted. */
export function drawLabels(g: Pen, drawing: Drawing, lines: LabelledLines, palette: Palette): void {
  const { table, scene, layout, measure } = drawing;
  const done = new Set<string>();
  g.font = `${LABEL_FONT} ${palette.font}`;
  g.textAlign = 'left';
  g.textBaseline = 'middle';
  for (const e of [...lines.active, ...lines.edges]) {
    const p = layout.pointStart[e] as number;
    const x = (layout.points[2 * p] as number) + 6;
    const y = (layout.points[2 * p + 1] as number) + 11;
    const value = scene.edgeValue[e] as number;
    const place = `${value} ${x} ${y}`;
    if (done.has(place) || done.size >= lines.most) continue;
    done.add(place);
    const isActive = lines.active.has(e);
    const named = lines.zoom >= 1.6 || isActive;
    const text = named ? `${table.valueName(value)}  ${drawing.edgeText(e)}`.trim() : drawing.edgeText(e);
    if (text === '') continue;
    const width = measure(text, 'label') * LABEL_RATIO;
    g.fillStyle = palette.background;
    g.globalAlpha = 0.7;
    g.fillRect(x - 2, y - 6, width + 4, 12);
    g.globalAlpha = 1;
    g.fillStyle = isActive ? palette.text : palette.dim;
    g.fillText(text, x, y);
  }
}
