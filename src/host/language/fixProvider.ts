import * as vscode from 'vscode';
import { applyChange } from '../../config/changes.ts';
import { type Fix, fixesOf } from '../../config/language/fixes.ts';
import { changedSpan } from '../config/configText.ts';
import type { Problems } from '../problems.ts';
import { changeGain, changeTitle } from '../suggestions/describe.ts';
import { helpfulCures } from '../suggestions/suggestions.ts';
import type { ConfigModels } from './configModels.ts';
import { vscodeEdit } from './convert.ts';

/** Of a diagnosis, at a time. */
const MOST_CURES = 8;

const CURABLE = /^\s*(\[(quantscope|common_quant_param)\]|(skip_quant_node|node_overrides)\s*=)/;

/** Offers what puts right the problems under the cursor, and where nodes are named what a diagnosis found to help. */
export function fixProvider(models: ConfigModels, problems: Problems): vscode.CodeActionProvider {
  return {
    async provideCodeActions(document, range, { diagnostics }) {
      const ours = diagnostics.flatMap((problem) => {
        const diagnostic = problems.sourceOf(document.uri, problem);
        return diagnostic === undefined ? [] : [{ problem, diagnostic }];
      });
      const text = document.getText();
      const cures = placesOfCures(text, range) ? await curesFor(models, document) : [];
      if (ours.length === 0) return cures;
      const model = await models.factsOf(document.uri);
      const fixes = ours.flatMap(({ problem, diagnostic }) =>
        fixesOf({ text, diagnostic, model }).map((fix) => actionOf(document.uri, fix, problem)),
      );
      return [...fixes, ...cures];
    },
  };
}

/** Whether the lines of a range say what a cure would change: the section of our own keys, or a list of nodes. */
function placesOfCures(text: string, { start, end }: vscode.Range): boolean {
  const lines = text.split(/\r\n|\r|\n/).slice(start.line, end.line + 1);
  return lines.some((line) => CURABLE.test(line));
}

/** Cures that the last diagnosis of the config's model has measured, with what they won, best first. */
async function curesFor(models: ConfigModels, document: vscode.TextDocument): Promise<vscode.CodeAction[]> {
  const model = await models.modelOf(document.uri);
  const diagnosis = model?.findings.last.diagnosis ?? null;
  if (diagnosis === null || model?.session.config?.toString() !== document.uri.toString()) return [];
  const text = document.getText();
  return helpfulCures(diagnosis, text)
    .slice(0, MOST_CURES)
    .flatMap((cure) => {
      const span = changedSpan(text, applyChange(text, cure.change));
      if (span === undefined) return [];
      const title = `${changeTitle(cure)} (${changeGain(cure)})`;
      const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
      action.edit = new vscode.WorkspaceEdit();
      const range = new vscode.Range(document.positionAt(span.start), document.positionAt(span.end));
      action.edit.replace(document.uri, range, span.text);
      return [action];
    });
}

function actionOf(uri: vscode.Uri, fix: Fix, problem: vscode.Diagnostic): vscode.CodeAction {
  const action = new vscode.CodeAction(fix.title, vscode.CodeActionKind.QuickFix);
  action.diagnostics = [problem];
  action.isPreferred = fix.preferred;
  action.edit = new vscode.WorkspaceEdit();
  action.edit.set(uri, fix.edits.map(vscodeEdit));
  return action;
}
