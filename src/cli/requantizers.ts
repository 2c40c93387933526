import type { RequantizersView, RequantizerView } from '../protocol/views.ts';
import { formatPercent, formatSamples, formatTable } from './table.ts';

/** Every node that requantizes sums: its multiplier in fixed point, and what the flavours make of the same integers. */
export function requantizerTable(view: RequantizersView | null): string {
  if (view === null) return 'No node requantizes sums, so there are no requantizers to compare.';
  const { bits, tolerance, comparedOn, flavour, nodes } = view;
  const form = tolerance === null ? `all ${bits} bits` : `at most ${bits} bits, the smallest n within ${tolerance}`;
  const header = ['node', 'multiplier', 'M0', 'n', 'error', 'codes', 'different', 'share', 'most'];
  return [
    `Requantizers (${flavour} ran): multiplier M0 2^-n of ${form}, of the channel where it is farthest off;`,
    `codes that fp32 and fixedPoint make of the same integers, ${formatSamples(comparedOn ?? 0)}`,
    '',
    formatTable(header, nodes.map(row), new Set([1, 2, 3, 4, 5, 6, 7, 8])),
  ].join('\n');
}

function row({ handle, worst, differences }: RequantizerView): string[] {
  const { multiplier, mantissa, shift, relativeError } = worst;
  const figures = [handle, multiplier.toPrecision(6), `${mantissa}`, `${shift}`, relativeError.toExponential(2)];
  if (differences === null) return figures;
  const { codes, different, most } = differences;
  return [...figures, `${codes}`, `${different}`, formatPercent(codes === 0 ? 0 : different / codes), `${most}`];
}
