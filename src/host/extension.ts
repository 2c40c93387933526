import * as vscode from 'vscode';
import { registerCopyExclusions } from './commands/copyExclusions.ts';
import { registerCopyNode } from './commands/copyNode.ts';
import type { Deps } from './commands/deps.ts';
import { registerExportModel } from './commands/exportModel.ts';
import { registerFindings } from './commands/findings.ts';
import { registerGoToNode } from './commands/goToNode.ts';
import { registerNewConfig } from './commands/newConfig.ts';
import { registerOpenResults } from './commands/openResults.ts';
import { registerOpenSample } from './commands/openSample.ts';
import { registerQuantizeWithConfig } from './commands/quantizeWithConfig.ts';
import { registerToggleSkip, skipNodes } from './commands/toggleSkip.ts';
import { registerUndoRedo } from './commands/undoRedo.ts';
import { registerViewCommands } from './commands/viewCommands.ts';
import { registerCompare } from './compare/compareCommand.ts';
import { PanelPairs } from './compare/panelPairs.ts';
import { titleOf } from './compare/titleOf.ts';
import { followActiveGraph } from './editor/activeState.ts';
import { registerGraphEditor } from './editor/provider.ts';
import { SessionRegistry } from './editor/registry.ts';
import { SavedViews } from './editor/savedViews.ts';
import { registerLanguage } from './language/registerLanguage.ts';
import { createLog } from './log.ts';
import { Problems } from './problems.ts';
import { keepRuns, Runs } from './runs/runs.ts';
import { keptWork } from './storage/keptWork.ts';
import { registerConfigsView } from './views/configsView.ts';
import { registerOutlineView } from './views/outlineView.ts';
import { registerRunsView } from './views/runsView.ts';
import { registerSuggestionsView } from './views/suggestionsView.ts';

/** Wires the extension: one log, one Problems list, one registry of open models, the editor and the commands. */
export function activate(context: vscode.ExtensionContext): void {
  const own = <T extends vscode.Disposable>(disposable: T): T => {
    context.subscriptions.push(disposable);
    return disposable;
  };
  const dist = vscode.Uri.joinPath(context.extensionUri, 'dist');
  const workerScript = vscode.Uri.joinPath(dist, 'worker.cjs').fsPath;
  const log = own(createLog());
  const problems = own(new Problems(log));
  const views = new SavedViews(context.workspaceState);
  const loadView = (model: vscode.Uri) => views.load(model);
  const runs = own(new Runs(context, log));
  const { trials, findings } = own(keptWork(context, { runs, log }));
  const sessions = own(new SessionRegistry({ workerScript, log, problems, loadView, trials, findings }));
  const pairs = own(new PanelPairs((uri) => titleOf(uri, runs.store.heads)));
  const deps: Deps = { context, sessions, problems, log, runs, pairs };
  own(
    registerGraphEditor({
      sessions,
      dist,
      log,
      pairs,
      skip: skipNodes,
      failed: (error) => problems.reportFailure(error),
      saveView: (model, view) => views.save(model, view),
    }),
  );
  own(followActiveGraph(sessions));
  own(registerQuantizeWithConfig(deps));
  own(registerNewConfig(deps));
  own(registerToggleSkip(deps));
  own(registerUndoRedo(deps));
  own(registerFindings(deps));
  own(registerViewCommands(deps));
  own(registerOpenResults(deps));
  own(registerExportModel(deps));
  own(registerCopyExclusions(deps));
  own(registerCopyNode(deps));
  own(registerOpenSample(deps));
  own(keepRuns(deps));
  own(registerCompare(deps));
  own(registerRunsView(deps));
  own(registerConfigsView(deps));
  own(registerSuggestionsView(deps));
  own(registerOutlineView(deps));
  own(registerGoToNode(deps));
  own(registerLanguage({ sessions, problems, state: context.workspaceState }));
}
