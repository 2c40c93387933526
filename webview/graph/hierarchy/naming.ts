import { numberedLabels, type Planned } from './planned.ts';
import type { Scoped } from './scopes.ts';
import type { Units } from './units.ts';

/** Calls groups by what the names of their weights have in common, where no other group beside them has the same. */
export class Naming {
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

  /** What lies side by side with names, and what is in it. */
  named(plan: readonly Planned[]): Planned[] {
    const names = this.namesOf(plan);
    return plan.map((planned, i) =>
      planned.inner === null ? planned : { ...planned, name: names[i] as string, inner: this.named(planned.inner) },
    );
  }

  namesOf(plan: readonly Planned[]): string[] {
    const scopes = plan.map(({ inner, first, last }) => (inner === null ? null : this.#scopeOf(first, last)));
    const times = new Map<number | null, number>();
    for (const scope of scopes) times.set(scope, (times.get(scope) ?? 0) + 1);
    const labels = plan.map(({ label, name }, i) => {
      if (name !== null) return name;
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
