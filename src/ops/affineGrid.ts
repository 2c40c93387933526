import { formatDims, sizeOf } from '../base/shape.ts';
import { toNumbers } from '../base/tensor.ts';
import { indexOf } from './convDirect.ts';
import { countOf, type Dims, knownElements } from './facts.ts';
import { numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef } from './opDef.ts';

/** The places in [-1, 1] at which an affine map theta [N, 2, 3] or [N, 3, 4] samples images of `size` [N, C, (D,) H, W]. */
const affineGrid = defineOp({
  type: 'AffineGrid',
  domain: '',
  since: 20,
  arity: [2, 2],
  attributes: { align_corners: { kind: 'int', default: 0 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { dtype, dims } = context.input(0);
    const size: Dims | undefined = knownElements(context.input(1));
    const rank = size?.length ?? countOf(context.input(1).dims);
    if (rank === undefined) return [{ dtype, dims: undefined }];
    if (rank !== 4 && rank !== 5) context.fail(`size has ${rank} entries, expected [N, C, H, W] or [N, C, D, H, W]`);
    if (dims !== undefined && (dims.length !== 3 || dims[1] !== rank - 2 || dims[2] !== rank - 1)) {
      context.fail(`theta has shape ${formatDims(dims)}, expected [N, ${rank - 2}, ${rank - 1}]`);
    }
    const spatial = size?.slice(2) ?? Array.from({ length: rank - 2 }, () => context.symbol('grid'));
    return [{ dtype, dims: [dims?.[0] ?? context.symbol('batch'), ...spatial, rank - 2] }];
  },
  run: (context) => {
    const theta = context.input(0);
    const spatial = toNumbers(context.input(1)).slice(2);
    const align = context.attributes.align_corners !== 0;
    const rank = spatial.length;
    const batch = theta.dims[0] as number;
    const out = context.output(0, theta.dtype as 'float32', [batch, ...spatial, rank]); // a floating-point type
    const [map, to] = [numbersOf(theta), numbersOf(out)];
    const coordinate = (i: number, n: number): number =>
      align ? (n === 1 ? -1 : (2 * i) / (n - 1) - 1) : (2 * i + 1) / n - 1;
    const points = sizeOf(spatial);
    let at = 0;
    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < points; p++) {
        const place = indexOf(p, spatial)
          .map((i, d) => coordinate(i, spatial[d] as number))
          .reverse(); // x, y, z: the fastest axis first
        for (let row = 0; row < rank; row++) {
          const first = (n * rank + row) * (rank + 1);
          let sum = map[first + rank] as number;
          for (let d = 0; d < rank; d++) sum += (map[first + d] as number) * (place[d] as number);
          to[at++] = sum;
        }
      }
    }
    return [stored(out)];
  },
  quant: () => ({ kind: 'float', why: 'It computes places to sample at, which need more than 8 bits.' }),
});

/** Grids for GridSample. */
export const affineGridOps: readonly OpDef[] = [affineGrid];
