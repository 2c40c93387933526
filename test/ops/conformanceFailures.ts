const NOISE =
  'zeros of the exact result are 1.9e-7 in the expected one, whose transform was computed in float32; the tolerance is 1e-7';

/** Cases of the ONNX backend suite that do not pass, by reason. */
const BY_REASON: Readonly<Record<string, readonly string[]>> = {
  [NOISE]: ['test_dft_inverse', 'test_dft_inverse_opset19'],
  'ImageDecoder does not decode JPEG 2000': ['test_image_decoder_decode_jpeg2k_rgb'],
  'Gradient is not written': ['test_gradient_of_add', 'test_gradient_of_add_and_mul'],
};

/** The ONNX backend suite that is run: its version, and how many cases its folders hold. */
export const SUITE = { version: '1.22.0', node: 1765, simple: 23, light: 9 } as const;

/** Every case of the suite's folders `node` and `simple` that does not pass, with its reason. */
export const NOT_PASSING: ReadonlyMap<string, string> = new Map(
  Object.entries(BY_REASON).flatMap(([reason, names]) => names.map((name): [string, string] => [name, reason])),
);

/** Cases whose outputs are drawn at random: only their types and shapes can be compared. */
export const DRAWN: ReadonlySet<string> = new Set([
  'test_bernoulli',
  'test_bernoulli_double',
  'test_bernoulli_double_expanded',
  'test_bernoulli_expanded',
  'test_bernoulli_seed',
  'test_bernoulli_seed_expanded',
]);

/** Cases whose expected outputs are literals that hold to this many decimals. */
export const DECIMALS: ReadonlyMap<string, number> = new Map([
  ['test_averagepool_2d_ceil_last_window_starts_on_pad', 3],
  ['test_gridsample_bicubic', 4],
  ['test_roialign_aligned_false', 3],
  ['test_roialign_aligned_true', 4],
]);
