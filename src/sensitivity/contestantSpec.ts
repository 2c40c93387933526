import { codesOf, floatsOf, IsolatedRunner } from '../exec/isolated.ts';
import type { Program, Slot, Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import { converted } from '../ops/storage.ts';
import { type Isolated, isolatedSteps } from '../quant/isolate.ts';
import type { Pair } from '../whatif/pairs.ts';
import { coneOf } from './cone.ts';
import type { Contestant, SampleValues } from './contestant.ts';
import { makeValue } from './keptValues.ts';

/** The float model that is given one unit's result on its quantized inputs. */
export interface UnitAlone {
  readonly kind: 'alone';
  /** What the unit makes, in the float model. */
  readonly output: ValueId;
  /** Those of its inputs that others read as well: they are on their grid for these, too. */
  readonly shared: readonly ValueId[];
}

/** The quantized model that is given one unit's float result on its dequantized inputs. */
export interface UnitLeftOut {
  readonly kind: 'leftOut';
  readonly inputs: readonly {
    /** In the float model. */
    readonly value: ValueId;
    /** What of the quantized model holds it, codes or floats. */
    readonly source: ValueId;
    /** What of the quantized model reads it as it is, where it has no codes any more. */
    readonly read: ValueId | undefined;
  }[];
  /** What the unit makes, in the float model and in the quantized one. */
  readonly output: ValueId;
  readonly target: ValueId;
}

/** A model of its own that takes what has an equal among the kept values. */
export interface ModelApart {
  readonly kind: 'apart';
  readonly base: 'float' | 'quant';
  /** Its values by their equals in the base. */
  readonly twins: ReadonlyMap<ValueId, ValueId>;
}

/** A contestant as plain data, apart from the programs it runs on. */
export interface ContestantSpec {
  readonly how: UnitAlone | UnitLeftOut | ModelApart;
  /** By which its outputs are compared: graph outputs alone. */
  readonly pairs: readonly Pair[];
}

/** What contestants of one sweep share. */
export interface SweepModels {
  readonly float: Program;
  readonly quant: Program;
  /** Steps of the quantized model that can be run alone, by the float value they make. */
  readonly isolated: ReadonlyMap<ValueId, Isolated>;
  /** Runs those steps. */
  readonly runner: IsolatedRunner;
}

/** @param floatOf the float value of all codes, from insertQdq. */
export function sweepModels(float: Program, quant: Program, floatOf: ReadonlyMap<ValueId, ValueId>): SweepModels {
  const isolated = new Map(isolatedSteps(quant, floatOf).map((s) => [s.output, s]));
  return { float, quant, isolated, runner: new IsolatedRunner(quant) };
}

/** The pairs that graph outputs are compared by. */
export function outputPairs(float: Program, pairs: readonly Pair[]): Pair[] {
  return float.graph.outputs.flatMap((id) => pairs.find((p) => p.value === id) ?? []);
}

/** @param own the program of a {@link ModelApart} */
export function contestantOf({ how }: ContestantSpec, models: SweepModels, own: Program | undefined): Contestant {
  if (how.kind === 'alone') return alone(how, models);
  if (how.kind === 'leftOut') return leftOut(how, models);
  return apart(how, own ?? models[how.base]);
}

/** What a spec reads of the kept models, beside what its cone does. */
export function readsOf(spec: ContestantSpec, models: SweepModels): Record<'float' | 'quant', ReadonlySet<ValueId>> {
  const { how } = spec;
  const none = { float: new Set<ValueId>(), quant: new Set<ValueId>() };
  if (how.kind === 'apart') return { ...none, [how.base]: new Set(how.twins.values()) };
  const { base, cone } = contestantOf(spec, models, undefined);
  const own =
    how.kind === 'alone'
      ? (models.isolated.get(how.output)?.inputs ?? []).map((i) => i.value)
      : how.inputs.map((i) => i.source);
  return { ...none, [base]: new Set([...(cone?.boundary ?? []), ...(cone?.starts ?? []), ...own]) };
}

function alone({ output, shared }: UnitAlone, { float, isolated, runner }: SweepModels): Contestant {
  const step = isolated.get(output) as Isolated; // whoever makes the spec looks it up
  const slot = float.slots.get(output) as Slot;
  const given = ({ float: values, signal }: SampleValues): ReadonlyMap<ValueId, Stored> => {
    const inputs = step.inputs.map((i) => ({ ...i, stored: values.valueOf(i.value, { signal }) }));
    const made = new Map([[output, inSlot(runner.run(step, inputs), slot, float)]]);
    for (const { value, quant: parameters, stored } of inputs)
      if (parameters !== undefined && shared.includes(value)) {
        const codes = codesOf(stored, parameters, stored.layout, float.kernels);
        made.set(value, floatsOf(codes, parameters, float.kernels));
      }
    return made;
  };
  return { program: float, base: 'float', cone: coneOf(float, new Set([output, ...shared])), given };
}

function leftOut({ inputs, output, target }: UnitLeftOut, { float, quant }: SweepModels): Contestant {
  const { kernels } = float;
  const slot = quant.slots.get(target) as Slot; // whoever makes the spec looks it up
  const plain = inputs.flatMap(({ value, read }) => (read === undefined ? [] : [{ value, read }]));
  const given = ({ quant: values, signal }: SampleValues): ReadonlyMap<ValueId, Stored> => {
    const fed = new Map<ValueId, Stored>();
    for (const { value, source } of inputs) {
      const stored = values.valueOf(source, { signal });
      const codes = quant.slots.get(source)?.quant;
      const floats = codes === undefined ? stored : floatsOf(stored, codes, kernels);
      fed.set(value, inSlot(floats, float.slots.get(value) as Slot, float));
    }
    const made = makeValue(float, output, { given: fed, feeds: values.feeds, signal });
    const { quant: parameters, layout } = slot;
    const isCodes = parameters !== undefined;
    const result = isCodes ? codesOf(made, parameters, layout, kernels) : inSlot(made, slot, quant);
    const given = new Map([[target, result]]);
    for (const { value, read } of plain)
      given.set(read, inSlot(fed.get(value) as Stored, quant.slots.get(read) as Slot, quant));
    return given;
  };
  return { program: quant, base: 'quant', cone: coneOf(quant, new Set([target, ...plain.map((p) => p.read)])), given };
}

function apart({ base, twins }: ModelApart, program: Program): Contestant {
  const given = (values: SampleValues): ReadonlyMap<ValueId, Stored> =>
    new Map(
      [...twins].flatMap(([id, twin]) => {
        const stored = values[base].get(twin);
        return stored === undefined ? [] : [[id, stored] as const];
      }),
    );
  return { program, base, cone: undefined, given, release: () => program.release() };
}

/** A float tensor as a program holds it. */
function inSlot({ tensor, layout }: Stored, slot: Slot, { kernels }: Program): Stored {
  return { layout: slot.layout, tensor: converted(tensor, layout, slot.layout, kernels) };
}
