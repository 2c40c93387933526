import { expect, test } from 'vitest';
import { Cancelled } from '../../src/base/abort.ts';
import { type Diagnostic, DiagnosticError } from '../../src/base/diagnostics.ts';
import { jsonPort } from '../../src/protocol/jsonPort.ts';
import type { Handlers } from '../../src/protocol/messages.ts';
import { AbortFlag, type Port, Rpc } from '../../src/protocol/rpc.ts';

interface Requests {
  'sum/of': { params: readonly number[]; result: number };
  'fire/only': { params: void; result: void };
  'wait/aborted': { params: void; result: void };
  'throw/diagnostic': { params: void; result: void };
  'throw/bug': { params: void; result: void };
  'give/uncloneable': { params: void; result: unknown };
  'give/buffer': { params: void; result: Uint8Array };
}

interface Events {
  tick: { count: number };
}

type None = Record<never, never>;
const NO_SUCH_KEY: Diagnostic = {
  severity: 'error',
  code: 'CFG101',
  message: 'no such key',
  at: { file: 'a.cfg', line: 3 },
};

const handlers: Handlers<Requests> = {
  'sum/of': async (xs) => xs.reduce((a, b) => a + b, 0),
  'fire/only': async () => {},
  'wait/aborted': async (_, signal) => {
    while (!signal.aborted) await new Promise((done) => setTimeout(done, 1));
    throw new Cancelled();
  },
  'throw/diagnostic': async () => {
    throw new DiagnosticError(NO_SUCH_KEY);
  },
  'throw/bug': async () => {
    throw new TypeError('x is undefined');
  },
  'give/uncloneable': async () => () => 1,
  'give/buffer': async () => new Uint8Array([1, 2, 3]),
};

function pair(over: Partial<Handlers<Requests>> = handlers) {
  const { port1, port2 } = new MessageChannel();
  const portOf = (p: MessagePort): Port => ({
    post: (message, transfer) => p.postMessage(message, { transfer: [...(transfer ?? [])] as Transferable[] }),
    onMessage: (listener) => {
      p.onmessage = (e) => listener(e.data);
    },
  });
  const client = new Rpc<Requests, None, None, Events>(portOf(port1), {
    peer: 'server',
    handlers: {},
    timer: (ms, callback) => {
      const t = setTimeout(callback, ms);
      return () => clearTimeout(t);
    },
  });
  const server = new Rpc<None, Events, Requests, None>(portOf(port2), {
    peer: 'client',
    handlers: over as Handlers<Requests>,
    transferOf: (_, result) => (result instanceof Uint8Array ? [result.buffer] : []),
  });
  return {
    client,
    server,
    close: () => {
      port1.close();
      port2.close();
    },
  };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => 'no error',
    (e: unknown) => e,
  );
  return error instanceof DiagnosticError ? error.diagnostic.code : String(error);
}

test('a request gets its result, and a void request gets a reply', async () => {
  const { client, close } = pair();
  expect(await client.request('sum/of', [1, 2, 3])).toBe(6);
  expect(await client.request('fire/only', undefined)).toBe(undefined);
  close();
});

test('a diagnostic thrown by a handler arrives whole; any other error is IPC002 with its text', async () => {
  const { client, close } = pair();
  await expect(client.request('throw/diagnostic', undefined)).rejects.toMatchObject({ diagnostic: NO_SUCH_KEY });
  await expect(client.request('throw/bug', undefined)).rejects.toThrow(
    'IPC002 client: throw/bug failed: x is undefined',
  );
  close();
});

test('a method nobody handles answers with IPC001, also one that every object has', async () => {
  const { client, close } = pair({});
  expect(await codeOf(client.request('fire/only', undefined))).toBe('IPC001');
  expect(await codeOf(client.request('toString' as 'fire/only', undefined))).toBe('IPC001');
  close();
});

test('a result that cannot be cloned answers with IPC006, and so does such a parameter', async () => {
  const { client, close } = pair();
  expect(await codeOf(client.request('give/uncloneable', undefined))).toBe('IPC006');
  expect(await codeOf(client.request('sum/of', (() => 1) as unknown as number[]))).toBe('IPC006');
  close();
});

