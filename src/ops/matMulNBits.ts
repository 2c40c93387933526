import { formatDims, sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Packed } from '../kernels/kernelSet.ts';
import { countOf, type Inferring, isNumeric, sameDim } from './facts.ts';
import { floatsOf, isFloat32Stored, numbersOf, stored } from './numbers.ts';
import { type AttributeValues, defineOp, type OpDef, type QuantRule, type RunContext } from './opDef.ts';
import { type PreparedWeights, preparedWeights } from './weighted.ts';

const attributes = {
  K: { kind: 'int', required: true },
  N: { kind: 'int', required: true },
  bits: { kind: 'int', default: 4 },
  block_size: { kind: 'int', required: true },
  accuracy_level: { kind: 'int', default: 0 },
} as const;
type Specs = typeof attributes;
type Attributes = AttributeValues<Specs>;

const WEIGHT_ONLY: QuantRule = { kind: 'float', why: 'Its weight already is quantized; activations stay float.' };

/** Inputs by their place. */
const AT = { a: 0, b: 1, scales: 2, zeroPoints: 3, groupIndex: 4, bias: 5 } as const;

/** Blocks along K per column, and bytes of a block. */
function blocksOf({ K, bits, block_size: size }: Attributes) {
  return { blocks: Math.ceil(K / size), bytes: (size * bits) / 8 };
}

/** Code `index` of a row of `bits`-bit codes, the first in the lowest bits. */
function codeAt(bytes: ArrayLike<number>, offset: number, index: number, bits: number): number {
  const bit = index * bits;
  return ((bytes[offset + (bit >> 3)] as number) >> (bit & 7)) & ((1 << bits) - 1);
}

/** Zero points by column and block: packed codes, floats, or the middle of the codes where there are none. */
function zeroPointsOf(t: Tensor | undefined, { N, bits }: Attributes, blocks: number): Float32Array {
  const zeros = new Float32Array(N * blocks).fill(2 ** (bits - 1));
  if (t === undefined) return zeros;
  const data = numbersOf(t);
  const bytes = Math.ceil((blocks * bits) / 8);
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < blocks; k++) {
      const at = n * blocks + k;
      zeros[at] = t.dtype === 'uint8' ? codeAt(data, n * bytes, k, bits) : (data[at] as number);
    }
  }
  return zeros;
}

/**
 * The weight [N, K] in float32: fround((code - zero point) scale); with a zero point that is a float,
 * fround(fround(code scale) - fround(zero point scale)), as ONNX Runtime computes it.
 */
function dequantized(inputs: readonly (Tensor | undefined)[], a: Attributes): Float32Array {
  const { K, N, bits, block_size: size } = a;
  const { blocks, bytes } = blocksOf(a);
  const [codes, scales] = [numbersOf(inputs[AT.b] as Tensor), floatsOf(inputs[AT.scales] as Tensor)]; // required
  const isFloatZero = inputs[AT.zeroPoints] !== undefined && inputs[AT.zeroPoints]?.dtype !== 'uint8';
  const zeros = zeroPointsOf(inputs[AT.zeroPoints], a, blocks);
  const index = inputs[AT.groupIndex];
  const groups = index && numbersOf(index);
  const out = new Float32Array(N * K);
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) {
      const block = groups === undefined ? Math.floor(k / size) : (groups[k] as number);
      const [scale, zero] = [scales[n * blocks + block] as number, zeros[n * blocks + block] as number];
      const code = codeAt(codes, n * blocks * bytes, k, bits);
      out[n * K + k] = isFloatZero
        ? Math.fround(code * scale) - Math.fround(zero * scale)
        : Math.fround(code - zero) * scale;
    }
  }
  return out;
}

function packWeight(
  { kernels, attributes: a }: Pick<RunContext<Specs>, 'kernels' | 'attributes'>,
  inputs: readonly (Tensor | undefined)[],
): Packed {
  const bias = inputs[AT.bias];
  return kernels.packGemmF32(dequantized(inputs, a), bias && floatsOf(bias), { k: a.K, n: a.N, transposed: true });
}

