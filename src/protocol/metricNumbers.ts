/** How the numbers of metrics are written and read: short enough to stand on a node, the same in tables and queries. */

/** Cosine similarity with as many nines as matter: `0.9942`, `1-3e-7`. */
export function formatCosine(value: number): string {
  return value >= 0.99995 && value < 1 ? `1-${(1 - value).toExponential(0)}` : value.toFixed(4);
}

/** `23.4 dB`; without any error `exact`. */
export function formatDecibels(value: number): string {
  return value === Number.POSITIVE_INFINITY ? 'exact' : `${value.toFixed(1)} dB`;
}

/** A fraction 0..1 in percent: `0.031 %`. */
export function formatFraction(value: number): string {
  return `${Number((100 * value).toPrecision(2))} %`;
}

/** `0.00012`, `1.2e-7`. */
export function formatSmall(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size < 1e-3 || size >= 1e5 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

/** `1.2 MB`, of 1024 KB. */
export function formatSize(value: number): string {
  return formatWith(value, 1024, ['B', 'KB', 'MB', 'GB', 'TB']);
}

/** `3.4 M`, of 1000 k. */
export function formatCount(value: number): string {
  return formatWith(value, 1000, ['', 'k', 'M', 'G', 'T']);
}

/** `0.42 ms`. */
export function formatMilliseconds(value: number): string {
  return value >= 1000 ? `${Number((value / 1000).toPrecision(3))} s` : `${Number(value.toPrecision(2))} ms`;
}

function formatWith(value: number, base: number, units: readonly string[]): string {
  let unit = 0;
  let left = value;
  while (left >= base && unit < units.length - 1) {
    left /= base;
    unit++;
  }
  const digits = left >= 100 ? Math.round(left) : Number(left.toPrecision(3));
  return `${digits} ${units[unit] ?? ''}`.trimEnd();
}

const NUMBER = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*([a-zµ%]*)$/i;

/**
 * Reads a number with one of the given units, `1.5 MB` or `0.1%`.
 *
 * @param units what a unit multiplies by, in lower case; '' is the number alone.
 * @returns undefined where it is no number, or has another unit.
 */
export function parseWithUnit(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const trimmed = text.trim();
  if (/^[-+]?(inf(inity)?|∞)$/i.test(trimmed)) {
    return trimmed.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  const [, digits, unit] = NUMBER.exec(trimmed) ?? [];
  const factor = unit === undefined ? undefined : units[unit.toLowerCase()];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

/** As {@link formatCosine} writes it, or a plain number. */
export function parseCosine(text: string): number | undefined {
  const [, distance] = /^\s*1\s*-\s*(\S+)\s*$/.exec(text) ?? [];
  if (distance === undefined) return parseWithUnit(text, { '': 1 });
  const value = parseWithUnit(distance, { '': 1 });
  return value === undefined ? undefined : 1 - value;
}

/** As {@link formatDecibels} writes it, or a plain number. */
export function parseDecibels(text: string): number | undefined {
  return /^\s*exact\s*$/i.test(text) ? Number.POSITIVE_INFINITY : parseWithUnit(text, { '': 1, db: 1 });
}

/** `0.01` and `1 %` are the same. */
export function parseFraction(text: string): number | undefined {
  return parseWithUnit(text, { '': 1, '%': 0.01 });
}

export function parsePlain(text: string): number | undefined {
  return parseWithUnit(text, { '': 1 });
}

export function parseSize(text: string): number | undefined {
  const kilo = 1024;
  const [kb, mb, gb, tb] = [kilo, kilo ** 2, kilo ** 3, kilo ** 4];
  return parseWithUnit(text, { '': 1, b: 1, k: kb, kb, kib: kb, m: mb, mb, mib: mb, g: gb, gb, gib: gb, t: tb, tb });
}

export function parseCount(text: string): number | undefined {
  return parseWithUnit(text, { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 });
}

export function parseMilliseconds(text: string): number | undefined {
  return parseWithUnit(text, { '': 1, ms: 1, s: 1000, us: 0.001, µs: 0.001 });
}
