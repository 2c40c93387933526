import { jsonPort } from '../src/protocol/jsonPort.ts';
import type { HostEvents, HostRequests } from '../src/protocol/messages.ts';
import { Rpc } from '../src/protocol/rpc.ts';
import type { PersistedView } from './store.ts';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

type None = Record<never, never>;

export interface Connection {
  readonly rpc: Rpc<HostRequests, None, None, HostEvents>;
  /** What an earlier life of this view saved, as far as it is still readable. */
  load(): Partial<PersistedView>;
  save(view: PersistedView): void;
}

/** Connects to the extension host. Call once: VS Code hands its interface out a single time. */
export function connect(): Connection {
  const vscode = acquireVsCodeApi();
  const port = jsonPort({
    post: (message) => vscode.postMessage(message),
    onMessage: (listener) => window.addEventListener('message', (event) => listener(event.data)),
  });
  return {
    rpc: new Rpc(port, { peer: 'extension host', handlers: {} }),
    load: () => {
      const saved = vscode.getState();
      return typeof saved === 'object' && saved !== null ? saved : {};
    },
    save: (view) => vscode.setState(view),
  };
}
