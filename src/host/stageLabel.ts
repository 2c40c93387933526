import * as vscode from 'vscode';
import type { Stage } from '../protocol/views.ts';

/** A stage of a run in the user's language. */
export function stageLabel(stage: Stage): string {
  const labels: Record<Stage, string> = {
    read: vscode.l10n.t('Reading'),
    calibrate: vscode.l10n.t('Calibrating'),
    quantize: vscode.l10n.t('Quantizing'),
    correct: vscode.l10n.t('Correcting biases'),
    evaluate: vscode.l10n.t('Evaluating'),
    report: vscode.l10n.t('Writing reports'),
    sensitivity: vscode.l10n.t('Measuring sensitivity'),
    search: vscode.l10n.t('Searching'),
    diagnose: vscode.l10n.t('Diagnosing'),
    measure: vscode.l10n.t('Measuring tensors'),
    time: vscode.l10n.t('Measuring times'),
  };
  return labels[stage];
}
