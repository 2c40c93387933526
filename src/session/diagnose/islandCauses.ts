import { overrideText } from '../../config/overrides.ts';
import { floatIsland } from '../../diagnose/shares.ts';
import type { ConfigChange } from '../../protocol/changes.ts';
import type { Cause } from '../../protocol/diagnosisViews.ts';
import type { Lab } from '../lab.ts';
import { nodeMacs } from '../metrics/nodeMacs.ts';
import { type Island, islandNumbers, islandsOf } from './islands.ts';

/** Islands that are told, the costliest first. */
const MOST_ISLANDS = 3;

export interface IslandCause {
  readonly cause: Cause;
  /** What quantizes what the config leaves float of it; null where the config does not. */
  readonly change: ConfigChange | null;
}

/** The costliest float islands as causes, with what would quantize them. */
export async function islandCauses(lab: Lab): Promise<readonly IslandCause[]> {
  const islands = islandsOf(lab);
  if (islands.length === 0) return [];
  const { open, prepared } = lab.run;
  const macs = await nodeMacs(open, prepared);
  const byNode = new Map<number, number>(open.model.graph.nodes.map((n, i) => [n.id, macs[i] ?? Number.NaN]));
  const judged = islands.flatMap((island) => {
    const numbers = islandNumbers(lab, island, byNode);
    const named = floatIsland({ island: numbers });
    const place = island.nodes
      .map((n) => ({ user: lab.userNode(n), opType: n.opType }))
      .find((n) => n.user !== undefined);
    if (named === undefined || place?.user === undefined) return [];
    const { id, certainty, evidence } = named;
    const at = { nodeId: place.user.nodeId, handle: place.user.handle, opType: place.opType };
    const cause: Cause = { id, ...at, blame: 0, certainty, evidence, cures: [], tried: [] };
    return [{ cause, change: quantizing(lab, island), numbers }];
  });
  const costliest = judged.sort(
    (a, b) => b.numbers.macsShare - a.numbers.macsShare || b.numbers.conversions - a.numbers.conversions,
  );
  return costliest.slice(0, MOST_ISLANDS).map(({ cause, change }) => ({ cause, change }));
}

/** Takes the island's nodes out of skip_quant_node, and float precisions out of their words. */
function quantizing({ run, settings }: Lab, { nodes }: Island): ConfigChange | null {
  const ids = new Set<number>(nodes.flatMap((n) => [n.id, ...n.origin]));
  const isInside = (name: string): boolean => {
    const id = run.open.nodeByHandle.get(name);
    return id !== undefined && ids.has(id);
  };
  const unskip = settings.skip.filter(isInside);
  const overrides = [...settings.overrides].flatMap(([name, { precision, ...rest }]) =>
    isInside(name) && precision?.startsWith('float') ? [[name, overrideText(rest)] as const] : [],
  );
  return unskip.length + overrides.length === 0 ? null : { unskip, overrides: Object.fromEntries(overrides) };
}
