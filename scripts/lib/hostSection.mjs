import { table } from './markdownTable.mjs';

/**
 * The part of docs/performance.md on what keeps the extension host from other work.
 *
 * @param {{machine: object, limitMs: number, rows: object[]}} measured what bench/host.mjs writes
 */
export function hostSection({ machine, limitMs, rows }) {
  const seconds = (ms) => (ms / 1000).toFixed(1);
  return `## The extension host

\`npm run bench -- host\`

Measured on ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}; load at the start ${machine.load}. MobileNetV2 in a real VS Code, 8 evaluation
samples: pauses of the event loop that QuantScope shares with the editor and its other extensions, and the most that
QuantScope's own code takes of one, by samples of every millisecond; at most ${limitMs} ms are wanted of that. The rest of a
pause is the start of the editor and of other extensions, compression of what is sent, garbage, and waiting for a core, as
kernels and browser compute on the same two.

${table(
  ['', 's', `pauses over ${limitMs} ms`, 'longest, ms', 'longest of QuantScope, ms', ''],
  rows.map((r) => [
    r.name,
    seconds(r.ms),
    r.pauses,
    r.longestMs.toFixed(0),
    r.oursMs.toFixed(0),
    r.oursMs <= limitMs ? 'met' : '**missed**',
  ]),
)}
`;
}
