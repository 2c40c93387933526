import { Ids } from '../graph/build.ts';
import type { Graph, NodeId, TensorSource, ValueId } from '../graph/model.ts';
import { GraphEditor } from '../graph/patch.ts';

/** A constant to put in the place of another, of the same shape. */
export interface Replacement {
  readonly value: ValueId;
  readonly source: TensorSource;
  /** Nodes that read it; the others keep the old one. */
  readonly readers: ReadonlySet<NodeId>;
}

/** A graph with other constants; values that are not replaced keep their ids. */
export interface ReplacedGraph {
  readonly graph: Graph;
  /** New ids, in the order of the replacements. */
  readonly values: readonly ValueId[];
  readonly nextNodeId: number;
  readonly nextValueId: number;
}

/**
 * Lets nodes read other constants, in bodies too. One that takes the place of all its readers takes the name as well; a
 * graph output that is a constant stays as it is.
 */
export function replaceConstants(
  graph: Graph,
  replacements: readonly Replacement[],
  free: { readonly nextNodeId: number; readonly nextValueId: number },
): ReplacedGraph {
  const ids = new Ids(free);
  const editor = new GraphEditor(graph, ids);
  const values = replacements.map(({ value, source, readers }) => {
    const name = graph.values.get(value)?.name ?? '';
    const id = editor.addValue({
      name: `${name}_dequantized`,
      dtype: source.dtype,
      dims: source.dims,
      constant: source,
    });
    const except = new Set(graph.nodes.filter((n) => !readers.has(n.id)).map((n) => n.id));
    editor.replaceUses(value, id, { except, outputs: 'keep' });
    return id;
  });
  const edited = editor.finish();
  replacements.forEach(({ value }, i) => {
    if (!edited.values.has(value))
      editor.updateValue(values[i] as ValueId, { name: graph.values.get(value)?.name ?? '' });
  });
  return { graph: editor.finish(), values, nextNodeId: ids.nextNodeId, nextValueId: ids.nextValueId };
}
