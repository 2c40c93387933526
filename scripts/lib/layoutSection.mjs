import { table } from './markdownTable.mjs';

/**
 * The part of docs/performance.md on the graph's layout.
 *
 * @param {{machine: object, runs: number, peerLimitMs: number, rows: object[]}} measured what bench/layout.mjs writes
 */
export function layoutSection({ machine, runs, peerLimitMs, rows }) {
  const judged = rows.filter((r) => r.limitMs !== null);
  const met = judged.filter((r) => worst(r) <= r.limitMs);
  const peers = rows[0].peers.map((p) => p.peer);
  return `## Layout of the graph

\`npm run bench:layout\`

Measured on ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}, Node ${machine.node}; load at the start ${machine.load}.
Milliseconds of the first layout of a graph and the median of ${runs}, on one thread, and crossings of lines between
neighbouring layers, counted in one way for all (up to 5,000 nodes). Peers lay the same graph out in a process of their own,
once, for at most ${peerLimitMs / 1000} s. 10,000 nodes may take 250 ms and 50,000 2 s: ${met.length} of ${judged.length} limits are met.

${table(
  ['graph', 'nodes', 'lines', 'first, ms', 'ms', 'at most', 'crossings', ...peers],
  rows.map((r) => [
    r.name,
    r.nodes,
    r.lines,
    ms(r.firstMs),
    ms(r.ms),
    r.limitMs === null ? '' : `${r.limitMs} ${worst(r) <= r.limitMs ? 'met' : '**missed**'}`,
    r.crossings ?? '',
    ...r.peers.map(peerCell),
  ]),
)}
`;
}

function worst({ firstMs, ms }) {
  return Math.max(firstMs, ms);
}

function peerCell({ failed, ms: elapsed, crossings }) {
  if (failed !== undefined) return failed;
  return `${ms(elapsed)} ms${crossings === null ? '' : `, ${crossings} crossings`}`;
}

function ms(value) {
  return value.toFixed(value < 10 ? 1 : 0);
}
