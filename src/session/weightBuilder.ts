import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import type { Diagnostic, Location } from '../base/diagnostics.ts';
import { roundInPlace } from '../base/half.ts';
import type { QuantizedTensor } from '../base/quantParams.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import type { Program } from '../exec/program.ts';
import type { CentroidTables } from '../export/centroidTables.ts';
import type { WeightCodes } from '../export/weightCodes.ts';
import type { NodeId, TensorSource, ValueId } from '../graph/model.ts';
import { type ReplacedGraph, replaceConstants } from '../passes/replaceConstants.ts';
import { dequantize } from '../quant/dequantize.ts';
import type { NodeOverride } from '../quant/overrides.ts';
import { type CodedWeight, codeWeight } from '../quant/weightOnly/codeWeight.ts';
import {
  codedAnyway,
  keptFloat,
  noGain,
  onTheFly,
  recurrentWeights,
  sharedPerLayer,
  shortChannels,
  singleCorrection,
} from '../quant/weightOnly/errors.ts';
import type { InputProducts } from '../quant/weightOnly/gptq.ts';
import type { TunedStep } from '../quant/weightOnly/mixedBit.ts';
import { planWeights, type WeightCode, type WeightPlan } from '../quant/weightOnly/planWeights.ts';
import { pairValues } from '../whatif/pairs.ts';
import type { Build } from './build.ts';
import type { WeightClusters } from './clusters.ts';
import { type CompileParts, compileGraph, loadConstants } from './prepared.ts';
import type { Builder } from './run.ts';
import type { Variant } from './variant.ts';
import type { WeightSettings } from './weightSettings.ts';

export interface WeightBuilderParts extends CompileParts {
  readonly float: Program;
  readonly options: WeightSettings;
  readonly clusters: WeightClusters;
  /** Of the run's config. */
  readonly overrides: ReadonlyMap<NodeId, NodeOverride>;
  readonly at: (key: string) => Location;
  readonly onWeight: (done: number, total: number, name: string) => void;
}

/** A weight in codes, and the constant that takes its place. */
interface Coded extends CodedWeight {
  readonly source: TensorSource;
}

/** Makes the model with its weights in codes; what a weight was coded to is kept from build to build. */
export class WeightBuilder implements Builder {
  readonly everything: WeightPlan;
  readonly #parts: WeightBuilderParts;
  readonly #coded = new Map<string, Coded>();
  #tuned: TunedStep | undefined;

  constructor(parts: WeightBuilderParts) {
    this.#parts = parts;
    this.everything = this.plan({ skip: new Set(), overrides: parts.overrides });
  }

  /** Gives mixed bits the steps of a relative error that auto_tune tries, from the next build on. */
  tuneTo(tuned: TunedStep): void {
    this.#tuned = tuned;
    this.#coded.clear();
  }

  /** Codes a weight of a matrix product by its inputs, for all builds to come. @throws QNT201; Cancelled */
  async codeByInputs(code: WeightCode, products: InputProducts, signal: AbortSignalLike): Promise<void> {
    this.#coded.set(keyOf(code), await this.#quantize(code, signal, products));
  }

  plan({ skip, overrides }: Pick<Variant, 'skip' | 'overrides'>): WeightPlan {
    const { prepared, options } = this.#parts;
    return planWeights(prepared.graph, { facts: prepared.facts, options, skip, overrides });
  }

