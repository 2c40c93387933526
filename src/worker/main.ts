import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../base/diagnostics.ts';
import { clock } from '../node/clock.ts';
import { startEngine } from '../node/engine.ts';
import { nodeFiles } from '../node/files.ts';
import { runCommand } from '../node/runCommand.ts';
import type { WorkerData } from '../protocol/workerData.ts';
import { createSession } from '../session/index.ts';
import { givenFiles } from './givenFiles.ts';
import { serveSession } from './serveSession.ts';

// A worker thread of the extension host: one session of one model. It ends with the host's `terminate`.
const port = parentPort;
invariant(port !== null, 'the worker runs in a thread of the extension host');
const { cancelCell, threads, budgetBytes, whatIfBytes } = workerData as WorkerData; // the host starts it with nothing else
const { kernels, crew } = startEngine(threads, { budgetBytes });

const files = givenFiles(nodeFiles);

serveSession({
  port: {
    post: (message, transfer) => port.postMessage(message, transfer as readonly ArrayBuffer[] | undefined), // array buffers alone
    onMessage: (listener) => void port.on('message', listener),
  },
  cancelCell,
  clock,
  files,
  createSession: (onProgress) => createSession({ kernels, files, clock, onProgress, whatIfBytes, runCommand, crew }),
});
