import { type Granularity, PER_TENSOR, type QuantScheme } from '../../base/quantParams.ts';
import { sizeOf } from '../../base/shape.ts';
import type { Facts } from '../../graph/fact.ts';
import type { Graph, Node, NodeId, ValueId } from '../../graph/model.ts';
import { readsOf } from '../../graph/topo.ts';
import { type ClusterChoice, clusterScheme, mostClusteredBytes } from '../clusterWeights.ts';
import type { NodeOverride } from '../overrides.ts';
import type { NodeDecision, QuantPlan } from '../plan.ts';
import { fixedBitScheme } from './fixedBit.ts';
import { MIXED_SCHEME } from './mixedBit.ts';
import { hasWeights, type WeightInput, weightInputs } from './weightInputs.ts';
import type { WeightOptions } from './weightOptions.ts';

/** How one weight is coded. */
export interface WeightCode {
  readonly value: ValueId;
  readonly dims: readonly number[];
  /** 0: by a step. */
  readonly bits: number;
  /** Centroids instead of codes. */
  readonly clusters: ClusterChoice | undefined;
  /** Of fixed bits, which a weight without a step falls back to. */
  readonly granularity: Granularity;
  /** Nodes of the graph that read it instead of the float one, those that asked for it first. */
  readonly uses: readonly { readonly node: NodeId; readonly input: number }[];
}

/** What differs from converter_lite, or may surprise, by the names of weights. */
export interface PlanNotes {
  /** Channels too short for converter_lite, quantized here (or left float, where it is followed). */
  readonly shortChannels: readonly string[];
  /** Left float, since codes and parameters take no less room. */
  readonly noGain: readonly string[];
  /** Per layer, since several matrix products share them. */
  readonly sharedPerLayer: readonly string[];
  /** Float copies kept for nodes that are left float. */
  readonly keptFloat: readonly string[];
  /** In codes although a node that reads them is skipped: where converter_lite is followed. */
  readonly codedAnyway: readonly string[];
  /** Weights of recurrent operators, which converter_lite quantizes otherwise or not at all. */
  readonly recurrent: readonly string[];
}

/** A plan for weights alone. */
export interface WeightPlan extends QuantPlan {
  readonly codes: readonly WeightCode[];
  /** Nodes that read the float weights. */
  readonly float: ReadonlySet<NodeId>;
  readonly notes: PlanNotes;
}

export interface WeightPlanParts {
  readonly facts: Facts;
  readonly options: WeightOptions;
  readonly skip: ReadonlySet<NodeId>;
  readonly overrides: ReadonlyMap<NodeId, NodeOverride>;
}

/** Bytes of a channel's parameters in converter_lite, which it weighs against the bits that codes save. */
const REFERENCE_PARAMETER_BITS = 256;

/**
 * Decides which weights are coded: constants of rank 2 or more of the operators that have weights, large enough. Every
 * reader of a coded weight reads what the codes stand for, but nodes that the user leaves float.
 */
export function planWeights(graph: Graph, parts: WeightPlanParts): WeightPlan {
  return new Draft(graph, parts).finish();
}

