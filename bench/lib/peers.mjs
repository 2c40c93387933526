import { readFileSync } from 'node:fs';
import { PEERS } from './models.mjs';

const ERRORS_ONLY = 3;
const loaded = new Map();

/**
 * ONNX Runtime in one of its packages; undefined, and said once, where it is not installed. onnxruntime-web has one number
 * of threads in a process.
 */
export function peer(key, threads = 1) {
  if (!loaded.has(key)) loaded.set(key, load(key, threads));
  return loaded.get(key);
}

async function load(key, threads) {
  const name = PEERS[key];
  const module = await import(name).catch(() => undefined);
  if (module === undefined) {
    console.log(`left out: ${name} (not installed)`);
    return undefined;
  }
  const ort = module.InferenceSession ? module : module.default;
  const isWeb = key === 'web';
  ort.env.logLevel = 'error';
  if (isWeb) {
    ort.env.wasm.numThreads = threads;
    ort.env.wasm.simd = true;
  }
  const version = ort.env.versions?.[isWeb ? 'web' : 'node'] ?? ort.env.versions?.common ?? '';
  console.log(
    `${name} ${version}: ${isWeb ? 'its SIMD wasm (the package has no other)' : 'native'}, ${threads} thread${threads > 1 ? 's' : ''}`,
  );
  const settings = isWeb
    ? { executionProviders: ['wasm'], logSeverityLevel: ERRORS_ONLY }
    : {
        executionProviders: ['cpu'],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        logSeverityLevel: ERRORS_ONLY,
      };
  return {
    /** A function that runs the model once on the feeds. */
    async runner(path, feeds) {
      const session = await ort.InferenceSession.create(isWeb ? new Uint8Array(readFileSync(path)) : path, settings);
      const given = Object.fromEntries([...feeds].map(([id, t]) => [id, new ort.Tensor(t.dtype, t.data, t.dims)]));
      return {
        run: () => session.run(given),
        release: () => session.release(),
      };
    },
  };
}
