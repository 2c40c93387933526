import type { AbortSignalLike } from '../../base/abort.ts';
import type { RequantizerFlavour } from '../../base/fixedPoint.ts';
import type { Program } from '../../exec/program.ts';
import type { NodeId, ValueId } from '../../graph/model.ts';
import { insertQdq } from '../../passes/insertQdq.ts';
import type { SensitivityMode, SensitivityPart } from '../../protocol/sensitivityViews.ts';
import type { QuantPlan } from '../../quant/plan.ts';
import {
  type ContestantSpec,
  outputPairs,
  type SweepModels,
  sweepModels,
  type UnitAlone,
  type UnitLeftOut,
} from '../../sensitivity/contestantSpec.ts';
import type { Unit } from '../../sensitivity/units.ts';
import { type Pair, pairValues } from '../../whatif/pairs.ts';
import type { Build } from '../build.ts';
import { compileGraph } from '../prepared.ts';
import type { RunState } from '../run.ts';
import type { Variant } from '../variant.ts';
import { partAssignment } from './partAssignment.ts';
import { isUnitAlone, removedWith } from './planChange.ts';

/** What sweeps start from: the quantized model as it is. */
export interface ContestantParts {
  readonly run: RunState;
  readonly build: Build;
  /** That `build` was built under. */
  readonly variant: Variant;
  readonly requantizer: RequantizerFlavour;
  readonly signal: AbortSignalLike;
}

export interface UnitContestant {
  readonly spec: ContestantSpec;
  /** A program of its own, where it has one; whoever asks for the contestant releases it. */
  readonly own: Program | undefined;
}

/**
 * Makes the models of a sweep.
 *
 * - layerwise: the model under a skip list of everything but the unit. Where that is the float model but for the unit, its
 *   inputs and its outputs, it is the float program that is given the unit's result on its quantized inputs.
 * - leave-one-out: the model with the unit in the skip list. Where that is the quantized model but for the unit, it is the
 *   quantized program that is given the codes of the unit's float result on its dequantized inputs.
 *
 * In all other cases (a skip list changes whose range something shares; a fused clamp comes apart) the model is built.
 * Either way the figures are those of a build. Of a part alone, the model has the codes of that part of the unit and no
 * others, or all but those; scales, zero points and codes stay those of the quantized model.
 */
export class Contestants {
  readonly #parts: ContestantParts;
  /** The float model without what no contestant looks at: clamps are part of what they follow. */
  readonly #float: Program;
  readonly models: SweepModels;
  readonly #dequantized: ReadonlyMap<ValueId, ValueId>;
  readonly #raw: ReadonlyMap<ValueId, ValueId>;
  readonly #candidates: ReadonlySet<NodeId>;

  /** @throws Cancelled */
  static async make(parts: ContestantParts): Promise<Contestants> {
    return new Contestants(parts, (await leanFloat(parts)) ?? parts.run.float);
  }

  private constructor(parts: ContestantParts, float: Program) {
    this.#parts = parts;
    this.#float = float;
    const { build, run } = parts;
    const { qdq, program, plan } = build;
    const all = [...run.builder.everything.nodes, ...plan.nodes];
    this.#candidates = new Set(all.filter(([, d]) => d.canSkip).map(([id]) => id));
    this.models = sweepModels(float, program, qdq.floatOf);
    const one = (opType: string, from: 'inputs' | 'outputs', to: 'inputs' | 'outputs') =>
      new Map(
        qdq.graph.nodes.flatMap((n) => {
          const [key, value] = [n[from][0], n[to][0]];
          return n.opType !== opType || key === undefined || value === undefined ? [] : [[key, value] as const];
        }),
      );
    this.#dequantized = one('DequantizeLinear', 'inputs', 'outputs');
    this.#raw = one('QuantizeLinear', 'outputs', 'inputs');
  }

