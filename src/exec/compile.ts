import { throwIfAborted } from '../base/abort.ts';
import { DiagnosticError } from '../base/diagnostics.ts';
import { isContainer } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Graph, ValueId } from '../graph/model.ts';
import { readsOf, subgraphsOf, wiringOf } from '../graph/topo.ts';
import { loadAttributeTensors } from '../ops/attributes.ts';
import { evaluateNode } from '../ops/evaluate.ts';
import { inferGraph } from '../ops/inferGraph.ts';
import { isQuantize } from '../ops/quantNodes.ts';
import { findOp } from '../ops/registry.ts';
import { copied } from '../ops/storage.ts';
import { Bodies } from './bodies.ts';
import type { PlacedDraft, PlanContext } from './draft.ts';
import { buildDrafts } from './drafts.ts';
import { badShapes, runFailed, unboundDims } from './errors.ts';
import { foldWeights } from './foldWeights.ts';
import type { Held } from './frame.ts';
import { judgeOf } from './judge.ts';
import { type Placement, placeLayouts } from './layout.ts';
import { RunMemory } from './memory.ts';
import { aliasOf, type PlannedStep, type Prepared, planMemory, viewOf } from './planned.ts';
import { arithmeticOf, prepareStep } from './prepareStep.ts';
import type { CompileOptions, Program, Recipe, Slot, Step } from './program.ts';
import { quantInfoOf } from './quantNodes.ts';
import { ResidentConstants } from './resident.ts';
import { neededSteps, ProgramRun, useStep } from './run.ts';
import { SignatureTable } from './signatures.ts';
import { stepSignatures } from './stepSignatures.ts';
import { Residency, StreamedTensors, streamedBytesOf } from './streaming.ts';

/**
 * Plans a graph for given input shapes: fuses and lowers, settles layouts, packs constants, places activations in an
 * arena. The kernels hold arena and packed constants until {@link Program.release}.
 *
 * @throws DiagnosticError EXE301 for an operator we do not run, EXE307 for a shape with symbols, EXE308 for shapes that
 *   do not work out, and what loading a constant throws.
 */
export async function compile(source: Graph, options: CompileOptions): Promise<Program> {
  const graph = await loadAttributeTensors(source);
  checkInputDims(graph, options);
  const streamed = new StreamedTensors();
  return planProgram(graph, await loadedConstants(graph, streamed, options), { ...options, streamed });
}

interface PlanOptions extends CompileOptions {
  readonly streamed: StreamedTensors;
}

