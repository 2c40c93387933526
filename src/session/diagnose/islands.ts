import type { IslandNumbers } from '../../diagnose/numbers.ts';
import type { Node, NodeId, ValueId } from '../../graph/model.ts';
import { readsOf } from '../../graph/topo.ts';
import type { Lab } from '../lab.ts';

/** A group of connected float nodes that reads codes and whose results become codes again. */
export interface Island {
  /** Of the prepared graph, in its order. */
  readonly nodes: readonly Node[];
  /** Values that become codes or come from them at its borders. */
  readonly conversions: number;
}

const known = new WeakMap<Lab['result'], readonly Island[]>();

/** The islands under the config as it is, in the order of the graph. */
export function islandsOf({ run, result }: Lab): readonly Island[] {
  const kept = known.get(result);
  if (kept !== undefined) return kept;
  const { graph, facts } = run.prepared;
  const { plan } = result.build;
  const isFloat = (n: Node | undefined): n is Node => {
    const form = n && plan.nodes.get(n.id)?.form;
    return form === 'float' || form === 'skipped' || form === 'half';
  };
  const isData = (id: ValueId | undefined): id is ValueId =>
    id !== undefined && facts.get(id)?.dtype === 'float32' && graph.values.get(id)?.constant === undefined;
  const makers = new Map(graph.nodes.flatMap((n) => n.outputs.map((id) => [id, n] as const)));
  const readers = new Map<ValueId, Node[]>();
  for (const n of graph.nodes) for (const id of readsOf(n)) readers.set(id, [...(readers.get(id) ?? []), n]);
  const seen = new Set<NodeId>();
  const islands: Island[] = [];
  for (const start of graph.nodes) {
    if (!isFloat(start) || seen.has(start.id)) continue;
    const members: Node[] = [];
    const [entries, exits] = [new Set<ValueId>(), new Set<ValueId>()];
    const queue = [start];
    seen.add(start.id);
    const visit = (n: Node): void => {
      if (!seen.has(n.id)) queue.push(n);
      seen.add(n.id);
    };
    for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
      members.push(node);
      for (const id of readsOf(node)) {
        const maker = isData(id) ? makers.get(id) : undefined;
        if (isFloat(maker)) visit(maker);
        else if (maker !== undefined && plan.activations.has(id)) entries.add(id);
      }
      for (const id of node.outputs.filter(isData))
        for (const reader of readers.get(id) ?? []) {
          if (isFloat(reader)) visit(reader);
          else if (plan.activations.has(id) || plan.conversions.some((c) => c.value === id)) exits.add(id);
        }
    }
    if (entries.size > 0 && exits.size > 0) islands.push({ nodes: members, conversions: entries.size + exits.size });
  }
  known.set(result, islands);
  return islands;
}

/** What an island costs; conversions and nodes are counted once, MACs are a share of the model's. */
export function islandNumbers(lab: Lab, island: Island, macs: ReadonlyMap<number, number>): IslandNumbers {
  const { plan } = lab.result.build;
  const of = (node: Node): number => sum([...new Set([node.id, ...node.origin])].map((id) => macs.get(id) ?? 0));
  const all = sum([...macs.values()]);
  return {
    nodes: island.nodes.length,
    conversions: island.conversions,
    macsShare: all === 0 ? 0 : sum(island.nodes.map(of)) / all,
    canQuantize: island.nodes.some((n) => plan.nodes.get(n.id)?.canSkip === true),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + (Number.isNaN(n) ? 0 : n), 0);
}
