import { GraphTable } from '../../src/protocol/graphTable.ts';
import type { LoadedGraph } from './graphMessages.ts';
import { layoutItems } from './layout/layoutItems.ts';
import type { Hierarchy, Picture } from './picture.ts';
import { buildScene, noHierarchy, toLayoutInput } from './scene.ts';
import { type Measure, measureWith, type TextWidths } from './text.ts';

/** Makes pictures of one graph after another; what the graph worker does. */
export class PictureMaker {
  #graph: { readonly table: GraphTable; readonly hierarchy: Hierarchy; readonly measure: Measure } | undefined;

  load(buffer: ArrayBuffer, widths: TextWidths): LoadedGraph {
    const table = new GraphTable(buffer);
    const hierarchy = noHierarchy(table);
    this.#graph = { table, hierarchy, measure: measureWith(widths) };
    return { hierarchy, defaultOpen: [] };
  }

  draw(open: readonly string[]): Picture {
    if (this.#graph === undefined) throw new Error('no graph was loaded');
    const { table, hierarchy, measure } = this.#graph;
    const scene = buildScene({ table, hierarchy, open: new Set(open) }, measure);
    return { scene, layout: layoutItems(toLayoutInput(scene)) };
  }
}

/** The arrays of a picture, which move with it between threads. */
export function buffersOf({ scene, layout }: Picture): ArrayBuffer[] {
  const arrays = [...Object.values(scene), ...Object.values(layout)].filter((part) => ArrayBuffer.isView(part));
  return [...new Set(arrays.map((array) => array.buffer as ArrayBuffer))];
}
