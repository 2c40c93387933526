import * as vscode from 'vscode';
import { isQuantConfig, LANGUAGE_ID } from '../../config/language/recognize.ts';

/** What VS Code takes a config for by its name alone. */
const GENERAL = ['properties', 'ini', 'plaintext'];
/** No config is larger. */
const MAX_CHARACTERS = 256 * 1024;

/** Whether the editor has a document for a quantization config. */
export function isConfigDocument({ languageId }: vscode.TextDocument): boolean {
  return languageId === LANGUAGE_ID;
}

/**
 * Gives documents that hold a quantization config their language, when they are opened or become one; others are left
 * alone, and so is a document whose language the user has set back.
 */
export function recognizeConfigs(): vscode.Disposable {
  const done = new Set<string>();
  const look = (document: vscode.TextDocument): void => {
    const key = document.uri.toString();
    if (!GENERAL.includes(document.languageId) || document.uri.scheme === 'output' || done.has(key)) return;
    const text = document.getText();
    if (text.length > MAX_CHARACTERS || !isQuantConfig(text)) return;
    done.add(key);
    void vscode.languages.setTextDocumentLanguage(document, LANGUAGE_ID);
  };
  for (const document of vscode.workspace.textDocuments) look(document);
  return vscode.Disposable.from(
    vscode.workspace.onDidOpenTextDocument(look),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.some(({ text }) => /[\]=\n]/.test(text))) look(document);
    }),
    vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
      for (const { input } of closed) if (input instanceof vscode.TabInputText) done.delete(input.uri.toString());
    }),
  );
}
