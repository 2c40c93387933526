import type { OutputFigures } from '../src/protocol/views.ts';
import { t } from './l10n.ts';

/** Cosine similarity with as many nines as matter: 0.99421, 1-3e-8; 1 only where it is 1. */
export function formatCosine(value: number | null): string {
  if (value === null) return '';
  if (value === 1) return '1';
  if (value > 0.99999995 && value < 1) return `1-${(1 - value).toExponential(0)}`;
  return value > 0.9999 || value < -0.9999 ? value.toFixed(7) : value.toFixed(5);
}

/** `23.4 dB`; no noise at all is `∞ dB`. */
export function formatDb(value: number | null): string {
  if (value === null) return '';
  return Number.isFinite(value) ? `${value.toFixed(1)} dB` : value > 0 ? '∞ dB' : '-∞ dB';
}

/** A fraction 0..1 as percent with two significant digits below 1 %: `0.031 %`. */
export function formatShare(fraction: number | null): string {
  if (fraction === null) return '';
  const percent = fraction * 100;
  if (percent === 0) return '0 %';
  return `${percent < 1 ? Number(percent.toPrecision(2)) : percent.toFixed(1)} %`;
}

/** Four significant digits, exponents only where needed. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? '-∞' : 'NaN';
  return String(Number(value.toPrecision(4)));
}

/** A loss near zero: `1.2e-4`. */
export function formatLoss(value: number | null): string {
  if (value === null) return '';
  if (value === 0) return '0';
  return Math.abs(value) < 0.001 ? value.toExponential(1) : value.toPrecision(3);
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KB', 'MB', 'GB', 'TB'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ${units[unit]}`;
}

export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** `1 × 3 × 224 × 224`, `scalar`, or '' when unknown. */
export function formatShape(dims: readonly (number | string)[] | null): string {
  if (dims === null) return '';
  return dims.length === 0 ? t('scalar') : dims.join('×');
}

/** Change of cosine similarity with its sign, '' when there is none to speak of. */
export function formatChange(before: OutputFigures | undefined, after: OutputFigures): string {
  if (before === undefined) return '';
  const change = after.cosine - before.cosine;
  if (Math.abs(change) < 5e-8) return '±0';
  const text = Math.abs(change) < 1e-5 ? change.toExponential(1) : change.toFixed(5);
  return change > 0 ? `+${text}` : text.replace('-', '−');
}

/** `50,003`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en');
}
