import * as vscode from 'vscode';
import type { Preferences } from '../../protocol/messages.ts';
import { judgeCommand } from '../findings/judgeCommand.ts';

/** What the settings say of how a graph looks at first. */
export function readPreferences(model: vscode.Uri): Preferences {
  const settings = vscode.workspace.getConfiguration('quantscope', model);
  return {
    metric: settings.get('view.metric', 'cosine'),
    palette: settings.get('view.palette', 'theme'),
    scale: settings.get('view.scale', 'bands'),
    minimap: settings.get('view.minimap', true),
    judgeCommand: judgeCommand(model),
  };
}

/** Tells when they have changed. */
export function onPreferences(model: vscode.Uri, changed: (preferences: Preferences) => void): vscode.Disposable {
  const ours = ['quantscope.view', 'quantscope.metricCommand', 'quantscope.metricCommandBetter'];
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (ours.some((section) => event.affectsConfiguration(section, model))) changed(readPreferences(model));
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => changed(readPreferences(model))),
  );
}
