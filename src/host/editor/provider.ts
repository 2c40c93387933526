import * as vscode from 'vscode';
import type { PanelPairs } from '../compare/panelPairs.ts';
import type { Log } from '../log.ts';
import { ERROR_PAGE_COMMANDS } from './html.ts';
import { connectPanel, type PanelOptions } from './panel.ts';
import { type OpenModel, type SessionRegistry, VIEW_TYPE } from './registry.ts';
import { watchModel } from './watchModel.ts';

export interface ProviderOptions {
  readonly sessions: SessionRegistry;
  readonly dist: vscode.Uri;
  readonly log: Log;
  readonly pairs: PanelPairs;
  readonly skip: PanelOptions['skip'];
  readonly failed: PanelOptions['failed'];
  readonly saveView: PanelOptions['saveView'];
}

interface GraphDocument extends vscode.CustomDocument {
  readonly model: OpenModel;
}

/** Registers the readonly graph editor for `*.onnx`. A model that cannot be read still gets its page. */
export function registerGraphEditor(options: ProviderOptions): vscode.Disposable {
  const provider: vscode.CustomReadonlyEditorProvider<GraphDocument> = {
    openCustomDocument(uri) {
      const lease = options.sessions.acquire(uri);
      const watch = watchModel(lease.model.session);
      return { uri, model: lease.model, dispose: () => vscode.Disposable.from(watch, lease).dispose() };
    },
    resolveCustomEditor({ model }, panel) {
      panel.webview.options = {
        enableScripts: true,
        enableCommandUris: ERROR_PAGE_COMMANDS,
        localResourceRoots: [options.dist],
      };
      const connection = connectPanel({ ...options, model, panel });
      panel.onDidDispose(() => connection.dispose());
    },
  };
  return vscode.window.registerCustomEditorProvider(VIEW_TYPE, provider, {
    supportsMultipleEditorsPerDocument: true,
    webviewOptions: { retainContextWhenHidden: true },
  });
}