/** Plans a graph all of whose constants are decoded; symbols among the input shapes stand for any length. */
function planProgram(source: Graph, loaded: ReadonlyMap<ValueId, Tensor>, options: PlanOptions): Program {
  const { kernels, file, streamed } = options;
  const signatures = options.signatures ?? new SignatureTable();
  const given = contextOf(source, loaded, options);
  const built = buildDrafts(given, { kernels, flavour: options.requantizer, apart: options.apart === true });
  const { drafts, context } = foldWeights(built, given, { kernels, signatures });
  const { graph } = context;
  const placement = placeLayouts(drafts, context, firstFreeId(graph));
  const facts = new Map([...context.facts, ...placement.facts]);
  const constants = new Map([...context.constants, ...placement.constants]);
  const memoryPlan = planMemory(graph, placement.steps, facts, constants);
  const table = stepSignatures(graph, placement, { signatures, facts, constants });
  const releases: (() => void)[] = [];
  const giveBack = (): void => {
    for (const release of releases) release();
  };
  const planned: PlannedStep[] = [];
  const resident = new ResidentConstants(kernels.memory);
  releases.push(() => resident.release());
  const stepInputs = placement.steps.map((draft) => draft.inputs);
  const residency = new Residency(kernels.memory, memoryPlan.arena.byteLength, stepInputs, constants);
  try {
    for (const [index, draft] of placement.steps.entries()) {
      throwIfAborted(options.signal);
      const key = table.own[index] ?? '';
      const pack = (): Prepared =>
        prepareStep(draft, { kernels, facts, constants, signatures, options, copyOf: placement.copyOf, key });
      const prepared = residency.keep(streamedBytesOf(draft.inputs, constants), pack);
      if (prepared !== undefined) releases.push(prepared.release);
      if (prepared !== undefined && prepared.value === undefined) resident.place(draft, constants);
      streamed.forget();
      const bodies = bodiesOf(draft, constants, { ...options, signatures });
      if (bodies !== undefined) releases.push(() => bodies.release());
      planned.push({
        step: stepOf(index, draft, {
          ...(table.steps[index] as (typeof table.steps)[number]), // one for each
          ...arithmeticOf(draft, { kernels, options, signatures, key }),
        }),
        draft,
        prepare: prepared === undefined ? () => packedForOneStep(pack, streamed) : keptPacked(prepared),
        bodies,
        judge: judgeOf(draft, facts),
        aliases: aliasOf(draft, facts),
        view: viewOf(draft, facts, constants),
        outputLayouts: draft.outputs.map((id) => (id === undefined ? undefined : placement.layouts.get(id)) ?? 'plain'),
        spots: draft.outputs.map((id) => (id === undefined ? undefined : memoryPlan.spots.get(id))),
        dying: memoryPlan.dying[index] ?? [],
      });
    }
    residency.check(file);
  } catch (error) {
    giveBack();
    throw error;
  }
  const memory = new RunMemory(kernels.memory, memoryPlan.arena.byteLength);
  const slots = slotsOf(placement, context, facts, table.values);
  const stored = new Map<ValueId, Held>();
  for (const [id, tensor] of constants) {
    const layout = placement.layouts.get(id) ?? 'plain';
    stored.set(id, { tensor: resident.tensors.get(id) ?? tensor, layout, block: undefined });
  }
  const { spots } = memoryPlan;
  const needed = neededSteps(planned, new Set(graph.outputs), new Map());
  const parts = { file, graph, kernels, memory, planned, slots, spots, constants: stored, needed };
  let released = false;
  return {
    graph,
    kernels,
    steps: planned.map((p) => p.step),
    slots,
    arenaBytes: memoryPlan.arena.byteLength,
    constantBytes: table.constantBytes,
    streamedBytes: residency.streamedBytes,
    signatures,
    recipe: recipeOf(options),
    start: (feeds, runOptions = {}) => new ProgramRun(parts, feeds, runOptions),
    useStep: (step, given, use) => useStep(parts, step, given, use),
    runStep: (step, given) =>
      useStep(parts, step, given, (made) => ({ layout: made.layout, tensor: copied(made.tensor) })),
    release: () => {
      if (released) return;
      released = true;
      memory.release();
      giveBack();
    },
  };
}

function recipeOf({ opsets, file, inputDims, requantizer, keep, apart, codes }: CompileOptions): Recipe {
  const some = { ...(keep && { keep }), ...(apart && { apart }), ...(codes && { codes }) };
  return { opsets, file, inputDims, requantizer, ...some };
}

function keptPacked({ value }: Prepared): () => Prepared {
  const kept = { value, release: () => undefined };
  return () => kept;
}

function packedForOneStep(pack: () => Prepared, streamed: StreamedTensors): Prepared {
  const { value, release } = pack();
  return {
    value,
    release: () => {
      release();
      streamed.forget();
    },
  };
}

/** The graphs of a control-flow node, which are planned when they first run. */
function bodiesOf(
  draft: PlacedDraft,
  constants: ReadonlyMap<ValueId, Tensor>,
  options: PlanOptions,
): Bodies | undefined {
  if (subgraphsOf(draft.node).length === 0) return undefined;
  const { signal: _, keep: __, ...lasting } = options;
  const inputDims = new Map<ValueId, readonly number[]>();
  return new Bodies(draft.node, constants, (graph, own) => planProgram(graph, own, { ...lasting, inputDims }));
}

function checkInputDims(graph: Graph, { inputDims, file }: CompileOptions): void {
  for (const id of graph.inputs) {
    const value = graph.values.get(id);
    if (value === undefined || value.constant !== undefined || inputDims.has(id)) continue;
    if (value.dtype !== undefined && isContainer(value.dtype)) continue;
    const dims = value.dims ?? ['?'];
    if (dims.some((d) => typeof d !== 'number')) throw unboundDims(file, value.name, dims);
  }
}

/** Share of the budget from which on weights are packed straight from the file, and do not lie in memory twice. */
const LARGE_MODEL = 0.25;