  async build(variant: Pick<Variant, 'skip' | 'overrides'>, signal: AbortSignalLike): Promise<Build> {
    const { prepared, float } = this.#parts;
    const plan = this.plan(variant);
    const coded = new Map<WeightCode, Coded>();
    for (const [done, code] of plan.codes.entries()) {
      throwIfAborted(signal);
      coded.set(code, await this.#code(code, { done, total: plan.codes.length, signal }));
    }
    const replaced = replaceConstants(
      prepared.graph,
      [...coded].map(([{ value, uses }, { source }]) => ({
        value,
        source,
        readers: new Set(uses.map((u) => u.node)),
      })),
      prepared,
    );
    const { graph, nextNodeId, nextValueId } = replaced;
    const program = await compileGraph(this.#parts, graph, { apart: true, signal });
    return {
      plan,
      assignment: { ...NO_ACTIVATIONS, constants: constantsOf(coded) },
      qdq: { graph, codes: new Map(), floatOf: new Map(), nextNodeId, nextValueId },
      program,
      pairs: pairValues(float, program, new Map()),
      diagnostics: this.#notesOf(plan, coded),
      stored: storedOf(coded, replaced),
      ...exportedForms(coded, replaced),
      clusters: this.#parts.clusters.view(plan.weights),
    };
  }

  async #code(
    code: WeightCode,
    { done, total, signal }: { done: number; total: number; signal: AbortSignalLike },
  ): Promise<Coded> {
    const { prepared } = this.#parts;
    const { value, clusters } = code;
    const key = keyOf(code);
    const known = this.#coded.get(key);
    if (known !== undefined) return known;
    const name = prepared.graph.values.get(value)?.name ?? '';
    this.#parts.onWeight(done, total, name);
    const [first] = code.uses;
    const centroids =
      clusters === undefined || first === undefined
        ? undefined
        : await this.#parts.clusters.of({ node: first.node, value }, signal);
    const dtype = prepared.graph.values.get(value)?.constant?.dtype as FloatHeld; // the plan names float constants
    const coded =
      centroids === undefined
        ? await this.#quantize(code, signal)
        : { ...centroids, diagnostics: [], source: dequantizedSource(centroids.quantized, dtype) };
    this.#coded.set(key, coded);
    return coded;
  }

  async #quantize(code: WeightCode, signal: AbortSignalLike, products?: InputProducts): Promise<Coded> {
    const { bits, granularity, value } = code;
    const { prepared, options } = this.#parts;
    const weight = (await loadConstants(prepared.graph, [value])).get(value) as Tensor; // the plan names constants
    const request = { bits, granularity, options, tuned: this.#tuned, products, signal };
    const made = codeWeight(weight, request, this.#placeOf(code));
    return { ...made, source: dequantizedSource(made.quantized, weight.dtype as FloatHeld) };
  }

  #placeOf({ uses, value }: WeightCode): Location {
    const { prepared, open } = this.#parts;
    const node = prepared.graph.nodes.find((n) => n.id === uses[0]?.node);
    const tensor = prepared.graph.values.get(value)?.name ?? '';
    return { file: open.file, tensor, ...(node && { node: node.handle, opType: node.opType }) };
  }

  #notesOf({ notes }: WeightPlan, coded: ReadonlyMap<WeightCode, Coded>): Diagnostic[] {
    const { at, options, prepared, open } = this.#parts;
    const found: Diagnostic[] = [...coded.values()].flatMap((c) => c.diagnostics);
    const single = [...coded].filter(
      ([{ clusters }, { quantized }]) =>
        clusters === undefined && quantized.params.scheme.bits !== 0 && quantized.params.scale.length === 1,
    );
    const names = single.map(([{ value }]) => prepared.graph.values.get(value)?.name ?? '');
    const file = { file: open.file };
    if (notes.shortChannels.length > 0) found.push(shortChannels(file, notes.shortChannels, options.strict));
    if (notes.noGain.length > 0) found.push(noGain(file, notes.noGain));
    if (notes.sharedPerLayer.length > 0) found.push(sharedPerLayer(file, notes.sharedPerLayer));
    if (notes.keptFloat.length > 0) found.push(keptFloat(file, notes.keptFloat));
    if (notes.codedAnyway.length > 0) found.push(codedAnyway(file, notes.codedAnyway));
    if (notes.recurrent.length > 0) found.push(recurrentWeights(file, notes.recurrent));
    if (options.correction && names.length > 0) found.push(singleCorrection(file, names, options.strict));
    if (options.onTheFly) found.push(onTheFly(at('dequant_strategy')));
    return found;
  }
}

function keyOf({ value, bits, granularity, clusters }: WeightCode): string {
  return `${value}:${clusters === undefined ? bits : 'clusters'}:${JSON.stringify(granularity)}`;
}

const NO_ACTIVATIONS = { activations: new Map(), folded: new Map(), conversions: [], halves: new Map() } as const;

type FloatHeld = 'float32' | 'float16' | 'bfloat16';

/** What codes stand for, made anew whenever it is loaded. */
function dequantizedSource(quantized: QuantizedTensor, dtype: FloatHeld): TensorSource {
  const { dims } = quantized.codes;
  const loadNow = (): Tensor => {
    const values = dequantize(quantized);
    roundInPlace(dtype, values);
    return tensor(dtype, dims, values);
  };
  const byteLength = (dtype === 'float32' ? 4 : 2) * (quantized.codes.data as ArrayLike<number>).length;
  return { dtype, dims, byteLength, load: async () => loadNow(), loadNow };
}

function constantsOf(coded: ReadonlyMap<WeightCode, Coded>) {
  return [...coded].flatMap(([{ uses }, { quantized }]) => uses.map((use) => ({ ...use, quantized })));
}

function storedOf(coded: ReadonlyMap<WeightCode, Coded>, { values }: ReplacedGraph) {
  return new Map([...coded.values()].map(({ stored }, i) => [values[i] as ValueId, stored]));
}

/** Weights that are exported as indices of centroids, and as codes, by the constants that took their place. */
function exportedForms(
  coded: ReadonlyMap<WeightCode, Coded>,
  { values }: ReplacedGraph,
): { readonly tables: CentroidTables; readonly weightCodes: WeightCodes } {
  const all = [...coded.values()].map(({ quantized }, i) => [values[i] as ValueId, quantized] as const);
  return {
    tables: new Map(all.filter(([, { params }]) => params.table !== undefined)),
    weightCodes: new Map(all.filter(([, { params }]) => params.table === undefined)),
  };
}
