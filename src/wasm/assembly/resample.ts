import { storePart32 } from './vector';

/** Weighted sum of `count` rows of `inner`, in float32, the first weight first. */
// @ts-ignore: decorator
@inline
function blend(x: usize, index: usize, weight: usize, count: i32, inner: i32, out: usize): void {
  const step = <usize>inner << 2;
  for (let i = 0; i < inner; i += 4) {
    let sum = f32x4.mul(v128.load(x + <usize>load<u32>(index) * step), v128.load32_splat(weight));
    for (let k = 1; k < count; k++) {
      const from = x + <usize>load<u32>(index + (<usize>k << 2)) * step;
      sum = f32x4.add(sum, f32x4.mul(v128.load(from), v128.load32_splat(weight + (<usize>k << 2))));
    }
    if (inner - i >= 4) v128.store(out, sum);
    else storePart32(out, sum, sum, inner - i);
    x += 16;
    out += 16;
  }
}

// @ts-ignore: decorator
@inline
function blendOne(x: usize, index: usize, weight: usize, count: i32, out: usize): void {
  let sum = load<f32>(x + (<usize>load<u32>(index) << 2)) * load<f32>(weight);
  for (let k = 1; k < count; k++) {
    const at = <usize>k << 2;
    sum += load<f32>(x + (<usize>load<u32>(index + at) << 2)) * load<f32>(weight + at);
  }
  store<f32>(out, sum);
}

/** Rows [first, end) of [outer, length, inner] from [outer, size, inner]; see `FloatKernels.resampleF32`. */
export function resampleF32(
  x: usize, out: usize, index: usize, weight: usize, size: i32, inner: i32, length: i32, count: i32, first: i32,
  end: i32,
): void {
  const rowBytes = <usize>inner << 2;
  let o = first / length, p = first % length;
  let to = out + <usize>first * rowBytes;
  for (let r = first; r < end; r++) {
    const from = x + <usize>o * <usize>size * rowBytes;
    const taps = <usize>(p * count) << 2;
    if (inner == 1) blendOne(from, index + taps, weight + taps, count, to);
    else if (count == 2) blend(from, index + taps, weight + taps, 2, inner, to);
    else blend(from, index + taps, weight + taps, count, inner, to);
    to += rowBytes;
    if (++p == length) {
      p = 0;
      o++;
    }
  }
}
