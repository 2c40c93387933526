import * as vscode from 'vscode';
import { type ExclusionText, exclusionTexts } from '../../config/exclusions.ts';
import type { Deps } from './deps.ts';
import { openModel, registerCommand } from './target.ts';

/**
 * Registers "Copy Excluded Nodes…": the nodes left float by `skip_quant_node`, as the chosen tool wants them, on the
 * clipboard.
 *
 * Arguments: the model's URI (the graph in front without it) and the form (asks without it). Returns the text, or
 * undefined where nothing is excluded or none was chosen.
 */
export function registerCopyExclusions(deps: Deps): vscode.Disposable {
  return registerCommand(deps, 'copyExclusions', async (argument, form) => {
    const { session } = openModel(deps, argument) ?? {};
    const run = session?.shown ?? null;
    if (session === undefined || run === null) return undefined;
    const texts = exclusionTexts(await session.graph(), run);
    if (!run.nodes.some((n) => n.skipped)) {
      void vscode.window.showInformationMessage(vscode.l10n.t('No node is excluded from quantization.'));
      return undefined;
    }
    const chosen = texts.find((t) => t.form === form) ?? (await pick(texts));
    if (chosen === undefined) return undefined;
    await vscode.env.clipboard.writeText(chosen.text);
    void vscode.window.showInformationMessage(copied(chosen));
    return chosen.text;
  });
}

async function pick(texts: readonly ExclusionText[]): Promise<ExclusionText | undefined> {
  const tools = { skip_quant_node: 'QuantScope, MindSpore Lite', nodes_to_exclude: 'ONNX Runtime (Python)' } as const;
  const items = texts.map((exclusion) => ({
    label: exclusion.form,
    description: tools[exclusion.form],
    detail: exclusion.text,
    exclusion,
  }));
  const chosen = await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Copy Excluded Nodes as') });
  return chosen?.exclusion;
}

function copied({ form, missing }: ExclusionText): string {
  if (missing.length === 0) return vscode.l10n.t('{0} copied.', form);
  const names = missing.join(', ');
  return vscode.l10n.t('{0} copied, without nodes that have no name of their own in the file: {1}', form, names);
}
