import { exclusionTexts } from '../config/exclusions.ts';
import type { GraphView, RunView } from '../protocol/views.ts';

/** The nodes a run leaves float on the user's wish, as text to copy for each tool. */
export function skipForms(graph: GraphView, run: RunView): string {
  const lines = exclusionTexts(graph, run).flatMap(({ text, missing }) => [
    ...(text === '' ? [] : [text]),
    ...(missing.length === 0 ? [] : [`# without a name of their own in the file: ${missing.join(', ')}`]),
  ]);
  return lines.join('\n');
}
