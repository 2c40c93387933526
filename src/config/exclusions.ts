import type { NodeView, RunView } from '../protocol/views.ts';

/** The nodes that a run leaves float on the user's wish, as one tool reads them. */
export interface ExclusionText {
  readonly form: 'skip_quant_node' | 'nodes_to_exclude';
  readonly text: string;
  /** Nodes that this tool cannot be told of, by handle: ONNX Runtime excludes by the name in the file. */
  readonly missing: readonly string[];
}

/**
 * The exclusion list of a run in the forms of converter_lite (a line of a config) and of ONNX Runtime's quantizer (an
 * argument in Python), in the order of the graph.
 */
export function exclusionTexts(graph: { readonly nodes: Iterable<NodeView> }, run: RunView): readonly ExclusionText[] {
  const skipped = new Set(run.nodes.filter((n) => n.skipped).map((n) => n.nodeId));
  const all = [...graph.nodes];
  const nodes = all.filter((n) => skipped.has(n.id));
  const named = new Map<string, number>();
  for (const { name } of all) named.set(name, (named.get(name) ?? 0) + 1);
  const isNamed = (name: string): boolean => name !== '' && named.get(name) === 1;
  const handles = nodes.map((n) => n.handle);
  const names = nodes.filter((n) => isNamed(n.name)).map((n) => pythonString(n.name));
  const missing = nodes.filter((n) => !isNamed(n.name)).map((n) => n.handle);
  return [
    { form: 'skip_quant_node', text: handles.length === 0 ? '' : `skip_quant_node=${handles.join(',')}`, missing: [] },
    { form: 'nodes_to_exclude', text: `nodes_to_exclude=[${names.join(', ')}]`, missing },
  ];
}

/** A string literal; JSON's escapes mean the same in Python. */
function pythonString(text: string): string {
  return JSON.stringify(text);
}
