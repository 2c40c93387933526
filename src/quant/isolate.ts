import type { IsolatedRunner } from '../exec/isolated.ts';
import type { Program, Run, Step, Stored } from '../exec/program.ts';
import type { NodeId, ValueId } from '../graph/model.ts';
import { isFloat32Stored } from '../ops/numbers.ts';
import type { QuantInfo } from '../ops/opDef.ts';

/** A step of the quantized program, with the float values it stands for. */
export interface Isolated {
  readonly step: Step;
  /** Steps that make its other inputs from constants alone: weights behind a DequantizeLinear or Cast. */
  readonly constants: readonly Step[];
  /** The step's activation inputs as it reads them, the float value they stand for, and its parameters. */
  readonly inputs: readonly {
    readonly read: ValueId;
    readonly value: ValueId;
    /** Undefined where it reads floats as they are. */
    readonly quant: QuantInfo | undefined;
  }[];
  /** Float value it makes, and its parameters where it is codes. */
  readonly output: ValueId;
  readonly outputQuant: QuantInfo | undefined;
}

/**
 * The steps of `quant` whose inputs and output are quantized, on codes or as float between DequantizeLinear and
 * QuantizeLinear: what can be run alone.
 * @param floatOf the float value of all codes, from insertQdq.
 */
export function isolatedSteps(quant: Program, floatOf: ReadonlyMap<ValueId, ValueId>): Isolated[] {
  const standsFor = standIns(quant, floatOf);
  const makers = makersFromConstants(quant);
  const quantOf = ({ codes }: StandIn): QuantInfo | undefined => quant.slots.get(codes)?.quant;
  return quant.steps.flatMap((step) => {
    if (step.form === 'layout' || CONVERSIONS.has(step.node.opType)) return [];
    const [made] = step.outputs;
    const output = made === undefined ? undefined : standsFor.get(made);
    const outputQuant = output === undefined ? undefined : quantOf(output);
    if (output === undefined || outputQuant === undefined) return [];
    const inputs = step.inputs.flatMap((read) => {
      const source = read === undefined ? undefined : standsFor.get(read);
      const info = source === undefined ? undefined : quantOf(source);
      return read === undefined || source === undefined || info === undefined
        ? []
        : [{ read, value: source.value, quant: info }];
    });
    const others = step.inputs.filter(
      (id): id is ValueId => id !== undefined && isActivation(quant, id) && !standsFor.has(id),
    );
    if (inputs.length === 0 || others.some((id) => !makers.has(id))) return [];
    const constants = others.map((id) => makers.get(id) as Step); // all have one
    return [{ step, constants, inputs, output: output.value, outputQuant }];
  });
}

/**
 * The steps of a program on floats that carry out some nodes: its weights differ from those of the float program, and
 * its values are the same ones.
 */
export function floatSteps(quant: Program, nodes: ReadonlySet<NodeId>): Isolated[] {
  const makers = makersFromConstants(quant);
  const original = new Map<ValueId, ValueId>();
  for (const { form, inputs, outputs } of quant.steps) {
    const [from] = inputs;
    const [to] = outputs;
    if (form === 'layout' && from !== undefined && to !== undefined) original.set(to, original.get(from) ?? from);
  }
  return quant.steps.flatMap((step) => {
    const [output] = step.outputs;
    const slot = output === undefined ? undefined : quant.slots.get(output);
    const isMeant = step.form === 'float' && nodes.has(step.node.id);
    if (!isMeant || output === undefined || slot === undefined || !isFloat32Stored(slot.dtype)) return [];
    const read = step.inputs.filter(
      (id): id is ValueId => id !== undefined && quant.graph.values.get(id)?.constant === undefined,
    );
    const inputs = read.flatMap((id) =>
      makers.has(id) ? [] : [{ read: id, value: original.get(id) ?? id, quant: undefined }],
    );
    if (inputs.length === 0) return [];
    const constants = read.flatMap((id) => makers.get(id) ?? []);
    return [{ step, constants, inputs, output, outputQuant: undefined }];
  });
}

const CONVERSIONS: ReadonlySet<string> = new Set(['QuantizeLinear', 'DequantizeLinear']);

/** The float value that something in the quantized program stands for, and the codes that make the difference. */
interface StandIn {
  readonly value: ValueId;
  readonly codes: ValueId;
}

