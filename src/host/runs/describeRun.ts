import * as path from 'node:path';
import * as vscode from 'vscode';
import { formatCosine, formatDb, worstOutput } from '../runSummary.ts';
import type { RunHead } from './storedRun.ts';

/** What a run is called: by the user, else its config's file; a trial by what it changed. */
export function runName(head: RunHead): string {
  if (head.name !== '') return head.name;
  const { added, removed } = head;
  if (head.kind === 'trial') {
    const changes = [...added.map((handle) => `−${handle}`), ...removed.map((handle) => `+${handle}`)];
    if (changes.length > 0) return changes.join(' ');
  }
  return path.posix.basename(vscode.Uri.parse(head.config.uri).path);
}

/** `0.99873 · 26.1 dB · 3.4 MB · 12.11.26, 14:03`: the worst output, the size of the constants, when. */
export function runFigures(head: RunHead): string {
  const output = worstOutput(head.outputs);
  const figures = output === undefined ? [] : [formatCosine(output.cosine), formatDb(output.sqnrDb)];
  return [...figures, formatBytes(head.sizes.quantized), formatTime(head.timeMs)].join(' · ');
}

/** Everything that is listed of a run, for a hover. */
export function runTooltip(head: RunHead): vscode.MarkdownString {
  const { t } = vscode.l10n;
  const rows: [string, string][] = [
    [t('Method'), head.method],
    [t('Config'), vscode.workspace.asRelativePath(vscode.Uri.parse(head.config.uri))],
    [t('Measured on'), t('{0} ({1} samples)', head.evaluatedOn, head.samples)],
    ...head.outputs.map((o): [string, string] => [
      t('Output {0}', o.name),
      t('cosine {0}, SQNR {1}', formatCosine(o.cosine), formatDb(o.sqnrDb)),
    ]),
    [t('Size'), t('{0} → {1}', formatBytes(head.sizes.float), formatBytes(head.sizes.quantized))],
  ];
  if (head.accuracy !== null) {
    const { top1, top5 } = head.accuracy;
    rows.push([t('Top-1'), t('{0} → {1}', formatPercent(top1.float), formatPercent(top1.quantized))]);
    if (top5 !== null)
      rows.push([t('Top-5'), t('{0} → {1}', formatPercent(top5.float), formatPercent(top5.quantized))]);
  }
  if (head.added.length > 0) rows.push([t('Newly skipped'), head.added.join(', ')]);
  if (head.removed.length > 0) rows.push([t('Quantized again'), head.removed.join(', ')]);
  rows.push([t('Took'), t('{0} s', (head.elapsedMs / 1000).toFixed(1))], [t('Ended'), formatTime(head.timeMs)]);
  const tooltip = new vscode.MarkdownString();
  tooltip.appendMarkdown('| | |\n|---|---|\n');
  for (const [what, value] of rows) tooltip.appendMarkdown(`| ${cell(what)} | ${cell(value)} |\n`);
  return tooltip;
}

/** The same in one line, for screen readers. */
export function runLabel(head: RunHead): string {
  const pinned = head.pinned ? vscode.l10n.t('pinned') : '';
  return [runName(head), runFigures(head), pinned].filter((part) => part !== '').join(', ');
}

/** `3.4 MB`, in powers of 1024, as in the view. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

export function formatTime(timeMs: number): string {
  return new Intl.DateTimeFormat(vscode.env.language, { dateStyle: 'short', timeStyle: 'short' }).format(timeMs);
}

function formatPercent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`;
}

/** Nothing in it is taken for markup. */
function cell(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+!|<>~&-]/g, '\\$&').replace(/\n/g, ' ');
}
