import * as path from 'node:path';
import * as vscode from 'vscode';
import { Cancelled } from '../base/abort.ts';
import { type Diagnostic, formatDiagnostic, hasErrors } from '../base/diagnostics.ts';
import { diagnosticsOf } from './errors.ts';
import type { Log } from './log.ts';

const SEVERITY: Record<Diagnostic['severity'], vscode.DiagnosticSeverity> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  note: vscode.DiagnosticSeverity.Information,
};

/** What is found as a config is typed, and what its last run found. */
interface Layers {
  readonly text: readonly Diagnostic[];
  readonly run: readonly Diagnostic[];
}

const NOTHING: Layers = { text: [], run: [] };

/** Where diagnostics go: to their line in Problems, to the log, and as one notification. */
export class Problems implements vscode.Disposable {
  private readonly log: Log;
  private readonly collection = vscode.languages.createDiagnosticCollection('quantscope');
  /** What was found in each config, by its URI. */
  private readonly layers = new Map<string, Layers>();
  /** Files that a config's check has put something into, and what. */
  private readonly filesOf = new Map<string, ReadonlyMap<string, string>>();

  constructor(log: Log) {
    this.log = log;
  }

  /**
   * Shows what a config's run found, in place of what the last one did.
   *
   * @returns those that have no line anywhere, for a notification.
   */
  publish(config: vscode.Uri, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
    return this.show(config, { run: diagnostics });
  }

  /** Shows what a config's text says by itself and of its model, beside what its run found. */
  check(config: vscode.Uri, diagnostics: readonly Diagnostic[]): void {
    this.show(config, { text: diagnostics });
  }

  /** What a run found is of an older text now. */
  edited(config: vscode.Uri): void {
    if ((this.layers.get(config.toString())?.run.length ?? 0) > 0) this.show(config, { run: [] });
  }

  /** Everything that is said of a config at present. */
  shownOf(config: vscode.Uri): readonly Diagnostic[] {
    const { text, run } = this.layers.get(config.toString()) ?? NOTHING;
    return [...text, ...run];
  }

  /** What a problem in the list was made from; undefined when it is not ours. */
  sourceOf(config: vscode.Uri, problem: vscode.Diagnostic): Diagnostic | undefined {
    return this.shownOf(config).find((d) => {
      const { code, message, range } = problemOf(d);
      return code === problem.code && message === problem.message && range.isEqual(problem.range);
    });
  }

  private show(config: vscode.Uri, change: Partial<Layers>): readonly Diagnostic[] {
    const layers = { ...(this.layers.get(config.toString()) ?? NOTHING), ...change };
    this.layers.set(config.toString(), layers);
    const diagnostics = [...layers.text, ...layers.run];
    const byFile = new Map<string, vscode.Diagnostic[]>();
    const seen = new Set<string>();
    const elsewhere: Diagnostic[] = [];
    for (const d of diagnostics) {
      const text = formatDiagnostic(d);
      if (seen.has(text)) continue;
      seen.add(text);
      const file = placeOf(d, config)?.toString();
      if (file === undefined) elsewhere.push(d);
      else byFile.set(file, [...(byFile.get(file) ?? []), problemOf(d)]);
    }
    this.replace(config.toString(), byFile);
    return elsewhere;
  }

  /** Leaves files alone whose problems stay the same: a hover that shows one would lose it. */
  private replace(config: string, byFile: ReadonlyMap<string, vscode.Diagnostic[]>): void {
    const before = this.filesOf.get(config) ?? new Map<string, string>();
    const now = new Map([...byFile].map(([file, list]) => [file, JSON.stringify(list)]));
    for (const file of before.keys()) if (!now.has(file)) this.collection.delete(vscode.Uri.parse(file));
    for (const [file, list] of byFile) {
      if (before.get(file) !== now.get(file)) this.collection.set(vscode.Uri.parse(file), list);
    }
    this.filesOf.set(config, now);
  }

  /** Publishes, logs, and says it once: the first error, and how many more there are. */
  report(config: vscode.Uri, diagnostics: readonly Diagnostic[]): void {
    const elsewhere = this.publish(config, diagnostics);
    this.log.diagnostics(diagnostics);
    const errors = diagnostics.filter((d) => d.severity === 'error');
    const [first] = errors;
    if (first === undefined) return;
    void this.notify(summaryOf(errors), !elsewhere.includes(first));
  }

  /** Reports whatever was thrown; a cancelled job is not an error. */
  reportFailure(error: unknown, config?: vscode.Uri): void {
    if (error instanceof Cancelled) return;
    const diagnostics = diagnosticsOf(error);
    this.log.failure(error);
    if (config !== undefined) this.report(config, diagnostics);
    else void this.notify(summaryOf(diagnostics), false);
  }

  dispose(): void {
    this.collection.dispose();
  }

  private async notify(text: string, inProblems: boolean): Promise<void> {
    const showProblems = vscode.l10n.t('Show Problems');
    const showLog = vscode.l10n.t('Show Log');
    const buttons = inProblems ? [showProblems, showLog] : [showLog];
    const chosen = await vscode.window.showErrorMessage(text, ...buttons);
    if (chosen === showLog) this.log.show();
    if (chosen === showProblems) await vscode.commands.executeCommand('workbench.actions.view.problems');
  }
}

/** Whether something other than errors is left to tell. */
export function warningsAmong(diagnostics: readonly Diagnostic[]): number {
  return hasErrors(diagnostics) ? 0 : diagnostics.filter((d) => d.severity === 'warning').length;
}

/** The first of them, and how many more there are. */
function summaryOf([first, ...more]: readonly Diagnostic[]): string {
  if (first === undefined) return '';
  const text = formatDiagnostic({ ...first, at: { ...first.at, file: path.basename(first.at.file) } });
  return more.length === 0 ? text : vscode.l10n.t('{0} ({1} more)', text, more.length);
}

/** The file whose line, or at least whose text, a diagnostic is about: what has a line, and the config itself. */
function placeOf({ at }: Diagnostic, config: vscode.Uri): vscode.Uri | undefined {
  const folder = path.dirname(config.fsPath);
  const file = path.resolve(folder, at.file);
  const isConfig = file === config.fsPath || at.file === path.basename(config.fsPath);
  if (isConfig) return config;
  return at.line === undefined ? undefined : vscode.Uri.file(file);
}

function problemOf(d: Diagnostic): vscode.Diagnostic {
  const line = (d.at.line ?? 1) - 1;
  const start = (d.at.column ?? 1) - 1;
  const end = d.at.endColumn === undefined ? Number.MAX_SAFE_INTEGER : d.at.endColumn - 1;
  const problem = new vscode.Diagnostic(new vscode.Range(line, start, line, end), messageOf(d), SEVERITY[d.severity]);
  problem.source = 'QuantScope';
  problem.code = d.code;
  return problem;
}

function messageOf({ message, at }: Diagnostic): string {
  return at.node === undefined ? message : `${at.node}: ${message}`;
}
