import type { CompareStart, SharedPlace } from '../../src/protocol/compareViews.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import type { Connection } from '../connection.ts';
import { t } from '../l10n.ts';
import type { Store } from '../store.ts';
import type { Comparison } from './compare.ts';
import { ownNode } from './state.ts';

/** What the comparison needs of the drawn graph. */
export interface DiffView {
  /** Matches two graphs ({@link GraphTable.buffer}) outside of the view's own thread. */
  compare(left: ArrayBuffer, right: ArrayBuffer): Promise<Comparison>;
  /** Shows a node at a place, without telling the other side. */
  showAt(nodeId: number, place: SharedPlace): void;
  announce(text: string): void;
}

export interface DiffOptions {
  readonly store: Store;
  readonly connection: Connection;
  readonly view: () => DiffView;
  /** Selects a node without telling the other side. */
  readonly select: (nodeId: number | null) => void;
  readonly failed: (method: string) => (cause: unknown) => void;
}

/** Keeps this view in step with the other half of a diff editor. */
export function createDiffActions({ store, connection: { rpc }, view, select, failed }: DiffOptions) {
  let turn = 0;
  const start = async ({ side, title, graph, run }: CompareStart) => {
    const own = store.state.graph;
    if (own === null) return;
    const mine = ++turn;
    const known = store.state.diff;
    const isSame = known?.side === side && sameBytes(known.other.buffer, graph);
    const other = isSame ? known.other : new GraphTable(graph);
    const comparison = isSame ? known.comparison : null;
    const isNew = known === null;
    store.update({ diff: { side, title, other, otherRun: run, comparison } });
    if (isNew) store.update({ bottom: 'changes', tab: 'table' });
    if (comparison !== null) return;
    try {
      const [left, right] = side === 'left' ? [own.buffer, graph] : [graph, own.buffer];
      const found = await view().compare(left, right);
      if (mine !== turn || store.state.diff === null) return;
      store.update({ diff: { ...store.state.diff, comparison: found } });
      const changed = found[side].reduce((count, status) => count + Number(status !== 0), 0);
      view().announce(t('Compared with {0}: {1} nodes differ', title, changed));
    } catch (cause) {
      failed('compare')(cause);
    }
  };
  const counterpart = (otherId: number): number | undefined => {
    const { diff, graph } = store.state;
    return diff === null || graph === null ? undefined : ownNode(diff, graph, otherId);
  };

  rpc.on('compare/started', (payload) => void start(payload));
  rpc.on('compare/ended', () => {
    turn++;
    store.update({ diff: null });
  });
  rpc.on('compare/moved', (place) => {
    const node = counterpart(place.nodeId);
    if (node !== undefined) view().showAt(node, place);
  });
  rpc.on('compare/selected', ({ nodeId }) => {
    const node = nodeId === null ? null : counterpart(nodeId);
    if (node !== undefined) select(node);
  });
  rpc.on('compare/groups', ({ open }) => store.update({ openGroups: open }));

  return {
    startDiff: (payload: CompareStart | null) => {
      if (payload !== null) void start(payload);
    },
    /** Tells the other side which groups are open. */
    shareGroups: (open: readonly string[] | null) => {
      if (store.state.diff !== null) rpc.request('compare/groups', { open }).catch(failed('compare/groups'));
    },
    /** Tells the other side where this view looks. */
    shareView: (place: SharedPlace) => {
      if (store.state.diff !== null) rpc.request('compare/move', place).catch(failed('compare/move'));
    },
  };
}

function sameBytes(a: ArrayBuffer, b: ArrayBuffer): boolean {
  if (a.byteLength !== b.byteLength) return false;
  const words = a.byteLength >> 2;
  const [x, y] = [new Uint32Array(a, 0, words), new Uint32Array(b, 0, words)];
  for (let i = 0; i < words; i++) if (x[i] !== y[i]) return false;
  const [end, other] = [new Uint8Array(a, 4 * words), new Uint8Array(b, 4 * words)];
  return end.every((byte, i) => byte === other[i]);
}
