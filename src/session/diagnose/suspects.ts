import type { AbortSignalLike } from '../../base/abort.ts';
import type { ValueId } from '../../graph/model.ts';
import type { Lab } from '../lab.ts';
import { meanDecibels } from '../metrics/sampleFigures.ts';
import type { Bench } from './bench.ts';
import type { Place } from './place.ts';

/** Nodes measured for each that is asked for, and at least so many in all. */
const PER_NODE = 3;
const LEAST = 24;

/**
 * Where to look: all places of a small model; of a large one those that are worst alone on float inputs, and what makes
 * their inputs, for the codes of a tensor hurt who reads it.
 */
export function suspectsOf(lab: Lab, places: readonly Place[], nodes: number): readonly Place[] {
  const most = Math.max(LEAST, PER_NODE * nodes);
  if (places.length <= most) return places;
  const alone = (p: Place): number => {
    const db = lab.result.local.get(p.output);
    return db === undefined ? Number.POSITIVE_INFINITY : meanDecibels(db);
  };
  const makers = new Map<ValueId, Place>(places.map((p) => [p.output, p]));
  const chosen = new Set<Place>();
  for (const place of [...places].sort((a, b) => alone(a) - alone(b))) {
    for (const one of [place, ...place.node.inputs.flatMap((id) => (id === undefined ? [] : (makers.get(id) ?? [])))])
      if (chosen.size < most) chosen.add(one);
  }
  return places.filter((p) => chosen.has(p));
}

/**
 * What the output wins when a node is left float while what reads it is so already. Readers of codes round a float value
 * themselves, to the same codes; with them float, the codes of the node's output count as the node's. Where readers alone
 * make it worse, which chance may do where little is lost, that is not the node's to blame.
 *
 * @param onBlame after each place. @throws Cancelled
 */
export async function blameOf(
  bench: Bench,
  places: readonly Place[],
  onBlame: (place: Place, blame: number, done: number) => void,
  signal: AbortSignalLike,
): Promise<ReadonlyMap<Place, number>> {
  const { loss } = await bench.before();
  const found = new Map<Place, number>();
  for (const [i, place] of places.entries()) {
    if (signal.aborted) break;
    const readersAlone = Math.min(loss, await bench.lossWithout(place.readers));
    const blame =
      readersAlone - (await bench.lossWithout([...new Set([...place.readers, ...place.handles, ...place.feeders])]));
    found.set(place, blame);
    onBlame(place, blame, i + 1);
  }
  return found;
}
