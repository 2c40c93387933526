import { table } from './markdownTable.mjs';

/**
 * The part of docs/performance.md on changes of single nodes.
 *
 * @param {{machine: object, threads: number, samples: number, calibration: number, rows: object[]}} measured what
 *   bench/trials.mjs writes
 */
export function trialsSection({ machine, threads, samples, calibration, rows }) {
  const judged = rows.filter((r) => r.limitMs !== null);
  const met = judged.filter((r) => r.ms <= r.limitMs);
  return `## Changes of a node

\`npm run bench -- trials\`

Measured on ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}, Node ${machine.node}; load at the start ${machine.load}.
Milliseconds from asking for a change of one convolution to the figures of every node and of the outputs on ${samples} samples,
on ${threads} threads: the median of three neighbours near the start, in the middle and near the end of the model. Where biases are
corrected, or a range is found another way, that is done over ${calibration} calibration samples, anew for what changed.
Beside it, in the same run: the same change where nothing is kept, and onnxruntime-web running the whole int8 model on as
many samples, on one thread. ${met.length} of ${judged.length} limits are met.

${table(
  [
    'model',
    'biases',
    'where',
    'change',
    'ms',
    'at most',
    'steps run',
    'of',
    'stopped',
    'nothing kept, ms',
    'onnxruntime-web, ms',
  ],
  rows.map((r) => [
    r.model,
    r.correction ? 'corrected' : 'as given',
    r.place,
    r.what,
    r.ms.toFixed(0),
    r.limitMs === null ? '' : `${r.limitMs} ${r.ms <= r.limitMs ? 'met' : '**missed**'}`,
    r.executed,
    r.total,
    r.stopped,
    r.wholeMs.toFixed(0),
    r.webMs === null ? '' : r.webMs.toFixed(0),
  ]),
)}

\`steps run\` are those of the quantized model, over all samples, of how many it has; \`stopped\` are steps behind the change
that did not run because what they read turned out equal.
`;
}
