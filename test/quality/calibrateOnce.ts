import { readFileSync, writeFileSync } from 'node:fs';
import { nodeFiles } from '../../src/node/files.ts';
import { createSession } from '../../src/session/index.ts';
import { createWasmKernels } from '../../src/wasm/load.ts';

// Quantizes one model in a process of its own and says what memory it took: MODEL CONFIG WASM OUTPUT.
const [model = '', configPath = '', wasm = '', output = ''] = process.argv.slice(2);
const kernels = createWasmKernels(readFileSync(wasm));
const session = createSession({ kernels, files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined });
await session.open(model);
const run = await session.quantize({ configText: readFileSync(configPath, 'utf8'), configPath });
const measured = {
  peakBytes: kernels.memory.peakBytes,
  rssBytes: process.resourceUsage().maxRSS * 1024,
  cosine: run.outputs[0]?.cosine,
};
writeFileSync(output, JSON.stringify(measured));
