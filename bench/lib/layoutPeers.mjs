import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('layoutPeer.mjs', import.meta.url));
const MOST_OUTPUT = 2 ** 30;

/**
 * Lays a graph out with another library, in a process of its own that ends after `limitMs`.
 *
 * @param {'dagre' | 'elk'} peer
 * @param {{width: Float64Array, height: Float64Array, edgeFrom: Int32Array, edgeTo: Int32Array}} input without frames
 * @param {number} limitMs
 * @returns {{ms: number, x: number[], y: number[], lines: [number, number][][]} | {failed: string}} centres of items and
 *   points of lines, or what went wrong
 */
export function layoutByPeer(peer, { width, height, edgeFrom, edgeTo }, limitMs) {
  const edges = Array.from(edgeFrom, (from, e) => [from, edgeTo[e]]);
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [SCRIPT, peer], {
    input: JSON.stringify({ width: [...width], height: [...height], edges }),
    maxBuffer: MOST_OUTPUT,
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  if (error?.code === 'ETIMEDOUT') return { failed: `over ${limitMs / 1000} s` };
  if (error !== undefined) return { failed: error.message };
  if (status !== 0) return { failed: reason(stderr.toString()) };
  return JSON.parse(stdout.toString());
}

/** `RangeError: Maximum call stack size exceeded` of a printed stack trace. */
function reason(printed) {
  return /^\w*Error\b.*$/m.exec(printed)?.[0] ?? /FATAL ERROR: .*$/m.exec(printed)?.[0] ?? 'failed';
}
