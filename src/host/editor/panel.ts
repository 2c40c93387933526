import * as vscode from 'vscode';
import { DiagnosticError } from '../../base/diagnostics.ts';
import { protocolMismatch } from '../../protocol/errors.ts';
import { jsonPort } from '../../protocol/jsonPort.ts';
import { type Handlers, type HostEvents, type HostRequests, PROTOCOL_VERSION } from '../../protocol/messages.ts';
import { Rpc } from '../../protocol/rpc.ts';
import type { ComparablePanel, PanelPairs } from '../compare/panelPairs.ts';
import { diagnosticsOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { chartRequests } from './chartRequests.ts';
import { heatRequests } from './heatRequests.ts';
import { errorPage, graphPage } from './html.ts';
import { pictureRequests } from './pictureRequests.ts';
import { onPreferences, readPreferences } from './preferences.ts';
import type { OpenModel } from './registry.ts';
import { tableRequests } from './tableRequests.ts';
import { tensorRequests } from './tensorRequests.ts';
import { whatIfRequests } from './whatIfRequests.ts';

type PanelRpc = Rpc<Record<never, never>, HostEvents, HostRequests, Record<never, never>>;

export interface PanelOptions {
  readonly model: OpenModel;
  readonly panel: vscode.WebviewPanel;
  /** Where the built webview lies. */
  readonly dist: vscode.Uri;
  readonly log: Log;
  readonly pairs: PanelPairs;
  /** Tells the user of what nobody waits for. */
  readonly failed: (error: unknown) => void;
  /** Keeps how a model's view looks. */
  readonly saveView: (model: vscode.Uri, view: unknown) => Promise<void>;
  /** Skips nodes or quantizes them again, in the config of the last run. */
  readonly skip: (model: OpenModel, nodeIds: readonly number[], skip: boolean) => Promise<void>;
}

/** Connects a webview panel with the session of its model until either is gone. */
export function connectPanel({
  model,
  panel,
  dist,
  log,
  pairs,
  skip,
  saveView,
  failed,
}: PanelOptions): vscode.Disposable {
  const { session } = model;
  const { webview } = panel;
  const subscriptions: vscode.Disposable[] = [];
  const command = async (name: string) => {
    await vscode.commands.executeCommand(`quantscope.${name}`, session.uri);
  };
  const handlers: Handlers<HostRequests> = {
    'view/ready': async ({ protocol }) => {
      if (protocol !== PROTOCOL_VERSION) {
        throw new DiagnosticError(protocolMismatch('webview', protocol, PROTOCOL_VERSION));
      }
      const preferences = readPreferences(session.uri);
      await Promise.all([model.trials.settled(), model.findings.settled(), session.graph()]);
      const compare = await half.start();
      // Last, and with nothing waited for after it: what happens meanwhile is told before this answer arrives.
      const state = await session.viewState();
      return { ...state, trials: model.trials.tree, ...model.findings.current, preferences, compare };
    },
    'node/details': ({ nodeId }) => session.details(nodeId),
    'node/skip': ({ nodeIds, skip: wanted }) => skip(model, nodeIds, wanted),
    // These go on after their reply: their outcome comes as events.
    'run/quantize': async () => void command('quantizeWithConfig'),
    'run/again': async () =>
      void vscode.commands.executeCommand('quantscope.quantizeWithConfig', session.uri, session.config),
    'run/cancel': async () => session.cancel('run', 'trial'),
    'edit/undo': () => command('undo'),
    'edit/redo': () => command('redo'),
    'open/config': () => command('openConfig'),
    'open/report': () => command('openReport'),
    'view/save': async ({ view }) => saveView(session.uri, view),
    'selection/changed': async ({ nodeId }) => {
      session.select(nodeId);
      pairs.partnerOf(comparable)?.emit('compare/selected', { nodeId });
    },
    'compare/move': async (place) => pairs.partnerOf(comparable)?.emit('compare/moved', place),
    'compare/groups': async (groups) => pairs.partnerOf(comparable)?.emit('compare/groups', groups),
    ...chartRequests(session),
    ...pictureRequests(session),
    ...tensorRequests(session),
    ...tableRequests(session),
    ...heatRequests(session),
    ...whatIfRequests(model, failed),
  };
  const port = jsonPort({
    post: (message) => void webview.postMessage(message),
    onMessage: (listener) => void subscriptions.push(webview.onDidReceiveMessage(listener)),
  });
  const rpc: PanelRpc = new Rpc(port, { peer: 'webview', handlers });
  const comparable: ComparablePanel = { session, emit: (event, payload) => rpc.emit(event, payload) };
  const half = pairs.add(comparable);
  subscriptions.push(half);

  /** Shows the graph as soon as the model opens, or the reason why it does not. */
  let shown = 0;
  const show = async () => {
    const turn = ++shown;
    webview.html = graphPage(webview, dist);
    try {
      await session.graph();
    } catch (error) {
      if (turn !== shown) return;
      log.failure(error);
      webview.html = errorPage(session.file, diagnosticsOf(error));
    }
  };
  subscriptions.push(
    session.onEvent(({ event, payload }) => rpc.emit(event, payload)),
    onPreferences(session.uri, (preferences) => rpc.emit('preferences/changed', preferences)),
    session.onDidReset(show), // the page starts afresh; it keeps its zoom and selection
  );
  void show();
  return new vscode.Disposable(() => {
    rpc.close('the panel was closed');
    vscode.Disposable.from(...subscriptions).dispose();
  });
}
