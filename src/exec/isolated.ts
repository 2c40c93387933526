import { invariant } from '../base/diagnostics.ts';
import { bytesInMemory, type DTypeArrays, type NumericDType, newArray } from '../base/dtype.ts';
import { clamp, rint } from '../base/round.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import type { ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { rangeOf } from '../ops/numbers.ts';
import type { QuantInfo } from '../ops/opDef.ts';
import { converted, copied } from '../ops/storage.ts';
import { isWide } from '../ops/wideCodes.ts';
import type { Program, Step, Stored } from './program.ts';

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

/** Where an array for `length` numbers comes from. */
type Allocate = <D extends NumericDType>(dtype: D, length: number) => DTypeArrays[D];

/** Runs steps of a program alone, one after another, in buffers of its own. */
export class IsolatedRunner {
  readonly #program: Program;
  readonly #buffers = new Map<string, Uint8Array>();

  constructor(program: Program) {
    this.#program = program;
  }

  /**
   * Runs one step: its float inputs are quantized where they have parameters, its result is brought back from the grid of
   * `outputQuant`. A step on floats between DequantizeLinear and QuantizeLinear gets its inputs through the grid. Other
   * inputs are constants.
   * @returns what is valid until the next step or the release.
   */
  run({ step, constants, outputQuant }: IsolatedStep, inputs: readonly IsolatedInput[]): Stored {
    const program = this.#program;
    const { kernels, slots } = program;
    const given = new Map<ValueId, Stored>();
    for (const maker of constants) for (const id of maker.outputs) given.set(id, program.runStep(maker, given));
    for (const [i, { read, quant, stored }] of inputs.entries()) {
      const slot = slots.get(read);
      invariant(slot !== undefined, `value ${read} has a slot`);
      if (quant === undefined) {
        const asRead = converted(stored.tensor, stored.layout, slot.layout, kernels);
        given.set(read, { layout: slot.layout, tensor: asRead });
        continue;
      }
      const codes = quantized(stored, quant, { layout: slot.layout, kernels, allocate: this.#buffersOf(`codes ${i}`) });
      const isCodes = slot.quant !== undefined;
      given.set(read, isCodes ? codes : floatsIn(codes, quant, kernels, this.#buffersOf(`floats ${i}`)));
    }
    return program.useStep(step, given, (made) => {
      if (outputQuant === undefined) return { layout: made.layout, tensor: copied(made.tensor) };
      const { layout } = made;
      const codes = isCodeTensor(made.tensor)
        ? made
        : quantized(made, outputQuant, { layout, kernels, allocate: this.#buffersOf('codes made') });
      return floatsIn(codes, outputQuant, kernels, this.#buffersOf('floats made'));
    });
  }

  /** Gives the buffers back. */
  release(): void {
    for (const buffer of this.#buffers.values()) this.#program.kernels.memory.free(buffer);
    this.#buffers.clear();
  }

  #buffersOf(role: string): Allocate {
    const { memory } = this.#program.kernels;
    return (dtype, length) => {
      const bytes = length * bytesInMemory(dtype);
      let buffer = this.#buffers.get(role);
      if (buffer === undefined || buffer.length < bytes) {
        if (buffer !== undefined) memory.free(buffer);
        buffer = memory.allocate('uint8', bytes);
        this.#buffers.set(role, buffer);
      }
      return memory.view(buffer, dtype, 0, length);
    };
  }
}

/** As {@link IsolatedRunner.run}, with a result that lasts. */
export function runIsolated(program: Program, isolated: IsolatedStep, inputs: readonly IsolatedInput[]): Stored {
  const runner = new IsolatedRunner(program);
  try {
    const { layout, tensor: made } = runner.run(isolated, inputs);
    return { layout, tensor: copied(made) };
  } finally {
    runner.release();
  }
}

/** Floats as codes with these parameters, in a layout. */
export function codesOf(stored: Stored, quant: QuantInfo, layout: Stored['layout'], kernels: KernelSet): Stored {
  return quantized(stored, quant, { layout, kernels, allocate: newArray });
}

/** The floats that codes stand for, in the same layout. */
export function floatsOf(codes: Stored, quant: QuantInfo, kernels: KernelSet): Stored {
  return floatsIn(codes, quant, kernels, newArray);
}

function isCodeTensor({ dtype }: Tensor): boolean {
  return dtype === 'int8' || dtype === 'uint8' || dtype === 'int16' || dtype === 'uint16';
}

interface Quantizing {
  readonly layout: Stored['layout'];
  readonly kernels: KernelSet;
  readonly allocate: Allocate;
}

function quantized(stored: Stored, quant: QuantInfo, { layout, kernels, allocate }: Quantizing): Stored {
  const x = converted(stored.tensor, stored.layout, layout, kernels);
  const data = x.data as Float32Array; // the caller gives float32
  const codes = allocate(quant.dtype, data.length);
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

function floatsIn({ tensor: codes, layout }: Stored, quant: QuantInfo, kernels: KernelSet, allocate: Allocate): Stored {
  const data = codes.data as Int8Array | Uint8Array | Int16Array | Uint16Array; // what isCodeTensor knows
  const out = allocate('float32', data.length);
  const [scale, zeroPoint] = [quant.scale[0] as number, quant.zeroPoint[0] as number];
  if (data instanceof Int8Array || data instanceof Uint8Array)
    kernels.dequantizeQ8(data, { scale, zeroPoint, signed: quant.dtype === 'int8' }, out);
  else kernels.dequantizeWide(data, { scale, zeroPoint, signed: quant.dtype === 'int16' }, out);
  return { layout, tensor: tensor('float32', codes.dims, out) };
}
