import { workerData } from 'node:worker_threads';
import { KernelControl } from './kernelControl.ts';

/** What a kernel thread is started with. */
export interface KernelThreadData {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
}

const { memory, module } = workerData as KernelThreadData; // the only starter is createThreadPool

new KernelControl(memory, module).serve();
