import { invariant } from '../base/diagnostics.ts';
import { newArray } from '../base/dtype.ts';
import { clamp, rint } from '../base/round.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import type { ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { rangeOf } from '../ops/numbers.ts';
import type { QuantInfo } from '../ops/opDef.ts';
import { converted, copied } from '../ops/storage.ts';
import { isWide } from '../ops/wideCodes.ts';
import type { Program, Run, Step, Stored } from './program.ts';

/** A value of the float program and its counterpart in the quantized one. */
export interface PairIds {
  readonly float: ValueId;
  readonly quant: ValueId;
}

/**
 * Runs both programs in lockstep and hands over each pair once, as soon as both tensors exist, while they are in cache.
 * Where the programs make them in different order, the earlier one is copied and waits.
 *
 * @param onPair gets the index of the pair; the tensors are valid during the call only.
 */
export function runPaired(
  float: Run,
  quant: Run,
  pairs: readonly PairIds[],
  onPair: (index: number, origin: Stored, quantized: Stored) => void,
): void {
  const sides = [
    new Side(
      float,
      pairs.map((p) => p.float),
    ),
    new Side(
      quant,
      pairs.map((p) => p.quant),
    ),
  ] as const;
  const [a, b] = sides;
  const done = new Uint8Array(pairs.length);
  const meet = (made: readonly number[]): void => {
    for (const index of made) {
      const origin = done[index] ? undefined : a.get(index);
      const other = origin === undefined ? undefined : b.get(index);
      if (origin === undefined || other === undefined) continue;
      done[index] = 1;
      onPair(index, origin, other);
      for (const side of sides) side.forget(index);
    }
  };
  meet(a.start());
  meet(b.start());
  for (let made = a.advance(done); ; made = a.advance(done)) {
    meet(made ?? []);
    while (!b.ended && (made === undefined || made.some((i) => !done[i]))) meet(b.advance(done) ?? []);
    if (made === undefined) return;
  }
}

/** One run, with copies of the values that wait for their counterpart. */
class Side {
  ended = false;
  readonly #run: Run;
  readonly #ids: readonly ValueId[];
  readonly #indices = new Map<ValueId, number[]>();
  readonly #waiting = new Map<number, Stored>();
  /** Pairs that the last step made. */
  #fresh: number[] = [];

  constructor(run: Run, ids: readonly ValueId[]) {
    this.#run = run;
    this.#ids = ids;
    for (const [i, id] of ids.entries()) this.#indices.set(id, [...(this.#indices.get(id) ?? []), i]);
  }

  /** Pairs whose value exists before the first step: feeds and what is given. */
  start(): number[] {
    this.#fresh = this.#ids.flatMap((id, i) => (this.#run.value(id) === undefined ? [] : [i]));
    return this.#fresh;
  }

  /** Executes a step; the pairs it made, undefined at the end. What still waits for its counterpart is copied first. */
  advance(done: Uint8Array): number[] | undefined {
    for (const index of this.#fresh) if (!done[index]) this.#copy(index);
    const step = this.#run.advance();
    this.#fresh = step?.outputs.flatMap((id) => this.#indices.get(id) ?? []) ?? [];
    this.ended = step === undefined;
    return step === undefined ? undefined : this.#fresh;
  }

  get(index: number): Stored | undefined {
    return this.#waiting.get(index) ?? this.#run.value(this.#ids[index] as ValueId); // an index of `ids`
  }

  forget(index: number): void {
    this.#waiting.delete(index);
  }

  #copy(index: number): void {
    const stored = this.#waiting.has(index) ? undefined : this.get(index);
    if (stored !== undefined) this.#waiting.set(index, { ...stored, tensor: copied(stored.tensor) });
  }
}

/** A float tensor for an input of a step, and the parameters it is quantized with. */
export interface IsolatedInput {
  /** The value as the step reads it: codes, or floats behind a DequantizeLinear. */
  readonly read: ValueId;
  /** Undefined where the step reads it as it is. */
  readonly quant: QuantInfo | undefined;
  readonly stored: Stored;
}

