import * as vscode from 'vscode';
import type { OutputFigures } from '../../protocol/views.ts';
import { formatCosine, formatDb, runSummary, worstOutput } from '../runSummary.ts';
import type { OpenModel, SessionRegistry } from './registry.ts';

/** A run or trial that ends sooner changes no toolbar: it would only flicker. */
const BUSY_AFTER_MS = 300;

/** Keeps the status bar and the context keys of menus and key bindings in step with the graph in front. */
export function followActiveGraph(sessions: SessionRegistry): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('quantscope.similarity', vscode.StatusBarAlignment.Right, 100);
  item.name = vscode.l10n.t('QuantScope: Output Similarity');
  item.command = 'quantscope.showTable';
  const known = new Map<string, boolean>();
  const update = () => {
    const model = sessions.active();
    for (const [key, value] of Object.entries(contextOf(model))) {
      if (known.get(key) === value) continue;
      known.set(key, value);
      void vscode.commands.executeCommand('setContext', `quantscope.${key}`, value);
    }
    showSimilarity(item, model);
    clearTimeout(busyTimer);
    const restMs = BUSY_AFTER_MS - (model?.session.workingMs ?? 0);
    if (isBusy(model) && restMs > 0) busyTimer = setTimeout(update, restMs);
  };
  let busyTimer: NodeJS.Timeout | undefined;
  let timer: NodeJS.Timeout | undefined;
  // Many events come at once, and a job's end is announced just before it is over.
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      update();
    }, 20);
  };
  update();
  return vscode.Disposable.from(
    item,
    vscode.window.tabGroups.onDidChangeTabs(update),
    vscode.window.tabGroups.onDidChangeTabGroups(update),
    sessions.onDidChange(soon),
    {
      dispose: () => {
        clearTimeout(timer);
        clearTimeout(busyTimer);
      },
    },
  );
}

function isBusy(model: OpenModel | undefined): boolean {
  const working = model?.session.working;
  return working === 'run' || working === 'trial';
}

function contextOf(model: OpenModel | undefined): Record<string, boolean> {
  const session = model?.session;
  return {
    busy: isBusy(model) && (session?.workingMs ?? 0) >= BUSY_AFTER_MS,
    sensitivity: session?.working === 'sensitivity',
    searching: session?.working === 'search',
    diagnosing: session?.working === 'diagnosis',
    canResume: model?.findings.canResume ?? false,
    hasRun: session !== undefined && session.run !== null,
    inFront: session !== undefined,
    hasConfig: session?.config !== undefined,
    hasReport: session?.run?.reportFolder != null,
    canUndo: model?.edits.canUndo ?? false,
    canRedo: model?.edits.canRedo ?? false,
  };
}

/** The output's cosine similarity; after a trial the last run's beside it, over the same samples. */
function showSimilarity(item: vscode.StatusBarItem, model: OpenModel | undefined): void {
  const run = model?.session.run;
  if (run == null) {
    item.hide();
    return;
  }
  const trial = model?.session.trial;
  const before = figuresOf(trial?.base ?? run.outputs);
  item.text = trial == null ? `$(graph-line) ${before}` : `$(graph-line) ${before} → ${figuresOf(trial.run.outputs)}`;
  const tooltip = new vscode.MarkdownString();
  tooltip.appendText(
    vscode.l10n.t("Similarity of the quantized model's output to the float model's: {0}", runSummary(run)),
  );
  if (trial != null) {
    tooltip.appendMarkdown('\n\n');
    tooltip.appendText(vscode.l10n.t('After the last change: {0}', runSummary(trial.run)));
  }
  item.tooltip = tooltip;
  const spoken = trial == null ? runSummary(run) : runSummary(trial.run);
  item.accessibilityInformation = { label: vscode.l10n.t('Output similarity: {0}', spoken), role: 'button' };
  item.show();
}

function figuresOf(outputs: readonly OutputFigures[]): string {
  const output = worstOutput(outputs);
  return output === undefined ? '' : `${formatCosine(output.cosine)} (${formatDb(output.sqnrDb)})`;
}