class Draft {
  readonly #graph: Graph;
  readonly #parts: WeightPlanParts;
  readonly #readers = new Map<ValueId, Node[]>();
  readonly #codes = new Map<string, WeightCode>();
  readonly #nodes = new Map<NodeId, NodeDecision>();
  readonly #float = new Set<NodeId>();
  readonly #notes = {
    shortChannels: new Set<string>(),
    noGain: new Set<string>(),
    sharedPerLayer: new Set<string>(),
    keptFloat: new Set<string>(),
    codedAnyway: new Set<string>(),
    recurrent: new Set<string>(),
  };

  constructor(graph: Graph, parts: WeightPlanParts) {
    this.#graph = graph;
    this.#parts = parts;
    for (const node of graph.nodes)
      for (const id of readsOf(node)) this.#readers.set(id, [...(this.#readers.get(id) ?? []), node]);
  }

  finish(): WeightPlan {
    for (const node of this.#graph.nodes) this.#nodes.set(node.id, this.#decide(node));
    const codes = [...this.#codes.values()].map((code) => ({ ...code, uses: this.#usesOf(code) }));
    this.#noteFloatReaders(codes);
    const notes = this.#notes;
    return {
      arithmetic: 'mindspore',
      activations: new Map(),
      conversions: [],
      weights: codes.flatMap((code) => {
        const scheme = schemeOf(code);
        return code.uses.map((use) => ({ ...use, value: code.value, scheme }));
      }),
      halves: new Map(),
      folded: new Map(),
      methods: new Map(),
      nodes: this.#nodes,
      codes,
      float: this.#float,
      notes: {
        shortChannels: [...notes.shortChannels],
        noGain: [...notes.noGain],
        sharedPerLayer: [...notes.sharedPerLayer],
        keptFloat: [...notes.keptFloat],
        codedAnyway: [...notes.codedAnyway],
        recurrent: [...notes.recurrent],
      },
    };
  }

  #decide(node: Node): NodeDecision {
    const { facts, options, skip, overrides } = this.#parts;
    const float = (why: string): NodeDecision => ({ form: 'float', canSkip: false, why });
    if (!hasWeights(node, options.strict)) return float(`WEIGHT_QUANT does not quantize ${node.opType}`);
    if (options.strict && options.gptq && !isProduct(node))
      return float('converter_lite quantizes matrix products alone where quant_strategy is GPTQ');
    const isConstant = (id: ValueId): boolean => this.#graph.values.get(id)?.constant !== undefined;
    const inputs = weightInputs(node, { strict: options.strict, facts, isConstant });
    if (inputs.length === 0) return float('it has no constant weight of two or more dimensions');
    const bits = bitsOf(overrides.get(node.id), options.bits);
    const { precision, weightBits } = overrides.get(node.id) ?? {};
    const isGeneral = bits === options.bits && precision === undefined && weightBits === undefined;
    const clusters = isGeneral ? options.clusters : undefined;
    const form = { bits: bits ?? options.bits, clusters };
    const judged = inputs.map((input) => ({ input, why: this.#whyFloat(node, input, form) }));
    const wanted = judged.filter(({ why }) => why === undefined);
    if (wanted.length === 0) return float(judged[0]?.why ?? '');
    if (skip.has(node.id) || bits === undefined) {
      this.#float.add(node.id);
      const why = skip.has(node.id) ? 'listed in skip_quant_node' : 'left float32 by node_overrides';
      return { form: 'skipped', canSkip: true, why };
    }
    const said = wanted.map(({ input }) => this.#code(node, input, form));
    return { form: 'quantized', canSkip: true, computes: 'float', why: `${said.join('; ')}; computes in float32` };
  }

  /** Adds the weight where no earlier node did. @returns what becomes of it, in words. */
  #code(node: Node, { input, value, dims, axis }: WeightInput, form: CodeForm): string {
    const { options, overrides } = this.#parts;
    const { granularity: word } = overrides.get(node.id) ?? {};
    const shared = options.strict && this.#isSharedProduct(node, value);
    const perChannel = !shared && (word === undefined ? options.perChannel : word === 'per_channel');
    const key = options.strict ? `${value}` : `${value}:${form.clusters === undefined ? form.bits : 'clusters'}`;
    const known = this.#codes.get(key);
    const granularity: Granularity = known?.granularity ?? (perChannel ? { kind: 'perChannel', axis } : PER_TENSOR);
    this.#codes.set(key, {
      value,
      dims,
      ...(known === undefined ? form : { bits: known.bits, clusters: known.clusters }),
      granularity,
      uses: [...(known?.uses ?? []), { node: node.id, input }],
    });
    if (shared) this.#notes.sharedPerLayer.add(this.#nameOf(value));
    if (!options.strict && isRecurrent(node)) this.#notes.recurrent.add(this.#nameOf(value));
    return describe(this.#nameOf(value), { ...form, granularity, dims });
  }

  #isSharedProduct(node: Node, value: ValueId): boolean {
    return isProduct(node) && (this.#readers.get(value)?.length ?? 0) > 1;
  }

  /** Why a weight stays float whatever the user skips. */
  #whyFloat(node: Node, weight: WeightInput, { bits, clusters }: CodeForm): string | undefined {
    const { options, overrides } = this.#parts;
    const { value, dims, axis, countsChannels } = weight;
    const name = this.#nameOf(value);
    const elements = sizeOf(dims);
    const channels = dims[axis] as number;
    if (elements === 0) return `${name} is empty`;
    if (options.strict && countsChannels && dims.length > 4)
      return 'converter_lite knows no convolution over three dimensions';
    if (elements <= options.minSize)
      return `${name} has ${elements} elements, not more than min_quant_weight_size = ${options.minSize}`;
    if (countsChannels && channels <= options.minChannels)
      return `${name} has ${channels} output channels, not more than min_quant_weight_channel = ${options.minChannels}`;
    if (clusters !== undefined) {
      if (mostClusteredBytes(elements, clusters.clusters) < 4 * elements) return undefined;
      this.#notes.noGain.add(name);
      return `${name} has ${elements} elements: indices and ${clusters.clusters} centroids would take no less room than float32`;
    }
    const word = overrides.get(node.id)?.granularity;
    const perChannel = word === undefined ? options.perChannel : word === 'per_channel';
    if (bits === 0 || !perChannel) return undefined;
    const size = elements / channels;
    if (options.correction && Math.floor(REFERENCE_PARAMETER_BITS / (32 - bits)) >= size) {
      this.#notes.shortChannels.add(name);
      if (options.strict) return `${name} has ${size} elements per channel, too few for converter_lite`;
    }
    if (options.strict || elements * (32 - bits) > 8 * channels * parameterBytes(bits, options.correction))
      return undefined;
    this.#notes.noGain.add(name);
    return `${name} has ${size} elements per channel: codes and parameters would take no less room than float32`;
  }

  /** Every reader of the graph, but those that are left float; where converter_lite is followed, those too. */
  #usesOf(code: WeightCode): WeightCode['uses'] {
    const asked = new Set(code.uses.map((u) => `${u.node}:${u.input}`));
    const others = [...this.#codes.values()].filter((c) => c.value === code.value && c !== code);
    const taken = new Set(others.flatMap((c) => c.uses.map((u) => u.node)));
    const isFirst = [...this.#codes.values()].find((c) => c.value === code.value) === code;
    const rest = isFirst
      ? (this.#readers.get(code.value) ?? []).flatMap((node) =>
          (this.#float.has(node.id) && !this.#parts.options.strict) || taken.has(node.id)
            ? []
            : node.inputs.flatMap((id, input) => (id === code.value ? [{ node: node.id, input }] : [])),
        )
      : [];
    return [...code.uses, ...rest.filter((u) => !asked.has(`${u.node}:${u.input}`))];
  }

  #noteFloatReaders(codes: readonly WeightCode[]): void {
    const found = this.#parts.options.strict ? this.#notes.codedAnyway : this.#notes.keptFloat;
    for (const { value } of codes)
      if (this.#readers.get(value)?.some((node) => this.#float.has(node.id))) found.add(this.#nameOf(value));
  }

  #nameOf(id: ValueId): string {
    return this.#graph.values.get(id)?.name ?? `#${id}`;
  }
}

function isRecurrent({ opType }: Node): boolean {
  return opType === 'LSTM' || opType === 'GRU' || opType === 'RNN';
}

/** Whether a node is a matrix product whose first operand has the inputs in rows. */
export function isProduct({ domain, opType, attributes }: Node): boolean {
  const transA = attributes.get('transA');
  const isGemm = opType === 'Gemm' && !(transA?.kind === 'int' && transA.value !== 0);
  return domain === '' && (opType === 'MatMul' || isGemm);
}

/** Bytes of the parameters of one channel as they are stored: scale, zero point, and two float32 of a correction. */
export function parameterBytes(bits: number, correction: boolean): number {
  return 4 + (bits <= 8 ? 1 : 2) + (correction ? 8 : 0);
}

/** Bits of a node's weights; undefined where they stay float. */
function bitsOf(override: NodeOverride | undefined, bits: number): number | undefined {
  if (override?.precision === 'float32') return undefined;
  if (override?.weightBits !== undefined) return override.weightBits;
  switch (override?.precision) {
    case 'int4':
      return 4;
    case 'int8':
      return 8;
    case 'int16':
      return 16;
    default:
      return bits;
  }
}

/** What a weight becomes. */
type CodeForm = Pick<WeightCode, 'bits' | 'clusters'>;

function schemeOf({ bits, clusters, granularity }: WeightCode): QuantScheme {
  if (clusters !== undefined) return clusterScheme(clusters.clusters);
  return bits === 0 ? MIXED_SCHEME : fixedBitScheme({ bits, granularity, mapping: 'asymmetric' });
}

function describe(name: string, { bits, clusters, granularity, dims }: Omit<WeightCode, 'value' | 'uses'>): string {
  if (clusters !== undefined) return `${name} in indices of ${clusters.clusters} centroids`;
  if (bits === 0) return `${name} by one step, entropy-coded`;
  const how = granularity.kind === 'perChannel' ? `per channel (${dims[granularity.axis]})` : 'per layer';
  return `${name} in ${bits}-bit codes ${how}`;
}