/** The constants that are read; of a model that takes much of the kernels' budget the large ones stay in the file. */
async function loadedConstants(
  graph: Graph,
  streamed: StreamedTensors,
  { kernels, signal }: CompileOptions,
): Promise<Map<ValueId, Tensor>> {
  const constants = new Map<ValueId, Tensor>();
  const read = new Set(graph.outputs);
  for (const node of graph.nodes) for (const id of readsOf(node)) read.add(id);
  const sources = [...graph.values.values()].flatMap(({ id, constant }) =>
    constant !== undefined && read.has(id) ? [{ id, constant }] : [],
  );
  const total = sources.reduce((sum, { constant }) => sum + constant.byteLength, 0);
  const isLarge = total > kernels.memory.budgetBytes * LARGE_MODEL;
  for (const { id, constant } of sources) {
    throwIfAborted(signal);
    const inFile = isLarge ? streamed.of(constant) : undefined;
    constants.set(id, inFile ?? (await constant.load()));
  }
  return constants;
}

function contextOf(graph: Graph, loaded: ReadonlyMap<ValueId, Tensor>, options: CompileOptions): PlanContext {
  const { opsets, file, inputDims, kernels } = options;
  const constants = new Map(loaded);
  for (const node of graph.nodes) {
    const [out] = node.outputs;
    const opset = opsets.get(node.domain) ?? 0;
    const def = node.opType === 'Constant' && out !== undefined ? findOp(node.domain, node.opType, opset) : undefined;
    if (def === undefined || out === undefined) continue;
    const fail = (message: string): never => {
      throw runFailed(file, node, message);
    };
    const [made] = evaluateNode(def, node, [], { kernels, opset, isConstant: () => true, outputFacts: [], fail });
    if (made !== undefined) constants.set(out, made);
  }
  const facts = inferGraph(graph, {
    opsets,
    inputDims,
    constants,
    report: (node, message) => {
      throw new DiagnosticError(badShapes(file, node, message));
    },
  });
  const kept = new Set<ValueId>([...graph.outputs, ...(options.keep ?? [])]);
  const codes = options.codes ?? new Map();
  return { file, graph, opsets, facts, constants, kept, codes, wiring: wiringOf(graph) };
}

function firstFreeId(graph: Graph): number {
  let last = -1;
  for (const id of graph.values.keys()) last = Math.max(last, id);
  return last + 1;
}

function stepOf(
  index: number,
  draft: PlacedDraft,
  found: Pick<Step, 'own' | 'inputSignatures' | 'signature' | 'multipliers' | 'dequantizes'>,
): Step {
  const { form, node, group, inputs, why } = draft;
  const outputs = draft.outputs.filter((id) => id !== undefined);
  return { index, form, node, group, inputs, outputs, ...found, ...(why === undefined ? {} : { why }) };
}

function slotsOf(
  placement: Placement,
  context: PlanContext,
  facts: ReadonlyMap<ValueId, TensorFact>,
  signatures: ReadonlyMap<ValueId, number>,
): Map<ValueId, Slot> {
  const { graph } = context;
  const slots = new Map<ValueId, Slot>();
  const add = (id: ValueId, quant?: Slot['quant']): void => {
    const fact = facts.get(id);
    const signature = signatures.get(id);
    if (fact === undefined || signature === undefined) return;
    const layout = placement.layouts.get(id) ?? 'plain';
    const base = { id, dtype: fact.dtype, dims: fact.dims, layout, signature };
    slots.set(id, quant === undefined ? base : { ...base, quant });
  };
  for (const id of graph.inputs) add(id);
  for (const id of graph.values.keys()) if (graph.values.get(id)?.constant !== undefined) add(id);
  for (const draft of placement.steps)
    draft.outputs.forEach((id, i) => {
      if (id !== undefined) add(id, draft.integer?.outputQuants[i] ?? codesOf(draft, context) ?? context.codes.get(id));
    });
  for (const [copy, original] of placement.copyOf) {
    const quant = slots.get(original)?.quant;
    if (quant !== undefined && slots.has(copy)) add(copy, quant);
  }
  return slots;
}

/** What a QuantizeLinear that runs as such makes. */
function codesOf(draft: PlacedDraft, context: PlanContext): Slot['quant'] {
  return draft.form === 'float' && isQuantize(draft.node) ? quantInfoOf(draft.node, context) : undefined;
}
