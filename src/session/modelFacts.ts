import { Ids } from '../graph/build.ts';
import type { ValueId } from '../graph/model.ts';
import { GraphEditor } from '../graph/patch.ts';
import { allNodes, subgraphsOf } from '../graph/topo.ts';
import { unfuse } from '../passes/unfuse.ts';
import type { InnerName, ModelFacts } from '../protocol/modelFacts.ts';
import type { OpenModel } from './model.ts';

/** What configs may name in an open model; made once per model. */
export function modelFacts(open: OpenModel): ModelFacts {
  const known = FACTS.get(open);
  if (known !== undefined) return known;
  const { graph } = open.model;
  const nameOf = (id: ValueId): string => graph.values.get(id)?.name ?? '';
  const inputs = graph.inputs.flatMap((id) => {
    const value = graph.values.get(id);
    if (value === undefined || value.constant !== undefined) return [];
    return [{ name: value.name, dtype: value.dtype ?? '', dims: value.dims ?? null }];
  });
  const facts: ModelFacts = {
    file: open.file,
    nodes: graph.nodes.map((node) => ({
      handle: node.handle,
      ...(node.name === '' || node.name === node.handle ? {} : { name: node.name }),
      opType: node.opType,
      outputs: node.outputs.flatMap((id) => (id === undefined ? [] : [nameOf(id)])),
    })),
    inner: [...bodyNames(open), ...fusionNames(open)],
    inputs,
    openDims: [
      ...new Set(inputs.flatMap(({ dims }) => (dims ?? []).filter((d) => typeof d === 'string' && d !== ''))),
    ] as string[],
  };
  FACTS.set(open, facts);
  return facts;
}

const FACTS = new WeakMap<OpenModel, ModelFacts>();

function bodyNames({ model }: OpenModel): InnerName[] {
  return model.graph.nodes.flatMap((node) =>
    subgraphsOf(node).flatMap((body) =>
      [...allNodes(body)].map((inner): InnerName => ({ name: inner.handle, owner: node.handle, in: 'body' })),
    ),
  );
}

/** What fused nodes of the file are taken apart into before anything is quantized. */
function fusionNames({ model, nodeByHandle }: OpenModel): InnerName[] {
  const editor = new GraphEditor(model.graph, new Ids(model));
  unfuse(editor, model.opsets.get('') ?? 0);
  const owners = new Map([...nodeByHandle].map(([handle, id]) => [id, handle]));
  return [...editor.nodes]
    .filter((node) => !nodeByHandle.has(node.handle))
    .flatMap((node) => {
      const owner = owners.get(node.origin[0] ?? node.id);
      return owner === undefined ? [] : [{ name: node.handle, owner, in: 'fusion' as const }];
    });
}
