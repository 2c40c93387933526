import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeFiles } from '../../src/node/files.ts';
import { PROTOCOL_VERSION, type WorkerEvents, type WorkerRequests } from '../../src/protocol/messages.ts';
import { Cancelled, type Port, Rpc } from '../../src/protocol/rpc.ts';
import type { Progress } from '../../src/protocol/views.ts';
import { createSession } from '../../src/session/index.ts';
import { givenFiles } from '../../src/worker/givenFiles.ts';
import { serveSession } from '../../src/worker/serveSession.ts';
import { wasmKernels } from '../kernels/engines.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const configText = readFileSync(join(SAMPLE, 'full_quant.cfg'), 'utf8')
  .replace('calibrate_size=100', 'calibrate_size=4')
  .replace('evaluate_size=500', 'evaluate_size=3')
  .replace('debug_info_save_path=quant_report', '');

const { port1, port2 } = new MessageChannel();
const cancelCell = new SharedArrayBuffer(4);
const host = new Rpc<WorkerRequests, Record<never, never>, Record<never, never>, WorkerEvents>(portOf(port1), {
  peer: 'worker',
  handlers: {},
});
const seen: Progress[] = [];

function portOf(port: MessagePort): Port {
  return {
    post: (message, transfer) => port.postMessage(message, transfer as readonly ArrayBuffer[] | undefined), // as the worker's
    onMessage: (listener) => void port.on('message', listener),
  };
}

beforeAll(async () => {
  const kernels = await wasmKernels();
  const { now } = performance;
  const files = givenFiles(nodeFiles);
  serveSession({
    port: portOf(port2),
    cancelCell,
    clock: { now: now.bind(performance) },
    files,
    createSession: (onProgress) => createSession({ kernels, files, clock: { now: now.bind(performance) }, onProgress }),
  });
  host.on('progress', (progress) => void seen.push(progress));
  await host.request('model/open', { protocol: PROTOCOL_VERSION, path: join(SAMPLE, 'mnist.onnx') });
  await host.request('quant/run', { configText, configPath: join(SAMPLE, 'full_quant.cfg') });
});
afterAll(() => {
  port1.close();
  port2.close();
});

test('columns cross as arrays, whole every time they are asked for', async () => {
  for (const metric of ['cosine', 'bytes', 'timeMs', 'timeMs', 'floatTimeMs'] as const) {
    const { values, samples } = await host.request('heat/get', { metric, of: 'worst' });
    expect(values).toBeInstanceOf(Float64Array);
    expect(values).toHaveLength(6);
    expect(
      values.some((v) => v > 0),
      metric,
    ).toBe(true);
    expect(samples).toEqual(metric === 'cosine' ? ['001.png', '002.png', '003.png'] : []);
  }
});

test('times are measured with progress, in milliseconds that add up to something', async () => {
  const measured = seen.filter((p) => p.stage === 'time');
  expect(measured.at(-1)).toMatchObject({ done: 12, total: 12 });
  const { values } = await host.request('heat/get', { metric: 'timeMs', of: 'mean' });
  const sum = values.reduce((a, b) => a + (Number.isNaN(b) ? 0 : b), 0);
  expect(sum).toBeGreaterThan(0.001);
  expect(sum).toBeLessThan(2000);
});

test('a measurement ends where the host sets its cell', async () => {
  await host.request('quant/trial', {
    configText: `${configText}\n[common_quant_param]\nskip_quant_node=fc\n`,
    configPath: join(SAMPLE, 'full_quant.cfg'),
  });
  Atomics.store(new Int32Array(cancelCell), 0, 1);
  await expect(host.request('heat/get', { metric: 'timeMs', of: 'mean' })).rejects.toBeInstanceOf(Cancelled);
  const { values } = await host.request('heat/get', { metric: 'weightError', of: 'mean' });
  expect(
    values.some((v) => v > 0),
    'what is no job goes on',
  ).toBe(true);
  Atomics.store(new Int32Array(cancelCell), 0, 0);
  expect((await host.request('heat/get', { metric: 'timeMs', of: 'mean' })).values.some((v) => v > 0)).toBe(true);
});
