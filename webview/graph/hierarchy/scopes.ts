/**
 * A tree of scopes that nodes lie in, while a hierarchy is being made. Scopes are addressed by index, -1 is the whole
 * graph; a scope comes after the one around it.
 */
export class ScopeTree {
  readonly parent: number[] = [];
  readonly label: string[] = [];
  readonly #depth: number[] = [];

  get count(): number {
    return this.parent.length;
  }

  /** @returns the index of the new scope */
  add(parent: number, label: string): number {
    this.parent.push(parent);
    this.label.push(label);
    this.#depth.push(this.depthOf(parent) + 1);
    return this.parent.length - 1;
  }

  /** 0 for the outermost scopes, -1 for the graph. */
  depthOf(scope: number): number {
    return scope < 0 ? -1 : (this.#depth[scope] as number);
  }

  /** The scope at `depth` around `scope`, or itself; -1 where there is none so deep. */
  ancestorAt(scope: number, depth: number): number {
    if (this.depthOf(scope) < depth) return -1;
    let at = scope;
    while (this.depthOf(at) > depth) at = this.parent[at] as number;
    return at;
  }

  /** The innermost scope around both. */
  common(a: number, b: number): number {
    let x = a;
    let y = b;
    while (x !== y) {
      if (this.depthOf(x) >= this.depthOf(y)) x = this.parent[x] as number;
      else y = this.parent[y] as number;
    }
    return x;
  }
}

/** Scopes, and the innermost one of each node, -1 for none. */
export interface Scoped {
  readonly tree: ScopeTree;
  readonly scopeOf: Int32Array;
}
