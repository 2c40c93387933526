import { isNumericDType, type NumericArray } from '../../base/dtype.ts';
import { sizeOf } from '../../base/shape.ts';
import type { Tensor } from '../../base/tensor.ts';
import { constantsOf } from '../../graph/constants.ts';
import type { Node, TensorSource, ValueId } from '../../graph/model.ts';
import type { TensorRef } from '../../protocol/tensorViews.ts';
import { dequantize } from '../../quant/dequantize.ts';
import { cannotShowTensor, noSuchNode } from '../errors.ts';
import type { OpenModel } from '../model.ts';
import type { PairRequest } from '../storedPairs.ts';
import { type CodeArray, readPair } from '../tensorPair.ts';
import { type TensorEntry, TensorIndex } from '../tensors.ts';
import type { ShownTensor } from './shownTensor.ts';

/** Elements of the largest tensor that is held to be looked at: both sides in float32 are 2 GiB. */
export const MOST_ELEMENTS = 1 << 28;

/** A tensor of a node, as far as it can be shown. */
export interface FoundTensor {
  readonly node: Node;
  readonly value: ValueId;
  readonly name: string;
  readonly kind: 'Weight' | 'Activation';
  /** Set after a run. */
  readonly entry: TensorEntry | undefined;
}

/** @param after the last run or trial, if any. @throws DiagnosticError SES403, SES440 */
export function findTensor(open: OpenModel, after: PairRequest | undefined, ref: TensorRef): FoundTensor {
  const { graph } = open.model;
  const node = graph.nodes.find((n) => n.id === ref.nodeId);
  if (node === undefined) throw noSuchNode(open.file, ref.nodeId);
  const value = (ref.role === 'Input' ? node.inputs : node.outputs).find((id) => id === ref.valueId);
  const name = value === undefined ? `value ${ref.valueId}` : (graph.values.get(value)?.name ?? '');
  if (value === undefined) {
    const list = ref.role === 'Input' ? 'inputs' : 'outputs';
    throw cannotShowTensor(placeOf(open, node, name), `it is not among the ${list} of the node`);
  }
  const entries = after && new TensorIndex(after.run, after.result.build).entriesOf(node);
  const entry = entries?.find((e) => e.value === value && e.role === ref.role);
  const isConstant = constantsOf(graph).has(value) || open.quantization?.weights.has(value) === true;
  return { node, value, name, kind: entry?.kind ?? (isConstant ? 'Weight' : 'Activation'), entry };
}

/**
 * Reads a tensor: after a run both sides on its sample, before one a constant as the file has it.
 *
 * @throws DiagnosticError SES440 where it cannot be shown; SES426, DAT…; Cancelled
 */
export async function readTensor(
  open: OpenModel,
  after: PairRequest | undefined,
  found: FoundTensor,
): Promise<ShownTensor> {
  const { entry, node, name } = found;
  checkSize(open, found, after);
  const pair = after && entry && (await readPair(after, entry));
  if (pair !== undefined) {
    const { dims, origin, dequant, codes, params } = pair;
    return {
      dtype: 'float32',
      dims,
      float: origin,
      dequantized: dequant === origin ? undefined : dequant,
      codes,
      params,
    };
  }
  const constant = await constantOf(open, found);
  if (constant !== undefined) return constant;
  throw cannotShowTensor(placeOf(open, node, name), whyNot(open, after, found));
}

function checkSize(open: OpenModel, { node, name, value }: FoundTensor, after: PairRequest | undefined): void {
  const { graph } = open.model;
  const dims = constantsOf(graph).get(value)?.dims ?? after?.run.prepared.facts.get(value)?.dims ?? [];
  const elements = sizeOf(dims.map((d) => (typeof d === 'number' ? d : 1)));
  if (elements <= MOST_ELEMENTS) return;
  const why = `it has ${elements} elements, and up to ${MOST_ELEMENTS} are held at once`;
  throw cannotShowTensor(placeOf(open, node, name), why);
}

/** A constant of the file, or the codes of one behind a DequantizeLinear. */
async function constantOf(open: OpenModel, { node, name, value }: FoundTensor): Promise<ShownTensor | undefined> {
  const { graph } = open.model;
  const constants = constantsOf(graph);
  const source = constants.get(value);
  if (source !== undefined) return plainTensor(await loaded(open, source, { node, name }));
  const behind = open.quantization?.weights.get(value);
  const stored = behind === undefined ? undefined : constants.get(behind);
  const params = behind === undefined ? undefined : open.quantization?.params.get(behind);
  if (stored === undefined || params === undefined) return undefined;
  const codes = await stored.load();
  const float = dequantize({ codes, params });
  const data = codes.data as CodeArray; // what QuantizeLinear makes
  return { dtype: 'float32', dims: codes.dims, float, dequantized: undefined, codes: data, params };
}

async function loaded(
  open: OpenModel,
  source: TensorSource,
  { node, name }: Pick<FoundTensor, 'node' | 'name'>,
): Promise<Tensor> {
  if (!isNumericDType(source.dtype))
    throw cannotShowTensor(placeOf(open, node, name), `it is of type ${source.dtype}, not of numbers`);
  return source.load();
}

function plainTensor({ dtype, dims, data }: Tensor): ShownTensor {
  const numeric = dtype as ShownTensor['dtype']; // seen by loaded
  return {
    dtype: numeric,
    dims,
    float: data as NumericArray,
    dequantized: undefined,
    codes: undefined,
    params: undefined,
  };
}

function whyNot(open: OpenModel, after: PairRequest | undefined, { value, kind }: FoundTensor): string {
  if (after === undefined) return 'it is computed; run "Quantize with config…" first, which runs the model on samples';
  const fact = after.run.prepared.facts.get(value) ?? open.facts.get(value);
  const dtype = fact?.dtype;
  if (dtype !== undefined && dtype !== 'float32' && kind === 'Activation')
    return `it is of type ${dtype}, and only float32 activations are kept apart in both models`;
  return 'it does not exist by itself in both models: it was folded, or computed as a part of the next node';
}

function placeOf(open: OpenModel, node: Node, tensor: string) {
  return { file: open.file, node: node.handle, opType: node.opType, tensor };
}