/** A step to run alone. */
export interface IsolatedStep {
  readonly step: Step;
  /** Steps that make inputs from constants alone. */
  readonly constants: readonly Step[];
  /** Undefined where its result is no codes. */
  readonly outputQuant: QuantInfo | undefined;
}

/**
 * Runs one step alone: its float inputs are quantized where they have parameters, its result is brought back from the
 * grid of `outputQuant`. A step on floats between DequantizeLinear and QuantizeLinear gets its inputs through the grid.
 * Other inputs are constants.
 */
export function runIsolated(
  program: Program,
  { step, constants, outputQuant }: IsolatedStep,
  inputs: readonly IsolatedInput[],
): Stored {
  const { kernels, slots } = program;
  const given = new Map<ValueId, Stored>();
  for (const maker of constants) for (const id of maker.outputs) given.set(id, program.runStep(maker, given));
  for (const { read, quant, stored } of inputs) {
    const slot = slots.get(read);
    invariant(slot !== undefined, `value ${read} has a slot`);
    if (quant === undefined) {
      const asRead = converted(stored.tensor, stored.layout, slot.layout, kernels);
      given.set(read, { layout: slot.layout, tensor: asRead });
      continue;
    }
    const codes = quantized(stored, quant, slot.layout, kernels);
    const isCodes = slot.quant !== undefined;
    given.set(read, isCodes ? codes : { ...codes, tensor: dequantized(codes.tensor, quant, kernels) });
  }
  const made = program.runStep(step, given);
  if (outputQuant === undefined) return made;
  const { tensor: codes } = isCodeTensor(made.tensor) ? made : quantized(made, outputQuant, made.layout, kernels);
  return { layout: made.layout, tensor: dequantized(codes, outputQuant, kernels) };
}

/** Floats as codes with these parameters, in a layout. */
export function codesOf(stored: Stored, quant: QuantInfo, layout: Stored['layout'], kernels: KernelSet): Stored {
  return quantized(stored, quant, layout, kernels);
}

/** The floats that codes stand for, in the same layout. */
export function floatsOf({ tensor: codes, layout }: Stored, quant: QuantInfo, kernels: KernelSet): Stored {
  return { layout, tensor: dequantized(codes, quant, kernels) };
}

function isCodeTensor({ dtype }: Tensor): boolean {
  return dtype === 'int8' || dtype === 'uint8' || dtype === 'int16' || dtype === 'uint16';
}

function quantized(stored: Stored, quant: QuantInfo, layout: Stored['layout'], kernels: KernelSet): Stored {
  const x = converted(stored.tensor, stored.layout, layout, kernels);
  const data = x.data as Float32Array; // the caller gives float32
  const codes = newArray(quant.dtype, data.length);
  const [scale, zeroPoint] = [quant.scale[0] as number, quant.zeroPoint[0] as number];
  if (codes instanceof Int8Array || codes instanceof Uint8Array)
    kernels.quantizeF32(data, { scale, zeroPoint, signed: quant.dtype === 'int8' }, codes);
  else if (isWide(codes)) kernels.quantizeWideF32(data, { scale, zeroPoint, signed: quant.dtype === 'int16' }, codes);
  else {
    const [lo, hi] = rangeOf(quant.dtype);
    for (let i = 0; i < data.length; i++) {
      const q = rint(Math.fround((data[i] as number) / scale));
      codes[i] = clamp((Number.isNaN(q) ? 0 : q) + zeroPoint, lo, hi);
    }
  }
  return { layout, tensor: { dtype: quant.dtype, dims: x.dims, data: codes } as Tensor };
}

function dequantized(codes: Tensor, quant: QuantInfo, kernels: KernelSet): Tensor {
  const data = codes.data as Int8Array | Uint8Array | Int16Array | Uint16Array; // what isCodeTensor knows
  const out = new Float32Array(data.length);
  const [scale, zeroPoint] = [quant.scale[0] as number, quant.zeroPoint[0] as number];
  if (data instanceof Int8Array || data instanceof Uint8Array)
    kernels.dequantizeQ8(data, { scale, zeroPoint, signed: quant.dtype === 'int8' }, out);
  else kernels.dequantizeWide(data, { scale, zeroPoint, signed: quant.dtype === 'int16' }, out);
  return tensor('float32', codes.dims, out);
}
