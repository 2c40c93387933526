import { table } from './markdownTable.mjs';

/**
 * The part of docs/performance.md on what a key in the graph takes.
 *
 * @param {{machine: object, rows: object[]}} measured what bench/clicks.mjs writes
 */
export function clicksSection({ machine, rows }) {
  const met = rows.filter((r) => r.ms <= r.limitMs);
  return `## From key to figures

\`npm run bench -- clicks\`

Measured on ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}; load at the start ${machine.load}. MobileNetV2 in a real VS Code, 8 evaluation
samples, biases as given: milliseconds from the key that keeps a node in float, or takes that back, to the frame with the
new figures of the output. The browser draws without a graphics card, and editor, extension host, kernels and browser share
the cores. Each key is pressed once, after two nodes elsewhere have been switched. ${met.length} of ${rows.length} limits are met.

${table(
  ['where', 'node', 'change', 'ms', 'at most'],
  rows.map((r) => [
    r.place,
    r.node,
    r.change,
    r.ms.toFixed(0),
    `${r.limitMs} ${r.ms <= r.limitMs ? 'met' : '**missed**'}`,
  ]),
)}
`;
}
