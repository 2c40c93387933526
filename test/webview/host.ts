import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { jsonPort } from '../../src/protocol/jsonPort.ts';
import type { Handlers, HostEvents, HostRequests } from '../../src/protocol/messages.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/messages.ts';
import { Cancelled, Rpc } from '../../src/protocol/rpc.ts';
import type { GraphView, RunView, TrialView } from '../../src/protocol/views.ts';
import { chartHandlers } from './chartFixtures.ts';
import { FakeFindings } from './findingFixtures.ts';
import { columnOf, detailsOf, largeGraph, mobileNet, runOf, withUnsupported } from './fixtures.ts';
import { importedDetailsOf, inDynamic, inQdq, inQOperator, ofManyTypes } from './quantizedFixtures.ts';
import { tensorTableOf } from './tableFixtures.ts';
import { tensorHandlers } from './tensorFixtures.ts';
import { FakeTrials, trialHandlers, withHistory } from './trialFixtures.ts';

/** What the page under test was opened with: `?model=large&run=1&trial=1`; `model=qdq&requantize=1`. */
const query = new URLSearchParams(location.search);

/** Everything the view asked for, and its saved state; tests read these. */
const seen: { method: string; params: unknown }[] = [];
let toView: (message: unknown) => void = () => {};
let fromView: (message: unknown) => void = () => {};

const MODELS: Readonly<Record<string, (plain: GraphView) => GraphView>> = {
  unsupported: withUnsupported,
  qdq: inQdq,
  qoperator: inQOperator,
  dynamic: inDynamic,
  manytypes: ofManyTypes,
};
const graph: GraphView = (() => {
  const given: GraphView | undefined = Reflect.get(window, 'testGraph');
  if (given !== undefined) return given;
  const model = query.get('model');
  if (model === 'large') return largeGraph(Number(query.get('nodes') ?? 1000));
  return (MODELS[model ?? ''] ?? ((plain: GraphView) => plain))(mobileNet());
})();
const trials = new FakeTrials(graph);
const changeable = graph.nodes.filter((n) => n.opType === 'Conv').map((n) => n.handle);
if (query.has('run')) withHistory(trials, changeable, Number(query.get('trials') ?? 1));
let run: RunView | null = query.has('run') ? trials.run() : null;
let trial: TrialView | null = null;
if (query.has('trial') && run !== null) trial = trials.change({ skip: [graph.nodes[40]?.handle ?? ''] });

const findings = new FakeFindings(graph, (event, payload) => rpc.emit(event, payload), {
  paceMs: Number(query.get('pace') ?? 15),
  config: trials.tree.current ?? '',
});
if (query.has('found')) findings.fill();

