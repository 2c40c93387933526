import type { AbortSignalLike } from '../base/abort.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { RequantizerFlavour } from '../base/fixedPoint.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Program } from '../exec/program.ts';
import type { CentroidTables } from '../export/centroidTables.ts';
import type { WeightCodes } from '../export/weightCodes.ts';
import type { NodeId, ValueId } from '../graph/model.ts';
import { insertQdq, type QdqAssignment, type QdqGraph } from '../passes/insertQdq.ts';
import { quantizedPart } from '../passes/quantizedPart.ts';
import type { ClustersView, DifferenceView } from '../protocol/views.ts';
import type { GeneralChoice } from '../quant/choices.ts';
import type { StoredWeight } from '../quant/encode/stored.ts';
import type { NodeOverride } from '../quant/overrides.ts';
import type { QuantPlan } from '../quant/plan.ts';
import { planQuantization } from '../quant/planQuantization.ts';
import type { Range } from '../quant/qparams.ts';
import { constantsToLoad, type QuantizeCache, quantizeGraph } from '../quant/quantize.ts';
import type { LeastSquaresRounding } from '../quant/rounding/roundWeight.ts';
import type { Target } from '../quant/targets.ts';
import { type Pair, pairValues } from '../whatif/pairs.ts';
import type { WeightClusters } from './clusters.ts';
import { type CompileParts, compileGraph } from './prepared.ts';

/** Choices that hold for all builds of one run. */
export interface BuildChoices {
  readonly target: Target;
  readonly general: GeneralChoice;
  /** By node of the prepared graph. */
  readonly overrides: ReadonlyMap<NodeId, NodeOverride>;
}

/** What a run is compared with: converter_lite's ways, or ours. */
export interface Counterpart {
  readonly choices: BuildChoices;
  readonly isStrict: boolean;
  /** Finds those of values whose calibration method has another flavour there. */
  readonly ranges: ReadonlyMap<ValueId, () => Range>;
}

/** What calibration left behind, from which any plan can be built. */
export interface Calibrated extends CompileParts {
  readonly choices: BuildChoices;
  /** The same under the other value of strict_reference; undefined where the run knows no such. */
  readonly counterpart: Counterpart | undefined;
  /** Values before a ReLU or Clip: kept apart in every program, so that their steps compare. */
  readonly clampInputs: ReadonlySet<ValueId>;
  readonly ranges: ReadonlyMap<ValueId, Range>;
  readonly calibrationSamples: number;
  readonly corrections: ReadonlyMap<NodeId, Float64Array>;
  readonly roundings: ReadonlyMap<NodeId, LeastSquaresRounding>;
  readonly cache: QuantizeCache;
  readonly clusters: WeightClusters;
  /** Loaded constants, filled as plans ask for them. */
  readonly constants: Map<ValueId, Tensor>;
}

export interface ApartProgram {
  readonly program: Program;
  /** What a quantized node makes alone, by the float value that it stands for. */
  readonly alone: ReadonlyMap<ValueId, ValueId>;
}

/** One quantized form of the prepared graph, compiled. */
export interface Build {
  readonly plan: QuantPlan;
  readonly assignment: QdqAssignment;
  readonly qdq: QdqGraph;
  readonly program: Program;
  readonly pairs: readonly Pair[];
  readonly diagnostics: readonly Diagnostic[];
  /** Null or absent where weights are not clustered. */
  readonly clusters?: ClustersView | null;
  /** What constants of its graph take where they are stored in another form than the graph holds them in. */
  readonly stored?: ReadonlyMap<ValueId, StoredWeight>;
  /**
   * The float model, with what every quantized node makes alone on float inputs beside what the float one makes, for
   * nodes that several steps carry out. Whoever asks releases the program.
   */
  readonly apart?: (signal: AbortSignalLike) => Promise<ApartProgram>;
  /** Constants of its graph that are exported as indices and centroids. */
  readonly tables?: CentroidTables;
  /** Constants of its graph that are exported as codes. */
  readonly weightCodes?: WeightCodes;
  /** What strict_reference changes; absent where the quantization has no other side. @throws Cancelled */
  readonly differences?: (signal: AbortSignalLike) => Promise<readonly DifferenceView[] | null>;
  /** Compiles the same graph with another requantizer, to the same steps. Whoever asks releases the program. */
  readonly withRequantizer?: (requantizer: RequantizerFlavour, signal: AbortSignalLike) => Promise<Program>;
}

