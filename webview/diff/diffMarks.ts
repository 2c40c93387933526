import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { NodeFigures, RunView } from '../../src/protocol/views.ts';
import { formatDb } from '../format.ts';
import type { NodeMark } from '../heat/marks.ts';
import { Status } from './compare.ts';
import { counterparts, type DiffState, gainDb, ownStatus } from './state.ts';

/** From this loss of SQNR on, in dB, a node is as bad as it gets. */
const MUCH_DB = 3;

/** What a node shows of a comparison: a sign of what became of it, and how much better it is on the right. */
export function diffMarks(diff: DiffState, graph: GraphTable, run: RunView | null): ReadonlyMap<number, NodeMark> {
  const marks = new Map<number, NodeMark>();
  const [status, others] = [ownStatus(diff), counterparts(diff)];
  if (status === undefined || others === undefined) return marks;
  const figures = byNode(run);
  const otherFigures = byNode(diff.otherRun);
  for (let node = 0; node < status.length; node++) {
    const id = graph.nodeId(node);
    const own = figures.get(id);
    const other = otherFigures.get(diff.other.nodeId(others[node] as number));
    const gain = diff.side === 'left' ? gainDb(own, other) : gainDb(other, own);
    const mark = markOf(status[node] as Status, diff.side, gain);
    if (mark !== undefined) marks.set(id, { ...mark, second: null, figures: own ?? null, pending: false });
  }
  return marks;
}

/** How strongly a difference is coloured, and its sign; undefined where there is none. */
export function markOf(
  status: Status,
  side: 'left' | 'right',
  gain: number | undefined,
): { readonly level: number; readonly text: string } | undefined {
  if (status === Status.only) return { level: 3, text: side === 'left' ? '−' : '+' };
  const sign = status === Status.changed ? '≠' : '';
  if (gain === undefined || gain === 0) return sign === '' ? undefined : { level: 2, text: sign };
  const text = [sign, `${gain > 0 ? '+' : ''}${formatDb(gain)}`.replace('-', '−')].filter((part) => part !== '');
  return { level: gain > 0 ? (gain >= MUCH_DB ? 0 : 1) : gain <= -MUCH_DB ? 4 : 3, text: text.join(' ') };
}

function byNode(run: RunView | null): ReadonlyMap<number, NodeFigures> {
  return new Map(run?.nodes.map((figures) => [figures.nodeId, figures]) ?? []);
}
