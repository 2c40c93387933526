import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { PanelPairs } from '../../src/host/compare/panelPairs.ts';
import { connectPanel } from '../../src/host/editor/panel.ts';
import type { OpenModel } from '../../src/host/editor/registry.ts';
import { jsonPort } from '../../src/protocol/jsonPort.ts';
import { type HostEvents, type HostRequests, PROTOCOL_VERSION } from '../../src/protocol/messages.ts';
import { Rpc } from '../../src/protocol/rpc.ts';
import { closeAll, config, extension, log, newSession, sleep, textOf } from './workspace.ts';

describe('a panel', () => {
  afterEach(closeAll);

  it('answers with the figures that came while its counterpart was waited for', async () => {
    const uri = await config('panel');
    const configText = await textOf(uri);
    const earlier = newSession();
    const run = await earlier.quantize(uri, { configText, configPath: uri.fsPath });
    earlier.dispose();
    const session = newSession();
    let meet = (_nobody: null) => {};
    const counterpart = new Promise<null>((resolve) => {
      meet = resolve;
    });
    const { view, panel } = wired();
    const settled = { settled: async () => {} };
    const connection = connectPanel({
      model: { session, trials: settled, findings: settled } as unknown as OpenModel, // all that is asked of it
      panel,
      dist: vscode.Uri.joinPath(extension().extensionUri, 'dist'),
      log,
      pairs: { add: () => ({ start: () => counterpart, dispose: () => {} }) } as unknown as PanelPairs,
      failed: (error) => assert.fail(String(error)),
      saveView: async () => {},
      skip: async () => {},
    });
    const asked = view.request('view/ready', { protocol: PROTOCOL_VERSION });
    await session.graph();
    await sleep(100);
    const restored = { name: 'earlier', timeMs: 0 };
    await session.restore({ run, config: uri, configText, restored, columns: [] });
    meet(null);
    const state = await asked;
    assert.deepEqual(state.run?.outputs, run.outputs);
    assert.deepEqual(state.restored, restored);
    connection.dispose();
    session.dispose();
  });
});

/** A panel, and the connection of the page in it. */
function wired(): {
  view: Rpc<HostRequests, Record<never, never>, Record<never, never>, HostEvents>;
  panel: vscode.WebviewPanel;
} {
  const toHost = new vscode.EventEmitter<unknown>();
  const toView = new vscode.EventEmitter<unknown>();
  const webview = {
    html: '',
    cspSource: '',
    asWebviewUri: (uri: vscode.Uri) => uri,
    onDidReceiveMessage: toHost.event,
    postMessage: async (message: unknown) => toView.fire(message),
  };
  const port = jsonPort({
    post: (message) => toHost.fire(message),
    onMessage: (listener) => void toView.event(listener),
  });
  const panel = { webview } as unknown as vscode.WebviewPanel; // all that is asked of it
  return { view: new Rpc(port, { peer: 'host', handlers: {} }), panel };
}
