// GOP/s and nanoseconds per element of the kernels in dist/kernels.wasm, one thread: node bench/kernels.mjs
import { mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { buildWasm } from '../scripts/buildWasm.mjs';

const inRoot = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
mkdirSync(inRoot('out/bench'), { recursive: true });
await buildWasm(inRoot('dist/kernels.wasm'));
await build({
  entryPoints: [inRoot('src/wasm/load.ts')],
  outfile: inRoot('out/bench/load.mjs'),
  bundle: true,
  format: 'esm',
  platform: 'node',
});
const { createWasmKernels } = await import(pathToFileURL(inRoot('out/bench/load.mjs')).href);
const kernels = createWasmKernels(readFileSync(inRoot('dist/kernels.wasm')));
const { memory } = kernels;
const NO_CLAMP = { lo: -Infinity, hi: Infinity };

/** Median nanoseconds of one call, over rounds of about 20 ms. */
function time(work) {
  for (let i = 0; i < 20; i++) work();
  const start = performance.now();
  work();
  const repetitions = Math.max(1, Math.round(20 / Math.max(0.001, performance.now() - start)));
  const rounds = Array.from({ length: 9 }, () => {
    const t = performance.now();
    for (let i = 0; i < repetitions; i++) work();
    return ((performance.now() - t) / repetitions) * 1e6;
  });
  return rounds.sort((a, b) => a - b)[4];
}

function filled(dtype, length) {
  const array = memory.allocate(dtype, length);
  for (let i = 0; i < length; i++) array[i] = dtype === 'float32' ? Math.sin(i) : (i * 37) & 127;
  return array;
}

function requantizer(channels) {
  return {
    flavour: 'fp32',
    multiplier: new Float32Array(channels).fill(0.001),
    zeroPoint: 3,
    signed: false,
    lo: 0,
    hi: 255,
  };
}

for (const [m, k, n] of [
  [784, 64, 192],
  [196, 96, 384],
  [49, 320, 1280],
  [512, 512, 512],
  [1, 1280, 1000],
]) {
  const shape = { k, n, transposed: false };
  const weights = { codes: filled('int8', k * n), zeroPoint: new Int32Array(1), bias: undefined };
  const q8 = kernels.packGemmQ8(weights, shape, 5);
  const codes = filled('uint8', m * k);
  const outCodes = memory.allocate('uint8', m * n);
  const fp32 = requantizer(n);
  const int8 = time(() => kernels.gemmQ8(codes, q8, fp32, outCodes, m));
  const fixed = { ...fp32, flavour: 'fixedPoint' };
  const fixedPoint = time(() => kernels.gemmQ8(codes, q8, fixed, outCodes, m));
  const f32 = kernels.packGemmF32(filled('float32', k * n), undefined, shape);
  const a = filled('float32', m * k);
  const out = memory.allocate('float32', m * n);
  const float = time(() => kernels.gemmF32(a, f32, out, m, NO_CLAMP));
  const gops = (ns) => ((2 * m * k * n) / ns).toFixed(1).padStart(6);
  console.log(
    `gemm ${`${m}x${k}x${n}`.padEnd(12)} int8 ${gops(int8)}  int8 fixedPoint ${gops(fixedPoint)}  fp32 ${gops(float)} GOP/s`,
  );
}

for (const [size, channels, outChannels, kernel, stride, groups] of [
  [112, 32, 32, 3, 1, 32],
  [56, 144, 144, 3, 2, 144],
  [14, 576, 576, 3, 1, 576],
  [28, 240, 240, 5, 1, 240],
  [56, 64, 64, 3, 1, 1],
  [224, 3, 32, 3, 2, 1],
]) {
  const outSize = Math.ceil(size / stride);
  const geometry = {
    batch: 1,
    inHeight: size,
    inWidth: size,
    outHeight: outSize,
    outWidth: outSize,
    kernelHeight: kernel,
    kernelWidth: kernel,
    strideHeight: stride,
    strideWidth: stride,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: kernel >> 1,
    padLeft: kernel >> 1,
    inChannels: channels,
    outChannels,
    groups,
  };
  const weightLength = (outChannels * channels * kernel * kernel) / groups;
  const weights = { codes: filled('int8', weightLength), zeroPoint: new Int32Array(1), bias: undefined };
  const q8 = kernels.packConvQ8(weights, geometry, 5);
  const f32 = kernels.packConvF32(filled('float32', weightLength), undefined, geometry);
  const codes = filled('uint8', size * size * channels);
  const outCodes = memory.allocate('uint8', outSize * outSize * outChannels);
  const x = filled('float32', size * size * channels);
  const out = memory.allocate('float32', outSize * outSize * outChannels);
  const fp32 = requantizer(outChannels);
  const int8 = time(() => kernels.convQ8(codes, q8, fp32, outCodes, geometry));
  const float = time(() => kernels.convF32(x, f32, out, geometry, NO_CLAMP));
  const operations = 2 * outSize * outSize * weightLength;
  const cell = (ns) => `${(ns / 1e3).toFixed(0).padStart(6)} us ${(operations / ns).toFixed(1).padStart(6)} GOP/s`;
  console.log(
    `conv ${`${size} ${channels}->${outChannels} ${kernel}x${kernel}/${stride}`.padEnd(20)} int8 ${cell(int8)}  fp32 ${cell(float)}`,
  );
}

const length = 4_000_000;
const x = filled('float32', length);
const y = filled('float32', length);
const z = memory.allocate('float32', length);
const codes = memory.allocate('uint8', length);
const codes2 = memory.allocate('uint8', length);
const q = { scale: 0.01, zeroPoint: 120, signed: false };
const table = Uint8Array.from({ length: 256 }, (_, i) => 255 - i);
const statistics = {
  momentsF32: () => kernels.momentsF32(x),
  pairSumsF32: () => kernels.pairSumsF32(x, y),
  squaredDeviationF32: () => kernels.squaredDeviationF32(x, 0.1),
  quartilesF32: () => kernels.quartilesF32(x),
  countClippedF32: () => kernels.countClippedF32(x, q),
  quantizeF32: () => kernels.quantizeF32(x, q, codes),
  dequantizeQ8: () => kernels.dequantizeQ8(codes, q, z),
  countSaturated8: () => kernels.countSaturated8(codes, 0, 255),
  lookup8: () => kernels.lookup8(codes, table, codes2),
  'binaryF32 add': () => kernels.binaryF32('add', x, y, z, 1, length),
  'binaryQ8 add': () => kernels.binaryQ8('add', codes, q, codes2, q, codes, q, 1, length),
  transposeF32: () => kernels.transposeF32(x, z, 1, 1000, length / 1000),
  transpose8: () => kernels.transpose8(codes, codes2, 1, 1000, length / 1000),
};
for (const [name, work] of Object.entries(statistics)) {
  console.log(`${name.padEnd(20)} ${(time(work) / length).toFixed(2)} ns per element`);
}
