import * as vscode from 'vscode';
import type { OpenModel } from '../editor/registry.ts';
import { quantizingAllowed } from '../trust.ts';
import type { Deps } from './deps.ts';
import { runIsLive } from './runAgain.ts';
import { openModel, registerCommand } from './target.ts';

/**
 * Registers "Toggle Quantization of Node": the node of the context menu, else the selected one.
 * As an argument `{ nodeId, skip? }` names the node, and the state instead of toggling it.
 */
export function registerToggleSkip(deps: Deps): vscode.Disposable {
  return registerCommand(deps, 'toggleSkip', async (argument) => {
    const model = openModel(deps, argument);
    if (model === undefined) return;
    const { nodeId, skip } = toggleArgument(argument);
    const id = nodeId ?? model.session.selected;
    if (id === null) {
      void vscode.window.showInformationMessage(vscode.l10n.t('Select a node in the graph first.'));
      return;
    }
    const figures = model.session.shown?.nodes.find((node) => node.nodeId === id);
    await skipNodes(model, [id], skip ?? !(figures?.skipped ?? false));
  });
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
  await edits.apply(
    session.config,
    nodes.map((node) => node.handle),
    skip,
  );
}

function toggleArgument(value: unknown): { nodeId: number | undefined; skip: boolean | undefined } {
  if (typeof value !== 'object' || value === null) return { nodeId: undefined, skip: undefined };
  const { nodeId, skip } = value as { nodeId?: unknown; skip?: unknown };
  return {
    nodeId: typeof nodeId === 'number' ? nodeId : undefined,
    skip: typeof skip === 'boolean' ? skip : undefined,
  };
}
