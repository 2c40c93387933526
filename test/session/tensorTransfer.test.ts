import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import { PROTOCOL_VERSION, type WorkerEvents, type WorkerRequests } from '../../src/protocol/messages.ts';
import { type Port, Rpc } from '../../src/protocol/rpc.ts';
import { createSession } from '../../src/session/index.ts';
import { serveSession } from '../../src/worker/serveSession.ts';
import { tensorBuffers } from '../../src/worker/serveTensors.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));

test('arrays of elements move to the host, each once; other answers are copied', () => {
  const float = Float32Array.of(1, 2);
  const slice = { rows: [0, 1], columns: [0, 2], float, dequantized: null, codes: Int32Array.of(3), scale: null };
  expect(tensorBuffers('tensor/slice', slice)).toEqual([float.buffer, slice.codes.buffer]);
  expect(tensorBuffers('heat/get', { values: float })).toEqual([]);
  expect(tensorBuffers('tensor/write', undefined)).toEqual([]);
  expect(tensorBuffers('tensor/samples', null)).toEqual([]);
});

test('the same elements can be asked for again, through a real channel', async () => {
  const { port1, port2 } = new MessageChannel();
  const portOf = (port: typeof port1): Port => ({
    post: (message, transfer) => port.postMessage(message, transfer as ArrayBuffer[] | undefined), // buffers alone
    onMessage: (listener) => void port.on('message', listener),
  });
  const clock = { now: () => 0 };
  serveSession({
    port: portOf(port1),
    cancelCell: new SharedArrayBuffer(4),
    clock,
    files: { give: () => undefined, missing: () => [] },
    createSession: (onProgress) => createSession({ kernels: createJsKernels(), files: nodeFiles, clock, onProgress }),
  });
  const rpc = new Rpc<WorkerRequests, Record<never, never>, Record<never, never>, WorkerEvents>(portOf(port2), {
    peer: 'worker',
    handlers: {},
  });
  try {
    const path = `${SAMPLE}/mnist.onnx`;
    const graph = new GraphTable(await rpc.request('model/open', { protocol: PROTOCOL_VERSION, path }));
    const configPath = `${SAMPLE}/full_quant.cfg`;
    const configText = readFileSync(configPath, 'utf8')
      .replace('debug_info_save_path=quant_report', '')
      .replace('calibrate_size=100', 'calibrate_size=4')
      .replace('evaluate_size=500', 'evaluate_size=4');
    await rpc.request('quant/run', { configText, configPath });
    const node = graph.nodes.find((n) => n.handle === 'relu1');
    const ref = { nodeId: node?.id ?? -1, valueId: node?.outputs[0] ?? -1, role: 'Output', sample: 1 } as const;
    const { dims } = await rpc.request('tensor/open', ref);
    const plane = { rowAxis: 2, columnAxis: 3, fixed: dims.map(() => 0) };
    const slice = { ...ref, plane, rows: [0, dims[2] ?? 0], columns: [0, dims[3] ?? 0] } as const;
    const first = await rpc.request('tensor/slice', slice);
    expect(first.float).toBeInstanceOf(Float32Array);
    expect(first.float).toHaveLength((dims[2] ?? 0) * (dims[3] ?? 0));
    expect(await rpc.request('tensor/slice', slice)).toEqual(first);
    const worst = { ...ref, by: 'scale', offset: 0, count: 10 } as const;
    expect(await rpc.request('tensor/worst', worst)).toEqual(await rpc.request('tensor/worst', worst));
    expect(await rpc.request('tensor/samples', ref)).toEqual(await rpc.request('tensor/samples', ref));
    const picture = { ...ref, plane, maps: [1], span: [0, 2], most: [9, 9], side: 'difference' } as const;
    expect(await rpc.request('tensor/picture', picture)).toEqual(await rpc.request('tensor/picture', picture));
    expect(await rpc.request('sample/paths', { sample: 1 })).toHaveLength(1);
  } finally {
    port1.close();
    port2.close();
  }
});
