import type { Links } from './links.ts';
import { MarkSums } from './markSums.ts';
import { Naming } from './naming.ts';
import { planUnits, singleUnits } from './plan.ts';
import type { Planned } from './planned.ts';
import { type Scoped, ScopeTree } from './scopes.ts';
import { type UnitSource, unitsOf } from './units.ts';

/** Scopes with fewer items than this need no groups in them. */
const CROWDED = 12;

export interface StructureSource extends UnitSource {
  /** Of every node, {@link marksOf}. */
  readonly marks: Uint32Array;
  /** Where names of weights place nodes: what groups are called where that tells them apart. */
  readonly names: Scoped;
}

/**
 * Adds groups that the graph itself shows, in scopes where much lies side by side: known blocks, branches with what
 * joins them, and what repeats itself. All that is added in a scope are runs of one order, which never make a circle.
 */
export function withStructure(source: StructureSource): Scoped {
  const { links, scoped, marks } = source;
  const contents = contentOf(links, scoped);
  const result = new ScopeTree();
  const scopeOf = new Int32Array(scoped.scopeOf.length).fill(-1);
  const fill = (scope: number, target: number) => {
    const units = unitsOf(source, scope, contents.get(scope) ?? []);
    const nodesOf = (unit: number) => {
      const ref = units.ref[unit] as number;
      return ref >= 0 ? [ref] : (contents.get(-1 - ref) ?? []);
    };
    const naming = new Naming(source.names, units, nodesOf);
    const plan =
      units.count < CROWDED
        ? singleUnits(units, 0, units.count - 1)
        : planUnits(units, new MarkSums(units, nodesOf, marks), naming);
    const write = (planned: readonly Planned[], into: number) => {
      const labels = naming.namesOf(planned);
      planned.forEach(({ inner, first }, i) => {
        const ref = units.ref[first] as number;
        if (inner !== null) write(inner, result.add(into, labels[i] as string));
        else if (ref >= 0) scopeOf[ref] = into;
        else fill(-1 - ref, result.add(into, scoped.tree.label[-1 - ref] as string));
      });
    };
    write(plan, target);
  };
  fill(-1, -1);
  return { tree: result, scopeOf };
}

/** The nodes in every scope, inner ones included, in order. */
function contentOf(links: Links, { tree, scopeOf }: Scoped): Map<number, number[]> {
  const contents = new Map<number, number[]>([[-1, []]]);
  for (let scope = 0; scope < tree.count; scope++) contents.set(scope, []);
  for (const node of links.order) {
    for (let scope = scopeOf[node] as number; ; scope = tree.parent[scope] as number) {
      contents.get(scope)?.push(node);
      if (scope < 0) break;
    }
  }
  return contents;
}
