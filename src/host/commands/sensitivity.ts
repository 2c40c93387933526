import * as vscode from 'vscode';
import { quantizingAllowed } from '../trust.ts';
import type { Deps } from './deps.ts';
import { runIsLive } from './runAgain.ts';
import { registerModelCommand } from './target.ts';

/** Registers the start and the cancel of the sensitivity measurement; its values go to the graph as they come. */
export function registerSensitivity(deps: Deps): vscode.Disposable {
  return vscode.Disposable.from(
    registerModelCommand(deps, 'startSensitivity', async ({ session }) => {
      if (!quantizingAllowed(session.uri)) return;
      if (session.run === null) {
        const text = vscode.l10n.t(
          'Quantize the model first: sensitivity is measured under the config of the last run.',
        );
        void vscode.window.showInformationMessage(text);
        return;
      }
      if (!runIsLive(session)) return;
      const samples = vscode.workspace.getConfiguration('quantscope', session.uri).get('evaluationSamples', 8);
      const judge = { id: 'cosine' } as const;
      await session.measureSensitivity({ mode: 'layerwise', part: 'both', judge, samples, verify: null });
    }),
    registerModelCommand(deps, 'cancelSensitivity', ({ session }) => session.cancel('sensitivity')),
    registerModelCommand(deps, 'cancel', ({ session }) => session.cancel('run', 'trial', 'sensitivity')),
  );
}
