import { viewArray } from '../base/dtype.ts';
import { clamp, rint } from '../base/round.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorQuant } from '../kernels/kernelSet.ts';
import { rangeOf } from './numbers.ts';
import type { AttributeSpecs, IntegerContext, IntegerForm, QuantInfo, RunContext } from './opDef.ts';

type Codes = Int8Array | Uint8Array;

/** Codes of an int8 or uint8 tensor. */
export function codesOf(t: Tensor): Codes {
  return t.data as Codes; // integer steps carry only int8 and uint8 activations: see `accepts8`
}

/** Scale and zero point of a per-tensor 8-bit quantization. */
export function tensorQuant(q: QuantInfo): TensorQuant {
  return { scale: q.scale[0] as number, zeroPoint: q.zeroPoint[0] as number, signed: q.dtype === 'int8' };
}

/** The quantization of input `index`; the caller's `accepts` proved that it has one. */
export function inputQuant(context: Pick<IntegerContext<AttributeSpecs>, 'inputQuants'>, index: number): TensorQuant {
  return tensorQuant(context.inputQuants[index] as QuantInfo);
}

export function outputQuant(context: Pick<IntegerContext<AttributeSpecs>, 'outputQuants'>, index: number): TensorQuant {
  return tensorQuant(context.outputQuants[index] as QuantInfo);
}

/** Equation (Q) for one number: clamp(rint(fround(x / s)) + z). NaN becomes the zero point. */
export function quantizeNumber(x: number, q: TensorQuant): number {
  if (Number.isNaN(x)) return q.zeroPoint;
  const [lo, hi] = rangeOf(q.signed ? 'int8' : 'uint8');
  return clamp(rint(Math.fround(Math.fround(x) / q.scale)) + q.zeroPoint, lo, hi);
}

/** Equation (D) for one code, in float32. */
export function dequantizeCode(code: number, q: TensorQuant): number {
  return Math.fround(q.scale * (code - q.zeroPoint));
}

/** The table of `lookup8` that equals Q(f(D(code))) for every code; `f` maps float32 to float32. */
export function lookupTable(qx: TensorQuant, qy: TensorQuant, f: (x: number) => number): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < 256; i++) {
    const code = qx.signed && i > 127 ? i - 256 : i;
    table[i] = quantizeNumber(Math.fround(f(dequantizeCode(code, qx))), qy);
  }
  return table;
}

/** The table that changes parameters, or undefined where both are the same. */
export function requantizeTable(qx: TensorQuant, qy: TensorQuant): Uint8Array | undefined {
  const same = qx.scale === qy.scale && qx.zeroPoint === qy.zeroPoint && qx.signed === qy.signed;
  return same ? undefined : lookupTable(qx, qy, (x) => x);
}

/** True when the named inputs and all outputs are per-tensor 8-bit codes, else a sentence that says which is not. */
export function accepts8(context: IntegerContext<AttributeSpecs>, inputs: readonly number[]): true | string {
  for (const i of inputs) {
    const why = whyNot8(context.inputQuants[i], `Input ${i}`);
    if (why !== undefined) return why;
  }
  for (const [i, q] of context.outputQuants.entries()) {
    const why = whyNot8(q, `Output ${i}`);
    if (why !== undefined) return why;
  }
  return true;
}

function whyNot8(q: QuantInfo | undefined, what: string): string | undefined {
  if (q === undefined) return `${what} is not quantized, so the node runs on floats.`;
  if (q.dtype !== 'int8' && q.dtype !== 'uint8') {
    return `${what} has ${q.dtype} codes; the integer form needs int8 or uint8.`;
  }
  if (q.scale.length !== 1) return `${what} is quantized per channel; the integer form needs one scale per tensor.`;
  return undefined;
}

/** An integer form that is never taken, for operators of which quantizers ask; `why` is the sentence for the plan. */
export function neverInteger(why: string): IntegerForm<AttributeSpecs, undefined> {
  return {
    accepts: () => why,
    prepare: () => undefined,
    run: (context) => context.fail(why),
  };
}

/** What {@link movesCodes} prepares: per output, the table from input 0's parameters to its own, where they differ. */
export interface MovedTables {
  readonly tables: readonly (Uint8Array | undefined)[];
  readonly signed: readonly boolean[];
}

/**
 * The integer form of an operator that only moves data: it moves codes, then changes parameters where they differ.
 *
 * @param run the float form, which must work on any dtype.
 */
export function movesCodes<S extends AttributeSpecs>(
  run: (context: RunContext<S>) => readonly Tensor[],
): IntegerForm<S, MovedTables> {
  return {
    accepts: (context) => accepts8(context, [0]),
    prepare: (context) => ({
      tables: context.outputQuants.map((q) => requantizeTable(inputQuant(context, 0), tensorQuant(q))),
      signed: context.outputQuants.map((q) => q.dtype === 'int8'),
    }),
    run: (context) =>
      run(context).map((moved, i) =>
        relabelled(context, moved, context.prepared.tables[i], context.prepared.signed[i]),
      ),
  };
}

/**
 * The integer form of an operator whose output is a view of its input: codes stay, so parameters must be equal.
 */
export function viewsCodes<S extends AttributeSpecs>(
  run: (context: RunContext<S>) => readonly Tensor[],
): IntegerForm<S, undefined> {
  return {
    accepts: (context) => {
      const codes = accepts8(context, [0]);
      if (codes !== true) return codes;
      const table = requantizeTable(inputQuant(context, 0), outputQuant(context, 0));
      return table === undefined || 'Input and output have different parameters, and a view cannot change codes.';
    },
    prepare: () => undefined,
    run,
  };
}

/** Applies a table to codes in place; the result is signed or not as the table was made for. */
export function relabelled(
  context: Pick<RunContext<AttributeSpecs>, 'kernels'>,
  codes: Tensor,
  table: Uint8Array | undefined,
  signed = codes.dtype === 'int8',
): Tensor {
  if (table === undefined) return codes;
  const { buffer, byteOffset, length } = codesOf(codes);
  const dtype = signed ? 'int8' : 'uint8';
  const out = viewArray(dtype, buffer, byteOffset, length);
  context.kernels.lookup8(codesOf(codes), table, out);
  return { dtype, dims: codes.dims, data: out };
}
