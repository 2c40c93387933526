import { type Scoped, ScopeTree } from './scopes.ts';

/** A scope with this share of all nodes is opened for good: it tells nothing, */
const NEARLY_ALL = 0.6;
/** unless more items than this would be at the top then. */
const MAX_AT_TOP = 150;

/**
 * Leaves out scopes that help nobody: those of fewer than two nodes, those that hold nothing but one other (both become
 * one, `a/b`), and those at the top that hold nearly everything.
 *
 * @param order the nodes that count
 */
export function tidyScopes(order: Int32Array, scoped: Scoped): Scoped {
  const { size } = contentsOf(order, scoped);
  let tidied = withoutChains(
    order,
    without(scoped, (scope) => (size[scope] as number) < 2),
  );
  for (let top = scopeToOpen(order, tidied); top >= 0; top = scopeToOpen(order, tidied)) {
    const opened = top;
    tidied = without(tidied, (scope) => scope === opened);
  }
  return tidied;
}

interface Contents {
  /** Nodes in a scope, those of inner ones included. */
  readonly size: Int32Array;
  /** Nodes and scopes directly in a scope. */
  readonly items: Int32Array;
  /** Those in none. */
  readonly atTop: number;
}

/** What scopes hold. */
export function contentsOf(order: Int32Array, { tree, scopeOf }: Scoped): Contents {
  const size = new Int32Array(tree.count);
  const items = new Int32Array(tree.count);
  let atTop = 0;
  for (const node of order) {
    const scope = scopeOf[node] as number;
    if (scope < 0) {
      atTop++;
      continue;
    }
    size[scope]!++;
    items[scope]!++;
  }
  for (let scope = tree.count - 1; scope >= 0; scope--) {
    const parent = tree.parent[scope] as number;
    if (size[scope] === 0) continue;
    if (parent < 0) atTop++;
    else {
      size[parent]! += size[scope] as number;
      items[parent]!++;
    }
  }
  return { size, items, atTop };
}

/** What lies in a scope that goes lies in the one around it. */
function without({ tree, scopeOf }: Scoped, goes: (scope: number) => boolean): Scoped {
  const result = new ScopeTree();
  const into = new Int32Array(tree.count);
  for (let scope = 0; scope < tree.count; scope++) {
    const parent = tree.parent[scope] as number;
    const around = parent < 0 ? -1 : (into[parent] as number);
    into[scope] = goes(scope) ? around : result.add(around, tree.label[scope] as string);
  }
  return { tree: result, scopeOf: moved(scopeOf, into) };
}

/** @param scoped without scopes of fewer than two nodes, so that one item alone is a scope */
function withoutChains(order: Int32Array, { tree, scopeOf }: Scoped): Scoped {
  const { items } = contentsOf(order, { tree, scopeOf });
  const result = new ScopeTree();
  const into = new Int32Array(tree.count);
  const label: string[] = [];
  for (let scope = 0; scope < tree.count; scope++) {
    const parent = tree.parent[scope] as number;
    const own = tree.label[scope] as string;
    label[scope] = parent >= 0 && items[parent] === 1 ? joined(label[parent] as string, own) : own;
    const around = parent < 0 ? -1 : (into[parent] as number);
    into[scope] = items[scope] === 1 ? around : result.add(around, label[scope] as string);
  }
  return { tree: result, scopeOf: moved(scopeOf, into) };
}

/** `layer1` and `layer1.0` are `layer1.0`, `a` and `b` are `a/b`. */
function joined(outer: string, inner: string): string {
  return inner.startsWith(outer) ? inner : `${outer}/${inner}`;
}

function moved(scopeOf: Int32Array, into: Int32Array): Int32Array {
  return scopeOf.map((scope) => (scope < 0 ? -1 : (into[scope] as number)));
}

function scopeToOpen(order: Int32Array, scoped: Scoped): number {
  const { size, items, atTop } = contentsOf(order, scoped);
  return size.findIndex(
    (nodes, scope) =>
      scoped.tree.parent[scope] === -1 &&
      nodes > NEARLY_ALL * order.length &&
      atTop - 1 + (items[scope] as number) <= MAX_AT_TOP,
  );
}
