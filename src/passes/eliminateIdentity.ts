import type { GraphEditor } from '../graph/patch.ts';

/**
 * Removes Identity, and Dropout as it is in inference. One that makes a graph output from a graph input or constant
 * stays, and so does a Dropout whose mask is used.
 */
export function eliminateIdentity(editor: GraphEditor): void {
  for (const node of [...editor.nodes]) {
    if (node.domain !== '' || (node.opType !== 'Identity' && node.opType !== 'Dropout')) continue;
    const current = editor.node(node.id);
    const [from] = current?.inputs ?? [];
    const [to, mask] = node.outputs;
    if (from === undefined || to === undefined || (mask !== undefined && isRead(editor, mask))) continue;
    if (isTraining(editor, node.inputs[2])) continue;
    if (!editor.outputs.includes(to)) {
      editor.replaceUses(to, from);
      editor.removeNode(node.id);
      continue;
    }
    const producer = [...editor.nodes].find((n) => n.outputs.includes(from));
    if (producer === undefined || editor.outputs.includes(from)) continue;
    editor.removeNode(node.id);
    editor.replaceUses(from, to);
    editor.updateNode(producer.id, { outputs: producer.outputs.map((id) => (id === from ? to : id)) });
  }
}

function isRead(editor: GraphEditor, id: Parameters<GraphEditor['value']>[0]): boolean {
  return editor.outputs.includes(id) || [...editor.nodes].some((n) => n.inputs.includes(id));
}

/** Dropout from opset 12 takes a training flag as input; one that may be true keeps the node. */
function isTraining(editor: GraphEditor, flag: Parameters<GraphEditor['value']>[0] | undefined): boolean {
  if (flag === undefined) return false;
  const data = editor.value(flag)?.constant?.tensor?.data;
  return data === undefined || Number(data[0]) !== 0;
}
