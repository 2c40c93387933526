import type { Graph, Node } from './model.ts';

/** What a handle is made of, in file order. */
export interface Labelled {
  readonly name: string;
  readonly opType: string;
}

/**
 * Gives every node of one graph its handle: the ONNX name where it is unique in the graph and {@link isSafeLabel};
 * otherwise `<opType>_<index>`, index counting from 0 in file order. Whatever is already taken gets `_2`, `_3`, …
 *
 * @param prefix handle of the node whose body this graph is; handles then read `prefix/name`. Empty for the main graph.
 * @param taken  all handles of the model so far; the new ones are added.
 */
export function assignHandles(nodes: readonly Labelled[], prefix: string, taken: Set<string>): string[] {
  const uses = new Map<string, number>();
  for (const { name } of nodes) uses.set(name, (uses.get(name) ?? 0) + 1);
  const keepsName = nodes.map(({ name }) => isSafeLabel(name) && uses.get(name) === 1);
  const handles = new Array<string>(nodes.length);
  const start = prefix === '' ? '' : `${prefix}/`;
  nodes.forEach(({ name }, i) => {
    if (keepsName[i]) handles[i] = freshLabel(start + name, taken);
  });
  nodes.forEach(({ opType }, i) => {
    if (!keepsName[i]) handles[i] = freshLabel(`${start}${safeOpType(opType)}_${i}`, taken);
  });
  return handles;
}

/** Whether a name can stand in a config's list of names: not empty, no `,` `=` `"`, no control characters, no blanks at its ends. */
export function isSafeLabel(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  return name !== '' && name.trim() === name && !/[,="\u0000-\u001f\u007f]/.test(name);
}

/** `base`, or `base_2`, `base_3`, … until not in `taken`, to which it is added. */
export function freshLabel(base: string, taken: Set<string>): string {
  let label = base;
  for (let i = 2; taken.has(label); i++) label = `${base}_${i}`;
  taken.add(label);
  return label;
}

/** The node of `graph` (bodies included) that `handle` addresses. */
export function nodeByHandle(graph: Graph, handle: string): Node | undefined {
  for (const node of graph.nodes) {
    if (node.handle === handle) return node;
    for (const attribute of node.attributes.values()) {
      const inner = attribute.kind === 'graph' ? [attribute.value] : attribute.kind === 'graphs' ? attribute.value : [];
      for (const body of inner) {
        const found = nodeByHandle(body, handle);
        if (found !== undefined) return found;
      }
    }
  }
  return undefined;
}

function safeOpType(opType: string): string {
  return opType.replace(/[^A-Za-z0-9_.-]/g, '_') || 'Node';
}
