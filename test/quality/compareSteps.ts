import { expect } from 'vitest';
import { sizeOf } from '../../src/base/shape.ts';
import type { Tensor } from '../../src/base/tensor.ts';
import type { Program, Step } from '../../src/exec/program.ts';
import type { Model, ValueId } from '../../src/graph/model.ts';
import { onReference } from '../exec/integerSteps.ts';
import type { Values } from './ortTensors.ts';
import { tieBound } from './stepParity.ts';

export interface StepResult {
  readonly handle: string;
  readonly opType: string;
  readonly output: ValueId;
  readonly elements: number;
  readonly different: number;
  readonly most: number;
  /** Distance of the furthest differing element from a tie, in steps of the output. */
  readonly fromTie: number;
  readonly bound: number;
}

export interface CompareOptions {
  readonly model: Model;
  readonly program: Program;
  /** The codes that each step reads and is to make. */
  readonly codes: Values;
  /** The real numbers that the codes of a step's output were rounded from; asked for only where codes differ. */
  floatsOf(step: Step, output: ValueId): Promise<ArrayLike<number>>;
}

/** Runs every integer step alone on the given codes. */
export async function compareSteps({ model, program, codes, floatsOf }: CompareOptions): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of program.steps.filter((s) => s.form === 'integer')) {
    const [output] = step.outputs;
    const expected = output === undefined ? undefined : codes.get(output);
    if (output === undefined || expected === undefined) continue;
    const found = onReference(program, step, codes);
    expect(found.dims, step.node.handle).toEqual(expected.dims);
    const { different, most } = differences(found, expected);
    const floats = different === 0 ? [] : await floatsOf(step, output);
    const scale = program.slots.get(output)?.quant?.scale[0] ?? Number.NaN;
    const inputs = step.inputs.map((v) => (v === undefined ? 0 : sizeOf(codes.get(v)?.dims ?? [0])));
    const elementsPerOutput = Math.max(1, ...inputs.map((n) => n / found.data.length));
    const { handle, opType } = step.node;
    results.push({
      handle,
      opType,
      output,
      elements: found.data.length,
      different,
      most,
      fromTie: furthestFromTie(found, expected, (i) => Math.abs((floats[i] ?? Number.NaN) / scale)),
      bound: await tieBound({ program, model, step, codes, elementsPerOutput }),
    });
  }
  return results;
}

/** How many elements differ, and the largest distance; NaN equals NaN. */
export function differences(a: Tensor, b: Tensor): { readonly different: number; readonly most: number } {
  let [different, most] = [0, 0];
  for (let i = 0; i < b.data.length; i++) {
    const [x, y] = [Number(a.data[i]), Number(b.data[i])];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    different++;
    most = Math.max(most, Math.abs(x - y));
  }
  return { different, most };
}

/** How far two runs are apart. */
export interface Apart {
  readonly elements: number;
  readonly different: number;
  readonly most: number;
}

/** How far two runs are apart over those of the values that both have. */
export function apart(a: Values, b: Values, ids: Iterable<ValueId>): Apart {
  let [elements, different, most] = [0, 0, 0];
  for (const id of ids) {
    const [x, y] = [a.get(id), b.get(id)];
    if (x === undefined || y === undefined) continue;
    const d = differences(x, y);
    elements += y.data.length;
    different += d.different;
    most = Math.max(most, d.most);
  }
  return { elements, different, most };
}

function furthestFromTie(found: Tensor, expected: Tensor, inSteps: (i: number) => number): number {
  let furthest = 0;
  for (let i = 0; i < found.data.length; i++) {
    if (found.data[i] === expected.data[i]) continue;
    const x = inSteps(i);
    furthest = Math.max(furthest, Math.abs(x - Math.floor(x) - 0.5)); // NaN is taken, and stays
  }
  return furthest;
}
