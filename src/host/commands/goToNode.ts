import * as vscode from 'vscode';
import type { GraphTable } from '../../protocol/graphTable.ts';
import type { ModelSession } from '../editor/modelSession.ts';
import { type Match, NodeSearch } from '../outline/nodeSearch.ts';
import { formatCosine } from '../runSummary.ts';
import type { Deps } from './deps.ts';
import { openModel, registerCommand, registerModelCommand } from './target.ts';
import { placeOf } from './viewCommands.ts';

/** What is read at a glance; typing narrows it. */
const MOST_ITEMS = 200;

interface Item extends vscode.QuickPickItem {
  readonly match: Match;
}

/** Registers "Go to Node or Tensor…", and the way to a node that views use: an argument `{ nodeId }`. */
export function registerGoToNode(deps: Deps): vscode.Disposable {
  return vscode.Disposable.from(
    registerModelCommand(deps, 'goToNode', ({ session }) => pick(session)),
    registerCommand(deps, 'revealNode', async (argument) => {
      const { nodeId } = placeOf(argument);
      if (nodeId !== undefined) openModel(deps, argument)?.session.command({ command: 'reveal', nodeId });
    }),
  );
}

/** Filters by itself: a list of every node would be slow to hand over, and not sorted by how well it fits. */
async function pick(session: ModelSession): Promise<void> {
  const table = await session.graph();
  const search = new NodeSearch(table);
  const cosines = new Map(session.shown?.nodes.map(({ nodeId, cosine }) => [nodeId, cosine]));
  const quickPick = vscode.window.createQuickPick<Item>();
  quickPick.title = vscode.l10n.t('Go to Node or Tensor of {0}', session.file);
  quickPick.placeholder = vscode.l10n.t('Letters of names and operators, several words in any order');
  const show = (query: string) => {
    quickPick.items = search.find(query, MOST_ITEMS).map((match) => itemOf(table, match, cosines));
  };
  show('');
  const shown = vscode.Disposable.from(
    quickPick,
    quickPick.onDidChangeValue(show),
    quickPick.onDidAccept(() => {
      // Enter may come before the list for the last letter does: then nothing is selected in it.
      const match = quickPick.selectedItems[0]?.match ?? search.find(quickPick.value, 1)[0];
      const node = match === undefined ? -1 : nodeOf(table, match);
      quickPick.hide();
      if (node >= 0) session.command({ command: 'reveal', nodeId: table.nodeId(node) });
    }),
    quickPick.onDidHide(() => shown.dispose()),
  );
  quickPick.show();
}

function itemOf(table: GraphTable, match: Match, cosines: ReadonlyMap<number, number | null>): Item {
  const { kind, index } = match;
  if (kind === 'node') {
    const cosine = cosines.get(table.nodeId(index)) ?? null;
    const figure = cosine === null ? '' : ` · ${vscode.l10n.t('cosine {0}', formatCosine(cosine))}`;
    return {
      label: `$(symbol-method) ${table.handle(index)}`,
      description: `${table.opType(index)}${figure}`,
      alwaysShow: true,
      match,
    };
  }
  const dims = table.dims(index);
  const shape = dims === null ? '' : `[${dims.join(', ')}]`;
  return {
    label: `$(symbol-variable) ${table.valueName(index)}`,
    description: `${table.dtype(index)} ${shape}`.trim(),
    alwaysShow: true,
    match,
  };
}

/** The node itself; of a tensor the node that writes it, else the first that reads it; -1 without one. */
function nodeOf(table: GraphTable, { kind, index }: Match): number {
  if (kind === 'node') return index;
  const producer = table.producerOf(index);
  return producer >= 0 ? producer : (table.consumersOf(index)[0] ?? -1);
}