/** Codes, what is behind their DequantizeLinear, before their QuantizeLinear, and behind layout copies. */
function standIns(quant: Program, floatOf: ReadonlyMap<ValueId, ValueId>): Map<ValueId, StandIn> {
  const known = new Map<ValueId, StandIn>([...floatOf].map(([codes, value]) => [codes, { value, codes }]));
  for (const { node, form, inputs, outputs } of quant.steps) {
    const [from] = inputs;
    const [to] = outputs;
    if (from === undefined || to === undefined) continue;
    const source = known.get(from);
    if ((form === 'layout' || node.opType === 'DequantizeLinear') && source !== undefined) known.set(to, source);
  }
  for (const { node, form, inputs, outputs } of quant.steps) {
    const [from] = inputs;
    const source = outputs[0] === undefined ? undefined : known.get(outputs[0]);
    if (form !== 'float' || node.opType !== 'QuantizeLinear' || source === undefined || from === undefined) continue;
    if (!known.has(from)) known.set(from, source);
  }
  return known;
}

/** Steps that read nothing but constants, by what they make. */
function makersFromConstants(quant: Program): Map<ValueId, Step> {
  const isConstant = (id: ValueId | undefined): boolean =>
    id === undefined || quant.graph.values.get(id)?.constant !== undefined;
  return new Map(
    quant.steps.flatMap((step) => (step.inputs.every(isConstant) ? step.outputs.map((id) => [id, step] as const) : [])),
  );
}

function isActivation(quant: Program, id: ValueId): boolean {
  const slot = quant.slots.get(id);
  return slot !== undefined && quant.graph.values.get(id)?.constant === undefined && slot.dtype !== 'int64';
}

/** The float values that steps read and make. */
export function valuesAround(steps: readonly Isolated[]): Set<ValueId> {
  return new Set(steps.flatMap((s) => [...s.inputs.map((i) => i.value), s.output]));
}

export interface IsolatedRun {
  /** Of the float program. */
  readonly run: Run;
  /** What it was given: stays as it is. */
  readonly given: ReadonlyMap<ValueId, Stored>;
  /** Sees what each step of it makes. */
  readonly onMade?: (value: ValueId, stored: Stored) => void;
}

/**
 * Runs a float program and, as soon as a step's float inputs and output exist, that step alone on its float inputs,
 * quantized by its own parameters: errors made before it do not enter. Ends after the last of the steps.
 *
 * @param runner of the quantized program.
 * @param onResult both tensors are valid during the call.
 */
export function runIsolatedSteps(
  { run, given, onMade }: IsolatedRun,
  runner: IsolatedRunner,
  steps: readonly Isolated[],
  onResult: (isolated: Isolated, floatOutput: Stored, quantOutput: Stored) => void,
): void {
  const waiting = new Map<ValueId, Isolated[]>();
  const missing = new Map<Isolated, number>();
  const uses = new Map<ValueId, number>();
  const byOutput = new Map(steps.map((s) => [s.output, s]));
  for (const s of byOutput.values()) {
    const around = valuesAround([s]);
    missing.set(s, around.size);
    for (const id of around) {
      waiting.set(id, [...(waiting.get(id) ?? []), s]);
      uses.set(id, (uses.get(id) ?? 0) + 1);
    }
  }
  const held = new Map<ValueId, Stored>();
  let left = byOutput.size;
  const compute = (isolated: Isolated): void => {
    const inputs = isolated.inputs.map((v) => ({ ...v, stored: held.get(v.value) as Stored })); // none is missing
    onResult(isolated, held.get(isolated.output) as Stored, runner.run(isolated, inputs));
    left--;
    for (const id of valuesAround([isolated])) {
      const readers = (uses.get(id) ?? 1) - 1;
      uses.set(id, readers);
      if (readers === 0) held.delete(id);
    }
  };
  const meet = (id: ValueId, stored: Stored, isLasting: boolean): void => {
    const readers = waiting.get(id);
    if (readers === undefined) return;
    waiting.delete(id);
    held.set(id, stored);
    for (const isolated of readers) {
      const rest = (missing.get(isolated) ?? 0) - 1;
      missing.set(isolated, rest);
      if (rest === 0) compute(isolated);
    }
    if (held.has(id) && !isLasting) held.set(id, copyOf(stored));
  };
  for (const id of [...waiting.keys()]) {
    const kept = given.get(id);
    const stored = kept ?? run.value(id);
    if (stored !== undefined) meet(id, stored, kept !== undefined);
  }
  while (left > 0) {
    const step = run.advance();
    if (step === undefined) return;
    for (const id of step.outputs) {
      const stored = run.value(id);
      if (stored === undefined) continue;
      onMade?.(id, stored);
      meet(id, stored, false);
    }
  }
}

function copyOf({ tensor, layout }: Stored): Stored {
  return { layout, tensor: { ...tensor, data: tensor.data.slice() } as Stored['tensor'] }; // slice keeps the array type
}
