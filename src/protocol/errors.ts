import type { Diagnostic } from '../base/diagnostics.ts';

/** IPC001: the other side has no handler for `method`. */
export function noHandler(peer: string, method: string): Diagnostic {
  return ipc('IPC001', peer, `${method} is not answered here; both sides must be of one version`);
}

/** IPC002: a handler threw something that is not a {@link Diagnostic}: wrong code, never wrong input. */
export function handlerFailed(peer: string, method: string, cause: unknown): Diagnostic {
  const text = cause instanceof Error ? cause.message : String(cause);
  return ipc('IPC002', peer, `${method} failed: ${text}`);
}

/** IPC003: no reply within the time the caller allowed. */
export function timedOut(peer: string, method: string, timeoutMs: number): Diagnostic {
  return ipc('IPC003', peer, `${method} got no answer within ${timeoutMs} ms`);
}

/** IPC004: the connection was closed before the reply came. */
export function connectionClosed(peer: string, method: string, reason: string): Diagnostic {
  return ipc('IPC004', peer, `${method} was not answered: ${reason}`);
}

/** IPC005: the two sides were built from different versions. */
export function protocolMismatch(peer: string, found: number, expected: number): Diagnostic {
  return ipc('IPC005', peer, `protocol ${found} does not match ${expected}; reload the window`);
}

/** IPC006: the message could not be posted, for example because a value cannot be cloned. */
export function cannotPost(peer: string, method: string, cause: unknown): Diagnostic {
  const text = cause instanceof Error ? cause.message : String(cause);
  return ipc('IPC006', peer, `${method} could not be sent: ${text}`);
}

function ipc(code: string, peer: string, message: string): Diagnostic {
  return { severity: 'error', code, message, at: { file: peer } };
}
