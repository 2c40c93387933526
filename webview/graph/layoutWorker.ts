import { Rpc } from '../../src/protocol/rpc.ts';
import { layoutGraph } from './layout.ts';
import type { LayoutRequests } from './layoutMessages.ts';

type None = Record<never, never>;

// A worker's own scope; the project's ambient types are those of a window.
const scope = self as unknown as {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
};

new Rpc<None, None, LayoutRequests, None>(
  {
    post: (message, transfer = []) => scope.postMessage(message, [...transfer] as Transferable[]),
    onMessage: (listener) => {
      scope.onmessage = (event) => listener(event.data);
    },
  },
  {
    peer: 'layout worker',
    handlers: { 'layout/run': async (input) => layoutGraph(input) },
    transferOf: (_, result) => {
      const { x, y, rank, points, pointStart } = result as ReturnType<typeof layoutGraph>;
      return [x.buffer, y.buffer, rank.buffer, points.buffer, pointStart.buffer];
    },
  },
);
