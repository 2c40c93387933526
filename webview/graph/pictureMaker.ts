import { GraphTable } from '../../src/protocol/graphTable.ts';
import { buildSceneIndex } from './draw/sceneIndex.ts';
import type { DrawnGraph, LoadedGraph } from './graphMessages.ts';
import { defaultOpen } from './hierarchy/defaultOpen.ts';
import { buildHierarchy } from './hierarchy/hierarchy.ts';
import { layoutItems } from './layout/layoutItems.ts';
import type { Hierarchy } from './picture.ts';
import { buildScene, toLayoutInput } from './scene.ts';
import { type Measure, measureWith, type TextWidths } from './text.ts';

/** Makes pictures of one graph after another; what the graph worker does. */
export class PictureMaker {
  #graph: { readonly table: GraphTable; readonly hierarchy: Hierarchy; readonly measure: Measure } | undefined;

  load(buffer: ArrayBuffer, widths: TextWidths): LoadedGraph {
    const table = new GraphTable(buffer);
    const hierarchy = buildHierarchy(table);
    this.#graph = { table, hierarchy, measure: measureWith(widths) };
    return { hierarchy, defaultOpen: defaultOpen(hierarchy, table) };
  }

  draw(open: readonly string[]): DrawnGraph {
    if (this.#graph === undefined) throw new Error('no graph was loaded');
    const { table, hierarchy, measure } = this.#graph;
    const scene = buildScene({ table, hierarchy, open: new Set(open) }, measure);
    const picture = { scene, layout: layoutItems(toLayoutInput(scene)) };
    return { picture, index: buildSceneIndex(picture) };
  }
}

/** The arrays of a picture and its index, which move with them between threads. */
export function buffersOf({ picture: { scene, layout }, index }: DrawnGraph): ArrayBuffer[] {
  const parts = [scene, layout, index, index.items, index.pieces].flatMap((part): unknown[] => Object.values(part));
  const arrays = parts.filter((part) => ArrayBuffer.isView(part));
  return [...new Set(arrays.map((array) => array.buffer as ArrayBuffer))];
}
