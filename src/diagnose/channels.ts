import { EVIDENCE_LABELS as LABEL } from '../protocol/causes.ts';
import { beyond, LEAST_CODES, MOST_UNLIKE } from './borders.ts';
import type { Named } from './named.ts';
import type { ChannelNumbers, NodeNumbers } from './numbers.ts';

interface Place {
  readonly tensor: string;
  readonly valueId: number;
  readonly channels: ChannelNumbers;
  readonly codes: number;
  readonly ofWeight: boolean;
}

/** Channels of one scale, the widest of which leaves the middle one fewer than 32 of 256 codes. */
export function dominatingChannel(node: NodeNumbers): Named | undefined {
  const found = placesOf(node).flatMap((place): Named[] => {
    const { channels, tensor, valueId, ofWeight } = place;
    const certainty = beyond(channels.spread, MOST_UNLIKE);
    if (certainty === 0 || channels.middleCodes >= LEAST_CODES) return [];
    const spread = { label: LABEL.channelSpread, value: channels.spread, unit: 'ratio', healthy: 1 } as const;
    return [
      {
        id: 'dominatingChannel',
        certainty,
        evidence: [
          { ...spread, tensor, valueId, channel: channels.widest },
          {
            label: LABEL.middleCodes,
            value: channels.middleCodes,
            unit: 'count',
            healthy: place.codes,
            tensor,
            valueId,
          },
        ],
        ofWeight,
      },
    ];
  });
  if (found.length === 0) return undefined;
  const [first, ...others] = found.sort((a, b) => b.certainty - a.certainty) as [Named, ...Named[]];
  const ofWeight = found.some((n) => n.ofWeight);
  return { ...first, evidence: [...first.evidence, ...others.flatMap((n) => n.evidence)], ofWeight };
}

/** Of the channels that are alive, the share that is lost from which on a cause is named: a quarter of what it could say. */
const MOST_LOST = 0.25;

export function deadChannels(node: NodeNumbers): Named | undefined {
  return placesOf(node)
    .flatMap(({ channels, tensor, valueId, ofWeight }): Named[] => {
      const share = channels.alive === 0 ? 0 : channels.lost / channels.alive;
      const certainty = beyond(share, MOST_LOST);
      const evidence = [
        { label: LABEL.lostChannels, value: share, unit: 'share', healthy: 0, tensor, valueId },
      ] as const;
      return certainty === 0 ? [] : [{ id: 'deadChannels', certainty, evidence, ofWeight }];
    })
    .sort((a, b) => b.certainty - a.certainty)[0];
}

function placesOf({ tensors, weight }: NodeNumbers): Place[] {
  const activations = tensors.flatMap(({ tensor, valueId, channels, grid }): Place[] =>
    channels === null ? [] : [{ tensor, valueId, channels, codes: grid.codes, ofWeight: false }],
  );
  if (weight === null || weight.channels === null) return activations;
  const { tensor, valueId, channels, bits } = weight;
  return [{ tensor, valueId, channels, codes: 2 ** bits, ofWeight: true }, ...activations];
}
