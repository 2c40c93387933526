import { jsonPort } from '../src/protocol/jsonPort.ts';
import type { HostEvents, HostRequests } from '../src/protocol/messages.ts';
import { Rpc } from '../src/protocol/rpc.ts';
import { type Camera, INITIAL, type PersistedView } from './store.ts';

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
      if (typeof saved !== 'object' || saved === null) return {};
      const known = Object.entries(saved).filter(([key, value]) => isKind(INITIAL[key as keyof PersistedView], value));
      return Object.fromEntries(known);
    },
    save: (view) => vscode.setState(view),
  };
}

/** Whether a saved value can stand where `initial` stands; another version may have saved another shape. */
function isKind(initial: unknown, saved: unknown): boolean {
  if (initial === undefined) return false;
  if (Array.isArray(saved)) return saved.every((element) => typeof element === 'string');
  if (initial === null || saved === null) return saved === null || typeof saved !== 'object' || isCamera(saved);
  return typeof initial === typeof saved;
}

function isCamera(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return (['x', 'y', 'zoom'] as const).every((key) => key in value && Number.isFinite((value as Camera)[key]));
}
