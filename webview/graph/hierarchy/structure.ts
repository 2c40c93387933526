import type { Links } from './links.ts';
import { MarkSums } from './markSums.ts';
import { planUnits, singleUnits } from './plan.ts';
import { numberedLabels, type Planned } from './planned.ts';
import { type Scoped, ScopeTree } from './scopes.ts';
import { type UnitSource, type Units, unitsOf } from './units.ts';

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
    const plan =
      units.count < CROWDED
        ? singleUnits(units, 0, units.count - 1)
        : planUnits(units, new MarkSums(units, nodesOf, marks));
    const naming = new Naming(source.names, units, nodesOf);
    const write = (planned: readonly Planned[], into: number) => {
      const labels = naming.labelsOf(planned);
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

/** Calls groups by what the names of their weights have in common, where no other group beside them has the same. */
class Naming {
  readonly #names: Scoped;
  /** Scope of the weights of every unit, null for one without. */
  readonly #scopes: (number | null)[] = [];

  constructor(names: Scoped, units: Units, nodesOf: (unit: number) => readonly number[]) {
    this.#names = names;
    if (names.tree.count === 0) return;
    for (let unit = 0; unit < units.count; unit++) {
      let common: number | null = null;
      for (const node of nodesOf(unit)) {
        const scope = names.scopeOf[node] as number;
        if (scope >= 0) common = this.#common(common, scope);
      }
      this.#scopes.push(common);
    }
  }

  labelsOf(plan: readonly Planned[]): string[] {
    const scopes = plan.map(({ inner, first, last }) => (inner === null ? null : this.#scopeOf(first, last)));
    const times = new Map<number | null, number>();
    for (const scope of scopes) times.set(scope, (times.get(scope) ?? 0) + 1);
    const labels = plan.map(({ label }, i) => {
      const scope = scopes[i] ?? -1;
      return scope < 0 || times.get(scope) !== 1 ? label : (this.#names.tree.label[scope] as string);
    });
    return numberedLabels(labels);
  }

  #scopeOf(first: number, last: number): number | null {
    if (this.#scopes.length === 0) return null;
    let common: number | null = null;
    for (let unit = first; unit <= last; unit++) common = this.#common(common, this.#scopes[unit] ?? null);
    return common;
  }

  #common(a: number | null, b: number | null): number | null {
    if (a === null || b === null) return a ?? b;
    return this.#names.tree.common(a, b);
  }
}
