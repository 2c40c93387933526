import type { AbortSignalLike } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { DiagnosticError } from '../base/diagnostics.ts';
import { encodeGraph } from '../protocol/encodeGraph.ts';
import { protocolMismatch } from '../protocol/errors.ts';
import { type Handlers, PROTOCOL_VERSION, type WorkerEvents, type WorkerRequests } from '../protocol/messages.ts';
import { type MetricColumn, metricInfo } from '../protocol/metrics.ts';
import { type Port, Rpc } from '../protocol/rpc.ts';
import type { Progress } from '../protocol/views.ts';
import type { Session } from '../session/index.ts';
import type { GivenFiles } from './givenFiles.ts';
import { serveCharts } from './serveCharts.ts';
import { serveEngines } from './serveEngines.ts';
import { serveTensors, tensorBuffers } from './serveTensors.ts';

/** The worker's end of the connection: it asks nothing, answers {@link WorkerRequests}, sends {@link WorkerEvents}. */
export type WorkerRpc = Rpc<Record<never, never>, WorkerEvents, WorkerRequests, Record<never, never>>;

/** What the worker asks of a session. */
export type ServedSession = Pick<
  Session,
  | 'open'
  | 'quantize'
  | 'trial'
  | 'forgetRun'
  | 'details'
  | 'sweeps'
  | 'searches'
  | 'diagnoses'
  | 'exportModel'
  | 'checkConfig'
  | 'configFacts'
  | 'configTemplate'
  | 'charts'
  | 'metrics'
  | 'tensors'
  | 'tensorLists'
>;

export interface ServeOptions {
  readonly port: Port;
  readonly cancelCell: SharedArrayBuffer;
  readonly clock: Clock;
  /** Those that the session reads. */
  readonly files: Pick<GivenFiles, 'give' | 'missing'>;
  readonly createSession: (onProgress: (progress: Progress) => void) => ServedSession;
}

/** Milliseconds between two progress events of the same stage. */
const PROGRESS_INTERVAL_MS = 50;

/** Answers the host's requests with a session; returns the connection. */
export function serveSession({ port, cancelCell, clock, files, createSession }: ServeOptions): WorkerRpc {
  const cell = new Int32Array(cancelCell);
  const session = createSession(throttled(clock, (progress) => rpc.emit('progress', progress)));
  const stoppable = (signal: AbortSignalLike): AbortSignalLike => ({
    get aborted() {
      return signal.aborted || Atomics.load(cell, 0) !== 0;
    },
  });
  const handlers: Handlers<WorkerRequests> = {
    'model/open': async ({ protocol, path, files: given }) => {
      if (protocol !== PROTOCOL_VERSION) {
        throw new DiagnosticError(protocolMismatch('worker', protocol, PROTOCOL_VERSION));
      }
      files.give(given ?? {});
      return encodeGraph(await session.open(path));
    },
    'model/missing': async () => files.missing(),
    'quant/run': (params, signal) => session.quantize(params, stoppable(signal)),
    'quant/trial': (params, signal) => session.trial(params, stoppable(signal)),
    'model/export': ({ path }) => session.exportModel(path),
    'run/forget': async () => session.forgetRun(),
    'node/details': ({ nodeId }) => session.details(nodeId),
    // Only what is a job of its own looks at the cell, which stays set until the next one.
    'heat/get': (params, signal) =>
      session.metrics.column(params, metricInfo(params.metric).needs === 'timing' ? stoppable(signal) : signal),
    ...serveEngines({ session, clock, stoppable, emit: (event, payload) => rpc.emit(event, payload) }),
    'config/check': ({ configText, configPath }) => session.checkConfig(configText, configPath),
    'config/facts': () => session.configFacts(),
    'config/template': ({ quantType }) => session.configTemplate(quantType),
    'tensors/list': ({ of }, signal) => session.tensorLists.list(of, stoppable(signal)),
    ...serveCharts(session),
    ...serveTensors(session),
  };
  const rpc: WorkerRpc = new Rpc(port, {
    peer: 'extension host',
    handlers,
    transferOf: (method, result) => {
      if (method === 'heat/get') return [(result as MetricColumn).values.buffer]; // what the table says of it
      return result instanceof ArrayBuffer ? [result] : tensorBuffers(method, result);
    },
  });
  return rpc;
}

/** Lets the first and last of every stage through, and the rest no faster than a person can read. */
function throttled(clock: Clock, send: (progress: Progress) => void): (progress: Progress) => void {
  let stage: Progress['stage'] | undefined;
  let sentAt = 0;
  return (progress) => {
    const now = clock.now();
    const edge = progress.stage !== stage || progress.done >= progress.total;
    if (!edge && now - sentAt < PROGRESS_INTERVAL_MS) return;
    stage = progress.stage;
    sentAt = now;
    send(progress);
  };
}
