import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../scripts/lib/root.mjs';
import { goldenFeeds } from './golden.mjs';

const SAMPLES = 2;

/** Our side of a comparison: engines, programs, and the models as we quantize them. */
export class Ours {
  #core;
  #engines = new Map();
  #pools = [];
  #quantized = new Map();
  #folder = mkdtempSync(join(tmpdir(), 'quantscope-bench-'));

  constructor(core) {
    this.#core = core;
  }

  /** Kernels on so many threads. */
  kernels(threads = 1) {
    if (!this.#engines.has(threads)) this.#engines.set(threads, this.#start(threads));
    return this.#engines.get(threads);
  }

  /** The program of a model for its feeds' shapes. */
  async program(model, path, kernels) {
    const core = this.#core;
    const golden = model.golden === undefined ? undefined : goldenFeeds(core, model.golden);
    const fixed = new Map(Object.entries(model.dims ?? {}));
    for (const [name, t] of golden ?? []) for (const [axis, d] of t.dims.entries()) fixed.set(`${name}:${axis}`, d);
    const open = await core.openModel(core.nodeFiles, path);
    const prepared = await core.prepare(open, kernels, fixed);
    const program = await core.compileGraph({ open, prepared, kernels, requantizer: 'fp32' }, prepared.graph);
    const names = [...prepared.inputDims].map(([id, dims]) => [prepared.graph.values.get(id).name, dims]);
    const random = core.seededRandom(1);
    const feeds = new Map(
      names.map(([name, dims]) => [name, golden?.get(name) ?? core.tensor('float32', dims, noise(dims, random))]),
    );
    return { program, feeds, byId: core.feedsById(prepared.graph, feeds) };
  }

  /** Quantizes a model on noise, once. @returns the file of the QDQ model, which all sides run */
  quantized(model, path) {
    if (model.isQuantized) return path;
    if (!this.#quantized.has(path)) this.#quantized.set(path, this.#quantize(model, path));
    return this.#quantized.get(path);
  }

  /** Milliseconds that the report's figures of every float tensor of one inference take; see {@link compareTensors}. */
  async statistics(model, path) {
    const core = this.#core;
    const kernels = this.kernels();
    const { program, byId } = await this.program(model, path, kernels);
    return () => {
      let elapsed = 0;
      const run = program.start(byId);
      for (let step = run.advance(); step !== undefined; step = run.advance())
        for (const id of step.outputs) {
          const { tensor } = run.value(id);
          if (tensor.dtype !== 'float32') continue;
          const { dequant, coded, free } = this.#coded(kernels, tensor.data);
          const start = performance.now();
          core.compareTensors(kernels, tensor.data, dequant, coded);
          elapsed += performance.now() - start;
          free();
        }
      return elapsed;
    };
  }

  async dispose() {
    for (const pool of this.#pools) await pool.dispose();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The tensor as codes over its own range, and what those stand for. */
  #coded(kernels, x) {
    const { min, max } = kernels.momentsF32(x);
    const scale = Math.fround(Math.max(Math.max(0, max) - Math.min(0, min), 1e-6) / 255);
    const zeroPoint = Math.round(-Math.min(0, min) / scale);
    const q = { scale, zeroPoint, signed: false };
    const codes = kernels.memory.allocate('uint8', x.length);
    const dequant = kernels.memory.allocate('float32', x.length);
    kernels.quantizeF32(x, q, codes);
    kernels.dequantizeQ8(codes, q, dequant);
    const quant = { dtype: 'uint8', scale: Float32Array.of(scale), zeroPoint: Int32Array.of(zeroPoint) };
    const free = () => [codes, dequant].forEach((a) => void kernels.memory.free(a));
    return { dequant, coded: { codes, quant }, free };
  }

  #start(threads) {
    const core = this.#core;
    const { wasmBytes } = core;
    if (threads === 1) return core.createWasmKernels(wasmBytes);
    const entryPath = join(ROOT, 'dist/kernelThread.cjs');
    return core.createWasmKernels(wasmBytes, {
      pool: (memory) => {
        const pool = core.createThreadPool({ threads, wasmBytes, memory, entryPath });
        this.#pools.push(pool);
        return pool;
      },
    });
  }

  async #quantize(model, path) {
    const core = this.#core;
    const kernels = this.kernels();
    const session = core.createSession({
      kernels,
      files: core.nodeFiles,
      clock: performance,
      onProgress: () => undefined,
    });
    await session.open(path);
    const { program, feeds } = await this.program(model, path, kernels);
    program.release();
    const name = path.replace(/.*[\\/]|\.onnx$/g, '');
    const random = core.seededRandom(2);
    for (let i = 0; i < SAMPLES; i++)
      for (const [k, { dims }] of [...feeds.values()].entries()) {
        const data = core.writeNpy(core.tensor('float32', dims, noise(dims, random)));
        await core.nodeFiles.write(join(this.#folder, name, `input${k}`, `${i}.npy`), data);
      }
    const dims = Object.entries(model.dims ?? {}).map(([dim, length]) => `${dim}:${length}`);
    const configText = [
      '[common_quant_param]',
      'quant_type=FULL_QUANT',
      '[data_preprocess_param]',
      `calibrate_path=${[...feeds.keys()].map((input, k) => `${input}:input${k}`).join(',')}`,
      `calibrate_size=${SAMPLES}`,
      'input_type=BIN',
      '[quantscope]',
      'bin_layout=NCHW',
      'evaluate_size=1',
      ...(dims.length > 0 ? [`fixed_dims=${dims.join(',')}`] : []),
    ].join('\n');
    await session.quantize({ configText, configPath: join(this.#folder, name, 'bench.cfg') });
    const out = join(this.#folder, `${name}.int8.onnx`);
    await session.exportModel(out);
    return out;
  }
}

function noise(dims, random) {
  return Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal());
}
