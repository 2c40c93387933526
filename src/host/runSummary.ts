import * as vscode from 'vscode';
import type { OutputFigures, RunView } from '../protocol/views.ts';

/** `output cosine 0.99873, SQNR 26.1 dB, top-1 97.2 % → 97.0 %`: the worst of several outputs. */
export function runSummary(run: RunView): string {
  const parts: string[] = [];
  const output = worstOutput(run.outputs);
  if (output !== undefined) {
    parts.push(vscode.l10n.t('output cosine {0}', formatCosine(output.cosine)));
    parts.push(vscode.l10n.t('SQNR {0}', formatDb(output.sqnrDb)));
  }
  if (run.accuracy !== null) {
    const { top1, top5 } = run.accuracy;
    parts.push(vscode.l10n.t('top-1 {0} → {1}', formatPercent(top1.float), formatPercent(top1.quantized)));
    if (top5 !== null)
      parts.push(vscode.l10n.t('top-5 {0} → {1}', formatPercent(top5.float), formatPercent(top5.quantized)));
  }
  return parts.join(', ');
}

/** The output that lost most. */
export function worstOutput(outputs: readonly OutputFigures[]): OutputFigures | undefined {
  return outputs.reduce<OutputFigures | undefined>(
    (w, o) => (w === undefined || o.cosine < w.cosine ? o : w),
    undefined,
  );
}

/** Five decimals, seven above 0.9999, as in the view. */
export function formatCosine(cosine: number): string {
  return cosine === 1 ? '1' : cosine.toFixed(cosine > 0.9999 ? 7 : 5);
}

/** `26.1 dB`. */
export function formatDb(db: number): string {
  return db === Number.POSITIVE_INFINITY ? '∞ dB' : `${db.toFixed(1)} dB`;
}

function formatPercent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`;
}
