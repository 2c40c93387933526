import type { Diagnostic } from '../base/diagnostics.ts';
import * as errors from './errors.ts';
import type { KeyValues } from './keyValues.ts';

const DATA = 'data_preprocess_param';
const MEAN = 'normalize_mean';
const STD = 'normalize_std';
/** The largest value of a pixel. */
const WHITE = 255;

/** Judges normalize_mean and normalize_std: one value per channel, both or none, and numbers that pixels allow. */
export function checkNormalization(s: KeyValues): Diagnostic[] {
  const image = s.optionalWord(DATA, 'input_type') === 'IMAGE';
  const channels = s.optionalWord(DATA, 'image_to_format') === 'GRAY' ? 1 : 3;
  const unset = [MEAN, STD].find((key) => !s.has(DATA, key));
  const set = [MEAN, STD].find((key) => s.has(DATA, key));
  if (image && set === undefined && channels === 3) {
    const message = 'without normalization pixels stay 0 to 255; converter_lite fails here with "memcpy failed"';
    const neutral = [neutralOf(MEAN, channels), neutralOf(STD, channels)];
    return [errors.hint(s.at(DATA, 'input_type'), 'note', message, neutral)];
  }
  const found: Diagnostic[] = [];
  if (set !== undefined && unset !== undefined) {
    const neutral = neutralOf(unset, channels);
    found.push(errors.missingKey(s.at(DATA, set), neutral, `${set} needs it; the neutral one is ${neutral.value}`));
  }
  if (image) for (const key of [MEAN, STD]) found.push(...checkChannels(s, key, channels));
  if (s.vector(DATA, STD)?.includes(0)) {
    const better = (s.vector(DATA, STD) ?? []).map((x) => (x === 0 ? 1 : x));
    const message = 'normalize_std divides by its values; 0 is not possible';
    found.push(errors.conflict(s.at(DATA, STD), message, vectorText(better)));
  }
  return [...found, ...(image ? checkUnits(s) : [])];
}

function neutralOf(key: string, channels: number) {
  const one = key === STD ? '1.0' : '0.0';
  return { section: DATA, key, value: `[${Array.from({ length: channels }, () => one).join(',')}]` };
}

function checkChannels(s: KeyValues, key: string, channels: number): Diagnostic[] {
  const vector = s.vector(DATA, key);
  if (vector === undefined || vector.length === channels) return [];
  const message = `${key} has ${vector.length} values; images of ${channels} channel${channels === 1 ? '' : 's'} need ${channels}`;
  const better = Array.from({ length: channels }, (_, c) => vector[Math.min(c, vector.length - 1)] as number);
  return [errors.conflict(s.at(DATA, key), message, vectorText(better))];
}

/** Figures for pixels of 0 to 1 instead of 0 to 255, reciprocals, and signs that cannot be meant. */
function checkUnits(s: KeyValues): Diagnostic[] {
  const mean = s.vector(DATA, MEAN);
  const std = s.vector(DATA, STD);
  if (mean === undefined || std === undefined || std.includes(0)) return [];
  const doubt = (key: string, message: string, better?: readonly number[]): Diagnostic =>
    errors.doubtfulNormalization(s.at(DATA, key), message, better && vectorText(better));
  const found: Diagnostic[] = [];
  if (std.some((x) => x < 0)) {
    found.push(
      doubt(STD, 'normalize_std has a negative value, which turns the image into its negative', std.map(Math.abs)),
    );
  }
  if (mean.some((x) => x < 0 || x > WHITE)) {
    found.push(doubt(MEAN, `normalize_mean has a value outside 0 to ${WHITE}, where no pixel lies`));
  }
  const unitMean = mean.some((x) => x > 0) && mean.every((x) => x >= 0 && x <= 1);
  const unitStd = std.every((x) => x > 0.05 && x < 1);
  if (std.every((x) => x > 0 && x <= 0.05)) {
    const better = std.map((x) => 1 / x);
    found.push(doubt(STD, 'normalize_std is divided by; these numbers look like factors, the reciprocals', better));
  } else if (unitStd || (unitMean && std.every((x) => x <= 1))) {
    const why = 'is in pixel units, 0 to 255; these numbers look like those for pixels of 0 to 1';
    if (unitMean) found.push(doubt(MEAN, `normalize_mean ${why}`, mean.map(toPixels)));
    found.push(doubt(STD, `normalize_std ${why}`, std.map(toPixels)));
  }
  return found;
}

const toPixels = (x: number): number => x * WHITE;

/** Up to 7 significant digits: what float32 holds. */
function vectorText(numbers: readonly number[]): string {
  return `[${numbers.map((x) => String(Number(x.toPrecision(7)))).join(',')}]`;
}
