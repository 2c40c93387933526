import { type DType, isBigInt, isFloat } from '../base/dtype.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import { unaryFunction } from '../kernels/js/functions.ts';
import type { UnaryKernel } from '../kernels/kernelSet.ts';
import { accepts8, codesOf, inputQuant, lookupTable, outputQuant } from './codes.ts';
import { bigintsOf, floatsOf, holdsNumbers, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import {
  type AttributeSpecs,
  type AttributeValues,
  defineOp,
  type IntegerContext,
  type IntegerForm,
  type OpDef,
  type QuantRule,
  type RunContext,
} from './opDef.ts';

/** A function of one number, with what else differs between element-wise operators of one input. */
export interface UnarySpec<S extends AttributeSpecs> {
  readonly type: string;
  readonly since: number;
  readonly domain?: string;
  readonly attributes?: S;
  /** The function, for the attributes of a node. */
  scalar(attributes: AttributeValues<S>): (x: number) => number;
  /** What computes it in float32, on floats and in tables of codes; `scalar` then serves the other types. */
  kernel?(attributes: AttributeValues<S>): UnaryKernel;
  /** The function on int64 and uint64, where it is defined there. */
  readonly big?: (x: bigint) => bigint;
  readonly quant?: QuantRule;
}

/** The table of codes of an element-wise function. */
export interface LookupPrepared {
  readonly table: Uint8Array;
  readonly signed: boolean;
}

const OBSERVED: QuantRule = { kind: 'observed' };

/** An element-wise operator of one input whose output has the input's type and shape; on codes a table of 256 entries. */
export function defineUnary<const S extends AttributeSpecs>(spec: UnarySpec<S>): OpDef {
  const attributes = spec.attributes ?? ({} as S); // no attributes: S is {}
  return defineOp<S, undefined, LookupPrepared>({
    type: spec.type,
    domain: spec.domain ?? '',
    since: spec.since,
    arity: [1, 1],
    attributes,
    layout: { kind: 'any' },
    infer: (context) => {
      const { dtype, dims } = context.input(0);
      if (isBigInt(dtype) && spec.big === undefined)
        context.fail(`input 0 is ${dtype}, expected a floating-point type`);
      return [{ dtype, dims }];
    },
    run: (context) => [
      mapTensor(context, spec.scalar(context.attributes), spec.big, spec.kernel?.(context.attributes)),
    ],
    quant: () => spec.quant ?? OBSERVED,
    ...(spec.kernel && { unaryKernel: spec.kernel }),
    integer: lookupForm(({ attributes }) => {
      const kernel = spec.kernel?.(attributes);
      return kernel === undefined ? spec.scalar(attributes) : unaryFunction(kernel.op, kernel.alpha, kernel.beta);
    }),
  });
}

/** Applies `f` to input 0 into output 0; where there is a `kernel`, that to float32. */
export function mapTensor<S extends AttributeSpecs>(
  context: RunContext<S>,
  f: (x: number) => number,
  big?: (x: bigint) => bigint,
  kernel?: UnaryKernel,
): Tensor {
  const x = context.input(0);
  if (kernel !== undefined && isFloat32Stored(x.dtype)) {
    const out = context.output(0, x.dtype, x.dims);
    context.kernels.unaryF32(kernel.op, floatsOf(x), floatsOf(out), kernel.alpha, kernel.beta);
    return stored(out, context.kernels);
  }
  if (isBigInt(x.dtype) && big !== undefined) {
    const out = context.output(0, x.dtype, x.dims);
    mapInto(bigintsOf(x), bigintsOf(out), big);
    return out;
  }
  if (!holdsNumbers(x.dtype)) context.fail(`input 0 is ${x.dtype}, which this operator does not take`);
  const out = context.output(0, x.dtype, x.dims);
  mapInto(numbersOf(x), numbersOf(out), f);
  return stored(out, context.kernels);
}

function mapInto<X>(x: ArrayLike<X>, out: { [index: number]: X }, f: (x: X) => X): void {
  for (let i = 0; i < x.length; i++) out[i] = f(x[i] as X);
}

/** The integer form of an element-wise function: `lookup8` through Q(f(D(code))). */
export function lookupForm<S extends AttributeSpecs>(
  scalar: (context: IntegerContext<S>) => (x: number) => number,
): IntegerForm<S, LookupPrepared> {
  return tableForm((context) => lookupTable(inputQuant(context, 0), outputQuant(context, 0), scalar(context)));
}

/** An integer form that is one table, from the bytes of input 0 to those of the output. */
export function tableForm<S extends AttributeSpecs>(
  table: (context: IntegerContext<S>) => Uint8Array,
): IntegerForm<S, LookupPrepared> {
  return {
    accepts: (context) => accepts8(context, [0]),
    prepare: (context) => ({ table: table(context), signed: outputQuant(context, 0).signed }),
    run: (context) => {
      const x = context.input(0);
      const out = context.output(0, context.prepared.signed ? 'int8' : 'uint8', x.dims);
      context.kernels.lookup8(codesOf(x), context.prepared.table, codesOf(out));
      return [out];
    },
  };
}

/** A predicate of one input: bool output of the input's shape. */
export function definePredicate<const S extends AttributeSpecs>(
  spec: Omit<UnarySpec<S>, 'scalar'> & { test(attributes: AttributeValues<S>): (x: number) => boolean },
): OpDef {
  return defineOp<S>({
    type: spec.type,
    domain: '',
    since: spec.since,
    arity: [1, 1],
    attributes: spec.attributes ?? ({} as S), // no attributes: S is {}
    layout: { kind: 'any' },
    infer: (context) => [{ dtype: 'bool', dims: context.input(0).dims }],
    run: (context) => {
      const x = context.input(0);
      const out = context.output(0, 'bool', x.dims);
      const test = spec.test(context.attributes);
      const data = numbersOf(x);
      for (let i = 0; i < data.length; i++) out.data[i] = test(data[i] as number) ? 1 : 0;
      return [out];
    },
    quant: () => ({ kind: 'float', why: `${spec.type} has a bool output.` }),
  });
}

/** Fails unless `dtype` is a floating-point type. */
export function requireFloat(fail: (message: string) => never, dtype: DType): void {
  if (!isFloat(dtype)) fail(`input 0 is ${dtype}, expected a floating-point type`);
}

/** A scalar tensor of one number, for operators that take constants as attributes in some versions. */
export function scalarTensor(value: number): Tensor<'float32'> {
  return tensor('float32', [], Float32Array.of(value));
}
