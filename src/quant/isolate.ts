import { runIsolated } from '../exec/paired.ts';
import type { Program, Run, Step, Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import type { QuantInfo } from '../ops/opDef.ts';

/** A step of the quantized program, with the float values it stands for. */
export interface Isolated {
  readonly step: Step;
  /** The step's activation inputs as it reads them, the float value they stand for, and its parameters. */
  readonly inputs: readonly { readonly read: ValueId; readonly value: ValueId; readonly quant: QuantInfo }[];
  /** Float value it makes, and its parameters. */
  readonly output: ValueId;
  readonly outputQuant: QuantInfo;
}

/**
 * The steps of `quant` whose inputs and output are quantized, on codes or as float between DequantizeLinear and
 * QuantizeLinear: what can be run alone.
 * @param codes codes by float value, from insertQdq.
 */
export function isolatedSteps(quant: Program, codes: ReadonlyMap<ValueId, ValueId>): Isolated[] {
  const standsFor = standIns(quant, codes);
  const quantOf = (value: ValueId): QuantInfo | undefined => quant.slots.get(codes.get(value) ?? value)?.quant;
  return quant.steps.flatMap((step) => {
    if (step.form === 'layout' || CONVERSIONS.has(step.node.opType)) return [];
    const [made] = step.outputs;
    const output = made === undefined ? undefined : standsFor.get(made);
    const outputQuant = output === undefined ? undefined : quantOf(output);
    if (output === undefined || outputQuant === undefined) return [];
    const inputs = step.inputs.flatMap((read) => {
      const value = read === undefined ? undefined : standsFor.get(read);
      const info = value === undefined ? undefined : quantOf(value);
      return read === undefined || value === undefined || info === undefined ? [] : [{ read, value, quant: info }];
    });
    const open = step.inputs.some((id) => id !== undefined && isActivation(quant, id) && !standsFor.has(id));
    return open || inputs.length === 0 ? [] : [{ step, inputs, output, outputQuant }];
  });
}

const CONVERSIONS: ReadonlySet<string> = new Set(['QuantizeLinear', 'DequantizeLinear']);

/** The float value behind codes, behind their DequantizeLinear, before their QuantizeLinear, and behind layout copies. */
function standIns(quant: Program, codes: ReadonlyMap<ValueId, ValueId>): Map<ValueId, ValueId> {
  const values = new Map([...codes].map(([value, code]) => [code, value]));
  for (const { node, form, inputs, outputs } of quant.steps) {
    const [from] = inputs;
    const [to] = outputs;
    if (from === undefined || to === undefined) continue;
    const known = values.get(from);
    if ((form === 'layout' || node.opType === 'DequantizeLinear') && known !== undefined) values.set(to, known);
  }
  for (const { node, form, inputs, outputs } of quant.steps) {
    const value = outputs[0] === undefined ? undefined : values.get(outputs[0]);
    if (form !== 'float' || node.opType !== 'QuantizeLinear' || value === undefined || inputs[0] === undefined)
      continue;
    values.set(inputs[0], value);
  }
  return values;
}

function isActivation(quant: Program, id: ValueId): boolean {
  const slot = quant.slots.get(id);
  return slot !== undefined && quant.graph.values.get(id)?.constant === undefined && slot.dtype !== 'int64';
}

/**
 * Runs a float program and, as soon as a step's float inputs and output exist, that step alone on its float inputs,
 * quantized by its own parameters: errors made before it do not enter.
 */
export function runIsolatedSteps(
  float: Run,
  quant: Program,
  steps: readonly Isolated[],
  onResult: (isolated: Isolated, floatOutput: Stored, quantOutput: Stored) => void,
): void {
  const byOutput = new Map(steps.map((s) => [s.output, s]));
  const uses = new Map<ValueId, number>();
  for (const s of steps) for (const { value } of s.inputs) uses.set(value, (uses.get(value) ?? 0) + 1);
  const held = new Map<ValueId, Stored>();
  const hold = (id: ValueId): void => {
    const stored = uses.has(id) ? float.value(id) : undefined;
    if (stored !== undefined && !held.has(id)) held.set(id, copyOf(stored));
  };
  for (const id of uses.keys()) hold(id);
  for (let step = float.advance(); step !== undefined; step = float.advance()) {
    for (const id of step.outputs) {
      hold(id);
      const isolated = byOutput.get(id);
      const output = float.value(id);
      if (isolated === undefined || output === undefined || !isolated.inputs.every((v) => held.has(v.value))) continue;
      const inputs = isolated.inputs.map((v) => ({ ...v, stored: held.get(v.value) as Stored })); // every() saw them
      onResult(isolated, output, runIsolated(quant, isolated.step, inputs, isolated.outputQuant));
      for (const { value } of isolated.inputs) {
        const left = (uses.get(value) ?? 1) - 1;
        uses.set(value, left);
        if (left === 0) held.delete(value);
      }
    }
  }
}

function copyOf({ tensor, layout }: Stored): Stored {
  return { layout, tensor: { ...tensor, data: tensor.data.slice() } as Stored['tensor'] }; // slice keeps the array type
}
