import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Runs } from './runs.ts';
import type { RunHead } from './storedRun.ts';

const SCHEME = 'quantscope-run';

/** The config of a kept run as a document that cannot be edited. */
export function configAsItWas({ id, config }: RunHead): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${id}/${path.posix.basename(vscode.Uri.parse(config.uri).path)}` });
}

/** Serves the documents of {@link configAsItWas}. */
export function registerConfigsAsTheyWere(runs: Runs): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    provideTextDocumentContent: async (uri) => {
      const [, id = ''] = uri.path.split('/');
      return (await runs.store.body(id)).configText;
    },
  });
}
