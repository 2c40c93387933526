import type { NodeDetails, RunView } from '../../protocol/views.ts';

/** What the model's file says of a node, with the figures of an earlier run; of its tensors only what the file says. */
export function restoredDetails(run: RunView, details: NodeDetails): NodeDetails {
  const { id } = details.node;
  return {
    ...details,
    figures: run.nodes.find(({ nodeId }) => nodeId === id) ?? null,
    requantizer: run.requantizers?.nodes.find(({ nodeId }) => nodeId === id) ?? null,
  };
}
