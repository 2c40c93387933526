import type { Tensor } from '../base/tensor.ts';
import type { Graph, Node, ValueId } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';
import type { ConstantLoader } from './foldConstants.ts';

/**
 * Puts the branch of each If whose condition is constant in its place, so that its nodes are folded and quantized like
 * any others. They stand for the If of the user's file.
 *
 * @returns how many there were.
 */
export function inlineIf(editor: GraphEditor, { loaded }: ConstantLoader): number {
  let count = 0;
  for (const node of [...editor.nodes]) {
    const branch = node.domain === '' && node.opType === 'If' ? branchOf(node, loaded) : undefined;
    if (branch === undefined) continue;
    replace(editor, node, branch);
    count++;
  }
  return count;
}

function branchOf(node: Node, loaded: ReadonlyMap<ValueId, Tensor>): Graph | undefined {
  const [condition] = node.inputs;
  const data = condition === undefined ? undefined : loaded.get(condition)?.data;
  if (data === undefined) return undefined;
  const attribute = node.attributes.get(Number(data[0]) !== 0 ? 'then_branch' : 'else_branch');
  return attribute?.kind === 'graph' ? attribute.value : undefined;
}

function replace(editor: GraphEditor, node: Node, branch: Graph): void {
  const { origin } = node;
  editor.removeNode(node.id);
  editor.adopt(branch, origin);
  node.outputs.forEach((to, i) => {
    const from = branch.outputs[i];
    if (to === undefined || from === undefined) return;
    editor.addNode({ opType: 'Identity', inputs: [from], outputs: [to], origin });
  });
}
