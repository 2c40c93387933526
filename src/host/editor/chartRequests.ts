import type { ChartRequests } from '../../protocol/chartViews.ts';
import type { Handlers } from '../../protocol/messages.ts';
import type { AbortSource } from '../../protocol/rpc.ts';
import type { ModelSession } from './modelSession.ts';

/** Passes what charts and the inspector ask on to the worker. */
export function chartRequests(session: ModelSession): Handlers<ChartRequests> {
  // What a handler is given as its signal is the rpc's own, which tells when it is aborted.
  const stop = (signal: unknown) => ({ signal: signal as AbortSource });
  return {
    'tensor/charts': async (params, signal) => (await session.ready()).request('tensor/charts', params, stop(signal)),
    'tensor/spread': async (params, signal) => (await session.ready()).request('tensor/spread', params, stop(signal)),
    'tensor/figures': async (params) => (await session.ready()).request('tensor/figures', params),
    'operator/doc': async (params) => (await session.ready()).request('operator/doc', params),
  };
}
