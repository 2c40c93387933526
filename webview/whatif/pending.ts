import type { AppState } from '../store.ts';

/** What holds once a change has been answered, by figures or otherwise. */
export const NOTHING_PENDING: Pick<AppState, 'pendingSkips' | 'pendingWords' | 'changing'> = {
  pendingSkips: new Set(),
  pendingWords: new Map(),
  changing: null,
};
