import type { PanelPairs } from '../compare/panelPairs.ts';
import { compareSideBySide } from '../compare/sideBySide.ts';
import { modelOfRun } from './runAddress.ts';
import type { RunHead } from './storedRun.ts';

/** Shows two kept runs side by side: the graph of each with its figures, the older on the left. */
export async function compareRuns(pairs: PanelPairs, a: RunHead, b: RunHead): Promise<void> {
  const [older, newer] = a.timeMs <= b.timeMs ? [a, b] : [b, a];
  await compareSideBySide(pairs, modelOfRun(older), modelOfRun(newer));
}
