import { bitsInFile, type DType, type NumericDType } from '../base/dtype.ts';
import { dtypeOfCode } from '../base/dtypeCodes.ts';
import { codeOf, isNarrow, valuesOfCodes } from '../base/floatBits.ts';
import type { Tensor } from '../base/tensor.ts';
import { cellsOf } from './cells.ts';
import { numbersOf } from './numbers.ts';
import { defineOp, type OpDef } from './opDef.ts';

/** The patterns of elements of 1 to 16 bits. */
function patternsOf(t: Tensor, bits: number): Uint16Array {
  const dtype = t.dtype as NumericDType; // infer checked
  const from = numbersOf(t);
  const mask = 2 ** bits - 1;
  return Uint16Array.from(from, isNarrow(dtype) ? (x) => codeOf(dtype, x) : (x) => x & mask);
}

/** Elements of 1 to 16 bits from their patterns. */
function storePatterns(out: Tensor, patterns: Uint16Array, bits: number): void {
  const dtype = out.dtype as NumericDType; // infer checked
  const to = numbersOf(out);
  const values = isNarrow(dtype) ? valuesOfCodes(dtype) : undefined;
  const shift = dtype.startsWith('int') ? 32 - bits : 0; // sign extension
  for (let i = 0; i < to.length; i++) {
    const pattern = patterns[i] as number;
    to[i] = values === undefined ? (pattern << shift) >> shift : (values[pattern] as number);
  }
}

function hasBits(dtype: DType): dtype is NumericDType {
  return dtype !== 'string' && dtype !== 'sequence' && dtype !== 'optional';
}

/** The same bits under another type of the same width. */
const bitCast = defineOp({
  type: 'BitCast',
  domain: '',
  since: 26,
  arity: [1, 1],
  attributes: { to: { kind: 'int', required: true } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    const to = dtypeOfCode(context.attributes.to);
    if (to === undefined || !hasBits(to)) return context.fail(`the type numbered ${context.attributes.to} has no bits`);
    if (!hasBits(dtype)) return context.fail(`elements of type ${dtype} have no bits`);
    const [from, bits] = [bitsInFile(dtype), bitsInFile(to)];
    if (from !== bits) context.fail(`${dtype} has ${from} bits, ${to} has ${bits}`);
    return [{ dtype: to, dims }];
  },
  run: (context) => {
    const x = context.input(0);
    const dtype = dtypeOfCode(context.attributes.to) as NumericDType; // infer checked
    const out: Tensor = context.output(0, dtype, x.dims);
    const bits = bitsInFile(dtype);
    if (bits <= 16) storePatterns(out, patternsOf(x, bits), bits);
    else (cellsOf(out) as Uint32Array).set(cellsOf(x) as Uint32Array); // both of one width
    return [out];
  },
  quant: () => ({ kind: 'float', why: 'It reads bits, which codes do not keep.' }),
});

/** Other views of the same bits. */
export const bitCastOps: readonly OpDef[] = [bitCast];
