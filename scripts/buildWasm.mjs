import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = 'src/wasm/assembly';
/** What the sources import from elsewhere. */
const SHARED_SOURCE = 'src/kernels/coefficients.ts';

// The memory is imported and shared; its maximum is all that 32-bit pointers reach.
const FLAGS = [
  '-O3',
  '--noAssert',
  ...['--runtime', 'stub'],
  '--importMemory',
  '--noExportMemory',
  '--sharedMemory',
  ...['--initialMemory', '1'],
  ...['--maximumMemory', '65536'],
  ...['--use', 'abort='],
  ...['--enable', 'simd,threads'],
];

/**
 * Compiles src/wasm/assembly into `outFile` unless it was built from these very sources and flags.
 *
 * @param {string} outFile absolute path of the .wasm file
 */
export async function buildWasm(outFile) {
  const stampFile = `${outFile}.stamp`;
  const stamp = hashSources();
  if (existsSync(outFile) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  const { default: asc } = await import('assemblyscript/asc');
  mkdirSync(dirname(outFile), { recursive: true });
  const files = new Map();
  const { error, stderr } = await asc.main([`${SOURCES}/index.ts`, '--outFile', 'kernels.wasm', ...FLAGS], {
    readFile: (name) => (existsSync(join(ROOT, name)) ? readFileSync(join(ROOT, name), 'utf8') : null),
    writeFile: (name, contents) => void files.set(name, contents),
    listFiles: () => [],
  });
  if (error) throw new Error(`asc: ${error.message}\n${stderr.toString()}`);
  replaceFile(outFile, files.get('kernels.wasm'));
  replaceFile(stampFile, stamp);
}

/** Whole or not at all, for other processes that build or read it now. */
function replaceFile(path, contents) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents);
  renameSync(draft, path);
}

function hashSources() {
  const hash = createHash('sha256').update(FLAGS.join(' '));
  hash.update(readFileSync(join(ROOT, 'node_modules/assemblyscript/package.json')));
  hash.update(readFileSync(join(ROOT, SHARED_SOURCE)));
  for (const name of readdirSync(join(ROOT, SOURCES)).sort()) {
    hash.update(`${name}\0`).update(readFileSync(join(ROOT, SOURCES, name)));
  }
  return hash.digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildWasm(join(ROOT, 'dist/kernels.wasm'));
