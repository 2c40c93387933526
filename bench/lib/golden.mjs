import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { SHARED } from './core.mjs';

/** The stored inputs of a shared model by name, as tensors of the core. */
export function goldenFeeds(core, id) {
  const folder = join(SHARED, 'golden', id);
  const meta = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8'));
  return new Map(meta.inputs.map((t) => [t.name, tensorOf(core, folder, t)]));
}

function tensorOf(core, folder, { file, dtype, dims }) {
  const stored = readFileSync(join(folder, file));
  const bytes = Uint8Array.from(file.endsWith('.gz') ? gunzipSync(stored) : stored);
  if (dtype !== 'float16') {
    return core.tensor(
      dtype,
      dims,
      core.viewArray(
        dtype,
        bytes.buffer,
        0,
        dims.reduce((a, b) => a * b, 1),
      ),
    );
  }
  const values = core.valuesOfCodes('float16');
  return core.tensor(
    dtype,
    dims,
    Float32Array.from(new Uint16Array(bytes.buffer), (c) => values[c]),
  );
}
