import { constantsOf } from '../../graph/constants.ts';
import type { Graph, ValueId } from '../../graph/model.ts';
import { readsOf } from '../../graph/topo.ts';
import type { Build } from '../build.ts';
import { storedBytesOf } from '../sizes.ts';
import { userNodes } from './userNodes.ts';

/** Bytes of the constants of each node as the file stores them; what several nodes read stands at the first. NaN where there are none. */
export function fileBytes(user: Graph): Float64Array {
  const constants = constantsOf(user);
  return bytesByNode(user, user, (id) => constants.get(id)?.byteLength);
}

/** The same of the quantized model: codes, parameters and corrections in the form they are stored in. */
export function quantizedBytesByNode(build: Pick<Build, 'qdq' | 'stored'>, user: Graph): Float64Array {
  const bytes = storedBytesOf(build);
  return bytesByNode(build.qdq.graph, user, (id) => bytes.get(id));
}

function bytesByNode(graph: Graph, user: Graph, bytesOf: (id: ValueId) => number | undefined): Float64Array {
  const owners = userNodes(graph, user);
  const total = new Float64Array(user.nodes.length).fill(Number.NaN);
  const seen = new Set<ValueId>();
  for (const node of graph.nodes) {
    const owner = owners.get(node.id);
    for (const id of readsOf(node)) {
      if (seen.has(id)) continue;
      seen.add(id);
      const bytes = bytesOf(id);
      if (owner === undefined || bytes === undefined) continue;
      const known = total[owner] as number;
      total[owner] = Number.isNaN(known) ? bytes : known + bytes;
    }
  }
  return total;
}