  /** Gives back what sweeps have beside the models of the run. */
  release(): void {
    if (this.#float !== this.#parts.run.float) this.#float.release();
  }

  /**
   * The model of a unit; undefined where it has no such part, or none that can be told apart. Whoever asks releases the
   * contestant. @throws Cancelled
   */
  async of(
    unit: Unit,
    mode: Exclude<SensitivityMode, 'local'>,
    part: SensitivityPart,
  ): Promise<UnitContestant | undefined> {
    if (part !== 'both' && !(part === 'weights' && this.#parts.build.stored !== undefined))
      return isPlain(this.#parts) ? this.#partOf(unit, mode, part) : undefined;
    const skip =
      mode === 'layerwise'
        ? new Set([...this.#candidates].filter((id) => !unit.members.has(id)))
        : new Set([...this.#parts.variant.skip, ...unit.members]);
    const variant = { ...this.#parts.variant, skip };
    const cone = isPlain(this.#parts) ? this.#coneOf(unit, mode, this.#parts.run.builder.plan(variant)) : undefined;
    return cone ?? this.#built(variant, mode);
  }

  #coneOf(unit: Unit, mode: 'layerwise' | 'leaveOneOut', plan: QuantPlan): UnitContestant | undefined {
    return mode === 'layerwise' ? this.#alone(unit, plan) : this.#without(unit, plan);
  }

  #alone(unit: Unit, plan: QuantPlan): UnitContestant | undefined {
    const { build } = this.#parts;
    if (!isUnitAlone(plan, build.plan, unit)) return undefined;
    const output = this.#outputOf(unit);
    const isolated = output === undefined ? undefined : this.models.isolated.get(output);
    const slot = output === undefined ? undefined : this.#float.slots.get(output);
    if (isolated === undefined || slot === undefined || !unit.members.has(isolated.step.node.id)) return undefined;
    const read = new Map(isolated.inputs.map((input) => [input.value, input]));
    const quantized = [...plan.activations.keys()].filter((id) => id !== isolated.output);
    if (!quantized.every((id) => read.has(id) && this.#float.slots.has(id))) return undefined;
    if (isolated.inputs.some((i) => !plan.activations.has(i.value))) return undefined;
    const shared = quantized.filter((id) => this.#hasOtherReaders(id, isolated.output));
    return this.#onBase({ kind: 'alone', output: isolated.output, shared }, floatPairs(this.#float));
  }

  #without(unit: Unit, plan: QuantPlan): UnitContestant | undefined {
    const { build, run } = this.#parts;
    const { program: quant, qdq } = build;
    const output = this.#outputOf(unit);
    const removed = removedWith(plan, build.plan, unit);
    const node = run.prepared.graph.nodes.find((n) => n.id === unit.node);
    if (output === undefined || removed === undefined || node === undefined) return undefined;
    const inputs = [...new Set(node.inputs)].filter((id): id is ValueId => id !== undefined && !this.#isConstant(id));
    const known = [...inputs, output];
    if (![...removed].every((id) => known.includes(id)) || !known.every((id) => this.#float.slots.has(id)))
      return undefined;
    const sources = inputs.map((id) => this.#sourceOf(id, removed));
    const target = removed.has(output) ? this.#readInPlaceOf(output) : qdq.codes.get(output);
    const slot = target === undefined ? undefined : quant.slots.get(target);
    const isShown = removed.has(output) && this.#float.graph.outputs.includes(output);
    if (target === undefined || slot === undefined || isShown) return undefined;
    if (!sources.every((s) => s !== undefined && quant.slots.has(s))) return undefined;
    const reads = inputs.map((id, i) => {
      const read = removed.has(id) ? this.#readInPlaceOf(id) : undefined;
      const isRead = read !== undefined && quant.slots.has(read);
      return { value: id, source: sources[i] as ValueId, read: isRead ? read : undefined }; // every() saw the sources
    });
    return this.#onBase({ kind: 'leftOut', inputs: reads, output, target }, build.pairs);
  }

  /** A model with the codes of one part of a unit alone, or with all but those. */
  async #partOf(
    unit: Unit,
    mode: 'layerwise' | 'leaveOneOut',
    part: 'activations' | 'weights',
  ): Promise<UnitContestant | undefined> {
    const { run, build, requantizer, signal } = this.#parts;
    const assignment = partAssignment(run.prepared.graph, build.assignment, { unit, mode, part });
    if (assignment === undefined) return undefined;
    const { prepared, open } = run;
    const float = this.#float;
    const qdq = insertQdq(prepared.graph, assignment, prepared);
    const base = mode === 'layerwise' ? float : build.program;
    const inside = new Set([...assignment.folded.values()].map((f) => f.from));
    const isApart = (id: ValueId): boolean => !assignment.activations.has(id) && !inside.has(id);
    const apart = [...base.slots.keys()].filter((id) => qdq.graph.values.has(id) && isApart(id));
    const keep = new Set([...apart, ...qdq.codes.values()]);
    const program = await compileGraph({ open, prepared, kernels: float.kernels, requantizer }, qdq.graph, {
      keep,
      apart: true,
      signal,
    });
    return this.#reusing({ program, pairs: pairValues(float, program, qdq.codes) }, mode);
  }

  async #built(variant: Variant, mode: 'layerwise' | 'leaveOneOut'): Promise<UnitContestant> {
    const { run, signal } = this.#parts;
    return this.#reusing(await run.builder.build(variant, signal), mode);
  }

  /** A program of its own that takes what has an equal among the kept values. */
  #reusing({ program, pairs }: Pick<Build, 'program' | 'pairs'>, mode: 'layerwise' | 'leaveOneOut'): UnitContestant {
    const { run, build } = this.#parts;
    const base = mode === 'layerwise' ? 'float' : 'quant';
    const kept = base === 'float' ? this.#float : build.program;
    const equals = base === 'float' ? [run.float, kept] : [kept]; // its values have the bits that the whole one makes
    const bySignature = new Map(equals.flatMap((p) => [...p.slots.values()].map((s) => [s.signature, s.id] as const)));
    const twinOf = (id: ValueId): ValueId | undefined => {
      const slot = program.slots.get(id);
      const equal = slot === undefined ? undefined : bySignature.get(slot.signature);
      const twin = equal === undefined ? undefined : kept.slots.get(equal);
      const isSame = twin !== undefined && twin.layout === slot?.layout && twin.dtype === slot.dtype;
      return isSame && kept.graph.values.get(twin.id)?.constant === undefined ? twin.id : undefined;
    };
    const twins = new Map<ValueId, ValueId>();
    const wanted = [...run.float.graph.outputs.flatMap((id) => pairs.find((p) => p.value === id)?.quantized ?? [])];
    const read = program.steps.flatMap((s) => (s.outputs.every((id) => twinOf(id) !== undefined) ? [] : s.inputs));
    for (const id of [...wanted, ...read, ...program.graph.outputs]) {
      const twin = id === undefined ? undefined : twinOf(id);
      if (id !== undefined && twin !== undefined) twins.set(id, twin);
    }
    return this.#spec({ kind: 'apart', base, twins }, pairs, program);
  }

  #onBase(how: UnitAlone | UnitLeftOut, pairs: readonly Pair[]): UnitContestant {
    return this.#spec(how, pairs, undefined);
  }

  #spec(how: ContestantSpec['how'], pairs: readonly Pair[], own: Program | undefined): UnitContestant {
    return { spec: { how, pairs: outputPairs(this.#parts.run.float, pairs) }, own };
  }

  /** The value by which a unit is read, where it has one. */
  #outputOf(unit: Unit): ValueId | undefined {
    const last = this.#parts.run.prepared.graph.nodes.find((n) => n.id === unit.last);
    const outputs = (last?.outputs ?? []).filter((id) => id !== undefined);
    return outputs.length === 1 ? outputs[0] : undefined;
  }

  #isConstant(id: ValueId): boolean {
    return this.#parts.run.prepared.graph.values.get(id)?.constant !== undefined;
  }

  /** Whether more than the steps that make `output` of it read a value of the float model. */
  #hasOtherReaders(id: ValueId, output: ValueId): boolean {
    const { graph, steps } = this.#float;
    const readers = steps.filter((s) => s.inputs.includes(id));
    return graph.outputs.includes(id) || readers.length !== 1 || readers[0]?.outputs.includes(output) !== true;
  }

  /** What of the quantized program holds a value: its codes, or the floats they were made of where there shall be none. */
  #sourceOf(id: ValueId, removed: ReadonlySet<ValueId>): ValueId | undefined {
    const codes = this.#parts.build.qdq.codes.get(id);
    if (codes === undefined) return id;
    return removed.has(id) ? this.#raw.get(codes) : codes;
  }

  /** What consumers read that take the value as floats. */
  #readInPlaceOf(id: ValueId): ValueId | undefined {
    const codes = this.#parts.build.qdq.codes.get(id);
    return codes === undefined ? undefined : this.#dequantized.get(codes);
  }
}

function floatPairs(float: Program): Pair[] {
  return float.graph.outputs.map((value) => ({ value, quantized: value, floatSignature: 0, quantSignature: 0 }));
}

/** Whether the build is made of codes of ours: no weights alone, nothing dynamic, nothing imported. */
function isPlain({ build, run }: ContestantParts): boolean {
  const isOurs = run.builder.extremes !== undefined; // a file's own codes have no calibration
  return isOurs && build.stored === undefined && build.apart === undefined;
}

/** Of the kernels' memory, what a second float model may take. */
const MOST_MEMORY = 1 / 8;

/** The float model with its quantized values and its outputs; undefined where it would take much or nothing is gained. */
async function leanFloat(parts: ContestantParts): Promise<Program | undefined> {
  const { run, build, requantizer, signal } = parts;
  const { float, open, prepared } = run;
  const { kernels, constantBytes, arenaBytes, streamedBytes } = float;
  const isLarge = streamedBytes > 0 || constantBytes + arenaBytes > kernels.memory.budgetBytes * MOST_MEMORY;
  if (isLarge || !isPlain(parts)) return undefined;
  const keep = new Set([...build.qdq.floatOf.values()].filter((id) => prepared.graph.values.has(id)));
  return compileGraph({ open, prepared, kernels, requantizer }, prepared.graph, { keep, apart: true, signal });
}
