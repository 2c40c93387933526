import type { Store } from '../store.ts';

/** What is answered sooner is not marked as waiting: the mark would flicker, and drawing it take time from the answer. */
const MARK_AFTER_MS = 200;
/** What ends sooner shows no progress: its line would move all that lies below it, twice. */
const PROGRESS_AFTER_MS = 300;

/** Keeps `markedSkips` and `isLong` in step with what waits and works, where that lasts. */
export function followLasting(store: Store): void {
  let marking: ReturnType<typeof setTimeout> | undefined;
  store.watch(
    (s) => [s.pendingSkips],
    ({ pendingSkips, markedSkips }) => {
      clearTimeout(marking);
      const left = new Set([...markedSkips].filter((id) => pendingSkips.has(id)));
      if (left.size < markedSkips.size) store.update({ markedSkips: left });
      if (left.size < pendingSkips.size)
        marking = setTimeout(() => store.update({ markedSkips: pendingSkips }), MARK_AFTER_MS);
    },
  );
  let working: ReturnType<typeof setTimeout> | undefined;
  store.watch(
    (s) => [s.busy],
    ({ busy }) => {
      clearTimeout(working);
      if (busy) working = setTimeout(() => store.update({ isLong: true }), PROGRESS_AFTER_MS);
      else store.update({ isLong: false });
    },
  );
}
