import type { AbortSignalLike } from '../base/abort.ts';
import type { FileSystem } from '../base/bytes.ts';
import { type Diagnostic, invariant, throwErrors } from '../base/diagnostics.ts';
import { sameDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Program } from '../exec/program.ts';
import type { Graph, Node, NodeId, TensorSource, ValueId } from '../graph/model.ts';
import { wiringOf } from '../graph/topo.ts';
import type { QuantInfo } from '../ops/opDef.ts';
import { isDequantize, isQuantize } from '../ops/quantNodes.ts';
import { restoreQOperators } from '../passes/expandQOperators.ts';
import { prepareGraph } from '../passes/prepareGraph.ts';
import { bypassQdq, type FileQuantization, stripQdq } from '../passes/recoverQdq.ts';
import type { NodeDecision, QuantPlan } from '../quant/plan.ts';
import { pairValues } from '../whatif/pairs.ts';
import type { Build } from './build.ts';
import { anotherParent, noCodedWeights, noCounterpart, quantizedAlready } from './errors.ts';
import { integerOperators } from './graphView.ts';
import { type OpenModel, openModel } from './model.ts';
import { compileGraph, type Prepared, prepare } from './prepared.ts';
import { keptOf, type RunParts, type RunState } from './run.ts';
import type { Settings } from './settings.ts';
import type { Variant } from './variant.ts';

/**
 * A run on a model that was quantized elsewhere. By `imported_model` it evaluates the file's own quantization, or strips
 * it and quantizes anew. Float is the same model without quantization, with the weights of `float_model` where one is
 * named, else with the numbers that the file's codes stand for.
 *
 * @param requantize a run of the config's own method.
 * @throws DiagnosticError, Cancelled
 */
export async function importedRun(
  parts: RunParts,
  files: FileSystem,
  requantize: (parts: RunParts) => Promise<RunState>,
): Promise<RunState> {
  const { open: opened, settings, kernels } = parts;
  const { quantization, qdq } = opened;
  const open: OpenModel = { ...opened, model: qdq };
  const ofFile: OpenModel = { ...opened, model: { ...opened.model, opsets: qdq.opsets } };
  invariant(quantization !== undefined, 'the model is quantized in its file');
  const parent = settings.floatModel === null ? undefined : await parentWeights(parts, files, settings.floatModel);
  const stripped = stripQdq(open.model, quantization, { kernels, ...(parent && { weights: parent.weights }) });
  const floatOpen: OpenModel = { ...open, model: stripped };
  const standIns = standInsOf(quantization);
  const { outputs } = qdq.graph;
  if (qdq !== opened.model) for (const [id, standIn] of codesOnly(quantization, outputs)) standIns.set(id, standIn);
  const found = parent?.diagnostics ?? [];
  if (settings.importedModel === 'requantize') {
    const run = await requantize({ ...parts, open: floatOpen });
    return { ...run, open: ofFile, standIns, diagnostics: [...found, ...run.diagnostics] };
  }
  const prepared = await prepare(floatOpen, kernels, settings.fixedDims);
  const compileParts = { open, prepared, kernels, requantizer: settings.requantizer };
  const float = await compileGraph(compileParts, prepared.graph, { apart: true, signal: parts.signal });
  try {
    // Ids made here must mean nothing in the float graph: only what both inherit from the file is the same value.
    const { nextNodeId, nextValueId, inputDims } = prepared;
    const apart = { ...open.model, nextNodeId, nextValueId };
    const asInFile = await prepareGraph(apart, { inputDims, file: open.file, kernels });
    const constants = await codesOf(asInFile.graph, quantization);
    const everything = planOf(prepared.graph, asInFile.graph, quantization, new Set());
    const plan = ({ skip }: Pick<Variant, 'skip'>): QuantPlan =>
      planOf(prepared.graph, asInFile.graph, quantization, skip);
    const build = async ({ skip }: Pick<Variant, 'skip'>, signal: AbortSignalLike): Promise<Build> => {
      const skipped = asInFile.graph.nodes.filter((n) => skip.has(n.id));
      const bypassed = bypassQdq(asInFile, quantization, skipped, parent?.weights);
      const { graph, nextNodeId, nextValueId } = restoreQOperators(bypassed, opened.model.graph, qdq.graph);
      const codes = codesByValue(prepared, float, graph, quantization);
      const compared = comparedWith(codes, graph, quantization);
      const keep = new Set(compared.values());
      const taken = infosOf(codes, quantization);
      const withRequantizer: Build['withRequantizer'] = (requantizer, stop) =>
        compileGraph({ ...compileParts, requantizer }, graph, { keep, apart: true, codes: taken, signal: stop });
      const program = await withRequantizer(settings.requantizer, signal);
      return {
        plan: plan({ skip }),
        assignment: {
          activations: paramsOf(codes, quantization),
          conversions: [],
          constants,
          halves: new Map(),
          folded: new Map(),
        },
        qdq: {
          graph,
          codes,
          floatOf: new Map([...codes].map(([value, code]) => [code, value])),
          nextNodeId,
          nextValueId,
        },
        program,
        pairs: pairValues(float, program, compared),
        diagnostics: [],
        withRequantizer,
      };
    };
    return {
      open: ofFile,
      prepared,
      builder: { everything, plan, build },
      float,
      samples: parts.evaluation.samples,
      sampleCount: parts.evaluation.count,
      evaluatedOn: parts.evaluation.label,
      ...keptOf(parts.whatIf, { float, count: parts.evaluation.count, codeBytes: 1 }),
      floatGraph: prepared.graph,
      standIns,
      diagnostics: [...found, ...prepared.diagnostics, ...unusedMethods(settings)],
    };
  } catch (error) {
    float.release();
    throw error;
  }
}

