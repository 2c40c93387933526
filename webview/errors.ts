import type { Diagnostic } from '../src/protocol/rpc.ts';

/** IPC007: no layout worker; the layout runs in the view and may pause it. */
export function noLayoutWorker(reason: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'IPC007',
    message: `the layout worker could not be started (${reason}); the graph is laid out in the view, which may pause it`,
    at: { file: 'view' },
  };
}

/** IPC008: the layout failed: wrong code, never a wrong graph. */
export function layoutFailed(file: string, cause: unknown): Diagnostic {
  const text = cause instanceof Error ? cause.message : String(cause);
  return { severity: 'error', code: 'IPC008', message: `the graph could not be laid out: ${text}`, at: { file } };
}
