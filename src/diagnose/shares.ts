import { EVIDENCE_LABELS as LABEL } from '../protocol/causes.ts';
import type { Evidence } from '../protocol/diagnosisViews.ts';
import { beyond, decibels, LEAST_OWN } from './borders.ts';
import type { Named } from './named.ts';
import type { ErrorNumbers, NodeNumbers } from './numbers.ts';

/** More than half of something is more than all the rest. */
const MOST = 0.5;

/** The weight's scale was raised so that int32 holds the bias: any factor is one too many. */
export function biasOverflow({ weight }: NodeNumbers): Named | undefined {
  if (weight === null || weight.raised.channels === 0) return undefined;
  const { tensor, valueId, raised } = weight;
  return {
    id: 'biasOverflow',
    certainty: beyond(raised.factor, 1),
    evidence: [
      { label: LABEL.raisedScale, value: raised.factor, unit: 'ratio', healthy: 1, tensor, valueId },
      { label: LABEL.raisedChannels, value: raised.channels, unit: 'count', healthy: 0, tensor, valueId },
    ],
    ofWeight: true,
  };
}

/** A node whose output is off by ten times what it makes itself. */
export function carried({ error }: NodeNumbers): Named | undefined {
  if (error === null || error.total <= 0 || !(error.own / error.total < LEAST_OWN)) return undefined;
  const share = error.own / error.total;
  return {
    id: 'carried',
    certainty: 1 - share / LEAST_OWN,
    evidence: [
      { label: LABEL.ownShare, value: share, unit: 'share' },
      { label: LABEL.sqnr, value: decibels(error.signal / error.total), unit: 'dB' },
      alone(error),
    ],
  };
}

/** What remains of a node's own error without that of its codes is its weight's. */
export function weights({ error, weight }: NodeNumbers): Named | undefined {
  const shares = error && sharesOf(error);
  if (error === null || shares === null || weight === null || shares.weight <= MOST) return undefined;
  const { tensor, valueId, sqnrDb } = weight;
  return {
    id: 'weights',
    certainty: beyond(shares.weight, MOST),
    evidence: [...shareEvidence(error), { label: LABEL.sqnr, value: sqnrDb, unit: 'dB', tensor, valueId }],
    ofWeight: true,
  };
}

export function activations({ error }: NodeNumbers): Named | undefined {
  const shares = error && sharesOf(error);
  if (error === null || shares === null || shares.weight > MOST) return undefined;
  return { id: 'activations', certainty: beyond(1 - shares.weight, MOST), evidence: shareEvidence(error) };
}

/** Weight against activations, and what it is alone, as evidence beside any cause. */
export function shareEvidence(error: ErrorNumbers): readonly Evidence[] {
  const shares = sharesOf(error);
  if (shares === null) return [];
  return [
    { label: LABEL.weightShare, value: shares.weight, unit: 'share' },
    { label: LABEL.inputShare, value: shares.inputs, unit: 'share' },
    alone(error),
  ];
}

export function floatIsland({ island }: Pick<NodeNumbers, 'island'>): Named | undefined {
  if (island === null || island.conversions === 0) return undefined;
  return {
    id: 'floatIsland',
    certainty: beyond(island.conversions + 1, 1),
    evidence: [
      { label: LABEL.conversions, value: island.conversions, unit: 'count', healthy: 0 },
      { label: LABEL.floatMacs, value: island.macsShare, unit: 'share', healthy: 0 },
      { label: LABEL.islandNodes, value: island.nodes, unit: 'count' },
    ],
  };
}

/** Noises of unlike origin add up as powers. */
function sharesOf({ own, fromInputs, fromOutput }: ErrorNumbers): { weight: number; inputs: number } | null {
  const all = Math.max(own, fromInputs + fromOutput);
  if (!(all > 0)) return null;
  return { weight: Math.max(0, 1 - (fromInputs + fromOutput) / all), inputs: fromInputs / all };
}

function alone({ signal, own }: ErrorNumbers): Evidence {
  return { label: LABEL.localSqnr, value: decibels(signal / own), unit: 'dB' };
}
