import { fusedMultiplyAdd } from '../base/fusedMultiplyAdd.ts';
import type { TensorQuant } from '../kernels/kernelSet.ts';
import { type BroadcastDims, forEachBlock, type Repeated, repeatedInside } from './broadcast.ts';
import { codesOf } from './codes.ts';
import { dimsOfPair } from './elementwise.ts';
import { broadcastFacts } from './facts.ts';
import { rangeOf } from './numbers.ts';
import { type AttributeSpecs, defineOp, type OpDef, type RunContext } from './opDef.ts';
import { ALREADY_INTEGER, checkTensorQuant, codeDType, fromParameters, packedCode, quantOfInputs } from './qlinear.ts';
import { logicalDims } from './storage.ts';

type Codes = Int8Array | Uint8Array;

interface Operands {
  readonly a: TensorQuant;
  readonly b: TensorQuant;
  readonly y: TensorQuant;
}

/** A code of the result for two codes of the operands, rounded to an integer but not yet clamped. */
type PairFunction = (a: number, b: number) => number;

/**
 * With ra = fround(sa / sy), rb = fround(sb / sy): fma(a, ra, fma(b, rb, fixed)), where fixed = zy - fma(ra, za, rb zb).
 * Where one operand is a single element along the innermost dimensions, its product joins `fixed`.
 *
 * @source ONNX Runtime's AVX2 kernel of QLinearAdd (mlas), where products and sums are fused as its compiler does.
 */
function addition({ a, b, y }: Operands, repeated: Repeated): PairFunction {
  const [ra, rb] = [Math.fround(a.scale / y.scale), Math.fround(b.scale / y.scale)];
  const [first, second] = repeated === 'a' ? [b, a] : [a, b];
  const [r1, r2] = repeated === 'a' ? [rb, ra] : [ra, rb];
  const zeros = fusedMultiplyAdd(r1, first.zeroPoint, Math.fround(r2 * second.zeroPoint));
  const fixed = Math.fround(y.zeroPoint - zeros);
  const add: PairFunction = (p, q) => fusedMultiplyAdd(p, r1, fusedMultiplyAdd(q, r2, fixed));
  return repeated === 'a' ? (p, q) => add(q, p) : add;
}

/**
 * fround(fround((a - za)(b - zb) ratio) + zy) with ratio = fround(fround(sa sb) / sy).
 *
 * @source ONNX Runtime's SSE2 kernel of QLinearMul (mlas).
 */
function multiplication({ a, b, y }: Operands): PairFunction {
  const ratio = Math.fround(Math.fround(a.scale * b.scale) / y.scale);
  return (p, q) => Math.fround(Math.fround((p - a.zeroPoint) * (q - b.zeroPoint) * ratio) + y.zeroPoint);
}

const FUNCTIONS = { QLinearAdd: addition, QLinearMul: multiplication } as const;

/** Codes of the result by codes of the operands: table[(a & 255) * 256 + (b & 255)]. */
function pairTable(f: PairFunction, signed: boolean): Uint8Array {
  const table = new Uint8Array(65536);
  const [lo, hi] = rangeOf(signed ? 'int8' : 'uint8');
  for (let a = lo; a <= hi; a++) {
    for (let b = lo; b <= hi; b++) table[(a & 255) * 256 + (b & 255)] = packedCode(f(a, b), lo, hi);
  }
  return table;
}

/** A, A_scale, A_zero_point, B, B_scale, B_zero_point, C_scale, C_zero_point: codes of one type, per tensor. */
function qLinearPair(type: 'QLinearAdd' | 'QLinearMul'): OpDef {
  const tables = fromParameters<AttributeSpecs, (repeated: Repeated) => Uint8Array>(
    (i) => i === 0 || i === 3,
    0,
    (inputs, dtype) => {
      const made = new Map<Repeated, Uint8Array>();
      const operands = {
        a: quantOfInputs(inputs, 1, 2, dtype),
        b: quantOfInputs(inputs, 4, 5, dtype),
        y: quantOfInputs(inputs, 6, 7, dtype),
      };
      return (repeated) => {
        const table = made.get(repeated) ?? pairTable(FUNCTIONS[type](operands, repeated), operands.y.signed);
        made.set(repeated, table);
        return table;
      };
    },
  );
  return defineOp({
    type,
    domain: 'com.microsoft',
    since: 1,
    arity: [7, 8],
    attributes: {},
    layout: { kind: 'any' },
    infer: (context) => {
      const dtype = codeDType(context, 0);
      if (context.input(3).dtype !== dtype) context.fail(`input 3 is ${context.input(3).dtype}, expected ${dtype}`);
      checkTensorQuant(context, 1, 2, dtype);
      checkTensorQuant(context, 4, 5, dtype);
      checkTensorQuant(context, 6, 7, dtype);
      return [{ dtype, dims: broadcastFacts(context, context.input(0).dims, context.input(3).dims) }];
    },
    prepare: tables.prepare,
    run: (context) => {
      const [a, b] = [context.input(0), context.input(3)];
      const dims = dimsOfPair((m) => context.fail(m), a, b);
      const out = context.output(0, a.dtype, dims.out);
      const table = tables.of(context)(repeatedInside(logicalPair(context, dims)));
      lookUpPairs(dims, codesOf(a), codesOf(b), table, codesOf(out));
      return [out];
    },
    quant: () => ALREADY_INTEGER,
  });
}

/** The dims as the file has them, which decide how ONNX Runtime walks over the operands. */
function logicalPair({ layout }: Pick<RunContext<AttributeSpecs>, 'layout'>, dims: BroadcastDims): BroadcastDims {
  return { a: logicalDims(dims.a, layout), b: logicalDims(dims.b, layout), out: logicalDims(dims.out, layout) };
}

function lookUpPairs(dims: BroadcastDims, a: Codes, b: Codes, table: Uint8Array, out: Codes): void {
  forEachBlock(dims, ({ at, ia, ib, rows, inner, sizeA, sizeB }) => {
    const [stepA, stepB] = [sizeA >= inner ? 1 : 0, sizeB >= inner ? 1 : 0];
    const [rowA, rowB] = [sizeA > inner ? inner : 0, sizeB > inner ? inner : 0];
    for (let r = 0; r < rows; r++) {
      const [to, fromA, fromB] = [at + r * inner, ia + r * rowA, ib + r * rowB];
      for (let i = 0; i < inner; i++) {
        const row = ((a[fromA + i * stepA] as number) & 255) << 8;
        out[to + i] = table[row | ((b[fromB + i * stepB] as number) & 255)] as number;
      }
    }
  });
}

/** Sums and products of codes. */
export const qLinearElementwiseOps: readonly OpDef[] = [qLinearPair('QLinearAdd'), qLinearPair('QLinearMul')];
