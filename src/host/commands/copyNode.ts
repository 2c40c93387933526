import * as vscode from 'vscode';
import type { OpenModel } from '../editor/registry.ts';
import { statisticsText } from '../outline/statisticsText.ts';
import type { Deps } from './deps.ts';
import { openModel, registerCommand } from './target.ts';
import { placeOf } from './viewCommands.ts';

/** Registers what is copied of a node: its name, and its tensors' statistics. Returns the text. */
export function registerCopyNode(deps: Deps): vscode.Disposable {
  const copy = (name: string, textOf: (model: OpenModel, nodeId: number) => Promise<string>) =>
    registerCommand(deps, name, async (argument) => {
      const model = openModel(deps, argument);
      const nodeId = placeOf(argument).nodeId ?? model?.session.selected;
      if (model === undefined || nodeId == null) {
        void vscode.window.showInformationMessage(vscode.l10n.t('Select a node in the graph first.'));
        return undefined;
      }
      const text = await textOf(model, nodeId);
      await vscode.env.clipboard.writeText(text);
      return text;
    });
  return vscode.Disposable.from(
    copy('copyName', async ({ session }, nodeId) => (await session.graph()).nodeOf(nodeId)?.handle ?? ''),
    copy('copyStatistics', async ({ session }, nodeId) => statisticsText(await session.details(nodeId))),
  );
}
