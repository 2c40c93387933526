import { type Tensor, tensor } from '../base/tensor.ts';
import type { Facts } from '../graph/fact.ts';
import type { Node, NodeId, ValueId } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';
import { type Wiring, wiringOf } from '../graph/topo.ts';

/** A constant input that takes a factor up: it is multiplied, or divided. */
interface Absorber {
  readonly node: NodeId;
  readonly input: number;
  readonly divides: boolean;
}

/**
 * Takes out each multiplication or division by one constant number whose factor all its readers can take up: the weights
 * of products, other constant factors, and constant addends with all that reads their sums. The graph computes what it did,
 * but for float32 rounding.
 * @returns how many nodes are gone.
 */
export async function pushFactors(editor: GraphEditor, facts: Facts): Promise<number> {
  let gone = 0;
  for (const { id } of [...editor.nodes]) {
    const node = editor.node(id);
    const found = node && (await factorOf(editor, facts, node));
    if (node === undefined || found === undefined) continue;
    const made = node.outputs[0] as ValueId; // factorOf saw it
    const absorbers = absorbersOf(editor, wiringOf(editor.finish()), made);
    if (absorbers === undefined) continue;
    for (const { node: reader, input, divides } of absorbers)
      await multiply(editor, reader, input, divides ? 1 / found.factor : found.factor);
    editor.replaceUses(made, found.of);
    editor.removeNode(id);
    gone++;
  }
  return gone;
}

async function factorOf(
  editor: GraphEditor,
  facts: Facts,
  node: Node,
): Promise<{ readonly of: ValueId; readonly factor: number } | undefined> {
  if (node.domain !== '' || (node.opType !== 'Mul' && node.opType !== 'Div')) return undefined;
  const input = node.inputs.findIndex((id) => isConstant(editor, id));
  const of = node.inputs[1 - input];
  if (of === undefined || isConstant(editor, of) || input < (node.opType === 'Div' ? 1 : 0)) return undefined;
  const constant = await load(editor, node.inputs[input]);
  if (constant.data.length !== 1 || constant.dims.length > (facts.get(of)?.dims?.length ?? 0)) return undefined;
  const k = constant.data[0] as number;
  const factor = node.opType === 'Div' ? 1 / k : k;
  return factor !== 0 && Number.isFinite(factor) ? { of, factor } : undefined;
}

/** Undefined where a reader cannot take a factor up. */
function absorbersOf(editor: GraphEditor, wiring: Wiring, value: ValueId): Absorber[] | undefined {
  if (editor.outputs.includes(value)) return undefined;
  const absorbers: Absorber[] = [];
  for (const { id, domain, opType, inputs, outputs } of wiring.consumers.get(value) ?? []) {
    const constant = inputs.findIndex((input) => isConstant(editor, input));
    if (domain !== '' || constant < 0 || inputs.filter((input) => input === value).length !== 1) return undefined;
    if (PRODUCTS.has(opType) && inputs[0] === value && constant === 1)
      absorbers.push({ node: id, input: 1, divides: false });
    else if (opType === 'Mul') absorbers.push({ node: id, input: constant, divides: false });
    else if (opType === 'Div' && constant === 1) absorbers.push({ node: id, input: 1, divides: true });
    else if (opType === 'Add' || opType === 'Sub') {
      const further = absorbersOf(editor, wiring, outputs[0] as ValueId);
      if (further === undefined) return undefined;
      absorbers.push({ node: id, input: constant, divides: true }, ...further);
    } else return undefined;
  }
  return absorbers;
}

/** Linear in their first input. */
const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

async function multiply(editor: GraphEditor, node: NodeId, input: number, factor: number): Promise<void> {
  const old = editor.node(node)?.inputs[input];
  const { dims, data } = await load(editor, old);
  const name = (old === undefined ? undefined : editor.value(old)?.name) ?? '';
  const scaled = tensor(
    'float32',
    dims,
    data.map((v) => v * factor),
  );
  editor.setInput(node, input, editor.addConstant(name, scaled));
}

function isConstant(editor: GraphEditor, id: ValueId | undefined): boolean {
  return id !== undefined && editor.value(id)?.constant?.dtype === 'float32';
}

async function load(editor: GraphEditor, id: ValueId | undefined): Promise<Tensor<'float32'>> {
  const source = id === undefined ? undefined : editor.value(id)?.constant;
  return (await source?.load()) as Tensor<'float32'>; // isConstant saw the type
}
