import type { DType, NumericDType } from '../base/dtype.ts';
import { broadcastDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import { lookupPairs } from '../kernels/js/elementwise.ts';
import type { BinaryOp, TensorQuant, UnaryOp } from '../kernels/kernelSet.ts';
import { type Arithmetic, arithmetic } from './arithmetic.ts';
import { type BroadcastDims, broadcastLevels, forEachBlock, zipBroadcast } from './broadcast.ts';
import { copyStrided, outputOf, whole } from './cells.ts';
import { accepts8, codesOf, inputQuant, lookupTable, outputQuant } from './codes.ts';
import { combineElements } from './elements.ts';
import { broadcastFacts, factWithElements, type Inferring } from './facts.ts';
import { bigintsOf, floatsOf, holdsNumbers, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import {
  type AttributeSpecs,
  defineOp,
  type IntegerContext,
  type IntegerForm,
  type OpDef,
  type RunContext,
} from './opDef.ts';
import { fixedPointPairs, type PairQuants, pairMultipliers } from './pairTable.ts';

const FLOAT_KERNELS: Readonly<Record<string, BinaryOp>> = {
  Add: 'add',
  Sub: 'sub',
  Mul: 'mul',
  Div: 'div',
  Max: 'max',
  Min: 'min',
};

/** The broadcast dims of two tensors as they lie in memory; the program has checked the logical ones. */
export function dimsOfPair(fail: (message: string) => never, a: Tensor, b: Tensor): BroadcastDims {
  const out = broadcastDims(a.dims, b.dims) ?? fail(`shapes [${a.dims}] and [${b.dims}] do not broadcast`);
  return { a: a.dims, b: b.dims, out };
}

/** The fact of a broadcast output of input 0's type; fails where the two inputs differ in type. */
export function inferPair(context: Inferring): TensorFact {
  const a = context.input(0);
  const b = context.input(1);
  if (a.dtype !== b.dtype) context.fail(`inputs are ${a.dtype} and ${b.dtype}, expected one type`);
  return { dtype: a.dtype, dims: broadcastFacts(context, a.dims, b.dims) };
}

function applyPair<S extends AttributeSpecs>(
  context: RunContext<S>,
  a: Tensor,
  b: Tensor,
  type: string,
  rule: Arithmetic,
) {
  const dims = dimsOfPair((m) => context.fail(m), a, b);
  const out = context.output(0, a.dtype, dims.out);
  const kernel = FLOAT_KERNELS[type];
  if (isFloat32Stored(a.dtype) && kernel !== undefined) {
    context.kernels.broadcastF32(kernel, floatsOf(a), floatsOf(b), floatsOf(out), broadcastLevels(dims));
  } else if (holdsNumbers(a.dtype)) {
    const isInteger = !a.dtype.startsWith('float');
    zipBroadcast(dims, numbersOf(a), numbersOf(b), numbersOf(out), isInteger ? rule.integer : rule.float);
  } else {
    if (rule.divides && bigintsOf(b).includes(0n)) context.fail('an int64 division by zero');
    zipBroadcast(dims, bigintsOf(a), bigintsOf(b), bigintsOf(out), rule.big);
  }
  return stored(out, context.kernels);
}

function defineArithmetic(type: 'Add' | 'Sub' | 'Mul' | 'Div', since: number): OpDef {
  const rule = arithmetic[type];
  return defineOp({
    type,
    domain: '',
    since,
    arity: [2, 2],
    attributes: {},
    layout: { kind: 'any' },
    infer: (context) => {
      const { dtype, dims } = inferPair(context);
      return [factWithElements(dtype, dims, combineElements(context, type))];
    },
    run: (context) => [applyPair(context, context.input(0), context.input(1), type, rule)],
    quant: () => ({ kind: 'observed' }),
    integer: binaryForm(FLOAT_KERNELS[type] as BinaryOp, rule),
  });
}

interface BinaryPrepared {
  /** The table of the other operand's codes, where one is a constant number. */
  readonly lookup?: { readonly operand: 0 | 1; readonly table: Uint8Array };
  /** The codes of all pairs, where they are computed on integers alone. */
  readonly pairs?: Uint8Array;
  readonly a: TensorQuant;
  readonly b: TensorQuant;
  readonly y: TensorQuant;
}

/**
 * The integer form of Add, Sub, Mul, Div: `binaryQ8` over the blocks of the broadcast, a table where one operand is a float
 * constant of one element, or, in the fixed-point flavour and but for Div, a table of all pairs made on integers alone.
 */
function binaryForm(op: BinaryOp, rule: Arithmetic): IntegerForm<AttributeSpecs, BinaryPrepared> {
  return {
    floats: [0, 1],
    accepts: (context) => {
      const operand = operandBesideNumber(context);
      return accepts8(context, operand === undefined ? [0, 1] : [operand]);
    },
    multipliers: (context) =>
      operandBesideNumber(context) === undefined ? pairMultipliers(op, pairQuants(context)) : undefined,
    dequantizes: (context) =>
      operandBesideNumber(context) === undefined && pairMultipliers(op, pairQuants(context)) === undefined,
    prepare: (context) => {
      const y = outputQuant(context, 0);
      const operand = operandBesideNumber(context);
      if (operand === undefined) {
        const quants = pairQuants(context);
        const pairs = context.flavour === 'fp32' ? undefined : fixedPointPairs(op, quants, context.flavour);
        return pairs === undefined ? quants : { ...quants, pairs };
      }
      const q = inputQuant(context, operand);
      const number = numbersOf(context.constants[1 - operand] as Tensor)[0] as number; // operandBesideNumber found it
      const table = lookupTable(q, y, operand === 0 ? (x) => rule.float(x, number) : (x) => rule.float(number, x));
      return { lookup: { operand, table }, a: q, b: q, y };
    },
    run: (context) => {
      const [a, b] = [context.input(0), context.input(1)];
      const { a: qa, b: qb, y: qy, lookup, pairs } = context.prepared;
      const dims = dimsOfPair((m) => context.fail(m), a, b);
      const out = context.output(0, qy.signed ? 'int8' : 'uint8', dims.out);
      if (lookup !== undefined) {
        context.kernels.lookup8(codesOf(lookup.operand === 0 ? a : b), lookup.table, codesOf(out));
        return [out];
      }
      const [ca, cb, cy] = [codesOf(a), codesOf(b), codesOf(out)];
      forEachBlock(dims, ({ at, ia, ib, rows, inner, sizeA, sizeB }) => {
        const blockA = ca.subarray(ia, ia + sizeA);
        const blockB = cb.subarray(ib, ib + sizeB);
        const blockY = cy.subarray(at, at + rows * inner);
        if (pairs !== undefined) lookupPairs(blockA, blockB, pairs, blockY, { rows, inner });
        else context.kernels.binaryQ8(op, blockA, qa, blockB, qb, blockY, qy, rows, inner);
      });
      return [out];
    },
  };
}

function pairQuants(context: IntegerContext<AttributeSpecs>): PairQuants {
  return { a: inputQuant(context, 0), b: inputQuant(context, 1), y: outputQuant(context, 0) };
}

/** The operand that has codes beside one that is a float32 constant of one element. */
function operandBesideNumber({ inputQuants, constants }: IntegerContext<AttributeSpecs>): 0 | 1 | undefined {
  const other = inputQuants[0] === undefined ? 0 : 1;
  const number = inputQuants[other] === undefined ? constants[other] : undefined;
  return number?.dtype === 'float32' && number.data.length === 1 ? (other === 0 ? 1 : 0) : undefined;
}

/** Operators of two inputs of one type that quantizers leave alone. */
function definePlain(
  type: 'Mod' | 'BitwiseAnd' | 'BitwiseOr' | 'BitwiseXor' | 'And' | 'Or' | 'Xor',
  since: number,
): OpDef {
  return defineOp({
    type,
    domain: '',
    since,
    arity: [2, 2],
    attributes: { fmod: { kind: 'int', default: 0 } },
    layout: { kind: 'any' },
    infer: (context) => [inferPair(context)],
    run: (context) => {
      const rule = type === 'Mod' && context.attributes.fmod !== 0 ? arithmetic.Fmod : arithmetic[type];
      return [applyPair(context, context.input(0), context.input(1), type, rule)];
    },
    quant: () => ({ kind: 'float', why: `${type} works on integers or has no 8-bit form.` }),
  });
}

const bitShift = defineOp({
  type: 'BitShift',
  domain: '',
  since: 11,
  arity: [2, 2],
  attributes: { direction: { kind: 'string', required: true } },
  layout: { kind: 'any' },
  infer: (context) => [inferPair(context)],
  run: (context) => {
    const rule = context.attributes.direction === 'LEFT' ? arithmetic.ShiftLeft : arithmetic.ShiftRight;
    return [applyPair(context, context.input(0), context.input(1), 'BitShift', rule)];
  },
  quant: () => ({ kind: 'float', why: 'BitShift works on integers.' }),
});

/** Exponents that have a kernel. */
const POWERS: Readonly<Record<number, UnaryOp>> = { 2: 'square', 0.5: 'sqrt', [-1]: 'reciprocal' };

/** Pow: base and exponent may differ in type; the result has the base's. */
function power(since: number): OpDef {
  return defineOp({
    type: 'Pow',
    domain: '',
    since,
    arity: [2, 2],
    attributes: {},
    layout: { kind: 'any' },
    infer: (context) => [
      { dtype: context.input(0).dtype, dims: broadcastFacts(context, context.input(0).dims, context.input(1).dims) },
    ],
    run: (context) => {
      const [x, y] = [context.input(0), context.input(1)];
      const dims = dimsOfPair((m) => context.fail(m), x, y);
      const out = context.output(0, x.dtype, dims.out);
      const exponent = Array.from(y.data as ArrayLike<number | bigint>, Number);
      if (!holdsNumbers(x.dtype)) {
        zipBroadcast(dims, bigintsOf(x), exponent, bigintsOf(out), (a, b) => BigInt(Math.trunc(Number(a) ** b)));
      } else if (
        isFloat32Stored(x.dtype) &&
        POWERS[exponent[0] as number] !== undefined &&
        exponent.length === 1 &&
        dims.out.length === x.dims.length
      ) {
        context.kernels.unaryF32(POWERS[exponent[0] as number] as UnaryOp, floatsOf(x), floatsOf(out));
      } else if (exponent.length === 1 && exponent[0] === 2) {
        zipBroadcast(dims, numbersOf(x), exponent, numbersOf(out), (a) => a * a);
      } else {
        zipBroadcast(dims, numbersOf(x), exponent, numbersOf(out), (a, b) => a ** b);
      }
      return [stored(out, context.kernels)];
    },
    quant: () => ({ kind: 'observed' }),
  });
}

/** Max, Min, Sum and Mean of one or more inputs that broadcast together. */
function defineVariadic(type: 'Max' | 'Min' | 'Sum' | 'Mean', since: number): OpDef {
  const step = type === 'Max' || type === 'Min' ? type : 'Add';
  return defineOp({
    type,
    domain: '',
    since,
    arity: [1, Number.MAX_SAFE_INTEGER],
    attributes: {},
    layout: { kind: 'any' },
    infer: (context) => {
      const first = context.input(0);
      let dims = first.dims;
      for (let i = 1; i < context.inputs.length; i++) dims = broadcastFacts(context, dims, context.input(i).dims);
      return [{ dtype: first.dtype, dims }];
    },
    run: (context) => {
      const last = context.inputs.length - 1;
      let result = last === 0 ? copied(context) : context.input(0);
      for (let i = 1; i <= last; i++) {
        const target = i < last ? withScratch(context) : context;
        result = applyPair(target, result, context.input(i), step, arithmetic[step]);
      }
      if (type === 'Mean') {
        const data = numbersOf(result);
        for (let i = 0; i < data.length; i++) data[i] = (data[i] as number) / context.inputs.length;
        stored(result);
      }
      return [result];
    },
    quant: () => ({ kind: 'observed' }),
  });
}

function copied<S extends AttributeSpecs>(context: RunContext<S>): Tensor {
  const x = context.input(0);
  const out = outputOf(context, 0, x.dtype, x.dims);
  copyStrided(x.dims, whole(x), whole(out));
  return out;
}

/** A context whose output is scratch: for intermediate results. */
function withScratch<S extends AttributeSpecs>(context: RunContext<S>): RunContext<S> {
  const output = <D extends DType>(_: number, dtype: D, dims: readonly number[]): Tensor<D> =>
    ({ dtype, dims, data: context.scratch(dtype as NumericDType, sizeOf(dims)) }) as unknown as Tensor<D>; // D is numeric here
  return Object.assign(Object.create(context), { output });
}

/** Arithmetic of two or more inputs, element by element. */
export const elementwiseOps: readonly OpDef[] = [
  defineArithmetic('Add', 7),
  defineArithmetic('Sub', 7),
  defineArithmetic('Mul', 7),
  defineArithmetic('Div', 7),
  definePlain('Mod', 10),
  definePlain('BitwiseAnd', 18),
  definePlain('BitwiseOr', 18),
  definePlain('BitwiseXor', 18),
  definePlain('And', 7),
  definePlain('Or', 7),
  definePlain('Xor', 7),
  bitShift,
  power(7),
  defineVariadic('Max', 6),
  defineVariadic('Min', 6),
  defineVariadic('Sum', 6),
  defineVariadic('Mean', 6),
];