/** Methods that the file's own quantization leaves without effect; FULL_QUANT is what such a file has. */
function unusedMethods({ quantType, clusters, at }: Settings): Diagnostic[] {
  return [
    ...(quantType === 'FULL_QUANT' ? [] : [quantizedAlready(at('common_quant_param', 'quant_type'), quantType)]),
    ...(clusters === undefined ? [] : [quantizedAlready(at('quantscope', 'clusters'), 'clusters')]),
  ];
}

/** What is measured in place of a dequantized value, and of what a graph output is quantized from. */
function standInsOf({ sources }: FileQuantization): Map<ValueId, ValueId> {
  const standIns = new Map(sources);
  for (const [dequantized, source] of sources) if (!standIns.has(source)) standIns.set(source, dequantized);
  return standIns;
}

/** What is measured in place of codes that operators of the file take and make. */
function codesOnly({ sources, codes, weights }: FileQuantization, outputs: readonly ValueId[]): Map<ValueId, ValueId> {
  const standIns = new Map([...codes, ...weights].map(([value, code]) => [code, value]));
  for (const id of outputs) {
    const code = codes.get(sources.get(id) ?? id);
    if (code !== undefined) standIns.set(code, id);
  }
  return standIns;
}

/** Codes of the file by the float program's values: the activation itself, or the graph output that took its place. */
function codesByValue(
  prepared: Prepared,
  float: Program,
  quantized: Graph,
  { codes, sources }: FileQuantization,
): Map<ValueId, ValueId> {
  const found = new Map<ValueId, ValueId>();
  const exists = (id: ValueId): boolean => float.graph.values.has(id) && prepared.graph.values.has(id);
  const isCoded = (id: ValueId): boolean => quantized.values.has(id);
  for (const [value, code] of codes) if (exists(value) && isCoded(code)) found.set(value, code);
  for (const [value, source] of sources) {
    const code = codes.get(source);
    if (!exists(source) && exists(value) && code !== undefined && isCoded(code)) found.set(value, code);
  }
  return found;
}

