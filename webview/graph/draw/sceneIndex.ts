import type { Picture } from '../picture.ts';
import { type BoxTree, buildBoxTree } from './boxTree.ts';

/**
 * Finds what of a picture lies somewhere. Lines are kept piece by piece, and what several lines of one tensor share is
 * kept once: a tensor that feeds every layer is one long piece, not thousands on top of each other.
 */
export interface SceneIndex extends LineIndex {
  readonly items: BoxTree;
}

export interface LineIndex {
  readonly pieces: BoxTree;
  /** First point (as in {@link LayoutResult.points}) of each piece; its second is the next. */
  readonly piecePoint: Int32Array;
  /** The longest line that a piece belongs to. */
  readonly pieceEdge: Int32Array;
}

/** Makes the index of a picture: linear but for the sorting of its boxes, meant for a worker. */
export function buildSceneIndex(picture: Picture): SceneIndex {
  return { items: buildBoxTree(itemBoxes(picture)), ...buildLineIndex(picture) };
}

/** The index of some lines: of those with a 1 in `wanted`, or of all. */
export function buildLineIndex(picture: Picture, wanted?: Uint8Array): LineIndex {
  const { points, edges } = findPieces(picture, wanted);
  return { pieces: buildBoxTree(pieceBoxes(picture, points)), piecePoint: points, pieceEdge: edges };
}

function itemBoxes({ scene, layout }: Picture): Float64Array {
  const { x, y, itemWidth, itemHeight } = layout;
  const boxes = new Float64Array(4 * scene.count);
  for (let i = 0; i < scene.count; i++) {
    const half = (itemWidth[i] as number) / 2;
    boxes[4 * i] = (x[i] as number) - half;
    boxes[4 * i + 1] = y[i] as number;
    boxes[4 * i + 2] = (x[i] as number) + half;
    boxes[4 * i + 3] = (y[i] as number) + (itemHeight[i] as number);
  }
  return boxes;
}

function pieceBoxes({ layout: { points } }: Picture, pieces: Int32Array): Float64Array {
  const boxes = new Float64Array(4 * pieces.length);
  pieces.forEach((p, i) => {
    const [ax, ay, bx, by] = [points[2 * p], points[2 * p + 1], points[2 * p + 2], points[2 * p + 3]] as number[];
    boxes[4 * i] = Math.min(ax as number, bx as number);
    boxes[4 * i + 1] = Math.min(ay as number, by as number);
    boxes[4 * i + 2] = Math.max(ax as number, bx as number);
    boxes[4 * i + 3] = Math.max(ay as number, by as number);
  });
  return boxes;
}

function findPieces(
  { scene, layout }: Picture,
  wanted: Uint8Array | undefined,
): { points: Int32Array; edges: Int32Array } {
  const { pointStart } = layout;
  const { outStart, outEdges } = scene;
  const most = layout.points.length / 2;
  const points = new Int32Array(most);
  const edges = new Int32Array(most);
  let count = 0;
  const add = (p: number, e: number) => {
    points[count] = p;
    edges[count] = e;
    return count++;
  };
  for (let item = 0; item < scene.count; item++) {
    const first = outStart[item] as number;
    const end = outStart[item + 1] as number;
    const known = end - first > 1 ? new Map<number, Map<number, number[]>>() : undefined;
    for (let k = first; k < end; k++) {
      const e = outEdges[k] as number;
      if (wanted !== undefined && wanted[e] !== 1) continue;
      for (let p = pointStart[e] as number; p + 1 < (pointStart[e + 1] as number); p++) {
        const same =
          known === undefined ? -1 : sharedPiece(layout.points, points, piecesAt(known, layout.points, p), p);
        if (same < 0) {
          const piece = add(p, e);
          if (known !== undefined) piecesAt(known, layout.points, p).push(piece);
        } else if (reaches(layout.points, p, points[same] as number)) {
          points[same] = p;
          edges[same] = e;
        }
      }
    }
  }
  return { points: points.slice(0, count), edges: edges.slice(0, count) };
}

/** Pieces of one item that begin where the piece at point `p` does. */
function piecesAt(known: Map<number, Map<number, number[]>>, points: Float64Array, p: number): number[] {
  const x = points[2 * p] as number;
  const y = points[2 * p + 1] as number;
  const column = known.get(x) ?? new Map<number, number[]>();
  const pieces = column.get(y) ?? [];
  known.set(x, column);
  column.set(y, pieces);
  return pieces;
}

/** The piece that runs along the one at point `p`: to the same end, or straight down like it. */
function sharedPiece(points: Float64Array, pieces: Int32Array, candidates: readonly number[], p: number): number {
  for (const piece of candidates) {
    const q = pieces[piece] as number;
    if (points[2 * q + 2] !== points[2 * p + 2]) continue;
    if (points[2 * q + 3] === points[2 * p + 3]) return piece;
    if (points[2 * p] === points[2 * p + 2]) return piece;
  }
  return -1;
}

/** Whether the piece at point `p` goes on beyond the end of the one at `q`. */
function reaches(points: Float64Array, p: number, q: number): boolean {
  const begin = points[2 * p + 1] as number;
  return Math.abs((points[2 * p + 3] as number) - begin) > Math.abs((points[2 * q + 3] as number) - begin);
}
