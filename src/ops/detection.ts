import { type Tensor, toNumbers } from '../base/tensor.ts';
import { dimsOfRank } from './facts.ts';
import { numbersOf } from './numbers.ts';
import { defineOp, type OpDef } from './opDef.ts';

/** Corners of a box, x1 <= x2 and y1 <= y2. */
interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

function boxAt(data: ArrayLike<number>, at: number, centred: boolean): Box {
  const [a, b, c, d] = [0, 1, 2, 3].map((i) => data[at + i] as number) as [number, number, number, number];
  if (centred) return { x1: a - c / 2, y1: b - d / 2, x2: a + c / 2, y2: b + d / 2 };
  return { y1: Math.min(a, c), x1: Math.min(b, d), y2: Math.max(a, c), x2: Math.max(b, d) };
}

function area(b: Box): number {
  return Math.max(0, b.x2 - b.x1) * Math.max(0, b.y2 - b.y1);
}

/** Intersection over union; 0 for boxes without area. */
function overlap(a: Box, b: Box): number {
  const shared = area({
    x1: Math.max(a.x1, b.x1),
    y1: Math.max(a.y1, b.y1),
    x2: Math.min(a.x2, b.x2),
    y2: Math.min(a.y2, b.y2),
  });
  const union = area(a) + area(b) - shared;
  return union <= 0 ? 0 : shared / union;
}

/** Greedy suppression: boxes [N, B, 4], scores [N, C, B]; rows of (batch, class, box), best first per class. */
const nonMaxSuppression = defineOp({
  type: 'NonMaxSuppression',
  domain: '',
  since: 10,
  arity: [2, 5],
  attributes: { center_point_box: { kind: 'int', default: 0 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    dimsOfRank(context, 0, 3);
    dimsOfRank(context, 1, 3);
    return [{ dtype: 'int64', dims: [context.symbol('selected'), 3] }];
  },
  run: (context) => {
    const [boxes, scores] = [context.input(0), context.input(1)];
    const scalar = (i: number): number | undefined => {
      const t: Tensor | undefined = context.inputs[i];
      return t === undefined ? undefined : toNumbers(t)[0];
    };
    const most = scalar(2) ?? 0;
    const overlapLimit = scalar(3) ?? 0;
    const scoreLimit = scalar(4);
    const [batch, classes, count] = scores.dims as [number, number, number];
    const [place, score] = [numbersOf(boxes), numbersOf(scores)];
    const centred = context.attributes.center_point_box !== 0;
    const rows: number[] = [];
    for (let n = 0; n < batch; n++) {
      const all = Array.from({ length: count }, (_, i) => boxAt(place, (n * count + i) * 4, centred));
      for (let c = 0; c < classes; c++) {
        const at = (n * classes + c) * count;
        const order = Array.from({ length: count }, (_, i) => i)
          .filter((i) => scoreLimit === undefined || (score[at + i] as number) > scoreLimit)
          .sort((a, b) => (score[at + b] as number) - (score[at + a] as number) || a - b);
        const kept: number[] = [];
        for (const i of order) {
          if (kept.length >= most) break;
          if (kept.some((k) => overlap(all[k] as Box, all[i] as Box) > overlapLimit)) continue;
          kept.push(i);
          rows.push(n, c, i);
        }
      }
    }
    const out = context.output(0, 'int64', [rows.length / 3, 3]);
    out.data.set(rows.map(BigInt));
    return [out];
  },
  quant: () => ({ kind: 'float', why: 'NonMaxSuppression compares boxes and returns indices.' }),
});

/** Post-processing of detectors. */
export const detectionOps: readonly OpDef[] = [nonMaxSuppression];
