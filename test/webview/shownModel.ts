import { nodeFiles } from '../../src/node/files.ts';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import { openModel } from '../../src/session/model.ts';
import { buildHierarchy } from '../../webview/graph/hierarchy/hierarchy.ts';
import type { LayoutInput } from '../../webview/graph/layout/types.ts';
import { type Hierarchy, ItemKind } from '../../webview/graph/picture.ts';
import { buildScene, noHierarchy, toLayoutInput } from '../../webview/graph/scene.ts';
import type { GroupedLayout } from './grouped.ts';

export interface ShownModel {
  readonly nodeCount: number;
  /** As it is laid out without groups. */
  readonly input: LayoutInput;
  readonly groupCount: number;
  /** What is laid out with these groups open. */
  withOpen(groups: ReadonlySet<number>): GroupedLayout;
}

/** What is laid out of a model file, texts being 6 pixels a character. */
export async function showModel(path: string): Promise<ShownModel> {
  const { view } = await openModel(nodeFiles, path);
  const table = new GraphTable(encodeGraph(view));
  const hierarchy = buildHierarchy(table);
  const draw = (groups: Hierarchy, open: ReadonlySet<string>) =>
    buildScene({ table, hierarchy: groups, open }, (text) => text.length * 6);
  return {
    nodeCount: view.nodes.length,
    input: toLayoutInput(draw(noHierarchy(table), new Set())),
    groupCount: hierarchy.groups.length,
    withOpen: (groups) => {
      const scene = draw(hierarchy, new Set(hierarchy.groups.filter((_, g) => groups.has(g)).map(({ key }) => key)));
      const names = Array.from(scene.ref, (ref, i) => {
        const kind = scene.kind[i] === ItemKind.frame ? ItemKind.group : scene.kind[i];
        return `${kind} ${ref}`;
      });
      return { input: toLayoutInput(scene), names };
    },
  };
}
