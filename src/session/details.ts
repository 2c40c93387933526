import type { QuantParams } from '../base/quantParams.ts';
import type { Tensor } from '../base/tensor.ts';
import { constantsOf } from '../graph/constants.ts';
import type { Node, ValueId } from '../graph/model.ts';
import { sameParams } from '../passes/recoverQdq.ts';
import type { NodeDetails, NodeFigures, NodeView, RequantizerView, TensorView } from '../protocol/views.ts';
import { compareTensors, withGridRates } from '../report/compare.ts';
import type { TensorReport } from '../report/reportTypes.ts';
import { PairReader } from '../whatif/pairReader.ts';
import type { Pair } from '../whatif/pairs.ts';
import type { OpenModel } from './model.ts';
import { loadConstants } from './prepared.ts';
import type { Result } from './result.ts';
import type { RunState } from './run.ts';
import { type StoredPair, storedPairs } from './storedPairs.ts';
import { weightPair } from './tensorPair.ts';
import { type TensorEntry, TensorIndex, type TensorWeight } from './tensors.ts';

export interface DetailParts {
  readonly run: RunState;
  readonly result: Result;
  readonly node: Node;
  readonly view: NodeView;
  readonly figures: NodeFigures | null;
  readonly requantizer: RequantizerView | null;
}

/** Everything about one node: its tensors with parameters and, on the first evaluation sample, their figures. */
export async function nodeDetails(parts: DetailParts): Promise<NodeDetails> {
  const { run, result, node, view, figures, requantizer } = parts;
  const entries = new TensorIndex(run, result.build).entriesOf(node);
  const reportOf = await sampleReports(parts, entries);
  const tensors: TensorView[] = [];
  for (const entry of entries) tensors.push(tensorView(parts, entry, await reportOf(entry)));
  return { node: view, figures, tensors, requantizer };
}

/** The tensors of a node as the file has them, before any run: type and shape, no figures. */
export function declaredTensors(open: OpenModel, node: Node): TensorView[] {
  const { values } = open.model.graph;
  const constants = constantsOf(open.model.graph);
  const view = (valueId: ValueId, role: TensorView['role']): TensorView => {
    const value = values.get(valueId);
    const fact = open.facts.get(valueId);
    return {
      valueId,
      name: value?.name ?? '',
      role,
      kind: constants.has(valueId) ? 'Weight' : 'Activation',
      dtype: fact?.dtype ?? value?.dtype ?? '',
      dims: fact?.dims ?? value?.dims ?? null,
      ...NOT_MEASURED,
      quant: quantViewOf(open.quantization?.params.get(valueId)),
    };
  };
  const known = (id: ValueId | undefined): id is ValueId => id !== undefined;
  return [
    ...node.inputs.filter(known).map((id) => view(id, 'Input')),
    ...node.outputs.filter(known).map((id) => view(id, 'Output')),
  ];
}

const NOT_MEASURED = {
  quant: null,
  fileQuant: null,
  stored: null,
  origin: null,
  dequant: null,
  cosine: null,
  sqnrDb: null,
  mse: null,
  clipRate: null,
  saturation: null,
} as const;

/** Compares the tensors of a node on the first evaluation sample. */
async function sampleReports(
  { run, result }: DetailParts,
  entries: readonly TensorEntry[],
): Promise<(entry: TensorEntry) => Promise<TensorReport | undefined>> {
  const pairs = entries.flatMap((e) => (e.pair === undefined ? [] : [e.pair]));
  const tensors = run.sampleCount === 0 ? new Map() : await storedPairs({ run, result, sample: 0 }, pairs);
  const reader = new PairReader(run.float.kernels);
  const reports = new Map<Pair, TensorReport>();
  for (const [pair, both] of tensors) reports.set(pair, activationReport({ run, result, reader }, pair, both));
  reader.release();
  return async ({ pair, weight }) => {
    if (pair !== undefined) return reports.get(pair);
    if (weight === undefined) return undefined;
    const tensor = (await loadConstants(run.prepared.graph, [weight.float])).get(weight.float);
    return tensor === undefined ? undefined : weightReport(run, tensor, weight);
  };
}

function activationReport(
  { run, result, reader }: Pick<DetailParts, 'run' | 'result'> & { readonly reader: PairReader },
  pair: Pair,
  { origin, stored }: StoredPair,
): TensorReport {
  const { program, assignment } = result.build;
  const read = reader.read(program, pair, origin, stored);
  const report = compareTensors(run.float.kernels, read.origin, read.dequant, read.coded, read.figures);
  const params = read.figures.clipRate === null ? assignment.activations.get(pair.value) : undefined;
  return params ? withGridRates(report, read, params) : report;
}

/** A constant beside what stands for it. */
function weightReport(run: RunState, tensor: Tensor, weight: TensorWeight): TensorReport | undefined {
  const pair = weightPair(tensor, weight);
  return pair && compareTensors(run.float.kernels, pair.origin, pair.dequant, weight.quantized);
}

function tensorView(parts: DetailParts, entry: TensorEntry, report: TensorReport | undefined): TensorView {
  const { run } = parts;
  const fact = run.open.facts.get(entry.value) ?? run.prepared.facts.get(entry.value);
  const { params } = entry;
  const inFile = run.open.quantization?.params.get(entry.value);
  return {
    valueId: entry.value,
    name: entry.name,
    role: entry.role,
    kind: entry.kind,
    dtype: fact?.dtype ?? '',
    dims: run.prepared.facts.get(entry.value)?.dims ?? fact?.dims ?? null,
    quant: quantViewOf(params),
    fileQuant: inFile === undefined || (params && sameParams(inFile, params)) ? null : quantView(inFile),
    stored: storedView(parts, entry),
    origin: report?.origin ?? null,
    dequant: report?.dequant ?? null,
    cosine: report?.cosine ?? null,
    sqnrDb: report?.sqnrDb ?? null,
    mse: report?.mse ?? null,
    clipRate: report?.clipRate ?? null,
    saturation: report?.saturation ?? null,
  };
}

/** The stored form of a weight, by the constant that the node reads in the quantized graph. */
function storedView({ run, result, node }: DetailParts, entry: TensorEntry): TensorView['stored'] {
  const owner = run.prepared.ownerOf.get(node.id);
  if (entry.weight === undefined || owner === undefined) return null;
  const { graph } = result.build.qdq;
  const read = graph.nodes.find((n) => n.id === owner.id)?.inputs[node.inputs.indexOf(entry.value)];
  const value = read === undefined || result.build.stored?.has(read) !== true ? undefined : graph.values.get(read);
  return result.sizes.weights.find((w) => w.name === value?.name) ?? null;
}

function quantViewOf(params: QuantParams | undefined): TensorView['quant'] {
  return params === undefined || params.table !== undefined ? null : quantView(params); // a table has no scale
}

function quantView(params: QuantParams): NonNullable<TensorView['quant']> {
  const { granularity, dtype, qmin, qmax, bits } = params.scheme;
  const isRange = granularity.kind === 'perTensor' && bits !== 0; // entropy-coded codes fill no range
  const s = params.scale[0] as number;
  const z = params.zeroPoint[0] as number;
  return {
    dtype,
    scale: Array.from(params.scale),
    zeroPoint: Array.from(params.zeroPoint),
    axis: granularity.kind === 'perChannel' ? granularity.axis : null,
    range: isRange ? [s * (qmin - z), s * (qmax - z)] : null,
  };
}
