import type { Handlers } from '../../src/protocol/messages.ts';
import { type HostEvents, type HostRequests, PROTOCOL_VERSION } from '../../src/protocol/messages.ts';
import { Rpc } from '../../src/protocol/rpc.ts';

/** A host that does nothing but hand over a graph, so that what is measured in the page is the view's alone. */
const graph = fetch('model.bin').then((response) => response.arrayBuffer());

const known: Pick<Handlers<HostRequests>, 'view/ready'> = {
  'view/ready': async () => ({
    compare: null,
    protocol: PROTOCOL_VERSION,
    graph: await graph,
    run: null,
    trial: null,
    busy: false,
    trials: { trials: [], current: null },
    sensitivity: null,
    search: null,
    diagnosis: null,
    restored: null,
    view: null,
    preferences: { metric: 'cosine', palette: 'theme', scale: 'bands', minimap: true },
  }),
};
// Whatever else the view asks or tells is answered with nothing.
const silent = new Proxy(known, { get: (all, method) => Reflect.get(all, method) ?? (async () => null) });

let toHost: (message: unknown) => void = () => {};
new Rpc<Record<never, never>, HostEvents, HostRequests, Record<never, never>>(
  {
    post: (message) => window.postMessage(message, '*'),
    onMessage: (listener) => {
      toHost = listener;
    },
  },
  { peer: 'webview', handlers: silent as Handlers<HostRequests> },
);

Object.assign(window, {
  acquireVsCodeApi: () => ({
    postMessage: (message: unknown) => queueMicrotask(() => toHost(message)),
    getState: () => undefined,
    setState: () => {},
  }),
});