/** Plans with these nodes of the prepared graph left float. */
export function planWith(
  parts: CompileParts & { readonly choices: BuildChoices },
  skip: ReadonlySet<NodeId>,
): QuantPlan {
  const { prepared, open, choices } = parts;
  return planQuantization(prepared.graph, {
    ...choices,
    skip,
    opsets: open.model.opsets,
    facts: prepared.facts,
  });
}

/** What `plan` quantizes, computed: constants are loaded as it asks for them. @throws Cancelled */
export async function assign(
  parts: Calibrated,
  plan: QuantPlan,
  signal: AbortSignalLike,
): Promise<{ readonly assignment: QdqAssignment; readonly diagnostics: readonly Diagnostic[] }> {
  const { prepared, open, constants } = parts;
  const missing = [...constantsToLoad(prepared.graph, plan)].filter((id) => !constants.has(id));
  const products = plan.weights.filter((w) => w.product !== undefined);
  for (const [id, t] of await parts.clusters.load(missing, products, signal)) constants.set(id, t);
  return quantizeGraph(prepared.graph, plan, { ...parts, file: open.file, constants, signal });
}

/** Inserts QDQ, and says which values every program of that graph keeps apart. */
function withQdq(
  { prepared, clampInputs }: Calibrated,
  plan: QuantPlan,
  assignment: QdqAssignment,
): { readonly qdq: QdqGraph; readonly keep: ReadonlySet<ValueId> } {
  const { nextNodeId, nextValueId, sources } = prepared;
  const qdq = insertQdq(prepared.graph, assignment, { nextNodeId, nextValueId, sources });
  const inside = new Set([...plan.folded.values()].map((f) => f.from));
  const isApart = (id: ValueId): boolean => qdq.graph.values.has(id) && !plan.activations.has(id) && !inside.has(id);
  const apart = [...clampInputs].filter(isApart);
  return { qdq, keep: new Set([...apart, ...qdq.codes.values()]) }; // all are compared, chains of lookups inside too
}

/** A program of some nodes of a quantized graph, each with its own conversions around it. */
export interface AloneProgram {
  readonly program: Program;
  /** The float value of codes; see {@link QdqGraph.floatOf}. */
  readonly floatOf: ReadonlyMap<ValueId, ValueId>;
}

/**
 * As {@link buildQuantized} of nothing but these nodes, for running each alone: its steps and codes are those of the whole.
 * Where the shape of an input is not known before a run it is the whole. Whoever asks releases the program. @throws Cancelled
 */
export async function buildAlone(
  parts: Calibrated,
  float: Program,
  { plan, assignment }: { readonly plan: QuantPlan; readonly assignment: QdqAssignment },
  nodes: ReadonlySet<NodeId>,
  signal: AbortSignalLike,
): Promise<AloneProgram> {
  const { qdq, keep } = withQdq(parts, plan, assignment);
  const { prepared } = parts;
  const graph = quantizedPart(qdq.graph, nodes, (id) => {
    const { dtype, dims } = float.slots.get(id) ?? {};
    return { ...(dtype && { dtype }), ...(dims && { dims }) };
  });
  const inputDims = new Map<ValueId, readonly number[]>();
  for (const id of graph.inputs) {
    const dims = graph.values.get(id)?.dims;
    if (dims?.every((d) => typeof d === 'number')) inputDims.set(id, dims as readonly number[]);
  }
  const program = graph.inputs.every((id) => inputDims.has(id))
    ? await compileGraph({ ...parts, prepared: { ...prepared, inputDims } }, graph, {
        ...{ keep: new Set([...keep].filter((id) => graph.values.has(id))), apart: true, signal },
      })
    : await compileGraph(parts, qdq.graph, { keep, apart: true, signal });
  const { values } = program.graph; // ids beyond it are the program's own
  return { program, floatOf: new Map([...qdq.floatOf].filter(([codes]) => values.has(codes))) };
}

/** Quantizes by `plan`, inserts QDQ and compiles. Whoever asks releases the program. @throws Cancelled */
export async function buildQuantized(
  parts: Calibrated,
  float: Program,
  plan: QuantPlan,
  signal: AbortSignalLike,
): Promise<Build> {
  const { assignment, diagnostics } = await assign(parts, plan, signal);
  const { qdq, keep } = withQdq(parts, plan, assignment);
  const withRequantizer: Build['withRequantizer'] = (requantizer, stop) =>
    compileGraph({ ...parts, requantizer }, qdq.graph, { keep, apart: true, signal: stop });
  const program = await withRequantizer(parts.requantizer, signal);
  const pairs = pairValues(float, program, qdq.codes);
  const clusters = parts.clusters.view(plan.weights.filter((w) => w.product !== undefined));
  return { plan, assignment, qdq, program, pairs, diagnostics, clusters, withRequantizer };
}