/** 8-bit codes of one scale are compared as they are; others by what DequantizeLinear makes of them. */
function comparedWith(
  codes: ReadonlyMap<ValueId, ValueId>,
  quantized: Graph,
  { params, sources }: FileQuantization,
): Map<ValueId, ValueId> {
  const dequantized = new Map<ValueId, ValueId>();
  for (const [value, source] of sources) if (quantized.values.has(value)) dequantized.set(source, value);
  const compared = new Map<ValueId, ValueId>();
  for (const [value, code] of codes) {
    const { dtype, granularity } = params.get(code)?.scheme ?? {};
    const isPlain = (dtype === 'int8' || dtype === 'uint8') && granularity?.kind === 'perTensor';
    const id = isPlain ? code : dequantized.get(value);
    if (id !== undefined) compared.set(value, id);
  }
  return compared;
}

function paramsOf(
  codes: ReadonlyMap<ValueId, ValueId>,
  { params }: FileQuantization,
): Build['assignment']['activations'] {
  return new Map(
    [...codes].flatMap(([value, code]) => {
      const known = params.get(code);
      return known === undefined ? [] : [[value, known] as const];
    }),
  );
}

/** What the codes of activations stand for. */
function infosOf(codes: ReadonlyMap<ValueId, ValueId>, { params }: FileQuantization): Map<ValueId, QuantInfo> {
  return new Map(
    [...codes.values()].flatMap((code) => {
      const known = params.get(code);
      if (known === undefined) return [];
      const { scheme, scale, zeroPoint } = known;
      return [[code, { dtype: scheme.dtype, scale, zeroPoint }] as const];
    }),
  );
}

/** The constants of nodes that are stored as codes. */
async function codesOf(graph: Graph, { params, weights }: FileQuantization): Promise<Build['assignment']['constants']> {
  const loaded = new Map<ValueId, Tensor>();
  const found: Build['assignment']['constants'][number][] = [];
  for (const node of graph.nodes) {
    for (const [input, id] of node.inputs.entries()) {
      const codes = id === undefined ? undefined : weights.get(id);
      const known = codes === undefined ? undefined : params.get(codes);
      const source = codes === undefined ? undefined : graph.values.get(codes)?.constant;
      if (codes === undefined || known === undefined || source === undefined) continue;
      const tensor = loaded.get(codes) ?? (await source.load());
      loaded.set(codes, tensor);
      found.push({ node: node.id, input, quantized: { codes: tensor, params: known } });
    }
  }
  return found;
}

/** What the file decided for each node of the float graph. */
function planOf(float: Graph, quantized: Graph, quantization: FileQuantization, skip: ReadonlySet<NodeId>): QuantPlan {
  const { producer, consumers } = wiringOf(quantized);
  const inFile = new Map(quantized.nodes.map((n) => [n.id, n]));
  const nodes = new Map<NodeId, NodeDecision>();
  for (const { id } of float.nodes) {
    const node = inFile.get(id);
    nodes.set(id, node === undefined ? NOT_IN_FILE : decisionOf(node, skip));
  }
  const activations: QuantPlan['activations'] = new Map(
    [...quantization.codes].flatMap(([id, code]) => {
      const scheme = quantization.params.get(code)?.scheme;
      return scheme === undefined ? [] : [[id, { kind: 'observed', scheme }] as const];
    }),
  );
  return {
    arithmetic: 'onnxruntime',
    activations,
    conversions: [],
    weights: [],
    halves: new Map(),
    folded: new Map(),
    methods: new Map(),
    nodes,
  };

  function decisionOf(node: Node, skipped: ReadonlySet<NodeId>): NodeDecision {
    const isCode = (value: ValueId | undefined): boolean => {
      const maker = value === undefined ? undefined : producer.get(value);
      return maker !== undefined && isDequantize(maker);
    };
    const reads = node.inputs.filter(isCode).length;
    const canSkip = node.inputs.some((value) => value !== undefined && quantization.sources.has(value));
    const [made] = node.outputs;
    const writes = made !== undefined && (consumers.get(made) ?? []).some(isQuantize);
    if (skipped.has(node.id) && canSkip) {
      return {
        form: 'skipped',
        canSkip,
        why: 'listed in skip_quant_node; its weights are float where float_model has them',
      };
    }
    if (reads === 0 && !writes) return { form: 'float', canSkip, why: 'the file has no codes for it' };
    const weight = node.inputs.find((value) => value !== undefined && quantization.weights.has(value));
    const scheme = weight === undefined ? undefined : quantization.params.get(weight)?.scheme;
    const how =
      scheme === undefined
        ? ''
        : `: ${scheme.dtype} weight ${scheme.granularity.kind === 'perChannel' ? 'per channel' : 'per tensor'}`;
    return { form: 'quantized', canSkip, why: `quantized in the file${how}` };
  }
}

