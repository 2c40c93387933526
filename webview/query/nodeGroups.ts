import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { Hierarchy } from '../graph/picture.ts';

/** The groups that nodes are in: those the graph shows, and the folders of their names. */
export class NodeGroups {
  readonly #table: GraphTable;
  readonly #hierarchy: Hierarchy | null;
  /** By group: its labels from the outermost, and the blocks it is in. */
  readonly #paths: readonly string[];

  /** @param hierarchy null while the graph has not been drawn, or where it is another graph's. */
  constructor(table: GraphTable, hierarchy: Hierarchy | null) {
    this.#table = table;
    this.#hierarchy = hierarchy?.groupOfNode.length === table.nodeCount ? hierarchy : null;
    const paths: string[] = [];
    for (const { parent, label } of this.#hierarchy?.groups ?? []) {
      paths.push(parent < 0 ? label : `${paths[parent]}/${label}`); // outer groups come first
    }
    this.#paths = paths;
  }

  /** The innermost group as the graph shows it, else the folder of the name; '' at the top. */
  pathOf(node: number): string {
    const group = this.#hierarchy?.groupOfNode[node] ?? -1;
    return this.#paths[group] ?? foldersOf(this.#table.nodeName(node)).at(-1) ?? '';
  }

  /** What a query finds a node by: paths of its groups, kinds of its blocks, folders of its name. */
  textsOf(node: number): string[] {
    const texts = foldersOf(this.#table.nodeName(node));
    const { groups = [], groupOfNode } = this.#hierarchy ?? {};
    let index = groupOfNode?.[node] ?? -1;
    for (let group = groups[index]; group !== undefined; group = groups[index]) {
      texts.push(this.#paths[index] as string);
      if (group.block !== '') texts.push(group.block);
      index = group.parent;
    }
    return texts;
  }
}

/** The folders of a name, outermost first: `layer1` and `layer1/block0` of `/layer1/block0/conv`. */
function foldersOf(name: string): string[] {
  const parts = name.split('/').filter((part) => part !== '');
  return parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join('/'));
}
