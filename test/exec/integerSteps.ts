import type { Tensor } from '../../src/base/tensor.ts';
import type { Program, Step, Stored } from '../../src/exec/program.ts';
import type { ValueId } from '../../src/graph/model.ts';
import { converted } from '../../src/ops/storage.ts';

/** A stored tensor in C order. */
export function plain(s: Stored): Tensor {
  return converted(s.tensor, s.layout, 'plain');
}

/** Runs an integer step on the codes that `values` has for its inputs; its own codes in C order. */
export function onReference(program: Program, step: Step, values: ReadonlyMap<ValueId, Tensor>): Tensor {
  const given = new Map<ValueId, Stored>();
  for (const id of step.inputs) {
    const slot = id === undefined ? undefined : program.slots.get(id);
    const tensor = id === undefined ? undefined : values.get(original(program, id));
    if (id === undefined || slot === undefined || tensor === undefined) continue;
    given.set(id, { layout: slot.layout, tensor: converted(tensor, 'plain', slot.layout) });
  }
  return plain(program.runStep(step, given));
}

/** The value that a layout step copied, or the value itself. */
function original(program: Program, id: ValueId): ValueId {
  const maker = program.steps.find((s) => s.form === 'layout' && s.outputs.includes(id));
  return maker?.inputs[0] ?? id;
}
