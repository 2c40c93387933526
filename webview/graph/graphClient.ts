import { GraphTable } from '../../src/protocol/graphTable.ts';
import { Rpc } from '../../src/protocol/rpc.ts';
import { type Comparison, compareGraphs } from '../diff/compare.ts';
import type { DrawnGraph, GraphRequests, LoadedGraph } from './graphMessages.ts';
import { PictureMaker } from './pictureMaker.ts';
import type { TextWidths } from './text.ts';

type None = Record<never, never>;

export interface GraphClient {
  /** Takes the graph that the next pictures are of. */
  load(buffer: ArrayBuffer, widths: TextWidths): Promise<LoadedGraph>;
  /** Draws it with these groups open; an earlier picture still in work is cancelled and its promise rejects with IPC004. */
  draw(open: readonly string[]): Promise<DrawnGraph>;
  /** Matches the nodes of two graphs, beside the pictures that are made meanwhile. */
  compare(left: ArrayBuffer, right: ArrayBuffer): Promise<Comparison>;
}

interface Running {
  readonly worker: Worker;
  readonly rpc: Rpc<GraphRequests, None, None, None>;
  /** Requests without an answer. */
  busy: number;
}

/**
 * Makes pictures of a graph in a worker started from a blob, as webviews demand.
 *
 * @param scriptUri     where the worker's script lies.
 * @param onUnavailable told once when no worker can be started; pictures are then made in the view itself.
 */
export function createGraphClient(scriptUri: string, onUnavailable: (reason: string) => void): GraphClient {
  let script: Promise<string> | undefined;
  let inView: PictureMaker | undefined;
  let running: Promise<Running> | undefined;
  let current: Running | undefined;
  let loaded: { readonly buffer: ArrayBuffer; readonly widths: TextWidths } | undefined;

  const stop = () => {
    current?.worker.terminate();
    current?.rpc.close('a later picture took its place');
    current = undefined;
    running = undefined;
  };

  const start = async (): Promise<Running> => {
    script ??= fetchAsBlobUrl(scriptUri);
    const worker = new Worker(await script);
    const rpc = new Rpc<GraphRequests, None, None, None>(
      {
        post: (message, transfer = []) => worker.postMessage(message, [...transfer] as Transferable[]),
        onMessage: (listener) => worker.addEventListener('message', (event) => listener(event.data)),
      },
      { peer: 'graph worker', handlers: {} },
    );
    worker.addEventListener('error', (event) => rpc.close(event.message || 'its script could not be loaded'));
    return { worker, rpc, busy: 0 };
  };

  /** Asks the worker, or does the same here where there is none. */
  const ask = async <T>(
    inWorker: (rpc: Running['rpc']) => Promise<T>,
    here: (maker: PictureMaker) => T,
  ): Promise<T> => {
    if (inView !== undefined) return here(inView);
    let mine: Running;
    try {
      running ??= start().then((started) => {
        current = started;
        return started;
      });
      mine = await running;
    } catch (cause) {
      if (inView === undefined) onUnavailable(cause instanceof Error ? cause.message : String(cause));
      inView ??= new PictureMaker();
      if (loaded !== undefined) inView.load(loaded.buffer, loaded.widths);
      return here(inView);
    }
    mine.busy++;
    try {
      return await inWorker(mine.rpc);
    } finally {
      mine.busy--;
    }
  };

  const load = (buffer: ArrayBuffer, widths: TextWidths) =>
    ask(
      (rpc) => rpc.request('graph/load', { buffer, widths }),
      (maker) => maker.load(buffer, widths),
    );

  return {
    load(buffer, widths) {
      loaded = { buffer, widths };
      if ((current?.busy ?? 0) > 0) stop();
      return load(buffer, widths);
    },
    async draw(open) {
      if ((current?.busy ?? 0) > 0) {
        stop();
        if (loaded !== undefined) await load(loaded.buffer, loaded.widths);
      }
      return ask(
        (rpc) => rpc.request('graph/draw', { open }),
        (maker) => maker.draw(open),
      );
    },
    async compare(left, right) {
      if (inView !== undefined) return compareGraphs(new GraphTable(left), new GraphTable(right));
      const { worker, rpc } = await start();
      try {
        return await rpc.request('graph/compare', { left, right });
      } finally {
        worker.terminate();
      }
    },
  };
}

async function fetchAsBlobUrl(uri: string): Promise<string> {
  const response = await fetch(uri);
  if (!response.ok) throw new Error(`${uri} answered ${response.status}`);
  return URL.createObjectURL(new Blob([await response.text()], { type: 'text/javascript' }));
}
