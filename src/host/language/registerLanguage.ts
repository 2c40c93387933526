import * as vscode from 'vscode';
import { formatText } from '../../config/language/format.ts';
import { hoverAt } from '../../config/language/hover.ts';
import { LANGUAGE_ID } from '../../config/language/recognize.ts';
import { type ConfigSymbol, symbolsOf } from '../../config/language/symbols.ts';
import { changedSpan } from '../config/configText.ts';
import { UsedPairs } from '../config/pairs.ts';
import type { SessionRegistry } from '../editor/registry.ts';
import type { Problems } from '../problems.ts';
import { completionProvider, TRIGGERS } from './completionProvider.ts';
import { ConfigModels } from './configModels.ts';
import { positionOf, vscodeRange } from './convert.ts';
import { fixProvider } from './fixProvider.ts';
import { LiveCheck } from './liveCheck.ts';
import { recognizeConfigs } from './recognition.ts';

export interface LanguageOptions {
  readonly sessions: SessionRegistry;
  readonly problems: Problems;
  readonly state: vscode.Memento;
}

/** Makes quantization configs a language of the editor: recognised, checked, completed, explained, put right. */
export function registerLanguage({ sessions, problems, state }: LanguageOptions): vscode.Disposable {
  const models = new ConfigModels(sessions, new UsedPairs(state));
  const { languages } = vscode;
  return vscode.Disposable.from(
    models,
    recognizeConfigs(),
    new LiveCheck(models, problems),
    languages.registerCompletionItemProvider(LANGUAGE_ID, completionProvider(models, problems), ...TRIGGERS),
    languages.registerHoverProvider(LANGUAGE_ID, hoverProvider(models)),
    languages.registerCodeActionsProvider(LANGUAGE_ID, fixProvider(models, problems), {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
    languages.registerDocumentFormattingEditProvider(LANGUAGE_ID, { provideDocumentFormattingEdits: formatEdits }),
    languages.registerDocumentSymbolProvider(LANGUAGE_ID, {
      provideDocumentSymbols: (document) => symbolsOf(document.getText()).map(symbolOf),
    }),
    languages.registerFoldingRangeProvider(LANGUAGE_ID, { provideFoldingRanges: foldingRanges }),
  );
}

function hoverProvider(models: ConfigModels): vscode.HoverProvider {
  return {
    async provideHover(document, position) {
      const hover = hoverAt(document.getText(), positionOf(position), await models.factsOf(document.uri));
      return hover && new vscode.Hover(new vscode.MarkdownString(hover.doc), vscodeRange(hover.range));
    },
  };
}

function formatEdits(document: vscode.TextDocument): vscode.TextEdit[] {
  const text = document.getText();
  const span = changedSpan(text, formatText(text));
  if (span === undefined) return [];
  const range = new vscode.Range(document.positionAt(span.start), document.positionAt(span.end));
  return [vscode.TextEdit.replace(range, span.text)];
}

function symbolOf({ name, detail, kind, range, nameRange, children }: ConfigSymbol): vscode.DocumentSymbol {
  const symbolKind = kind === 'section' ? vscode.SymbolKind.Module : vscode.SymbolKind.Property;
  const symbol = new vscode.DocumentSymbol(name || '=', detail, symbolKind, vscodeRange(range), vscodeRange(nameRange));
  symbol.children = children.map(symbolOf);
  return symbol;
}

function foldingRanges(document: vscode.TextDocument): vscode.FoldingRange[] {
  return symbolsOf(document.getText())
    .filter(({ kind, range }) => kind === 'section' && range.end.line > range.start.line)
    .map(({ range }) => new vscode.FoldingRange(range.start.line - 1, range.end.line - 1));
}
