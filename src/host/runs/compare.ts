import * as vscode from 'vscode';
import type { PanelPairs } from '../compare/panelPairs.ts';
import { compareSideBySide } from '../compare/sideBySide.ts';
import type { RunHead } from './storedRun.ts';

/** Shows two kept runs side by side: the graph of each with its figures, the older on the left. */
export async function compareRuns(pairs: PanelPairs, a: RunHead, b: RunHead): Promise<void> {
  const [older, newer] = a.timeMs <= b.timeMs ? [a, b] : [b, a];
  await compareSideBySide(pairs, modelOfRun(older), modelOfRun(newer));
}

const QUERY = /^run=(.+)$/;

/** The address of a run's model that opens with the figures of that run. */
function modelOfRun({ model, id }: RunHead): vscode.Uri {
  return vscode.Uri.parse(model).with({ query: `run=${id}` });
}

/** The run whose figures a model is opened with, when its address names one. */
export function runOfAddress({ query }: vscode.Uri): string | undefined {
  return QUERY.exec(query)?.[1];
}
