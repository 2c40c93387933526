import * as vscode from 'vscode';
import type { FindingParts } from '../findings/findings.ts';
import { isFoundViews } from '../findings/storedFindings.ts';
import type { Log } from '../log.ts';
import type { Runs } from '../runs/runs.ts';
import { TrialStore } from '../trials/trialStore.ts';
import type { TrialParts } from '../trials/trials.ts';
import { KeptFiles } from './keptFiles.ts';

/** Configs whose findings are kept. */
const MOST_FINDINGS = 300;

/** Keeps trials and findings in the extension's storage: of the workspace, or of the user where no folder is open. */
export function keptWork(
  context: vscode.ExtensionContext,
  { runs, log }: { readonly runs: Runs; readonly log: Log },
): { readonly trials: TrialParts; readonly findings: FindingParts } & vscode.Disposable {
  const storage = context.storageUri ?? context.globalStorageUri;
  const folderOf = (name: string) => vscode.Uri.joinPath(storage, name).fsPath;
  const tell = (message: string) => log.info(message);
  const stateOf = (model: vscode.Uri) => runs.stateOf(model);
  const changed = new vscode.EventEmitter<string>();
  const store = new TrialStore({ folder: folderOf('trials'), log: tell, onChange: (key) => changed.fire(key) });
  const files = new KeptFiles({ folder: folderOf('findings'), most: MOST_FINDINGS, isRight: isFoundViews, log: tell });
  return {
    trials: { store, onDidChange: changed.event, stateOf },
    findings: { files, stateOf },
    dispose: () => changed.dispose(),
  };
}
