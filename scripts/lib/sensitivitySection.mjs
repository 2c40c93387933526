import { table } from './markdownTable.mjs';

/**
 * Sweeps over nodes, as a part of docs/performance.md.
 *
 * @param {{machine: object, samples: number, threads: number, rows: object[], ranks: object[]}} measured what
 *   `node bench/sensitivity.mjs --json FILE` holds
 */
export function sensitivitySection({ machine, samples, threads, rows, ranks }) {
  return `
## Sweeps over nodes

\`npm run bench -- sensitivity\`

Measured on ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; load at the start ${machine.load}. ${samples} images, ${threads} threads on all sides.
A sweep measures every node that adds an error of its own; a peer runs the whole model once for each of them and each
image: the median of runs before and after our sweep, times their number. A layerwise sweep is held against the float model, leave-one-out
against the quantized one, which is what a peer would run.

${table(
  ['model', 'sweep', 'nodes', 'ours, s', 'against', 'its s', 'ratio', 'at most', ''],
  rows.flatMap((r) =>
    r.peers.map((p, i) => [
      i === 0 ? r.model : '',
      i === 0 ? r.mode : '',
      i === 0 ? r.nodes : '',
      i === 0 ? seconds(r.ms) : '',
      `${p.who} ${p.precision}`,
      seconds(p.totalMs),
      p.ratio.toFixed(3),
      p.limit ?? '',
      p.limit === null ? '' : verdict(p.ratio <= p.limit),
    ]),
  ),
)}

${rows
  .filter((r) => r.computeMs !== null)
  .map(
    (r) =>
      `The ${r.compute} Conv and Gemm of ${r.model} alone, ${r.mode}: ${seconds(r.computeMs)} s, at most ${seconds(r.limitMs)} s: ${verdict(r.computeMs <= r.limitMs)}.\n`,
  )
  .join('')}
Whom the budgeted mode finds of the ${ranks[0]?.top ?? 10} nodes that lose most, and how other orders agree with the exhaustive one
(Spearman; found of the ${ranks[0]?.top ?? 10}):

${table(
  ['model', 'nodes', 'budget', 'of the runs', 'found', 'Spearman', 'two images alone', 'local SQNR'],
  ranks.map((r) => [
    r.model,
    r.nodes,
    r.verify,
    `${(100 * r.effort).toFixed(0)} %`,
    `${r.found} of ${r.top}`,
    r.budgetedSpearman.toFixed(3),
    `${r.pilotSpearman.toFixed(3)} (${r.pilotFound})`,
    `${r.localSpearman.toFixed(3)} (${r.localFound})`,
  ]),
)}
`;
}

function seconds(ms) {
  return (ms / 1000).toFixed(1);
}

function verdict(isMet) {
  return isMet ? 'met' : '**missed**';
}
