import { sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { codesOf, inputQuant } from './codes.ts';
import { countOf, isNumeric } from './facts.ts';
import type { AttributeSpecs, IntegerContext, MaybeFacts, RunContext } from './opDef.ts';
import { type PreparedCodes, requantizerOf, type WeightedRoles, zeroPointsOf } from './weighted.ts';

/** The attribute that tells [K, N] from [N, K]. */
interface TransB {
  readonly transB: number;
}

/** Output elements times K. */
export function gemmMacs(inputs: MaybeFacts, outputs: MaybeFacts, kFromFront?: number): number {
  const dims = inputs[0]?.dims;
  const k = kFromFront === undefined ? dims?.at(-1) : dims?.[kFromFront];
  const out = countOf(outputs[0]?.dims);
  return typeof k === 'number' && out !== undefined ? k * out : NaN;
}

/** Length of the sums and outputs of a weight [K, N], or [N, K] with transB. */
export function gemmShape(dims: readonly number[], { transB }: TransB) {
  const [rows, columns] = dims as [number, number]; // infer checked rank 2
  return transB ? { k: columns, n: rows, transposed: true } : { k: rows, n: columns, transposed: false };
}

/** What carries what in a matrix product with a constant weight; undefined without static dims. */
export function gemmRoles(context: IntegerContext<AttributeSpecs>, attributes: TransB): WeightedRoles | undefined {
  const dims = context.inputs[1]?.dims;
  if (dims === undefined || dims.length !== 2 || !isNumeric(dims)) return undefined;
  const { k, n } = gemmShape(dims, attributes);
  return { weight: 1, bias: 2, k, outChannels: n, channelAxis: attributes.transB ? 0 : 1 };
}

/** Packs the weight and makes the requantizer of an integer matrix product. */
export function prepareGemmCodes(
  context: IntegerContext<AttributeSpecs>,
  roles: WeightedRoles | undefined,
  transposed: boolean,
): PreparedCodes {
  const w = context.constants[1];
  if (w === undefined || roles === undefined) throw new Error('invariant: accepts() checked the weight');
  const bias = context.constants[2];
  const packed = context.kernels.packGemmQ8(
    {
      codes: codesOf(w),
      zeroPoint: zeroPointsOf(context, 1),
      bias: bias === undefined ? undefined : (bias.data as Int32Array), // checked by acceptsWeighted
    },
    { k: roles.k, n: roles.outChannels, transposed },
    inputQuant(context, 0).zeroPoint,
  );
  return {
    packed,
    requantizer: requantizerOf(context, roles),
    weightDims: [roles.k, roles.outChannels],
    release: () => packed.release(),
  };
}

/** The integer matrix product of [..., K] codes. */
export function runGemmCodes(context: RunContext<AttributeSpecs, PreparedCodes>): readonly Tensor[] {
  const a = context.input(0);
  const { packed, requantizer, weightDims } = context.prepared;
  const [k, n] = weightDims as [number, number];
  const out = context.output(0, requantizer.signed ? 'int8' : 'uint8', [...a.dims.slice(0, -1), n]);
  const m = k === 0 ? 0 : sizeOf(a.dims) / k;
  context.kernels.gemmQ8(codesOf(a), packed, requantizer, codesOf(out), m);
  return [out];
}
