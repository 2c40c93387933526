import { nodeFiles } from '../../src/node/files.ts';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import { openModel } from '../../src/session/model.ts';
import type { LayoutInput } from '../../webview/graph/layout/types.ts';
import { ItemKind } from '../../webview/graph/picture.ts';
import { buildScene, noHierarchy, toLayoutInput } from '../../webview/graph/scene.ts';
import { type Groups, groupsByPath } from './grouped.ts';

export interface ShownModel {
  readonly nodeCount: number;
  /** As it is laid out without groups. */
  readonly input: LayoutInput;
  /** Groups of the input's items by the paths that nodes have for names. */
  readonly groups: Groups;
}

/** What is laid out of a model file, texts being 6 pixels a character. */
export async function showModel(path: string): Promise<ShownModel> {
  const { view } = await openModel(nodeFiles, path);
  const table = new GraphTable(encodeGraph(view));
  const source = { table, hierarchy: noHierarchy(table), open: new Set<string>() };
  const scene = buildScene(source, (text) => text.length * 6);
  const names = Array.from(scene.ref, (ref, i) => (scene.kind[i] === ItemKind.node ? table.nodeName(ref) : ''));
  const paths = names.map((name) => (name === '' || name.startsWith('/') ? name : `/${name}`));
  return { nodeCount: view.nodes.length, input: toLayoutInput(scene), groups: groupsByPath(paths) };
}
