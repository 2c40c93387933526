import { runIsolated } from '../exec/paired.ts';
import type { Program, Run, Step, Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';

/** A step of the quantized program, with the float values it stands for. */
export interface Isolated {
  readonly step: Step;
  /** The step's activation inputs: codes as it reads them, and the float value they stand for. */
  readonly inputs: readonly { readonly codes: ValueId; readonly value: ValueId }[];
  /** Float value it makes. */
  readonly output: ValueId;
}

/**
 * The steps of `quant` that compute on codes, each with its float inputs and output: what can be run alone.
 * @param codes codes by float value, from insertQdq.
 */
export function isolatedSteps(quant: Program, codes: ReadonlyMap<ValueId, ValueId>): Isolated[] {
  const floatOf = new Map([...codes].map(([value, code]) => [code, value]));
  return quant.steps.flatMap((step) => {
    const output =
      step.form === 'integer' ? step.outputs.map((id) => floatOf.get(id)).find((v) => v !== undefined) : undefined;
    if (output === undefined) return [];
    const inputs: { codes: ValueId; value: ValueId }[] = [];
    for (const id of step.inputs) {
      const value = id === undefined ? undefined : floatOf.get(sourceOfLayout(quant, id));
      if (id !== undefined && value !== undefined) inputs.push({ codes: id, value });
    }
    return [{ step, inputs, output }];
  });
}

/** The value a layout step converted, or the value itself. */
function sourceOfLayout(program: Program, id: ValueId): ValueId {
  const maker = program.steps.find((s) => s.form === 'layout' && s.outputs.includes(id));
  return maker?.inputs[0] ?? id;
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
      const inputs = new Map(isolated.inputs.map((v) => [v.codes, held.get(v.value) as Stored])); // every() saw them
      onResult(isolated, output, runIsolated(quant, isolated.step, inputs));
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
