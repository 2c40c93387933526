import { type AbortSignalLike, Cancelled } from '../base/abort.ts';
import { type Diagnostic, DiagnosticError } from '../base/diagnostics.ts';
import { cannotPost, connectionClosed, handlerFailed, noHandler, timedOut } from './errors.ts';
import type { Handlers, Method } from './messages.ts';

export type { Diagnostic } from '../base/diagnostics.ts';
export { Cancelled };

/** One end of a channel that delivers messages whole and in order: a webview, a worker, a MessagePort. */
export interface Port {
  /** @param transfer objects whose ownership moves with the message (array buffers). */
  post(message: unknown, transfer?: readonly object[]): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** A signal that also tells when it is aborted; the DOM's and Node's `AbortSignal` are such. */
export interface AbortSource extends AbortSignalLike {
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** An {@link AbortSource} that its owner aborts. */
export class AbortFlag implements AbortSource {
  aborted = false;
  private readonly listeners = new Set<() => void>();

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const listener of this.listeners) listener();
    this.listeners.clear();
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.delete(listener);
  }
}

export interface RpcOptions<Serves> {
  /** Who is at the other end, for messages: `extension host`. */
  readonly peer: string;
  /** Answers to what the other side asks; their signal is an {@link AbortFlag}. */
  readonly handlers: Handlers<Serves>;
  /** Buffers of a result that shall move instead of being copied. */
  readonly transferOf?: (method: Method<Serves>, result: unknown) => readonly object[];
  /** Calls `callback` after `ms`; returns how to prevent it. Without it `timeoutMs` is refused. */
  readonly timer?: (ms: number, callback: () => void) => () => void;
  /**
   * Number of the first request, 1 by default. Who takes over a channel that another has used, as a page does that is
   * loaded again, begins higher, so as not to take a late reply to the other for its own.
   */
  readonly firstId?: number;
}

export interface RequestOptions {
  /** Aborting sends an abort message; the promise settles when the other side has stopped. */
  readonly signal?: AbortSource;
  readonly timeoutMs?: number;
  readonly transfer?: readonly object[];
}

type ParamsOf<R, M extends keyof R> = R[M] extends { params: infer P } ? P : never;
type ResultOf<R, M extends keyof R> = R[M] extends { result: infer T } ? T : never;

type Message =
  | { readonly kind: 'request'; readonly id: number; readonly method: string; readonly params?: unknown }
  | { readonly kind: 'reply'; readonly id: number; readonly ok?: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: Diagnostic; readonly all?: readonly Diagnostic[] }
  | { readonly kind: 'cancelled'; readonly id: number }
  | { readonly kind: 'abort'; readonly id: number }
  | { readonly kind: 'event'; readonly event: string; readonly payload?: unknown };

interface Pending {
  readonly method: string;
  readonly settle: (outcome: { ok: unknown } | { error: Error }) => void;
}

/**
 * Requests, replies and events over a {@link Port}, the same class at both ends.
 *
 * Every request gets exactly one reply, also a void one, one whose handler throws and one nobody handles.
 * A handler that throws {@link Cancelled} makes the caller's promise reject with `Cancelled`; any other failure
 * rejects with a `DiagnosticError`.
 *
 * @typeParam Calls  requests this side makes.
 * @typeParam Emits  events this side sends.
 * @typeParam Serves requests this side answers.
 * @typeParam Hears  events this side receives.
 */
export class Rpc<Calls, Emits, Serves, Hears> {
  private nextId: number;
  private closed: string | undefined;
  private readonly port: Port;
  private readonly options: RpcOptions<Serves>;
  private readonly pending = new Map<number, Pending>();
  private readonly serving = new Map<number, AbortFlag>();
  private readonly listeners = new Map<string, Set<(payload: never) => void>>();

  constructor(port: Port, options: RpcOptions<Serves>) {
    this.port = port;
    this.options = options;
    this.nextId = options.firstId ?? 1;
    port.onMessage((message) => {
      if (isMessage(message) && this.closed === undefined) this.receive(message);
    });
  }

