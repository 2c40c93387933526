import * as vscode from 'vscode';
import type { ConfigChange } from '../../protocol/changes.ts';
import type { OpenModel } from '../editor/registry.ts';
import { quantizingAllowed } from '../trust.ts';
import { runIsLive } from './runAgain.ts';

export interface ChangeRequest {
  readonly change: ConfigChange;
  /** In the user's language; '' for what it changes. */
  readonly label: string;
  /** As in `EditRequest`. */
  readonly runs?: boolean;
  /** As in `EditRequest`. */
  readonly madeFor?: string;
}

/**
 * Applies a change to the config of the last run, such that undo takes it back; the new figures follow by themselves.
 * Where there is no run it offers one: there is no config to write to, and nothing to compare with.
 */
export async function changeConfig({ session, edits }: OpenModel, request: ChangeRequest): Promise<void> {
  const config = configOf(session);
  if (config === undefined) return;
  const { change, label, runs = false, madeFor } = request;
  const edit = { config, change, label: label || changeLabel(change), handles: handlesOf(change), runs };
  await edits.apply({ ...edit, ...(madeFor !== undefined && { madeFor }) });
}

/** The config of the run on display, where it may be edited and followed; else says why not. */
export function configOf(session: OpenModel['session']): vscode.Uri | undefined {
  if (!quantizingAllowed(session.uri)) return undefined;
  const { config, run } = session;
  if (config === undefined || run === null) {
    const quantize = vscode.l10n.t('Quantize with Config…');
    const text = vscode.l10n.t('Quantize the model first: a change is made in the config of the last run.');
    void vscode.window.showInformationMessage(text, quantize).then((chosen) => {
      if (chosen === quantize) void vscode.commands.executeCommand('quantscope.quantizeWithConfig', session.uri);
    });
    return undefined;
  }
  return runIsLive(session) ? config : undefined;
}

/** Handles that a change names, each once. */
export function handlesOf({ skip = [], unskip = [], overrides = {} }: ConfigChange): readonly string[] {
  return [...new Set([...skip, ...unskip, ...Object.keys(overrides)])];
}

/** `−conv1, +fc, conv2: int16, bit_num=16`: what a change does, in as many words as it takes. */
export function changeLabel({ skip = [], unskip = [], overrides = {}, settings = [] }: ConfigChange): string {
  return [
    ...skip.map((handle) => `−${handle}`),
    ...unskip.map((handle) => `+${handle}`),
    ...Object.entries(overrides).map(([handle, words]) => `${handle}: ${words === '' ? '—' : words}`),
    ...settings.map(({ key, value }) => `${key}=${value}`),
  ].join(', ');
}
