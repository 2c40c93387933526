import { t } from '../l10n.ts';

export interface NumberLook {
  readonly notation: 'plain' | 'scientific';
  /** Significant ones. */
  readonly digits: number;
  readonly hexCodes: boolean;
}

/** An element of either side as one reads it: at most 5 characters more than digits, in scientific notation 7. */
export function elementText(x: number, { notation, digits }: NumberLook): string {
  if (Number.isNaN(x)) return 'NaN';
  if (!Number.isFinite(x)) return x > 0 ? '∞' : '−∞';
  if (notation === 'scientific') return minus(x.toExponential(digits - 1));
  const short = Number(x.toPrecision(digits));
  const magnitude = Math.abs(short);
  const isLong = magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 10 ** (digits + 3));
  return minus(isLong ? trimmed(x.toExponential(digits - 1)) : String(short));
}

/** A difference with its sign. */
export function differenceText(x: number, look: NumberLook): string {
  const text = elementText(x, look);
  return x > 0 ? `+${text}` : text;
}

/** A code as it is, or its bits: `−3` of int8 is 0xfd. */
export function codeText(code: number, dtype: string, { hexCodes }: NumberLook): string {
  if (!hexCodes) return minus(String(code));
  const bits = Number(/\d+$/.exec(dtype)?.[0] ?? 32);
  const unsigned = code < 0 ? code + 2 ** bits : code;
  return `0x${unsigned.toString(16).padStart(Math.ceil(bits / 4), '0')}`;
}

/** An error in steps of the codes. */
export function stepsText(difference: number, scale: number): string {
  const steps = Math.abs(difference) / scale;
  if (!Number.isFinite(steps)) return t('{0} steps', '∞');
  const text = steps >= 100 ? String(Math.round(steps)) : String(Number(steps.toPrecision(2)));
  return t('{0} steps', text);
}

export function indexText(index: readonly number[]): string {
  return `[${index.join(', ')}]`;
}

/** How bad an error is, 0 to 4, for colours; null without one. In steps of the codes where there are any, else of the largest. */
export function errorLevel(
  difference: number,
  { scale, largest }: { scale: number | null; largest: number },
): number | null {
  const error = Math.abs(difference);
  if (error === 0) return null;
  if (!Number.isFinite(error)) return 4;
  const measured = scale === null ? error / largest : error / scale;
  const borders = scale === null ? SHARES : STEPS;
  const level = borders.findIndex((border) => measured <= border);
  return level === -1 ? 4 : level;
}

/** Half a step is what rounding costs; float32 may put it a little above. */
export const STEPS = [0.5001, 1, 2, 4] as const;
export const SHARES = [1 / 16, 1 / 8, 1 / 4, 1 / 2] as const;

function minus(text: string): string {
  return text.replaceAll('-', '−');
}

function trimmed(text: string): string {
  return text.replace(/\.?0+e/, 'e');
}
