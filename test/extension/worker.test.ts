import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Cancelled } from '../../src/base/abort.ts';
import { ModelSession } from '../../src/host/editor/modelSession.ts';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { file, log, MODEL, sleep, write } from './workspace.ts';

const EMPTY_GRAPH = Buffer.from(
  encodeGraph({
    file: 'empty.onnx',
    name: '',
    opsets: '',
    producer: '',
    nodes: [],
    values: [],
    inputs: [],
    outputs: [],
    diagnostics: [],
    quantization: null,
    runnable: true,
  }),
).toString('base64');

/** Answers model/open with an empty graph; on quant/run it does what `onRun` says. */
function workerSource(onRun: string): string {
  return `
    require('node:fs').appendFileSync(__filename + '.starts', 'x');
    const { parentPort, workerData } = require('node:worker_threads');
    const cell = new Int32Array(workerData.cancelCell);
    const graph = new Uint8Array(Buffer.from('${EMPTY_GRAPH}', 'base64')).buffer;
    parentPort.on('message', ({ kind, id, method }) => {
      if (kind !== 'request') return;
      if (method === 'quant/run') { ${onRun} }
      parentPort.postMessage({ kind: 'reply', id, ok: graph });
    });`;
}

describe('the worker', () => {
  it('that looks at the cancel cell stops without a message', async () => {
    const session = await sessionWith(
      'looks',
      'while (Atomics.load(cell, 0) === 0); return parentPort.postMessage({ kind: "cancelled", id });',
    );
    const running = session.quantize(file('a.cfg'), { configText: '', configPath: '' });
    await session.graph();
    await sleep(100);
    session.cancel('run');
    await assert.rejects(running, Cancelled);
    assert.deepEqual([...(await session.graph()).nodes], []);
    assert.equal(starts('looks'), 1);
    session.dispose();
  });

  it('that does not stop is ended after a grace, which counts as cancelled; the next request starts another', async () => {
    const session = await sessionWith('hangs', 'for (;;);');
    const running = session.quantize(file('a.cfg'), { configText: '', configPath: '' });
    await session.graph();
    await sleep(100);
    session.cancel('run');
    await assert.rejects(running, Cancelled);
    assert.deepEqual([...(await session.graph()).nodes], []);
    assert.equal(starts('hangs'), 2);
    session.dispose();
  });

  it('that dies is an error with a code, not a hang; the next request starts another', async () => {
    const session = await sessionWith('dies', 'process.exit(3);');
    const running = session.quantize(file('a.cfg'), { configText: '', configPath: '' });
    await assert.rejects(running, /IPC004.*exit code 3/);
    assert.deepEqual([...(await session.graph()).nodes], []);
    session.dispose();
  });

  it('ends with its session: what was asked does not wait for ever', async () => {
    const session = await sessionWith('closes', 'return;');
    const running = session.quantize(file('a.cfg'), { configText: '', configPath: '' });
    setTimeout(() => session.dispose(), 100);
    await assert.rejects(running, /IPC004.*closed/);
  });

  /** How many workers a script has been started in. */
  function starts(name: string): number {
    return readFileSync(`${file(`worker-${name}.cjs`).fsPath}.starts`).length;
  }

  async function sessionWith(name: string, onRun: string): Promise<ModelSession> {
    const script = await write(`worker-${name}.cjs`, workerSource(onRun));
    return new ModelSession(file(MODEL), { workerScript: script.fsPath, log });
  }
});
