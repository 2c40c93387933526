/**
 * A number as C++ streams print it by default, `%g` with `digits` significant digits: `0.0235294`, `1e-07`, `nan`, `inf`.
 * What was not measured (null, undefined) is empty.
 */
export function formatNumber(x: number | null | undefined, digits = 6): string {
  if (x === null || x === undefined) return '';
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
  if (x === 0) return Object.is(x, -0) ? '-0' : '0';
  const [mantissa = '', power = '0'] = x.toExponential(digits - 1).split('e');
  const exponent = Number(power); // of the rounded value: 999999.5 has 6
  if (exponent >= -4 && exponent < digits) return trimZeros(x.toFixed(digits - 1 - exponent));
  const sign = exponent < 0 ? '-' : '+';
  return `${trimZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
