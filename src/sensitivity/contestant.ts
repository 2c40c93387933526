import type { AbortSignalLike } from '../base/abort.ts';
import type { NumericArray } from '../base/dtype.ts';
import type { Program, Stored } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import type { Cone } from './cone.ts';
import type { KeptValues } from './keptValues.ts';

/** Values of both models on the sample in work. */
export interface SampleValues {
  readonly float: KeptValues;
  readonly quant: KeptValues;
  readonly signal: AbortSignalLike;
}

/** A model that differs from one whose values are kept: it runs only where it differs. */
export interface Contestant {
  readonly program: Program;
  /** Which of the kept models its values outside the cone are those of. */
  readonly base: 'float' | 'quant';
  /** Undefined: what has no equal among the kept values. */
  readonly cone: Cone | undefined;
  /** What is given to its run on a sample, beside the boundary of the cone. */
  readonly given: (values: SampleValues) => ReadonlyMap<ValueId, Stored>;
  /** What becomes of it after the sweep. */
  readonly release?: () => void;
}

export interface ContestResult {
  /** Of the watched values, those that the run made; the others are the base's. */
  readonly made: ReadonlySet<ValueId>;
  readonly steps: number;
}

/**
 * Runs a contestant on a sample. It ends early where all that the remaining steps would read equals the base's values.
 *
 * @param watched graph outputs, or codes of such; each is shown as soon as it is made, valid during the call.
 * @throws Cancelled
 */
export function runContestant(
  contestant: Contestant,
  values: SampleValues,
  watched: ReadonlySet<ValueId>,
  onMade: (id: ValueId, stored: Stored) => void,
): ContestResult {
  const { program, cone } = contestant;
  const base = values[contestant.base];
  const given = new Map(contestant.given(values));
  const made = new Set<ValueId>();
  const show = (id: ValueId, stored: Stored): void => {
    if (!watched.has(id)) return;
    made.add(id);
    onMade(id, stored);
  };
  for (const id of cone?.boundary ?? []) {
    const stored = base.get(id);
    if (stored !== undefined) given.set(id, stored);
  }
  const differing = new Map<ValueId, number>();
  for (const id of cone?.starts ?? []) {
    const stored = given.get(id);
    if (stored === undefined) continue;
    show(id, stored);
    if (!isEqual(stored, base.get(id))) differing.set(id, cone?.changed.get(id) ?? -1);
  }
  const run = program.start(base.feeds, { given, wanted: watched, signal: values.signal });
  if (cone === undefined) for (const [id, stored] of given) show(id, stored);
  let steps = 0;
  let isDone = cone !== undefined && differing.size === 0;
  while (!isDone) {
    const step = run.advance();
    if (step === undefined) break;
    steps++;
    for (const id of step.outputs) {
      const stored = run.value(id);
      if (stored === undefined) continue;
      show(id, stored);
      const last = cone?.changed.get(id);
      if (last !== undefined && last >= 0 && !isEqual(stored, base.get(id))) differing.set(id, last);
    }
    if (cone === undefined) continue;
    for (const [id, last] of differing) if (last <= step.index) differing.delete(id);
    isDone = differing.size === 0;
  }
  return { made, steps };
}

/** Whether two tensors are the same bytes, NaN being equal to NaN of the same bits. */
function isEqual({ tensor: a }: Stored, other: Stored | undefined): boolean {
  const b = other?.tensor;
  if (b === undefined || a.dtype !== b.dtype || a.data.length !== b.data.length) return false;
  if (!ArrayBuffer.isView(a.data) || !ArrayBuffer.isView(b.data)) return false;
  const [x, y] = [bytesOf(a.data as NumericArray), bytesOf(b.data as NumericArray)];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}

function bytesOf({ buffer, byteOffset, byteLength }: NumericArray): Int32Array | Uint8Array {
  return byteOffset % 4 === 0 && byteLength % 4 === 0
    ? new Int32Array(buffer, byteOffset, byteLength / 4)
    : new Uint8Array(buffer, byteOffset, byteLength);
}