/**
 * A [..., K] times a weight of 2-, 4- or 8-bit codes in blocks along K, plus a bias: B [N, blocks, bytes], scales
 * [N, blocks], zero points packed as the codes or float, a group index [K] that says which block's scale holds.
 *
 * Computed in float32 whatever `accuracy_level` allows; at level 4 ONNX Runtime rounds A to 8 bits per block. With a
 * group index its CPU kernel takes those of a block's first eight elements for all of it, and 8 for packed zero points;
 * here both are what the operator says.
 *
 * @source ONNX Runtime, com.microsoft.MatMulNBits.
 */
const matMulNBits = defineOp<Specs, PreparedWeights>({
  type: 'MatMulNBits',
  domain: 'com.microsoft',
  since: 1,
  arity: [3, 6],
  attributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const { K, N, bits, block_size: size } = context.attributes;
    const { dtype, dims } = context.input(AT.a);
    if (!isFloat32Stored(dtype)) context.fail(`A is ${dtype}, expected float32 or a narrower type`);
    if (![2, 4, 8].includes(bits)) context.fail(`bits is ${bits}, expected 2, 4 or 8`);
    if (size < 16 || !Number.isInteger(Math.log2(size))) {
      context.fail(`block_size is ${size}, expected a power of 2 from 16 on`);
    }
    checkParts(context, context.attributes);
    if (dims === undefined) return [{ dtype, dims }];
    if (dims.length === 0) context.fail('A has no dimension to multiply along');
    sameDim(context, dims.at(-1) ?? K, K, 'last dim of A and K');
    return [{ dtype, dims: [...dims.slice(0, -1), N] }];
  },
  prepare: (context) => {
    const { constants, facts } = context;
    const variable = facts.some((f, i) => i !== AT.a && f !== undefined && constants[i] === undefined);
    return preparedWeights(variable ? undefined : packWeight(context, constants));
  },
  run: (context) => {
    const a = context.input(AT.a);
    const { K, N } = context.attributes;
    const out = context.output(0, a.dtype as 'float32', [...a.dims.slice(0, -1), N]); // held as float32
    const rows = sizeOf(a.dims.slice(0, -1));
    if (sizeOf(out.dims) === 0) return [out];
    const packed = context.prepared.packed ?? packWeight(context, context.inputs);
    context.kernels.gemmF32(floatsOf(a).subarray(0, rows * K), packed, out.data, rows, { lo: -Infinity, hi: Infinity });
    if (context.prepared.packed === undefined) packed.release();
    return [stored(out)];
  },
  quant: () => WEIGHT_ONLY,
  macs: (inputs, _, { N }) => (countOf(inputs[AT.a]?.dims) ?? NaN) * N,
});

/** Fails where codes, scales, zero points, group index or bias do not have as many elements as K, N and blocks say. */
function checkParts(context: Inferring, a: Attributes): void {
  const { K, N, bits, block_size: size } = a;
  const { blocks, bytes } = blocksOf(a);
  const isPacked = context.inputs[AT.zeroPoints]?.dtype === 'uint8';
  if (context.input(AT.b).dtype !== 'uint8') context.fail(`B is ${context.input(AT.b).dtype}, expected uint8`);
  const expected: readonly (readonly [index: number, what: string, counts: readonly number[]])[] = [
    [AT.b, 'B', [N * blocks * bytes]],
    [AT.scales, 'scales', [N * blocks]],
    [AT.zeroPoints, 'zero_points', [N * (isPacked ? Math.ceil((blocks * bits) / 8) : blocks)]],
    [AT.groupIndex, 'g_idx', [K, blocks * size]],
    [AT.bias, 'bias', [N]],
  ];
  for (const [index, what, counts] of expected) {
    const dims = context.inputs[index]?.dims;
    if (dims === undefined || !isNumeric(dims) || counts.includes(sizeOf(dims))) continue;
    context.fail(`${what} has shape ${formatDims(dims)}, expected ${counts.join(' or ')} elements`);
  }
}

/** Matrix products with weights of few bits. */
export const matMulNBitsOps: readonly OpDef[] = [matMulNBits];
