import * as vscode from 'vscode';
import type { Diagnostic } from '../../base/diagnostics.ts';
import { parseConfig, silence } from '../../config/config.ts';
import { checkFolders } from '../../config/language/folders.ts';
import { nodeFiles } from '../../node/files.ts';
import type { Problems } from '../problems.ts';
import type { ConfigModels } from './configModels.ts';
import { isConfigDocument } from './recognition.ts';

/** A pause in typing. */
const DELAY_MS = 250;
/** The worker may be busy with a run; what the text alone says is shown then. */
const PATIENCE_MS = 1500;

/** Checks open configs as they are typed: by their text alone, and against their model and data where it is known. */
export class LiveCheck implements vscode.Disposable {
  private readonly models: ConfigModels;
  private readonly problems: Problems;
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly subscriptions: vscode.Disposable;

  constructor(models: ConfigModels, problems: Problems) {
    this.models = models;
    this.problems = problems;
    const all = (): void => {
      for (const document of vscode.workspace.textDocuments) this.schedule(document);
    };
    this.subscriptions = vscode.Disposable.from(
      vscode.workspace.onDidOpenTextDocument((document) => this.schedule(document)),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0 && isConfigDocument(document)) problems.edited(document.uri);
        this.schedule(document);
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.stop(uri.toString());
        problems.check(uri, []);
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(all),
      models.onDidChange(all),
    );
    all();
  }

  dispose(): void {
    this.subscriptions.dispose();
    for (const key of this.timers.keys()) this.stop(key);
  }

  private schedule(document: vscode.TextDocument): void {
    if (!isConfigDocument(document)) return;
    const key = document.uri.toString();
    this.stop(key);
    this.timers.set(
      key,
      setTimeout(() => {
        this.timers.delete(key);
        void this.check(document);
      }, DELAY_MS),
    );
  }

  private stop(key: string): void {
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
  }

  private async check(document: vscode.TextDocument): Promise<void> {
    const { uri, version } = document;
    const configText = document.getText();
    const configPath = uri.fsPath;
    const isCurrent = (): boolean => !document.isClosed && document.version === version;
    const show = (found: readonly Diagnostic[]): void => {
      if (isCurrent()) this.problems.check(uri, found);
    };
    const { config, diagnostics } = parseConfig(configText, configPath);
    const slow = setTimeout(() => show(diagnostics), PATIENCE_MS);
    const found = await this.ofModel(uri, configText).catch(() => undefined);
    clearTimeout(slow);
    if (found !== undefined) return show(found);
    const folders = config !== undefined && mayLookAround(uri) ? await checkFolders(config, nodeFiles) : [];
    show(config === undefined ? diagnostics : silence([...diagnostics, ...folders], config.quantscope.silence));
  }

  /** With a model; undefined where none is known, or its data may not be looked at. */
  private async ofModel(config: vscode.Uri, configText: string): Promise<readonly Diagnostic[] | undefined> {
    if (!mayLookAround(config)) return undefined;
    const model = await this.models.modelOf(config);
    if (model === undefined) return undefined;
    const rpc = await model.session.ready();
    return rpc.request('config/check', { configText, configPath: config.fsPath });
  }
}

/** Folders that a config names are only looked at where the workspace is trusted. */
function mayLookAround({ scheme }: vscode.Uri): boolean {
  return vscode.workspace.isTrusted && scheme === 'file';
}
