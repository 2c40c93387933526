import type { ConvGeometry } from '../../src/kernels/kernelSet.ts';

const G = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];
const ABS_B = [
  [1, 0, 1, 0],
  [0, 1, 1, 0],
  [0, 1, 1, 0],
  [0, 1, 0, 1],
];
const ABS_A = [
  [1, 1, 1, 0],
  [0, 1, 1, 1],
];

/**
 * What the rounding errors of F(2x2, 3x3) are proportional to, per output:
 * |A'| [ sum over channels of |G g G'| * (|B'| |d| |B|) ] |A| + |bias|, with patches d that start at even rows and columns.
 */
export function winogradMagnitudes(
  g: ConvGeometry,
  x: Float32Array,
  weights: Float32Array,
  bias: Float32Array | undefined,
): Float64Array {
  const magnitudes = new Float64Array(g.batch * g.outHeight * g.outWidth * g.outChannels);
  const kernels = Array.from({ length: g.outChannels * g.inChannels }, (_, i) =>
    product(G, rows(weights.subarray(9 * i, 9 * i + 9), 3), G).map((row) => row.map(Math.abs)),
  );
  for (let n = 0; n < g.batch; n++) {
    for (let y = 0; y < g.outHeight; y += 2) {
      for (let column = 0; column < g.outWidth; column += 2) {
        const patches = Array.from({ length: g.inChannels }, (_, i) => {
          const patch = Array.from({ length: 16 }, (__, p) => {
            const [iy, ix] = [y - g.padTop + (p >> 2), column - g.padLeft + (p & 3)];
            if (iy < 0 || ix < 0 || iy >= g.inHeight || ix >= g.inWidth) return 0;
            return Math.abs(x[((n * g.inHeight + iy) * g.inWidth + ix) * g.inChannels + i] as number);
          });
          return product(ABS_B, rows(patch, 4), ABS_B);
        });
        for (let o = 0; o < g.outChannels; o++) {
          const sums = rows(new Float64Array(16), 4).map((row, r) =>
            Array.from(row, (_, c) =>
              patches.reduce(
                (sum, patch, i) => sum + at(patch, r, c) * at(kernels[o * g.inChannels + i] as Matrix, r, c),
                0,
              ),
            ),
          );
          const tile = product(ABS_A, sums, ABS_A);
          for (let p = 0; p < 4; p++) {
            const [oy, ox] = [y + (p >> 1), column + (p & 1)];
            if (oy >= g.outHeight || ox >= g.outWidth) continue;
            const to = ((n * g.outHeight + oy) * g.outWidth + ox) * g.outChannels + o;
            magnitudes[to] = at(tile, p >> 1, p & 1) + Math.abs(bias?.[o] ?? 0);
          }
        }
      }
    }
  }
  return magnitudes;
}

type Matrix = readonly (readonly number[])[];

function rows(values: ArrayLike<number>, width: number): Matrix {
  return Array.from({ length: values.length / width }, (_, r) =>
    Array.from({ length: width }, (__, c) => values[r * width + c] as number),
  );
}

function at(matrix: Matrix, row: number, column: number): number {
  return matrix[row]?.[column] as number; // inside the matrix
}

/** left m right', in float64. */
function product(left: Matrix, m: Matrix, right: Matrix): Matrix {
  return left.map((l) =>
    right.map((r) => l.reduce((sum, a, i) => sum + r.reduce((inner, b, j) => inner + a * b * at(m, i, j), 0), 0)),
  );
}