  /**
   * Asks the other side.
   *
   * @throws Cancelled when aborted; DiagnosticError IPC001-IPC006, or the diagnostic the handler threw.
   */
  request<M extends Method<Calls>>(
    method: M,
    params: ParamsOf<Calls, M>,
    options: RequestOptions = {},
  ): Promise<ResultOf<Calls, M>> {
    const { signal, timeoutMs, transfer } = options;
    const { peer, timer } = this.options;
    if (signal?.aborted) return Promise.reject(new Cancelled());
    if (this.closed !== undefined) {
      return Promise.reject(new DiagnosticError(connectionClosed(peer, method, this.closed)));
    }
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const abort = () => this.port.post({ kind: 'abort', id } satisfies Message);
      const stopTimer =
        timeoutMs === undefined
          ? undefined
          : requireTimer(timer)(timeoutMs, () => {
              abort();
              settle({ error: new DiagnosticError(timedOut(peer, method, timeoutMs)) });
            });
      const settle: Pending['settle'] = (outcome) => {
        if (!this.pending.delete(id)) return;
        stopTimer?.();
        signal?.removeEventListener('abort', abort);
        if ('error' in outcome) reject(outcome.error);
        else resolve(outcome.ok as ResultOf<Calls, M>); // both ends are compiled against the same table
      };
      this.pending.set(id, { method, settle });
      signal?.addEventListener('abort', abort);
      try {
        this.port.post({ kind: 'request', id, method, params } satisfies Message, transfer);
      } catch (cause) {
        settle({ error: new DiagnosticError(cannotPost(peer, method, cause), { cause }) });
      }
    });
  }

  /** Sends an event; nobody answers. */
  emit<E extends keyof Emits & string>(event: E, payload: Emits[E], transfer?: readonly object[]): void {
    if (this.closed === undefined) {
      this.port.post({ kind: 'event', event, payload } satisfies Message, transfer);
    }
  }

  /** Listens to an event of the other side; returns how to stop. */
  on<E extends keyof Hears & string>(event: E, listener: (payload: Hears[E]) => void): () => void {
    const listeners = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** Ends the connection: pending requests reject with IPC004, handlers in work are told to stop. */
  close(reason: string): void {
    if (this.closed !== undefined) return;
    this.closed = reason;
    for (const { method, settle } of [...this.pending.values()]) {
      settle({ error: new DiagnosticError(connectionClosed(this.options.peer, method, reason)) });
    }
    for (const flag of this.serving.values()) flag.abort();
  }

  private receive(message: Message): void {
    switch (message.kind) {
      case 'request':
        this.serve(message.id, message.method, message.params);
        return;
      case 'abort':
        this.serving.get(message.id)?.abort();
        return;
      case 'reply':
        this.pending.get(message.id)?.settle({ ok: message.ok });
        return;
      case 'failure':
        this.pending.get(message.id)?.settle({
          error: new DiagnosticError(message.error, message.all === undefined ? {} : { all: message.all }),
        });
        return;
      case 'cancelled':
        this.pending.get(message.id)?.settle({ error: new Cancelled() });
        return;
      case 'event':
        for (const listener of this.listeners.get(message.event) ?? []) listener(message.payload as never);
    }
  }

  private async serve(id: number, method: string, params: unknown): Promise<void> {
    const { peer, transferOf } = this.options;
    const handler = ownHandler(this.options.handlers, method);
    if (handler === undefined) {
      this.answer({ kind: 'failure', id, error: noHandler(peer, method) }, method);
      return;
    }
    const flag = new AbortFlag();
    this.serving.set(id, flag);
    try {
      const ok = await handler(params, flag);
      this.answer({ kind: 'reply', id, ok }, method, transferOf?.(method as Method<Serves>, ok));
    } catch (cause) {
      if (cause instanceof Cancelled) this.answer({ kind: 'cancelled', id }, method);
      else {
        const all = cause instanceof DiagnosticError && cause.all.length > 1 ? { all: cause.all } : {};
        this.answer({ kind: 'failure', id, error: diagnosticOf(cause, peer, method), ...all }, method);
      }
    } finally {
      this.serving.delete(id);
    }
  }

  private answer(message: Message & { readonly id: number }, method: string, transfer?: readonly object[]): void {
    if (this.closed !== undefined) return;
    try {
      this.port.post(message, transfer);
    } catch (cause) {
      const error = cannotPost(this.options.peer, method, cause);
      this.port.post({ kind: 'failure', id: message.id, error } satisfies Message);
    }
  }
}

/** The diagnostic that `cause` carries, or IPC002 around it. */
export function diagnosticOf(cause: unknown, peer: string, method: string): Diagnostic {
  return cause instanceof DiagnosticError ? cause.diagnostic : handlerFailed(peer, method, cause);
}

type AnyHandler = (params: unknown, signal: AbortSignalLike) => Promise<unknown>;

function ownHandler(handlers: object, method: string): AnyHandler | undefined {
  if (!Object.hasOwn(handlers, method)) return undefined;
  return (handlers as Record<string, AnyHandler>)[method]; // Handlers<R> holds nothing but handlers
}

function requireTimer(timer: RpcOptions<unknown>['timer']): NonNullable<RpcOptions<unknown>['timer']> {
  if (timer === undefined) throw new Error('a timeout needs RpcOptions.timer');
  return timer;
}

const KINDS: ReadonlySet<unknown> = new Set(['request', 'reply', 'failure', 'cancelled', 'abort', 'event']);

function isMessage(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'kind' in message && KINDS.has(message.kind);
}