const NOT_IN_FILE: NodeDecision = { form: 'float', canSkip: false, why: 'it was made by folding' };

interface ParentWeights {
  /** By the dequantized value of the quantized model. */
  readonly weights: ReadonlyMap<ValueId, TensorSource>;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The float weights of the parent, found by the names of what their nodes make, of the nodes, or of the weights
 * themselves. The parent is prepared as any float model is, so that a BatchNormalization that was folded before
 * quantizing is in its convolution here too.
 *
 * @throws DiagnosticError where the parent cannot be read, or has none of the nodes.
 */
async function parentWeights(parts: RunParts, files: FileSystem, path: string): Promise<ParentWeights> {
  const { open, settings, kernels } = parts;
  const { quantization, qdq } = open;
  const parent = await openModel(files, path);
  if (quantization?.weights.size === 0) throw noCodedWeights(parent.file, open.file, integerOperators(qdq).length > 0);
  throwErrors(parent.coverage);
  const { graph } = await prepare(parent, kernels, settings.fixedDims);
  const twinOf = twinsIn(graph);
  const weights = new Map<ValueId, TensorSource>();
  const without: string[] = [];
  for (const node of qdq.graph.nodes) {
    const twin = twinOf(node, qdq.graph);
    for (const [input, id] of node.inputs.entries()) {
      const codes = id === undefined ? undefined : quantization?.weights.get(id);
      if (id === undefined || codes === undefined) continue;
      const dims = qdq.graph.values.get(codes)?.dims as readonly number[]; // of a constant
      const source = twin?.opType === node.opType ? twin.inputs[input] : undefined;
      const constant = source === undefined ? undefined : graph.values.get(source)?.constant;
      if (constant?.dtype === 'float32' && sameDims(constant.dims, dims)) weights.set(id, constant);
      else without.push(node.handle);
    }
  }
  if (weights.size === 0) throw anotherParent(parent.file, open.file);
  const diagnostics = without.length === 0 ? [] : [noCounterpart(parent.file, without, weights.size)];
  return { weights, diagnostics };
}

/** Finds the node of the float parent that another graph's node was made from. */
function twinsIn(parent: Graph): (node: Node, graph: Graph) => Node | undefined {
  const byOutput = new Map<string, Node>();
  const byName = new Map<string, Node | undefined>();
  const byConstant = new Map<string, Node | undefined>();
  const once = (map: Map<string, Node | undefined>, name: string, node: Node): void => {
    if (name !== '') map.set(name, map.has(name) ? undefined : node);
  };
  for (const node of parent.nodes) {
    once(byName, node.name, node);
    for (const id of node.outputs) if (id !== undefined) byOutput.set(parent.values.get(id)?.name ?? '', node);
    for (const id of node.inputs) {
      const value = id === undefined ? undefined : parent.values.get(id);
      if (value?.constant !== undefined) once(byConstant, value.name, node);
    }
  }
  return (node, graph) => {
    const nameOf = (id: ValueId | undefined): string => (id === undefined ? '' : (graph.values.get(id)?.name ?? ''));
    const made = byOutput.get(nameOf(node.outputs[0]).replace(/_QuantizeLinear_Input$/, ''));
    if (made?.opType === node.opType) return made;
    const named = byName.get(node.name);
    if (named?.opType === node.opType) return named;
    const constants = node.inputs.map((id) => byConstant.get(nameOf(id).replace(/_DequantizeLinear_Output$/, '')));
    return constants.find((n) => n?.opType === node.opType);
  };
}
