import * as path from 'node:path';
import * as vscode from 'vscode';
import { type Completion, completionsAt } from '../../config/language/completion.ts';
import type { FolderListing } from '../../config/language/facts.ts';
import { folderToList } from '../../config/language/listCompletion.ts';
import type { Problems } from '../problems.ts';
import type { ConfigModels } from './configModels.ts';
import { positionOf, vscodeRange } from './convert.ts';

const KINDS: Record<Completion['kind'], vscode.CompletionItemKind> = {
  section: vscode.CompletionItemKind.Module,
  key: vscode.CompletionItemKind.Property,
  word: vscode.CompletionItemKind.EnumMember,
  value: vscode.CompletionItemKind.Value,
  node: vscode.CompletionItemKind.Reference,
  input: vscode.CompletionItemKind.Variable,
  folder: vscode.CompletionItemKind.Folder,
  file: vscode.CompletionItemKind.File,
};

/** What opens the list beside letters. */
export const TRIGGERS = ['[', '=', ',', ':', '/', '+'];

/** Completes configs from the table of keys, their model and the folders beside them. */
export function completionProvider(models: ConfigModels, problems: Problems): vscode.CompletionItemProvider {
  return {
    async provideCompletionItems(document, position) {
      const text = document.getText();
      const at = positionOf(position);
      const [model, listing] = await Promise.all([
        models.factsOf(document.uri),
        listFolder(document.uri, folderToList(text, at)),
      ]);
      const said = problems.shownOf(document.uri);
      return completionsAt(text, at, { model, listing, said }).map(itemOf);
    },
  };
}

function itemOf(completion: Completion, index: number): vscode.CompletionItem {
  const item = new vscode.CompletionItem(
    { label: completion.label, description: completion.detail },
    KINDS[completion.kind],
  );
  item.range = vscodeRange(completion.range);
  item.insertText = completion.text;
  item.sortText = String(index).padStart(5, '0');
  if (completion.doc !== '') item.documentation = new vscode.MarkdownString(completion.doc);
  if (completion.goesOn) {
    item.command = { command: 'editor.action.triggerSuggest', title: vscode.l10n.t('Suggest') };
  }
  return item;
}

/** The entries of a folder that a config names; nothing where there is none, or it cannot be read. */
async function listFolder(config: vscode.Uri, folder: string | undefined): Promise<FolderListing | undefined> {
  if (folder === undefined || config.scheme !== 'file') return undefined;
  const uri = vscode.Uri.file(path.resolve(path.dirname(config.fsPath), folder));
  try {
    const entries = await vscode.workspace.fs.readDirectory(uri);
    const named = (wanted: vscode.FileType) =>
      entries.filter(([, type]) => (type & wanted) !== 0).map(([name]) => name);
    return { folders: named(vscode.FileType.Directory), files: named(vscode.FileType.File) };
  } catch {
    return undefined;
  }
}
