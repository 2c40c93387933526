import type { ClusteredTensorView, RequantizerView } from '../../src/protocol/views.ts';
import { formatBytes, formatDb, formatLoss, formatNumber, formatShare } from '../format.ts';
import { t } from '../l10n.ts';

/** `0.002719 ≈ 152 · 2^-16, 3.3e-3 off (channel 6, the worst of 12)`, and what the flavours make of the same integers. */
export function multiplierText(view: RequantizerView | null): string {
  if (view === null) return '';
  const { channels, worst, differences } = view;
  const { channel, multiplier, mantissa, shift, relativeError } = worst;
  const form = `${formatNumber(multiplier)} ≈ ${mantissa} · 2^-${shift}`;
  const off = t('{0}, {1} off', form, formatLoss(relativeError));
  const text = channels === 1 ? off : t('{0} (channel {1}, the worst of {2})', off, channel, channels);
  if (differences === null) return text;
  const { codes, different, most } = differences;
  if (different === 0) return t('{0}; fp32 and fixedPoint make the same codes', text);
  const share = formatShare(different / codes);
  return t('{0}; fp32 and fixedPoint differ in {1} of the codes, by {2} at most', text, share, most);
}

/** `16 centroids, 4-bit indices, 9.97 KB, 20.3 dB`, for each weight of a node. */
export function clustersText(tensors: readonly ClusteredTensorView[]): string {
  return tensors
    .map(({ centroids, bits, bytes, sqnrDb }) => {
      const sizes = `${formatBytes(bytes)}, ${formatDb(sqnrDb)}`;
      return t('{0} centroids, {1}-bit indices, {2}', centroids, bits, sizes);
    })
    .join('; ');
}
