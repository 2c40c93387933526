import * as vscode from 'vscode';
import { VIEW_TYPE } from '../editor/registry.ts';
import type { PanelPairs } from './panelPairs.ts';

/**
 * Shows two models beside each other and compares them. Not in a diff editor: VS Code shows files above a size as text
 * there.
 */
export async function compareSideBySide(pairs: PanelPairs, left: vscode.Uri, right: vscode.Uri): Promise<void> {
  const open = (uri: vscode.Uri, viewColumn: vscode.ViewColumn) =>
    vscode.commands.executeCommand('vscode.openWith', uri, VIEW_TYPE, { viewColumn, preview: false });
  await open(left, vscode.ViewColumn.Active);
  await open(right, vscode.ViewColumn.Beside);
  pairs.join(left, right);
}
