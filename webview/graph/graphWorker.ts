import { GraphTable } from '../../src/protocol/graphTable.ts';
import { Rpc } from '../../src/protocol/rpc.ts';
import { compareGraphs } from '../diff/compare.ts';
import type { DrawnGraph, GraphRequests } from './graphMessages.ts';
import { buffersOf, PictureMaker } from './pictureMaker.ts';

type None = Record<never, never>;

// A worker's own scope; the project's ambient types are those of a window.
const scope = self as unknown as {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
};

const maker = new PictureMaker();

new Rpc<None, None, GraphRequests, None>(
  {
    post: (message, transfer = []) => scope.postMessage(message, [...transfer] as Transferable[]),
    onMessage: (listener) => {
      scope.onmessage = (event) => listener(event.data);
    },
  },
  {
    peer: 'graph worker',
    handlers: {
      'graph/load': async ({ buffer, widths }) => maker.load(buffer, widths),
      'graph/draw': async ({ open }) => maker.draw(open),
      'graph/compare': async ({ left, right }) => compareGraphs(new GraphTable(left), new GraphTable(right)),
    },
    transferOf: (method, result) => (method === 'graph/draw' ? buffersOf(result as DrawnGraph) : []),
  },
);
