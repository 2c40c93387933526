import type { Links } from './links.ts';
import { type Scoped, ScopeTree } from './scopes.ts';

/** A piece of a scope stays a group when it holds this share of the scope's nodes. */
const MIN_SHARE = 0.2;
/** A scope that falls into more pieces than this does not say where its nodes lie. */
const MAX_PIECES = 6;

/**
 * Cuts scopes so that closing any of them never makes a circle: all nodes have an order, each after those it reads
 * from, in which every scope is one run. A scope that is left and entered again becomes several of the same label with
 * a number; what is too small for that lies in the scope around it.
 */
export function convexScopes(links: Links, scoped: Scoped): Scoped {
  const result = new ScopeTree();
  const scopeOf = new Int32Array(scoped.scopeOf.length).fill(-1);
  const scheduler = new Scheduler(links, scoped);
  const visit = (nodes: readonly number[], depth: number, into: number) => {
    for (const node of nodes) scopeOf[node] = into;
    const pieces = scheduler.pieces(nodes, depth);
    const labels = labelsOf(pieces, scoped);
    pieces.forEach((piece, i) => {
      const label = labels[i] as string | null;
      const inner = label === null ? into : result.add(into, label);
      visit(piece.nodes, scoped.tree.depthOf(piece.scope) + 1, inner);
    });
  };
  visit([...links.order], 0, -1);
  return { tree: result, scopeOf };
}

/** Nodes of one scope that follow one another. */
interface Piece {
  readonly scope: number;
  readonly nodes: readonly number[];
}

/** What pieces are called; null for those that are no groups of their own. */
function labelsOf(pieces: readonly Piece[], { tree }: Scoped): (string | null)[] {
  const total = new Map<number, number>();
  for (const { scope, nodes } of pieces) total.set(scope, (total.get(scope) ?? 0) + nodes.length);
  const isKept = ({ scope, nodes }: Piece) => nodes.length >= Math.max(2, MIN_SHARE * (total.get(scope) as number));
  const kept = new Map<number, number>();
  for (const piece of pieces) if (isKept(piece)) kept.set(piece.scope, (kept.get(piece.scope) ?? 0) + 1);
  const numbers = new Map<number, number>();
  return pieces.map((piece) => {
    if (!isKept(piece)) return null;
    const label = tree.label[piece.scope] as string;
    if (kept.get(piece.scope) === 1) return label;
    const number = (numbers.get(piece.scope) ?? 0) + 1;
    numbers.set(piece.scope, number);
    return `${label} (${number})`;
  });
}

/** Nodes that are taken together where that is possible: those of a scope, or a single one. */
interface Unit {
  /** -1 for a node that lies in no scope at hand. */
  readonly scope: number;
  nodes: number[];
  /** Links from nodes of other units that are not taken yet. */
  blocked: number;
  pieces: number;
}

/** Puts nodes into an order in which scopes are as whole as they can be. */
class Scheduler {
  readonly #links: Links;
  readonly #scoped: Scoped;
  /** Unit of each node at hand that is not taken yet. */
  readonly #unitOf: (Unit | null)[];
  /** Nodes at hand, not taken yet, that a node reads from. */
  readonly #waiting: Int32Array;
  #free: Unit[] = [];

  constructor(links: Links, scoped: Scoped) {
    this.#links = links;
    this.#scoped = scoped;
    this.#unitOf = new Array<Unit | null>(scoped.scopeOf.length).fill(null);
    this.#waiting = new Int32Array(scoped.scopeOf.length);
  }

  /**
   * The pieces of the scopes of `depth` among `nodes`, which are in order. Takes whole units while there are some that
   * wait for nothing. Where there are none, some scope must be cut: the first node left is free, and with it comes what
   * can be had of its scope.
   */
  pieces(nodes: readonly number[], depth: number): Piece[] {
    if (nodes.every((node) => this.#scopeAt(node, depth) < 0)) return [];
    this.#free = [];
    this.#enter(nodes, depth);
    for (const node of nodes) this.#waiting[node] = this.#countBlocking(node, null);
    const pieces: Piece[] = [];
    for (let next = 0, first = 0; ; ) {
      const unit = this.#free[next++];
      if (unit !== undefined) {
        this.#take(unit, pieces);
        continue;
      }
      next--;
      while (first < nodes.length && this.#unitOf[nodes[first] as number] === null) first++;
      if (first === nodes.length) return pieces;
      const stuck = this.#unitOf[nodes[first] as number] as Unit; // not null: the loop above stopped at it
      if (stuck.pieces < MAX_PIECES) this.#take(stuck, pieces);
      else this.#enter(stuck.nodes, this.#scoped.tree.depthOf(stuck.scope) + 1);
    }
  }

  #scopeAt(node: number, depth: number): number {
    return this.#scoped.tree.ancestorAt(this.#scoped.scopeOf[node] as number, depth);
  }

  /** Makes units of nodes by their scopes of `depth`. */
  #enter(nodes: readonly number[], depth: number): void {
    const units: Unit[] = [];
    const unitOfScope = new Map<number, Unit>();
    for (const node of nodes) {
      const scope = this.#scopeAt(node, depth);
      let unit = scope < 0 ? undefined : unitOfScope.get(scope);
      if (unit === undefined) {
        unit = { scope, nodes: [], blocked: 0, pieces: 0 };
        units.push(unit);
        if (scope >= 0) unitOfScope.set(scope, unit);
      }
      unit.nodes.push(node);
      this.#unitOf[node] = unit;
    }
    for (const unit of units) {
      for (const node of unit.nodes) unit.blocked += this.#countBlocking(node, unit);
      if (unit.blocked === 0) this.#free.push(unit);
    }
  }

  /** Nodes that `node` reads from and that are at hand, but not of `unit`. */
  #countBlocking(node: number, unit: Unit | null): number {
    const { predStart, preds } = this.#links;
    let count = 0;
    for (let e = predStart[node] as number; e < (predStart[node + 1] as number); e++) {
      const of = this.#unitOf[preds[e] as number];
      if (of !== null && of !== unit) count++;
    }
    return count;
  }

  /** Takes what waits for nothing. */
  #take(unit: Unit, pieces: Piece[]): void {
    const taken: number[] = [];
    const left: number[] = [];
    for (const node of unit.nodes) {
      if ((this.#waiting[node] as number) > 0) left.push(node);
      else {
        taken.push(node);
        this.#finish(node, unit);
      }
    }
    unit.nodes = left;
    unit.pieces++;
    if (unit.scope >= 0 && taken.length > 0) pieces.push({ scope: unit.scope, nodes: taken });
  }

  #finish(node: number, unit: Unit): void {
    const { succStart, succs } = this.#links;
    this.#unitOf[node] = null;
    for (let e = succStart[node] as number; e < (succStart[node + 1] as number); e++) {
      const next = succs[e] as number;
      const other = this.#unitOf[next];
      if (other === null || other === undefined) continue;
      this.#waiting[next]!--;
      if (other !== unit && --other.blocked === 0) this.#free.push(other);
    }
  }
}