test('aborting reaches the handler, and the caller sees Cancelled', async () => {
  const { client, close } = pair();
  const flag = new AbortFlag();
  const waiting = client.request('wait/aborted', undefined, { signal: flag });
  flag.abort();
  await expect(waiting).rejects.toBeInstanceOf(Cancelled);
  await expect(client.request('fire/only', undefined, { signal: flag })).rejects.toBeInstanceOf(Cancelled);
  close();
});

test("the DOM's AbortController serves as a signal", async () => {
  const { client, close } = pair();
  const controller = new AbortController();
  const waiting = client.request('wait/aborted', undefined, { signal: controller.signal });
  controller.abort();
  await expect(waiting).rejects.toBeInstanceOf(Cancelled);
  close();
});

test('a timeout rejects with IPC003 and stops the handler', async () => {
  let stopped = false;
  const { client, close } = pair({
    'wait/aborted': async (params, signal) => {
      await handlers['wait/aborted'](params, signal).catch(() => {
        stopped = true;
      });
    },
  });
  expect(await codeOf(client.request('wait/aborted', undefined, { timeoutMs: 5 }))).toBe('IPC003');
  await new Promise((done) => setTimeout(done, 30));
  expect(stopped).toBe(true);
  close();
});

test('closing rejects what is pending and what comes later with IPC004', async () => {
  const { client, close } = pair();
  const waiting = client.request('wait/aborted', undefined);
  client.close('the worker stopped');
  expect(await codeOf(waiting)).toBe('IPC004');
  expect(await codeOf(client.request('fire/only', undefined))).toBe('IPC004');
  close();
});

test('events arrive in order until the listener leaves', async () => {
  const { client, server, close } = pair();
  const seen: number[] = [];
  const stop = client.on('tick', ({ count }) => seen.push(count));
  server.emit('tick', { count: 1 });
  server.emit('tick', { count: 2 });
  await client.request('fire/only', undefined);
  stop();
  server.emit('tick', { count: 3 });
  await client.request('fire/only', undefined);
  expect(seen).toEqual([1, 2]);
  close();
});

test("a transferred result leaves the server's hands", async () => {
  const kept = new Uint8Array([7, 8]);
  const { client, close } = pair({ 'give/buffer': async () => kept });
  expect(await client.request('give/buffer', undefined)).toEqual(new Uint8Array([7, 8]));
  expect(kept.byteLength).toBe(0);
  close();
});

test('who takes over a channel does not take a late reply to who had it for its own', async () => {
  let deliver: (message: unknown) => void = () => {};
  const posted: { readonly id: number }[] = [];
  const port: Port = { post: (m) => posted.push(m as { id: number }), onMessage: (listener) => (deliver = listener) };
  const ask = (firstId: number) =>
    new Rpc<Requests, None, None, Events>(port, { peer: 'server', handlers: {}, firstId }).request(
      'give/buffer',
      undefined,
    );
  void ask(1);
  const second = ask(1000);
  const [late, own] = posted.map(({ id }) => id);
  deliver({ kind: 'failure', id: late, error: { code: 'IPC004', severity: 'error', message: 'closed' } });
  deliver({ kind: 'reply', id: own, ok: new Uint8Array([4]) });
  expect(await second).toEqual(new Uint8Array([4]));
});

test('foreign messages are ignored', async () => {
  let deliver: (message: unknown) => void = () => {};
  const posted: unknown[] = [];
  new Rpc<None, None, Requests, None>(
    { post: (m) => posted.push(m), onMessage: (listener) => (deliver = listener) },
    { peer: 'client', handlers },
  );
  for (const message of [null, 3, 'reply', { kind: 'hello' }, {}]) deliver(message);
  expect(posted).toEqual([]);
});

test('infinities and NaN survive a JSON channel; untouched parts are not copied', () => {
  const buffer = new Uint8Array([1]);
  const message = { a: [1, Infinity, { b: -Infinity, c: NaN }], s: 'Infinity', n: null, kept: { d: 1 }, buffer };
  let sent: unknown;
  jsonPort({ post: (m) => (sent = m), onMessage: () => {} }).post(message);
  expect((sent as typeof message).kept).toBe(message.kept);
  expect((sent as typeof message).buffer).toBe(buffer);
  const { buffer: _, ...plain } = sent as typeof message;
  let got: unknown;
  jsonPort({ post: () => {}, onMessage: (l) => l(JSON.parse(JSON.stringify(plain))) }).onMessage((m) => (got = m));
  const { buffer: _b, ...expected } = message;
  expect(got).toEqual(expected);
});
