import { type DType, isFloat, isNumericDType, newArray } from '../base/dtype.ts';
import { roundInPlace } from '../base/half.ts';
import { randomState } from '../base/mersenneTwister.ts';
import type { Samples } from '../base/samples.ts';
import { sizeOf } from '../base/shape.ts';
import { hasDType, type Tensor } from '../base/tensor.ts';
import { cannotGenerate } from './errors.ts';
import { channelsFirst, type SampleInput } from './imageTensor.ts';

/** Seed of a std::mt19937 that was given none. */
const DEFAULT_SEED = 5489;
const WORDS = 4294967296;
const F32 = Math.fround;

/** Smallest value and number of values of what converter_lite draws for integers; others draw from {0, 1}. */
const INTEGERS: Readonly<Partial<Record<DType, readonly [lowest: number, count: number]>>> = {
  int8: [-127, 255],
  uint8: [0, 255],
};

/**
 * One sample of pseudo-random numbers, the same in every run: floats are uniform in [0.1, 1), 8-bit integers in
 * -127..127 or 0..254, others 0 or 1. The generator starts anew for each input.
 *
 * @param order of the numbers in 4-D inputs [N, C, H, W]: as they lie, or with the channels last, as converter_lite's
 *   models have them.
 * @source MindSpore Lite's data for runs without calibration samples (reference behaviour; libstdc++'s distributions).
 */
export function pseudoRandomSample(
  inputs: readonly SampleInput[],
  order: 'channelsFirst' | 'channelsLast' = 'channelsFirst',
): Samples {
  return {
    count: 1,
    read: async () =>
      new Map(
        inputs.map((input) => {
          const made = pseudoRandomTensor(input);
          return [input.name, order === 'channelsLast' ? fromChannelsLast(made) : made];
        }),
      ),
    nameOf: () => 'pseudo-random sample',
  };
}

/** @throws DAT212 for types without numbers. */
function pseudoRandomTensor({ name, dtype, dims }: SampleInput): Tensor {
  if (!isNumericDType(dtype)) throw cannotGenerate(name, dtype);
  const { word } = randomState(DEFAULT_SEED);
  const made = { dtype, dims, data: newArray(dtype, sizeOf(dims)) } as Tensor; // newArray makes what dtype is held in
  if (hasDType(made, 'int64') || hasDType(made, 'uint64')) {
    for (let i = 0; i < made.data.length; i++) made.data[i] = BigInt(below(word, 2));
    return made;
  }
  const data = made.data as Float32Array; // any array of numbers
  if (isFloat(dtype)) {
    for (let i = 0; i < data.length; i++) data[i] = F32(F32(unit(word) * F32(F32(1) - F32(0.1))) + F32(0.1));
    if (data instanceof Float32Array) roundInPlace(dtype, data);
    return made;
  }
  const [lowest, count] = INTEGERS[dtype] ?? [0, 2];
  for (let i = 0; i < data.length; i++) data[i] = lowest + below(word, count);
  return made;
}

/** Uniform in [0, 1), float32, as std::generate_canonical makes it of one word. */
function unit(word: () => number): number {
  const x = F32(F32(word()) / WORDS);
  return x < 1 ? x : 1 - 2 ** -24;
}

/** Uniform in 0..count-1 without bias: the high half of word * count (Lemire). */
function below(word: () => number, count: number): number {
  const least = (WORDS - count) % count;
  for (;;) {
    const product = word() * count; // below 2^40: exact
    if (product % WORDS >= least) return Math.floor(product / WORDS);
  }
}

/** Numbers drawn in the order [N, H, W, C], at their places in [N, C, H, W]. */
function fromChannelsLast(drawn: Tensor): Tensor {
  const [batch, channels] = drawn.dims;
  if (drawn.dims.length !== 4 || batch === undefined || channels === undefined) return drawn;
  const data = drawn.data as Float32Array; // any array of numbers, which is only moved
  return { ...drawn, data: channelsFirst(data, data.slice(), batch, channels) } as Tensor;
}
