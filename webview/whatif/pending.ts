import type { AppState } from '../store.ts';

type Pending = Pick<AppState, 'pendingSkips' | 'pendingWords' | 'changing'>;

/** What holds once every change has been answered, by figures or otherwise. */
export const NOTHING_PENDING: Pending = {
  pendingSkips: new Set(),
  pendingWords: new Map(),
  changing: null,
};

/** What holds once figures have come that answer for nodes of these handles: changes made since still wait. */
export function pendingAfter(answered: ReadonlySet<string>, state: AppState): Pending {
  const answeredIds = new Set((state.run?.nodes ?? []).filter((f) => answered.has(f.handle)).map((f) => f.nodeId));
  const pendingSkips = new Set([...state.pendingSkips].filter((id) => !answeredIds.has(id)));
  const pendingWords = new Map([...state.pendingWords].filter(([handle]) => !answered.has(handle)));
  const isRest = pendingSkips.size + pendingWords.size > 0;
  return { pendingSkips, pendingWords, changing: isRest ? state.changing : null };
}
