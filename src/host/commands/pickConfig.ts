import * as vscode from 'vscode';
import { type FoundConfig, findConfigs } from '../config/findConfigs.ts';

/** What the user chose: an existing config, or a new one. */
export type ConfigChoice = { readonly kind: 'existing'; readonly config: vscode.Uri } | { readonly kind: 'new' };

interface Item extends vscode.QuickPickItem {
  readonly choice?: ConfigChoice | 'browse';
}

/** Lets the user choose a config for `model`; `lastUsed` comes first. */
export async function pickConfig(model: vscode.Uri, lastUsed: string | undefined): Promise<ConfigChoice | undefined> {
  const items = findConfigs(model).then((found) => [...configItems(found, lastUsed), ...otherItems()]);
  const chosen = await vscode.window.showQuickPick<Item>(items, {
    title: vscode.l10n.t('Quantize {0} with Config', vscode.workspace.asRelativePath(model)),
    placeHolder: vscode.l10n.t('A file with a [common_quant_param] section'),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return chosen?.choice === 'browse' ? browse(model) : chosen?.choice;
}

function configItems(found: readonly FoundConfig[], lastUsed: string | undefined): Item[] {
  const last = found.filter(({ uri }) => uri.toString() === lastUsed);
  const rest = found.filter(({ uri }) => uri.toString() !== lastUsed);
  return [...last, ...rest].map(({ uri, quantType }) => {
    const path = vscode.workspace.asRelativePath(uri);
    const at = path.lastIndexOf('/');
    const isLast = uri.toString() === lastUsed;
    return {
      label: `$(settings-gear) ${path.slice(at + 1)}`,
      description: isLast ? vscode.l10n.t('{0} · last used', quantType) : quantType,
      ...(at > 0 && { detail: path.slice(0, at) }),
      choice: { kind: 'existing', config: uri },
    };
  });
}

function otherItems(): Item[] {
  return [
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    { label: `$(new-file) ${vscode.l10n.t('New config from template…')}`, choice: { kind: 'new' } },
    { label: `$(folder-opened) ${vscode.l10n.t('Browse…')}`, choice: 'browse' },
  ];
}

async function browse(model: vscode.Uri): Promise<ConfigChoice | undefined> {
  const [config] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Quantization Config'),
      defaultUri: vscode.Uri.joinPath(model, '..'),
      openLabel: vscode.l10n.t('Quantize'),
    })) ?? [];
  return config && { kind: 'existing', config };
}
