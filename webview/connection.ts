import { jsonPort } from '../src/protocol/jsonPort.ts';
import type { HostEvents, HostRequests } from '../src/protocol/messages.ts';
import { Rpc } from '../src/protocol/rpc.ts';
import { areTableViews } from './panels/grid/tableView.ts';
import { type Camera, INITIAL, type PersistedView } from './store.ts';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

type None = Record<never, never>;

/** A camera that moves changes many times. */
const REST_MS = 250;

export interface Connection {
  readonly rpc: Rpc<HostRequests, None, None, HostEvents>;
  /** What an earlier life of this view saved, as far as it is still readable. */
  load(): Partial<PersistedView>;
  /** Saves for a reload at once, and with the host, for when the model is opened again, once the view rests. */
  save(view: PersistedView): void;
}

/** Connects to the extension host. Call once: VS Code hands its interface out a single time. */
export function connect(): Connection {
  const vscode = acquireVsCodeApi();
  const port = jsonPort({
    post: (message) => vscode.postMessage(message),
    onMessage: (listener) => window.addEventListener('message', (event) => listener(event.data)),
  });
  const rpc: Connection['rpc'] = new Rpc(port, { peer: 'extension host', handlers: {}, firstId: Date.now() });
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    rpc,
    load: () => readView(vscode.getState()),
    save: (view) => {
      vscode.setState(view);
      clearTimeout(timer);
      timer = setTimeout(() => {
        rpc.request('view/save', { view }).catch(() => {}); // the next change tries again
      }, REST_MS);
    },
  };
}

/** A view that was saved, as far as it is still readable. */
export function readView(saved: unknown): Partial<PersistedView> {
  if (typeof saved !== 'object' || saved === null) return {};
  const known = Object.entries(saved).filter(([key, value]) =>
    key === 'tables'
      ? areTableViews(value)
      : isKind(INITIAL[key as keyof PersistedView], value) || (key === 'sample' && Number.isInteger(value)),
  );
  return Object.fromEntries(known);
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
