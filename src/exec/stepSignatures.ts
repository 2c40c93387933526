import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Attribute, Graph, ValueId } from '../graph/model.ts';
import type { PlacedDraft } from './draft.ts';
import type { Placement } from './layout.ts';
import type { Step } from './program.ts';
import { attributesKey, quantKey, type SignatureTable } from './signatures.ts';
import { streamedSource } from './streaming.ts';

export interface StepSignatures {
  /** By step: what it is, without what feeds it; equal keys prepare equal constants. */
  readonly own: readonly string[];
  /** By step: what it is as a number, the signatures of its inputs, and that of both together. */
  readonly steps: readonly Pick<Step, 'own' | 'inputSignatures' | 'signature'>[];
  readonly values: ReadonlyMap<ValueId, number>;
  /** Bytes of the constants that steps read. */
  readonly constantBytes: number;
}

export interface SignatureParts {
  readonly signatures: SignatureTable;
  readonly facts: ReadonlyMap<ValueId, TensorFact>;
  readonly constants: ReadonlyMap<ValueId, Tensor>;
}

/** Signatures of all steps and values of a planned graph; see {@link Step.signature}. */
export function stepSignatures(graph: Graph, placement: Placement, parts: SignatureParts): StepSignatures {
  const { signatures, facts, constants } = parts;
  const values = new Map<ValueId, number>();
  const used = new Set<ValueId>();
  for (const id of graph.inputs) if (!constants.has(id)) values.set(id, signatures.intern(`feed ${id}`));
  const signatureOf = (id: ValueId | undefined): number => {
    if (id === undefined) return 0;
    const known = values.get(id);
    if (known !== undefined) return known;
    const constant = constants.get(id);
    if (constant === undefined) return signatures.intern(`unknown ${id}`);
    used.add(id);
    const layout = placement.layouts.get(id) ?? 'plain';
    const signature = signatures.intern(`constant ${layout} ${contentOfConstant(constant, signatures)}`);
    values.set(id, signature);
    return signature;
  };
  const own: string[] = [];
  const steps: Pick<Step, 'own' | 'inputSignatures' | 'signature'>[] = [];
  for (const draft of placement.steps) {
    const constantInputs = draft.inputs.map((id) => (id !== undefined && constants.has(id) ? signatureOf(id) : '-'));
    const key = `${ownKey(draft, facts, signatures)}|${constantInputs}`;
    const what = signatures.intern(key);
    const inputSignatures = draft.inputs.map(signatureOf);
    const signature = stepSignature(signatures, what, inputSignatures);
    own.push(key);
    steps.push({ own: what, inputSignatures, signature });
    const outputs = draft.outputs.filter((id) => id !== undefined);
    for (const [i, id] of outputs.entries()) values.set(id, outputSignature(signatures, signature, i));
  }
  let constantBytes = 0;
  for (const id of used) {
    const constant = constants.get(id);
    if (constant !== undefined) constantBytes += bytesOf(constant);
  }
  return { own, steps, values, constantBytes };
}

/** Of a step, from what it is and what feeds it. */
export function stepSignature(signatures: SignatureTable, own: number, inputs: readonly number[]): number {
  return signatures.intern(`${own}|${inputs}`);
}

/** Of a step's output, by its place among those that the step has: which ones these are is part of what it is. */
export function outputSignature(signatures: SignatureTable, step: number, index: number): number {
  return signatures.intern(`output ${index} of ${step}`);
}

/** One that lies in the file is known by its source alone: hashing it would read it. */
function contentOfConstant(constant: Tensor, signatures: SignatureTable): string {
  const source = streamedSource(constant);
  return source === undefined ? signatures.content(constant) : `in the file ${signatures.identity(source)}`;
}

function bytesOf(constant: Tensor): number {
  const source = streamedSource(constant);
  if (source !== undefined) return source.byteLength;
  return ArrayBuffer.isView(constant.data) ? constant.data.byteLength : 0;
}

function ownKey(draft: PlacedDraft, facts: ReadonlyMap<ValueId, TensorFact>, signatures: SignatureTable): string {
  const { node, form, layout, opset, clamp, integer, lookup, links } = draft;
  if (form === 'layout') return `layout ${layout}`;
  const shape = (id: ValueId | undefined): string => {
    const fact = id === undefined ? undefined : facts.get(id);
    return fact === undefined ? '-' : `${fact.dtype}[${fact.dims ?? '?'}]`;
  };
  const quants = [...(integer?.inputQuants ?? []), ...(integer?.outputQuants ?? [])].map(quantKey);
  const attributes = attributesKey(node.attributes, (a) => contentOf(a, signatures));
  const shapes = [...draft.inputs, ...draft.outputs].map(shape);
  return [
    form,
    `${node.domain}:${node.opType}:${opset}`,
    attributes,
    layout,
    clamp.lo,
    clamp.hi,
    quants,
    shapes,
    lookup,
    links?.map((link) => Object.values(link)),
  ].join('|');
}

function contentOf(attribute: Attribute, signatures: SignatureTable): string {
  if (attribute.kind === 'tensor' && attribute.value.tensor !== undefined)
    return signatures.content(attribute.value.tensor);
  return `only itself ${signatures.intern(`attribute ${signatures.identity(attribute)}`)}`;
}