const handlers: Handlers<HostRequests> = {
  'view/ready': async () => ({
    trials: trials.tree,
    ...findings.known,
    compare: null,
    protocol: PROTOCOL_VERSION,
    graph: encodeGraph(graph),
    run,
    trial,
    busy: query.has('busy'),
    restored: query.has('restored') ? { name: 'full_quant.cfg', timeMs: Date.UTC(2026, 10, 20, 14, 3) } : null,
    view: JSON.parse(query.get('view') ?? 'null'),
    preferences: {
      metric: query.get('metric') ?? 'cosine',
      palette: query.get('palette') ?? 'theme',
      scale: query.get('scale') ?? 'bands',
      minimap: !query.has('nominimap'),
      judgeCommand: query.has('command') ? { command: 'node map.mjs', better: 'higher' } : null,
    },
  }),
  'node/details': async ({ nodeId }) => {
    const shown = trial?.run ?? run;
    if (graph.quantization === null) return detailsOf(graph, shown, nodeId);
    return importedDetailsOf(graph, shown, nodeId, query.has('requantize') ? 'requantize' : 'evaluate');
  },
  'heat/get': async (params) => columnOf(graph, trial?.run ?? run, params),
  'node/skip': async ({ nodeIds, skip }) => {
    const handles = graph.nodes.filter((n) => nodeIds.includes(n.id)).map((n) => n.handle);
    rpc.emit('trial/started', { handles });
    setTimeout(() => {
      trial = trials.change(skip ? { skip: handles } : { unskip: handles });
      rpc.emit('trials/changed', { tree: trials.tree });
      rpc.emit('trial/finished', { trial });
    }, 60);
  },
  'run/quantize': async () => {
    rpc.emit('run/progress', { stage: 'calibrate', done: 3, total: 8, text: 'sample 3' });
    setTimeout(() => {
      run = trials.start();
      trial = null;
      rpc.emit('trials/changed', { tree: trials.tree });
      rpc.emit('run/finished', { run });
    }, 1500);
  },
  'run/again': async (_, signal) => handlers['run/quantize'](undefined, signal),
  'run/cancel': async () => rpc.emit('run/stopped', { diagnostics: [] }),
  ...findings.handlers(),
  ...trialHandlers(
    trials,
    (event, payload) => rpc.emit(event, payload),
    (now) => {
      trial = now;
      findings.follow(trials.tree.current ?? '');
    },
    Number(query.get('delay') ?? 60),
  ),
  'compare/move': async () => {},
  'compare/groups': async () => {},
  'overlay/save': async () => ({ saved: true }),
  'overlay/open': async () => Reflect.get(window, 'testOverlay') ?? null,
  'open/config': async () => {},
  'open/report': async () => {},
  'view/save': async ({ view }) => {
    document.body.dataset.savedView = JSON.stringify(view);
  },
  'selection/changed': async () => {},
  'tensors/list': async ({ of }, signal) => {
    rpc.emit('run/progress', { stage: 'measure', done: 2, total: 8, text: 'sample 2' });
    const end = performance.now() + Number(query.get('listing') ?? 30);
    while (performance.now() < end) {
      if (signal.aborted) throw new Cancelled();
      await new Promise((done) => setTimeout(done, 10));
    }
    return tensorTableOf(graph, trial?.run ?? run ?? runOf(graph), of);
  },
  'table/save': async () => ({ saved: true }),
  ...chartHandlers(graph, () => run !== null),
  'picture/save': async () => ({ saved: true }),
  ...tensorHandlers(graph, () => run !== null),
};

const rpc = new Rpc<Record<never, never>, HostEvents, HostRequests, Record<never, never>>(
  jsonPort({
    post: (message) => toView(asVsCodeSends(message)),
    onMessage: (listener) => {
      fromView = listener;
    },
  }),
  { peer: 'webview', handlers },
);

toView = (message) => window.postMessage(message, '*');

const STATE = 'quantscope-test-state';
Object.assign(window, {
  acquireVsCodeApi: () => ({
    postMessage: (message: unknown) => {
      const copy = asVsCodeSends(message);
      if (isRequest(copy)) seen.push({ method: copy.method, params: copy.params });
      queueMicrotask(() => fromView(copy));
    },
    getState: () => JSON.parse(sessionStorage.getItem(STATE) ?? 'null'),
    setState: (state: unknown) => sessionStorage.setItem(STATE, JSON.stringify(state)),
  }),
  testHost: { seen, emit: rpc.emit.bind(rpc) },
});

/** As VS Code does it: array buffers and typed arrays arrive, what else is not JSON does not. */
function asVsCodeSends(value: unknown): unknown {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return structuredClone(value);
  if (Array.isArray(value)) return value.map((part) => asVsCodeSends(part) ?? null);
  if (typeof value !== 'object' || value === null) return JSON.parse(JSON.stringify(value) ?? 'null');
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(entries.map(([key, part]) => [key, asVsCodeSends(part)]));
}

function isRequest(message: unknown): message is { method: string; params: unknown } {
  return typeof message === 'object' && message !== null && 'method' in message;
}

const violations: string[] = [];
Object.assign(window, { cspViolations: violations });
document.addEventListener('securitypolicyviolation', (event) => {
  violations.push(
    `${event.violatedDirective}: ${event.blockedURI || 'inline'} ${event.sample} at ${event.sourceFile}:${event.lineNumber}:${event.columnNumber}`,
  );
});
