import * as vscode from 'vscode';
import type { RunHead } from './storedRun.ts';

const QUERY = /^run=(.+)$/;

/** The address of a run's model that opens with the figures of that run. */
export function modelOfRun({ model, id }: RunHead): vscode.Uri {
  return vscode.Uri.parse(model).with({ query: `run=${id}` });
}

/** The run whose figures a model is opened with, when its address names one. */
export function runOfAddress({ query }: vscode.Uri): string | undefined {
  return QUERY.exec(query)?.[1];
}

/** The file of a model: its address without the run. */
export function fileOfModel(model: vscode.Uri): vscode.Uri {
  return runOfAddress(model) === undefined ? model : model.with({ query: '' });
}
