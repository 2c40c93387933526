import * as vscode from 'vscode';
import { type Fix, fixesOf } from '../../config/language/fixes.ts';
import type { Problems } from '../problems.ts';
import type { ConfigModels } from './configModels.ts';
import { vscodeEdit } from './convert.ts';

/** Offers what puts right the problems under the cursor. */
export function fixProvider(models: ConfigModels, problems: Problems): vscode.CodeActionProvider {
  return {
    async provideCodeActions(document, _range, { diagnostics }) {
      const ours = diagnostics.flatMap((problem) => {
        const diagnostic = problems.sourceOf(document.uri, problem);
        return diagnostic === undefined ? [] : [{ problem, diagnostic }];
      });
      if (ours.length === 0) return [];
      const model = await models.factsOf(document.uri);
      const text = document.getText();
      return ours.flatMap(({ problem, diagnostic }) =>
        fixesOf({ text, diagnostic, model }).map((fix) => actionOf(document.uri, fix, problem)),
      );
    },
  };
}

function actionOf(uri: vscode.Uri, fix: Fix, problem: vscode.Diagnostic): vscode.CodeAction {
  const action = new vscode.CodeAction(fix.title, vscode.CodeActionKind.QuickFix);
  action.diagnostics = [problem];
  action.isPreferred = fix.preferred;
  action.edit = new vscode.WorkspaceEdit();
  action.edit.set(uri, fix.edits.map(vscodeEdit));
  return action;
}
