import { dtypeOfCode } from '../base/dtypeCodes.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Node, NodeId, ValueId } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';
import { readsOf } from '../graph/topo.ts';

type Facts = ReadonlyMap<ValueId, TensorFact>;

/**
 * Removes Identity, Dropout as it is in inference, and Cast to the type that is there already. One that makes a graph
 * output from a graph input or constant stays, and so does a Dropout whose mask is used.
 *
 * @param facts types of values; a Cast of one that is not among them stays.
 */
export function eliminateIdentity(editor: GraphEditor, facts: Facts = new Map()): void {
  const sources = new Map<ValueId, ValueId>();
  const beforeOutputs: NodeId[] = [];
  for (const node of [...editor.nodes]) {
    const [from] = node.inputs;
    const [to] = node.outputs;
    if (from === undefined || to === undefined || !passesOn(node, editor, facts)) continue;
    if (editor.outputs.includes(to)) {
      beforeOutputs.push(node.id);
      continue;
    }
    sources.set(to, sources.get(from) ?? from);
    editor.removeNode(node.id);
  }
  editor.replaceAllUses(sources);
  for (const id of beforeOutputs) removeBeforeOutput(editor, id);
}

/** Whether the node's output is its input. */
function passesOn(node: Node, editor: GraphEditor, facts: Facts): boolean {
  if (node.domain !== '') return false;
  if (node.opType === 'Identity') return true;
  if (node.opType === 'Cast') {
    const to = node.attributes.get('to');
    const dtype = node.inputs[0] === undefined ? undefined : facts.get(node.inputs[0])?.dtype;
    return dtype !== undefined && to?.kind === 'int' && dtypeOfCode(to.value) === dtype;
  }
  if (node.opType !== 'Dropout' || isTraining(editor, node.inputs[2])) return false;
  const mask = node.outputs[1];
  return mask === undefined || !isRead(editor, mask);
}

/** Lets what makes the node's input make the graph output instead. */
function removeBeforeOutput(editor: GraphEditor, id: NodeId): void {
  const node = editor.node(id);
  const [from] = node?.inputs ?? [];
  const [to] = node?.outputs ?? [];
  if (from === undefined || to === undefined || editor.outputs.includes(from)) return;
  const producer = [...editor.nodes].find((n) => n.outputs.includes(from));
  if (producer === undefined) return;
  editor.removeNode(id);
  editor.replaceUses(from, to);
  editor.updateNode(producer.id, { outputs: producer.outputs.map((o) => (o === from ? to : o)) });
}

function isRead(editor: GraphEditor, id: ValueId): boolean {
  return editor.outputs.includes(id) || [...editor.nodes].some((n) => readsOf(n).has(id));
}

/** Dropout from opset 12 takes a training flag as input; one that may be true keeps the node. */
function isTraining(editor: GraphEditor, flag: ValueId | undefined): boolean {
  if (flag === undefined) return false;
  const data = editor.value(flag)?.constant?.tensor?.data;
  return data === undefined || Number(data[0]) !== 0;
}
