import type { DType } from '../base/dtype.ts';
import { rint } from '../base/round.ts';
import { formatDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorQuant } from '../kernels/kernelSet.ts';
import { countOf, type Inferring } from './facts.ts';
import { numbersOf } from './numbers.ts';
import type { AttributeSpecs, AttributeValues, PrepareContext, QuantRule, RunContext } from './opDef.ts';

/** The rule of operators whose inputs and outputs already are codes. */
export const ALREADY_INTEGER: QuantRule = { kind: 'float', why: 'It already computes on integers.' };

export type CodeDType = 'int8' | 'uint8';

/** The dtype of input `index`; fails where it is not int8 or uint8. */
export function codeDType(context: Inferring, index: number): CodeDType {
  const { dtype } = context.input(index);
  if (dtype !== 'int8' && dtype !== 'uint8') context.fail(`input ${index} is ${dtype}, expected int8 or uint8`);
  return dtype as CodeDType; // just checked
}

/** Fails where inputs `scale` and `zeroPoint` are not one float32 and, if there, one element of `dtype`. */
export function checkTensorQuant(context: Inferring, scale: number, zeroPoint: number, dtype: DType): void {
  checkOne(context, scale, 'float32');
  if (context.inputs[zeroPoint] !== undefined) checkOne(context, zeroPoint, dtype);
}

function checkOne(context: Inferring, index: number, dtype: DType): void {
  const found = context.input(index);
  if (found.dtype !== dtype) context.fail(`input ${index} is ${found.dtype}, expected ${dtype}`);
  if ((countOf(found.dims) ?? 1) !== 1) {
    context.fail(`input ${index} has shape ${formatDims(found.dims ?? [])}, expected one element`);
  }
}

/** Scale and zero point (0 where it is left out) as two inputs give them; `infer` has checked them. */
export function quantOfInputs(
  inputs: readonly (Tensor | undefined)[],
  scale: number,
  zeroPoint: number,
  dtype: DType,
): TensorQuant {
  const zero = inputs[zeroPoint];
  return {
    scale: numbersOf(inputs[scale] as Tensor)[0] as number, // a required input
    zeroPoint: zero === undefined ? 0 : (numbersOf(zero)[0] as number),
    signed: dtype === 'int8',
  };
}

/** The parameters of X and Y of an operator with inputs X, x_scale, x_zero_point, y_scale, y_zero_point. */
export function quantsOfPair(
  context: Pick<RunContext<AttributeSpecs>, 'input' | 'inputs'>,
): readonly [x: TensorQuant, y: TensorQuant] {
  const { dtype } = context.input(0);
  return [quantOfInputs(context.inputs, 1, 2, dtype), quantOfInputs(context.inputs, 3, 4, dtype)];
}

/** Makes something from scales, zero points and attributes alone; inputs that are data are not to be read. */
export type FromParameters<S extends AttributeSpecs, T> = (
  inputs: readonly (Tensor | undefined)[],
  dtype: DType,
  attributes: AttributeValues<S>,
) => T;

/** What {@link FromParameters} made, once where the parameters are constant, else in every run. */
export interface Parameterized<S extends AttributeSpecs, T> {
  prepare(context: PrepareContext<S>): T | undefined;
  of(context: RunContext<S, T | undefined>): T;
}

/**
 * @param isData which inputs are not parameters.
 * @param typed the input whose dtype `make` is told.
 */
export function fromParameters<S extends AttributeSpecs, T>(
  isData: (index: number) => boolean,
  typed: number,
  make: FromParameters<S, T>,
): Parameterized<S, T> {
  return {
    prepare: ({ constants, facts, attributes }) => {
      const variable = facts.some((f, i) => f !== undefined && !isData(i) && constants[i] === undefined);
      return variable ? undefined : make(constants, facts[typed]?.dtype ?? 'uint8', attributes);
    },
    of: (context) => context.prepared ?? make(context.inputs, context.input(typed).dtype, context.attributes),
  };
}

/**
 * Rounds half to even and clamps to [lo, hi] as SSE does: what does not fit int32, upwards too, and NaN give `lo`.
 *
 * @source Intel's description of CVTPS2DQ ("the indefinite integer value 80000000H") before a saturating pack.
 */
export function packedCode(x: number, lo: number, hi: number): number {
  const code = x < 2147483648 ? rint(x) : lo; // NaN is not below either
  return Math.min(Math.max(code, lo), hi);
}
