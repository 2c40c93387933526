import { DiagnosticError, nearest } from '../base/diagnostics.ts';
import type { RunView } from '../protocol/views.ts';
import { formatFigure, formatSamples } from './table.ts';

const FIGURES = ['cosine', 'sqnrDb', 'top1', 'top5'] as const;
type Figure = (typeof FIGURES)[number];

/** A figure of a run, and what it must reach. */
export interface Limit {
  readonly figure: Figure;
  readonly least: number;
}

/**
 * What `--fail-under cosine=0.99,top1=0.7` says; it may be given several times.
 * @throws DiagnosticError CLI131
 */
export function readFailUnder(texts: readonly string[] = []): readonly Limit[] {
  return texts
    .flatMap((text) => text.split(','))
    .map((text) => {
      const [name = '', number = '', ...more] = text.split('=').map((part) => part.trim());
      const figure = FIGURES.find((f) => f === name);
      const least = number === '' || more.length > 0 ? Number.NaN : Number(number);
      if (figure === undefined) {
        const near = nearest(name, FIGURES);
        const hint = near === undefined ? '' : ` - ${near}?`;
        throw wrong(`--fail-under ${text}: ${JSON.stringify(name)} is none of ${FIGURES.join(', ')}${hint}`);
      }
      if (!Number.isFinite(least))
        throw wrong(`--fail-under ${text}: a number is expected, as in --fail-under ${figure}=0.99`);
      return { figure, least };
    });
}

/**
 * What of a run is below its limit, as lines for people: as the judges of the same names over all evaluation samples.
 * Cosine is the mean over samples and outputs, SQNR the decibels of their mean noise-to-signal ratio. A figure that is
 * no number is below any limit.
 * @throws DiagnosticError CLI132 for accuracy without labels
 */
export function underLimits(limits: readonly Limit[], run: RunView): readonly string[] {
  return limits.flatMap(({ figure, least }) => {
    const value = figureOf(run, figure);
    const samples = isAccuracy(figure) ? (run.accuracy?.samples ?? 0) : run.samples;
    return value >= least ? [] : [lineOf(figure, value, least, samples)];
  });
}

/** @throws DiagnosticError CLI133 for a figure that a search by this judge does not tell. */
export function refuseOtherFigures(limits: readonly Limit[], judge: string): void {
  for (const { figure } of limits)
    if (figure !== judge)
      throw wrong(`--fail-under ${figure}: the search goes by ${judge}, by which its result is known`, 'CLI133');
}

/** As {@link underLimits} of what a search found, if anything, by its judge. */
export function foundUnderLimits(
  limits: readonly Limit[],
  { value, samples } = { value: Number.NaN, samples: 0 },
): readonly string[] {
  return limits.flatMap(({ figure, least }) => (value >= least ? [] : [lineOf(figure, value, least, samples)]));
}

function isAccuracy(figure: Figure): boolean {
  return figure === 'top1' || figure === 'top5';
}

function lineOf(figure: Figure, value: number, least: number, samples: number): string {
  const how = figure === 'sqnrDb' ? ' (dB of the mean noise; the mean of dB, as reports have it, is more)' : '';
  return `--fail-under: ${figure} is ${formatFigure(value)} (${formatSamples(samples)}), at least ${least} is asked for${how}`;
}

function figureOf({ outputs, accuracy }: RunView, figure: Figure): number {
  if (figure === 'cosine') return outputs.reduce((sum, o) => sum + o.cosine, 0) / outputs.length;
  if (figure === 'sqnrDb')
    return -10 * Math.log10(outputs.reduce((sum, o) => sum + (o.noiseToSignal ?? Number.NaN), 0) / outputs.length);
  const share = accuracy?.[figure];
  if (share === undefined || share === null)
    throw new DiagnosticError({
      severity: 'error',
      code: 'CLI132',
      message: `--fail-under ${figure} needs labelled evaluation samples${figure === 'top5' ? ' of more than five classes' : ''}: name them with [quantscope] labels`,
      at: { file: 'command line' },
    });
  return share.quantized;
}

function wrong(message: string, code = 'CLI131'): DiagnosticError {
  return new DiagnosticError({ severity: 'error', code, message, at: { file: 'command line' } });
}
