import { formatDiagnostic } from '../base/diagnostics.ts';
import type { ClustersView, RunView } from '../protocol/views.ts';
import { formatBytes, formatCosine, formatDb, formatPercent, formatTable } from './table.ts';

/** Nodes shown on the terminal; the reports have them all. */
const SHOWN = 15;

/** What a quantization found, for a terminal: worst nodes first, then outputs, accuracy and sizes. */
export function summary(run: RunView): string {
  const measured = run.nodes.filter((n) => n.cosine !== null);
  const worst = [...measured].sort((a, b) => (a.cosine ?? 1) - (b.cosine ?? 1)).slice(0, SHOWN);
  const rows = worst.map((n) => [
    n.handle,
    n.opType,
    n.form,
    formatCosine(n.cosine),
    formatDb(n.sqnrDb),
    formatDb(n.localSqnrDb),
    formatPercent(n.clipRate),
  ]);
  const header = ['node', 'operator', 'form', 'cosine', 'SQNR dB', 'alone dB', 'clipped'];
  const rest = measured.length - worst.length;
  const lines = [
    `Nodes by cosine similarity to float, worst first (${run.evaluatedOn}, ${run.samples} samples)`,
    '',
    formatTable(header, rows, new Set([3, 4, 5, 6])),
    ...(rest > 0 ? [`… and ${rest} better ones`] : []),
    '',
    ...run.outputs.map((o) => `output ${o.name}: cosine ${formatCosine(o.cosine)}, SQNR ${formatDb(o.sqnrDb)} dB`),
  ];
  if (run.accuracy !== null) {
    const { top1, top5, samples, discordant } = run.accuracy;
    lines.push(
      `top-1 of ${samples}: float ${formatPercent(top1.float)}, quantized ${formatPercent(top1.quantized)} (only float right ${discordant.float}, only quantized ${discordant.quantized})`,
    );
    if (top5 !== null)
      lines.push(`top-5 of ${samples}: float ${formatPercent(top5.float)}, quantized ${formatPercent(top5.quantized)}`);
  }
  const { float, quantized } = run.sizes;
  const share = float > 0 ? ` (${((100 * quantized) / float).toFixed(1)} %)` : '';
  lines.push(`weights: float ${formatBytes(float)}, quantized ${formatBytes(quantized)}${share}`);
  if (run.clusters !== null) lines.push(clusterLine(run.clusters));
  const told = run.diagnostics.filter((d) => d.severity !== 'note');
  if (told.length > 0) lines.push('', ...told.map(formatDiagnostic));
  return lines.join('\n');
}

function clusterLine({ clusters, start, tensors }: ClustersView): string {
  const sum = (of: (t: ClustersView['tensors'][number]) => number): number => tensors.reduce((n, t) => n + of(t), 0);
  const [elements, bytes] = [sum((t) => t.elements), sum((t) => t.bytes)];
  const share = elements > 0 ? ` (${((100 * bytes) / (4 * elements)).toFixed(1)} % of float32)` : '';
  const where = `${elements} elements of ${tensors.length} weights`;
  return `clusters: ${clusters} from ${start} centroids; ${where} in ${formatBytes(bytes)} of indices and centroids${share}`;
}
