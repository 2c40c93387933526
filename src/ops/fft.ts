/** A complex signal as two arrays of the same length. */
export interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Transforms a complex signal in place: X[k] = Σ x[n] e^(∓2πi kn/N), not normalized. */
export type Transform = (x: Complex) => void;

/**
 * The discrete Fourier transform of `length` points in O(N log N), in float64; conjugate exponents for `inverse`.
 *
 * @source Cooley and Tukey 1965 for powers of two; Bluestein 1970 (a convolution with a chirp) for other lengths.
 */
export function createTransform(length: number, direction: 'forward' | 'inverse'): Transform {
  const forward = isPowerOfTwo(length) ? radixTwo(length) : bluestein(length);
  return direction === 'forward' ? forward : ({ re, im }) => forward({ re: im, im: re }); // swapping conjugates twice
}

function isPowerOfTwo(n: number): boolean {
  return n > 0 && 2 ** Math.round(Math.log2(n)) === n;
}

/** cos and sin of 2πk/n for k below `count`. */
function circle(n: number, count: number): Complex {
  const re = Float64Array.from({ length: count }, (_, k) => Math.cos((2 * Math.PI * k) / n));
  const im = Float64Array.from({ length: count }, (_, k) => Math.sin((2 * Math.PI * k) / n));
  return { re, im };
}

function radixTwo(length: number): Transform {
  const turns = circle(length, length / 2);
  return ({ re, im }) => {
    reverseBits(re);
    reverseBits(im);
    for (let half = 1; half < length; half *= 2) {
      const stride = length / (2 * half);
      for (let start = 0; start < length; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const [c, s] = [turns.re[k * stride] as number, -(turns.im[k * stride] as number)];
          const [a, b] = [start + k, start + k + half];
          const [x, y] = [re[b] as number, im[b] as number];
          const [p, q] = [x * c - y * s, x * s + y * c];
          const [u, v] = [re[a] as number, im[a] as number];
          re[b] = u - p;
          im[b] = v - q;
          re[a] = u + p;
          im[a] = v + q;
        }
      }
    }
  };
}

function reverseBits(x: Float64Array): void {
  for (let i = 1, j = 0; i < x.length; i++) {
    let bit = x.length >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) [x[i], x[j]] = [x[j] as number, x[i] as number];
  }
}

/** As kn = (k² + n² - (k-n)²) / 2, the transform is a convolution with e^(πi n²/N). */
function bluestein(length: number): Transform {
  if (length === 0) return () => {};
  const size = 2 ** Math.ceil(Math.log2(2 * length - 1));
  const forward = radixTwo(size);
  const turns = circle(2 * length, 2 * length);
  const chirp: Complex = { re: new Float64Array(length), im: new Float64Array(length) };
  const filter: Complex = { re: new Float64Array(size), im: new Float64Array(size) };
  for (let n = 0; n < length; n++) {
    const at = (n * n) % (2 * length);
    chirp.re[n] = filter.re[n] = turns.re[at] as number;
    chirp.im[n] = filter.im[n] = turns.im[at] as number;
    if (n > 0) filter.re[size - n] = chirp.re[n] as number;
    if (n > 0) filter.im[size - n] = chirp.im[n] as number;
  }
  forward(filter);
  const work: Complex = { re: new Float64Array(size), im: new Float64Array(size) };
  return ({ re, im }) => {
    work.re.fill(0);
    work.im.fill(0);
    for (let n = 0; n < length; n++) {
      const [c, s] = [chirp.re[n] as number, -(chirp.im[n] as number)];
      work.re[n] = (re[n] as number) * c - (im[n] as number) * s;
      work.im[n] = (re[n] as number) * s + (im[n] as number) * c;
    }
    forward(work);
    for (let k = 0; k < size; k++) {
      const [a, b, c, d] = [work.re[k] as number, work.im[k] as number, filter.re[k] as number, filter.im[k] as number];
      work.re[k] = a * c - b * d;
      work.im[k] = a * d + b * c;
    }
    forward({ re: work.im, im: work.re }); // the inverse, but for the factor
    for (let k = 0; k < length; k++) {
      const [c, s] = [chirp.re[k] as number, -(chirp.im[k] as number)];
      const [a, b] = [(work.re[k] as number) / size, (work.im[k] as number) / size];
      re[k] = a * c - b * s;
      im[k] = a * s + b * c;
    }
  };
}
