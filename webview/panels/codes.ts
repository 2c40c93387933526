import type { ClusteredTensorView, RequantizerView } from '../../src/protocol/views.ts';
import { formatBytes, formatDb, formatLoss, formatNumber, formatShare } from '../format.ts';

/** `0.002719 ≈ 152 · 2^-16, 3.3e-3 off (channel 6, the worst of 12)`, and what the flavours make of the same integers. */
export function multiplierText(view: RequantizerView | null): string {
  if (view === null) return '';
  const { channels, worst, differences } = view;
  const { channel, multiplier, mantissa, shift, relativeError } = worst;
  const which = channels === 1 ? '' : ` (channel ${channel}, the worst of ${channels})`;
  const text = `${formatNumber(multiplier)} ≈ ${mantissa} · 2^-${shift}, ${formatLoss(relativeError)} off${which}`;
  if (differences === null) return text;
  const { codes, different, most } = differences;
  if (different === 0) return `${text}; fp32 and fixedPoint make the same codes`;
  return `${text}; fp32 and fixedPoint differ in ${formatShare(different / codes)} of the codes, by ${most} at most`;
}

/** `16 centroids, 4 bits an index, 9.97 KB, 20.3 dB`, for each weight of a node. */
export function clustersText(tensors: readonly ClusteredTensorView[]): string {
  return tensors
    .map(({ centroids, bits, bytes, sqnrDb }) => {
      const width = `${bits} bit${bits === 1 ? '' : 's'} an index`;
      return `${centroids} centroids, ${width}, ${formatBytes(bytes)}, ${formatDb(sqnrDb)}`;
    })
    .join('; ');
}
