import { formatDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Dim } from '../graph/model.ts';
import { cellsOf, copyStrided, outputOf } from './cells.ts';
import { type MovedTables, movesCodes } from './codes.ts';
import { dimsOfRank, mapDim } from './facts.ts';
import { defineOp, type OpDef, type RunContext } from './opDef.ts';

const attributes = { blocksize: { kind: 'int', required: true }, mode: { kind: 'string', default: 'DCR' } } as const;
type Specs = typeof attributes;

/** Both ways between [N, H, W, b*b*C] and [N, H*b, W*b, C]: the same box of six dimensions read and written with other strides. */
function move(context: RunContext<Specs>, toSpace: boolean): Tensor[] {
  const x = context.input(0);
  const b = context.attributes.blocksize;
  const [n, xh, xw, xc] = x.dims as [number, number, number, number]; // rank 4: infer checked
  const [h, w, c] = toSpace ? [xh, xw, xc / (b * b)] : [xh / b, xw / b, xc];
  const out = outputOf(context, 0, x.dtype, toSpace ? [n, h * b, w * b, c] : [n, h, w, c * b * b]);
  const depth = c * b * b;
  const columnFirst = toSpace && context.attributes.mode === 'CRD';
  const deep = columnFirst
    ? [h * w * depth, w * depth, b, depth, 1, b * b]
    : [h * w * depth, w * depth, b * c, depth, c, 1];
  const wide = [h * w * depth, b * w * b * c, w * b * c, b * c, c, 1];
  const [from, to] = toSpace ? [deep, wide] : [wide, deep];
  copyStrided(
    [n, h, b, w, b, c],
    { cells: cellsOf(x), offset: 0, strides: from },
    { cells: cellsOf(out), offset: 0, strides: to },
    context.kernels,
  );
  return [out];
}

function rearrange(type: 'DepthToSpace' | 'SpaceToDepth'): OpDef {
  const toSpace = type === 'DepthToSpace';
  const run = (context: RunContext<Specs>) => move(context, toSpace);
  return defineOp<Specs, undefined, MovedTables>({
    type,
    domain: '',
    since: 1,
    arity: [1, 1],
    attributes,
    layout: { kind: 'nhwc', inputs: [0] },
    infer: (context) => {
      const dims = dimsOfRank(context, 0, 4);
      const { dtype } = context.input(0);
      if (dims === undefined) return [{ dtype, dims }];
      const [n, c, h, w] = dims as [Dim, Dim, Dim, Dim];
      const b = context.attributes.blocksize;
      const divided = (d: Dim, by: number): Dim =>
        mapDim(
          context,
          d,
          (v) => (v % by === 0 ? v / by : context.fail(`${v} of ${formatDims(dims)} does not divide by ${by}`)),
          'block',
        );
      const times = (d: Dim, by: number): Dim => mapDim(context, d, (v) => v * by, 'block');
      return [
        {
          dtype,
          dims: toSpace
            ? [n, divided(c, b * b), times(h, b), times(w, b)]
            : [n, times(c, b * b), divided(h, b), divided(w, b)],
        },
      ];
    },
    run,
    quant: () => ({ kind: 'sharesInput' }),
    integer: movesCodes(run),
  });
}

/** Moves blocks between channels and space. */
export const rearrangeOps: readonly OpDef[] = [rearrange('DepthToSpace'), rearrange('SpaceToDepth')];
