import { type Diagnostic, formatDiagnostic } from '../base/diagnostics.ts';
import type {
  AutoTuneCandidate,
  AutoTuneView,
  ClustersView,
  NodeFigures,
  RunView,
  SizesView,
} from '../protocol/views.ts';
import { formatBytes, formatCosine, formatDb, formatPercent, formatSamples, formatTable } from './table.ts';

/** Nodes shown on the terminal; the reports have them all. */
const SHOWN = 15;

/** Notes of one code on the terminal; the reports have them all. */
const ALIKE_SHOWN = 3;

/** What a quantization did and found, for a terminal: method, worst nodes, outputs, accuracy, sizes, warnings, notes. */
export function summary(run: RunView): string {
  const measured = run.nodes.filter((n) => n.cosine !== null);
  const worst = [...measured].sort((a, b) => (a.cosine ?? 1) - (b.cosine ?? 1)).slice(0, SHOWN);
  const rows = worst.map((n) => [
    n.handle,
    n.opType,
    formOf(n),
    formatCosine(n.cosine),
    formatDb(n.sqnrDb),
    formatDb(n.localSqnrDb),
    formatPercent(n.clipRate),
  ]);
  const header = ['node', 'operator', 'form', 'cosine', 'SQNR dB', 'alone dB', 'clipped'];
  const rest = measured.length - worst.length;
  const lines = [
    run.method,
    '',
    `Nodes by cosine similarity to float, worst first (${run.evaluatedOn}, ${formatSamples(run.samples)})`,
    '',
    formatTable(header, rows, new Set([3, 4, 5, 6])),
    ...(rest > 0 ? [`… and ${rest} better ones`] : []),
    '',
    ...run.outputs.map(
      (o) =>
        `output ${o.name}: cosine ${formatCosine(o.cosine)}, SQNR ${formatDb(o.sqnrDb)}${Number.isFinite(o.sqnrDb) ? ' dB' : ''}`,
    ),
  ];
  if (run.accuracy !== null) {
    const { top1, top5, samples, discordant } = run.accuracy;
    lines.push(
      `top-1 of ${samples}: float ${formatPercent(top1.float)}, quantized ${formatPercent(top1.quantized)} (only float right ${discordant.float}, only quantized ${discordant.quantized})`,
    );
    if (top5 !== null)
      lines.push(`top-5 of ${samples}: float ${formatPercent(top5.float)}, quantized ${formatPercent(top5.quantized)}`);
  }
  lines.push(...sizeLines(run.sizes));
  if (run.autoTune !== null) lines.push('', ...autoTuneLines(run.autoTune));
  if (run.clusters !== null) lines.push(clusterLine(run.clusters));
  const warnings = run.diagnostics.filter((d) => d.severity !== 'note');
  if (warnings.length > 0) lines.push('', ...warnings.map(formatDiagnostic));
  const notes = noteLines(run.diagnostics.filter((d) => d.severity === 'note'));
  if (notes.length > 0) lines.push('', ...notes);
  return lines.join('\n');
}

/** What the run decided by itself; of many notes of one code the first, and how many more there are. */
function noteLines(notes: readonly Diagnostic[]): string[] {
  const codes = [...new Set(notes.map((d) => d.code))];
  return codes.flatMap((code) => {
    const alike = notes.filter((d) => d.code === code);
    const shown = alike.slice(0, ALIKE_SHOWN).map((d) => `note ${formatDiagnostic(d)}`);
    return alike.length > ALIKE_SHOWN ? [...shown, `note ${code}: ${alike.length - ALIKE_SHOWN} more like it`] : shown;
  });
}

/** How a node ran; also its precision where that is not what the form says. */
function formOf({ form, precision }: NodeFigures): string {
  const isPlain = precision === null || precision === 'int8' || precision === 'float32';
  return isPlain ? form : `${form} ${precision}`;
}

function clusterLine({ clusters, start, tensors }: ClustersView): string {
  const sum = (of: (t: ClustersView['tensors'][number]) => number): number => tensors.reduce((n, t) => n + of(t), 0);
  const [elements, bytes] = [sum((t) => t.elements), sum((t) => t.bytes)];
  const share = elements > 0 ? ` (${((100 * bytes) / (4 * elements)).toFixed(1)} % of float32)` : '';
  const where = `${elements} elements of ${tensors.length} weights`;
  return `clusters: ${clusters} from ${start} centroids; ${where} in ${formatBytes(bytes)} of indices and centroids${share}`;
}

/** Weights shown on the terminal, the largest. */
const WEIGHTS_SHOWN = 10;

/** Bytes of both models; weights that are stored in a form of their own also each. */
function sizeLines({ float, quantized, floatGzip, quantizedGzip, effectiveBits, weights }: SizesView): string[] {
  const share = (part: number, whole: number): string => (whole > 0 ? ` (${((100 * part) / whole).toFixed(1)} %)` : '');
  const bits = effectiveBits === null ? '' : `, ${effectiveBits.toFixed(2)} bits per weight`;
  const lines = [
    `weights: float ${formatBytes(float)}, quantized ${formatBytes(quantized)}${share(quantized, float)}${bits}`,
  ];
  if (floatGzip !== null && quantizedGzip !== null)
    lines.push(
      `after gzip: float ${formatBytes(floatGzip)}, quantized ${formatBytes(quantizedGzip)}${share(quantizedGzip, floatGzip)}`,
    );
  if (weights.length === 0) return lines;
  const largest = [...weights].sort((a, b) => b.floatBytes - a.floatBytes).slice(0, WEIGHTS_SHOWN);
  const rows = largest.map((w) => [
    w.name,
    w.encoding,
    w.bits === 0 ? 'mixed' : String(w.bits),
    formatBytes(w.floatBytes),
    formatBytes(w.codeBytes),
    formatBytes(w.parameterBytes),
    formatBytes(w.gzipBytes),
    w.effectiveBits.toFixed(2),
  ]);
  const header = ['weight', 'stored', 'bits', 'float', 'codes', 'parameters', 'gzip', 'bits/weight'];
  const rest = weights.length - largest.length;
  const table = formatTable(header, rows, new Set([2, 3, 4, 5, 6, 7]));
  return [...lines, '', table, ...(rest > 0 ? [`… and ${rest} smaller ones`] : [])];
}

/** The candidates of auto_tune in order, the chosen one marked. */
function autoTuneLines({ target, samples, rule, best, tried }: AutoTuneView): string[] {
  const textOf = ({ scale, initScale }: AutoTuneCandidate): string =>
    rule === 'search' ? String(initScale) : `1/${scale}`;
  const rows = tried.map((candidate) => [
    candidate.scale === best.scale ? `${textOf(candidate)} *` : textOf(candidate),
    formatCosine(candidate.cosine),
    `${candidate.ratio.toFixed(2)}x`,
  ]);
  return [
    `auto_tune: init_scale = ${textOf(best)} keeps a mean cosine of ${target} over ${formatSamples(samples)}`,
    '',
    formatTable(['init_scale', 'cosine', 'smaller'], rows, new Set([0, 1, 2])),
  ];
}
