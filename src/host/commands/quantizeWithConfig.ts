import * as path from 'node:path';
import * as vscode from 'vscode';
import { hasErrors } from '../../base/diagnostics.ts';
import type { RunView } from '../../protocol/views.ts';
import { trialSamples } from '../config/configFollower.ts';
import { readConfig } from '../config/configText.ts';
import { UsedPairs } from '../config/pairs.ts';
import type { OpenModel } from '../editor/registry.ts';
import { warningsAmong } from '../problems.ts';
import { runSummary } from '../runSummary.ts';
import { quantizingAllowed } from '../trust.ts';
import type { Deps } from './deps.ts';
import { newConfig, showGraph } from './newConfig.ts';
import { pickConfig } from './pickConfig.ts';
import { progressTracker } from './progressTracker.ts';
import { modelUri, registerCommand } from './target.ts';

/**
 * Registers "Quantize with Config…".
 *
 * Arguments: the model's URI (the graph in front without it) and the config's (asks without it).
 * Returns the run, or undefined when there was none: cancelled, or the reason is in Problems.
 */
export function registerQuantizeWithConfig(deps: Deps): vscode.Disposable {
  return registerCommand(deps, 'quantizeWithConfig', async (argument, given) => {
    if (!quantizingAllowed(modelUri(argument))) return undefined;
    const model = modelUri(argument) ?? (await pickModel());
    if (model === undefined) return undefined;
    const config = given instanceof vscode.Uri ? given : await askForConfig(deps, model);
    return config && quantize(deps, await showGraph(deps, model), config);
  });
}

async function askForConfig(deps: Deps, model: vscode.Uri): Promise<vscode.Uri | undefined> {
  const choice = await pickConfig(model, new UsedPairs(deps.context.workspaceState).configOf(model));
  if (choice?.kind !== 'new') return choice?.config;
  await newConfig(deps, model);
  return undefined;
}

async function quantize(deps: Deps, model: OpenModel, config: vscode.Uri): Promise<RunView | undefined> {
  const { problems, log, context } = deps;
  const { session, follower } = model;
  const configPath = config.fsPath;
  const configText = await readConfig(config);
  const rpc = await session.ready();
  const found = await rpc.request('config/check', { configText, configPath });
  if (hasErrors(found)) {
    problems.report(config, found);
    session.stopped(found);
    return undefined;
  }
  await new UsedPairs(context.workspaceState).remember(session.uri, config);
  try {
    const run = await withProgressNotification(model, config, () =>
      session.quantize(config, { configText, configPath, samples: trialSamples(session.uri) }),
    );
    follower.follow(config, configText);
    problems.publish(config, [...found, ...run.diagnostics]);
    log.diagnostics(run.diagnostics);
    void deps.runs.record({ session, config, configText, run, trial: null });
    void announce(deps, session.file, run);
    return run;
  } catch (error) {
    problems.reportFailure(error, config);
    return undefined;
  }
}

function withProgressNotification<T>({ session }: OpenModel, config: vscode.Uri, work: () => Promise<T>): Thenable<T> {
  const title = vscode.l10n.t('Quantizing {0} with {1}', session.file, path.basename(config.fsPath));
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (progress, token) => {
    const track = progressTracker();
    const subscriptions = [
      token.onCancellationRequested(() => session.cancel('run')),
      session.onEvent(({ event, payload }) => {
        if (event === 'run/progress' && session.working === 'run') progress.report(track(payload));
      }),
    ];
    try {
      return await work();
    } finally {
      vscode.Disposable.from(...subscriptions).dispose();
    }
  });
}

async function announce({ log }: Deps, file: string, run: RunView): Promise<void> {
  const warnings = warningsAmong(run.diagnostics);
  const figures = vscode.l10n.t('{0} quantized: {1}.', file, runSummary(run));
  const text =
    warnings === 0
      ? figures
      : warnings === 1
        ? vscode.l10n.t('{0} 1 warning.', figures)
        : vscode.l10n.t('{0} {1} warnings.', figures, warnings);
  log.info(text);
  const showReport = vscode.l10n.t('Show Report');
  const showLog = vscode.l10n.t('Show Log');
  const buttons = run.reportFolder === null ? [showLog] : [showReport, showLog];
  const chosen = await vscode.window.showInformationMessage(text, ...buttons);
  if (chosen === showLog) log.show();
  if (chosen === showReport) await vscode.commands.executeCommand('quantscope.openReport');
}

/** From the palette with no graph in front: any model of the workspace. */
async function pickModel(): Promise<vscode.Uri | undefined> {
  const items = vscode.workspace
    .findFiles('**/*.onnx', '**/node_modules/**', 1000)
    .then((uris) => uris.map((uri) => ({ label: vscode.workspace.asRelativePath(uri), uri })));
  const chosen = await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Model to Quantize') });
  return chosen?.uri;
}
