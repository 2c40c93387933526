import * as vscode from 'vscode';
import type { OpenModel } from '../editor/registry.ts';
import { quantizingAllowed } from '../trust.ts';
import { changeLabel } from './changeConfig.ts';
import type { Deps } from './deps.ts';
import { runIsLive } from './runAgain.ts';
import { openModel, registerCommand } from './target.ts';
import { placeOf } from './viewCommands.ts';

/**
 * Registers "Toggle Quantization of Node", and both ways of it by name: of the node of the context menu, else of the
 * selected one. As an argument `{ nodeId, skip? }` names the node, and the state instead of toggling it.
 */
export function registerToggleSkip(deps: Deps): vscode.Disposable {
  const register = (name: string, wanted: (now: boolean, argument: unknown) => boolean) =>
    registerCommand(deps, name, async (argument) => {
      const model = openModel(deps, argument);
      if (model === undefined) return;
      const nodeId = placeOf(argument).nodeId ?? model.session.selected;
      if (nodeId === null) {
        void vscode.window.showInformationMessage(vscode.l10n.t('Select a node in the graph first.'));
        return;
      }
      const figures = model.session.shown?.nodes.find((node) => node.nodeId === nodeId);
      await skipNodes(model, [nodeId], wanted(figures?.skipped ?? false, argument));
    });
  return vscode.Disposable.from(
    register('toggleSkip', (now, argument) => skipOf(argument) ?? !now),
    register('skipNode', () => true),
    register('quantizeNode', () => false),
  );
}

/**
 * Puts nodes into `skip_quant_node` of the last run's config, or takes them out; the new figures follow by themselves.
 * Without a run so far it offers one: there is no config to write to, and nothing to compare with.
 */
export async function skipNodes(model: OpenModel, nodeIds: readonly number[], skip: boolean): Promise<void> {
  const { session, edits } = model;
  if (!quantizingAllowed(session.uri)) return;
  if (session.config === undefined || session.run === null) {
    const quantize = vscode.l10n.t('Quantize with Config…');
    const text = vscode.l10n.t('Quantize the model first: a node is switched off in the config of the last run.');
    void vscode.window.showInformationMessage(text, quantize).then((chosen) => {
      if (chosen === quantize) void vscode.commands.executeCommand('quantscope.quantizeWithConfig', session.uri);
    });
    return;
  }
  if (!runIsLive(session)) return;
  const figures = new Map(session.shown?.nodes.map((node) => [node.nodeId, node]));
  const nodes = (await session.nodes(nodeIds)).filter((node) => figures.get(node.id)?.canSkip !== false);
  if (nodes.length === 0) {
    const why = figures.get(nodeIds[0] ?? -1)?.why ?? '';
    void vscode.window.showInformationMessage(vscode.l10n.t('This node is not quantized in any case: {0}', why));
    return;
  }
  const handles = nodes.map((node) => node.handle);
  const change = skip ? { skip: handles } : { unskip: handles };
  await edits.apply({ config: session.config, change, label: changeLabel(change), handles });
}

function skipOf(argument: unknown): boolean | undefined {
  if (typeof argument !== 'object' || argument === null) return undefined;
  const { skip } = argument as { skip?: unknown };
  return typeof skip === 'boolean' ? skip : undefined;
}
