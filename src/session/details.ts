import type { QuantParams } from '../base/quantParams.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Stored } from '../exec/program.ts';
import type { Node, ValueId } from '../graph/model.ts';
import { sameParams } from '../passes/recoverQdq.ts';
import type { NodeDetails, NodeFigures, NodeView, RequantizerView, TensorView } from '../protocol/views.ts';
import { dequantize } from '../quant/dequantize.ts';
import { compareTensors, withGridRates } from '../report/compare.ts';
import type { TensorReport } from '../report/reportTypes.ts';
import { PairReader } from '../whatif/pairReader.ts';
import type { Pair } from '../whatif/pairs.ts';
import type { OpenModel } from './model.ts';
import { loadConstants } from './prepared.ts';
import type { Result } from './result.ts';
import type { RunState } from './run.ts';
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
  const reports = new SampleReports(run, result, entries);
  const tensors: TensorView[] = [];
  for (const entry of entries) tensors.push(tensorView(parts, entry, await reports.of(entry)));
  reports.release();
  return { node: view, figures, tensors, requantizer };
}

/** The tensors of a node as the file has them, before any run: type and shape, no figures. */
export function declaredTensors(open: OpenModel, node: Node): TensorView[] {
  const { values } = open.model.graph;
  const view = (valueId: ValueId, role: TensorView['role']): TensorView => {
    const value = values.get(valueId);
    const fact = open.facts.get(valueId);
    return {
      valueId,
      name: value?.name ?? '',
      role,
      kind: value?.constant === undefined ? 'Activation' : 'Weight',
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

/** Compares the tensors of a node on the first evaluation sample, from the cache or by running both models again. */
class SampleReports {
  readonly #run: RunState;
  readonly #result: Result;
  readonly #reader: PairReader;
  readonly #origins = new Map<Pair, TensorReport>();

  constructor(run: RunState, result: Result, entries: readonly TensorEntry[]) {
    this.#run = run;
    this.#result = result;
    this.#reader = new PairReader(run.float.kernels);
    const pairs = entries.flatMap((e) => (e.pair === undefined ? [] : [e.pair]));
    if (pairs.length > 0) this.#compareAll(pairs);
  }

  async of(entry: TensorEntry): Promise<TensorReport | undefined> {
    if (entry.pair !== undefined) return this.#origins.get(entry.pair);
    if (entry.weight === undefined) return undefined;
    const tensor = (await loadConstants(this.#run.prepared.graph, [entry.weight.float])).get(entry.weight.float);
    return tensor === undefined ? undefined : weightReport(this.#run, tensor, entry.weight);
  }

  release(): void {
    this.#reader.release();
  }

  #compareAll(pairs: readonly Pair[]): void {
    const { cache, float, samples } = this.#run;
    const { program } = this.#result.build;
    const feeds = cache.feeds(0);
    if (feeds === undefined || samples.count === 0) return;
    const floatRun = float.start(feeds);
    const quantRun = program.start(feeds);
    const seen = new Map<Pair, { origin?: Stored; stored?: Stored }>(pairs.map((p) => [p, {}]));
    for (const pair of pairs) {
      const origin = cache.get(0, pair.floatSignature);
      const stored = cache.get(0, pair.quantSignature);
      if (origin !== undefined && stored !== undefined) {
        this.#compare(pair, origin, stored);
        seen.delete(pair);
      }
    }
    if (seen.size === 0) return;
    const collect = (run: typeof floatRun, side: 'origin' | 'stored'): void => {
      for (const [pair, both] of seen) {
        const value = both[side] === undefined ? run.value(side === 'origin' ? pair.value : pair.quantized) : undefined;
        if (value !== undefined) both[side] = { ...value, tensor: copyOf(value.tensor) };
      }
    };
    for (const [run, side] of [
      [floatRun, 'origin'],
      [quantRun, 'stored'],
    ] as const) {
      collect(run, side);
      while (run.advance() !== undefined) collect(run, side);
    }
    for (const [pair, { origin, stored }] of seen)
      if (origin !== undefined && stored !== undefined) this.#compare(pair, origin, stored);
  }

  #compare(pair: Pair, origin: Stored, stored: Stored): void {
    const { program } = this.#result.build;
    const read = this.#reader.read(program, pair, origin, stored);
    const report = compareTensors(this.#run.float.kernels, read.origin, read.dequant, read.coded, read.figures);
    const { activations } = this.#result.build.assignment;
    const params = read.figures.clipRate === null ? activations.get(pair.value) : undefined;
    this.#origins.set(pair, params ? withGridRates(report, read, params) : report);
  }
}

/** A constant beside what stands for it. */
export function weightReport(run: RunState, tensor: Tensor, weight: TensorWeight): TensorReport | undefined {
  const pair = weightPair(tensor, weight);
  return pair && compareTensors(run.float.kernels, pair.origin, pair.dequant, weight.quantized);
}

/**
 * A weight's values and what its codes stand for, or what it was rounded to; with neither it stands for itself. Undefined
 * when it is not float32.
 */
export function weightPair(
  tensor: Tensor,
  { quantized, rounded }: TensorWeight,
): { readonly origin: Float32Array; readonly dequant: Float32Array } | undefined {
  if (tensor.dtype !== 'float32') return undefined;
  const origin = tensor.data as Float32Array;
  if (rounded !== undefined) return { origin, dequant: rounded.data as Float32Array }; // half precision lies in float32
  return { origin, dequant: quantized === undefined ? origin : dequantize(quantized) };
}

function copyOf(t: Tensor): Tensor {
  return { ...t, data: t.data.slice() } as Tensor; // slice keeps the array type
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
