import { Rpc } from '../../src/protocol/rpc.ts';
import { type LayoutInput, type LayoutResult, layoutGraph } from './layout.ts';
import type { LayoutRequests } from './layoutMessages.ts';

type None = Record<never, never>;

export interface LayoutClient {
  /** Lays out in the worker; an earlier layout still in work is cancelled and its promise rejects with IPC004. */
  run(input: LayoutInput): Promise<LayoutResult>;
  cancel(): void;
}

/**
 * Runs layouts in a worker started from a blob, as webviews demand.
 *
 * @param scriptUri     where the worker's script lies.
 * @param onUnavailable told once when no worker can be started; layouts then run in the view itself.
 */
export function createLayoutClient(scriptUri: string, onUnavailable: (reason: string) => void): LayoutClient {
  let script: Promise<string> | undefined;
  let broken = false;
  let current: { worker: Worker; rpc: Rpc<LayoutRequests, None, None, None>; idle: boolean } | undefined;

  const stop = () => {
    current?.worker.terminate();
    current?.rpc.close('the layout was cancelled');
    current = undefined;
  };

  const start = async () => {
    script ??= fetchAsBlobUrl(scriptUri);
    const worker = new Worker(await script);
    const rpc = new Rpc<LayoutRequests, None, None, None>(
      {
        post: (message, transfer = []) => worker.postMessage(message, [...transfer] as Transferable[]),
        onMessage: (listener) => worker.addEventListener('message', (event) => listener(event.data)),
      },
      { peer: 'layout worker', handlers: {} },
    );
    worker.addEventListener('error', (event) => rpc.close(event.message || 'its script could not be loaded'));
    return { worker, rpc, idle: true };
  };

  return {
    async run(input) {
      if (broken) return layoutGraph(input);
      if (current !== undefined && !current.idle) stop();
      try {
        current ??= await start();
      } catch (cause) {
        broken = true;
        onUnavailable(cause instanceof Error ? cause.message : String(cause));
        return layoutGraph(input);
      }
      const mine = current;
      mine.idle = false;
      const result = await mine.rpc.request('layout/run', input);
      mine.idle = true;
      return result;
    },
    cancel: stop,
  };
}

async function fetchAsBlobUrl(uri: string): Promise<string> {
  const response = await fetch(uri);
  if (!response.ok) throw new Error(`${uri} answered ${response.status}`);
  return URL.createObjectURL(new Blob([await response.text()], { type: 'text/javascript' }));
}
