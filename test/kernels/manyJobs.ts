import { readFileSync } from 'node:fs';
import { argv, exit, stdout } from 'node:process';
import { createThreadPool, type NodeThreadPool } from '../../src/node/threads.ts';
import { createWasmKernels } from '../../src/wasm/load.ts';

// Runs tiny jobs of changing length one behind the other, so that threads are late for many of them. Its own process:
// a lost job would block the thread that waits for it.
const [, , wasm = '', entryPath = '', jobs = '0'] = argv;
const wasmBytes = readFileSync(wasm);
let pool: NodeThreadPool | undefined;
const kernels = createWasmKernels(wasmBytes, {
  pool: (memory) => {
    pool = createThreadPool({ threads: 3, wasmBytes, memory, entryPath });
    return pool;
  },
});
const x = kernels.memory.allocate('float32', 64).fill(2);
const addresses = Array.from({ length: 6 }, (_, i) => x.byteOffset + i * 16);
await new Promise((resolve) => setTimeout(resolve, 300));
for (let n = 0; n < Number(jobs); n++) {
  const lists = addresses.slice(0, 1 + ((n * 7) % 6)).map((address) => [address, address, 4, -1, 1]);
  pool?.run('clampF32', lists);
}
stdout.write(`${jobs} jobs, ${x.slice(0, 24).every((v) => v === 1) ? 'all done' : 'some lost'}\n`);
exit(0);
