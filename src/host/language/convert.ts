import * as vscode from 'vscode';
import type { Position, Range, TextEdit } from '../../config/edits.ts';

/** A place of the editor, counted from 1 as configs are. */
export function positionOf({ line, character }: vscode.Position): Position {
  return { line: line + 1, column: character + 1 };
}

export function vscodePosition({ line, column }: Position): vscode.Position {
  return new vscode.Position(line - 1, column - 1);
}

export function vscodeRange({ start, end }: Range): vscode.Range {
  return new vscode.Range(vscodePosition(start), vscodePosition(end));
}

export function vscodeEdit({ range, text }: TextEdit): vscode.TextEdit {
  return new vscode.TextEdit(vscodeRange(range), text);
}
