import type { Comparison } from '../diff/compare.ts';
import type { SceneIndex } from './draw/sceneIndex.ts';
import type { Hierarchy, Picture } from './picture.ts';
import type { TextWidths } from './text.ts';

/** What the view asks of the graph worker. */
export interface GraphRequests {
  /** Takes a graph ({@link GraphTable.buffer}); answers its groups, and which of them are open at first. */
  'graph/load': {
    params: { readonly buffer: ArrayBuffer; readonly widths: TextWidths };
    result: LoadedGraph;
  };
  /** Draws the loaded graph with these groups open. */
  'graph/draw': { params: { readonly open: readonly string[] }; result: DrawnGraph };
  /** Matches the nodes of two graphs; the one that is loaded plays no part. */
  'graph/compare': { params: { readonly left: ArrayBuffer; readonly right: ArrayBuffer }; result: Comparison };
}

export interface LoadedGraph {
  readonly hierarchy: Hierarchy;
  readonly defaultOpen: readonly string[];
}

export interface DrawnGraph {
  readonly picture: Picture;
  readonly index: SceneIndex;
}
