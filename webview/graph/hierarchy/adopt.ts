import type { GraphTable } from '../../../src/protocol/graphTable.ts';
import type { Links } from './links.ts';
import type { Scoped, ScopeTree } from './scopes.ts';

/** No node with a name comes before, or after. */
const UNKNOWN = -2;

/** What a node with one input does to what it reads, so that it belongs to where that was made. */
const FOLLOWS =
  /^(Relu|LeakyRelu|PRelu|Elu|Selu|Clip|Sigmoid|HardSigmoid|HardSwish|Mish|Gelu|Tanh|Softplus|Softsign|Softmax|LogSoftmax|Dropout|BatchNormalization)$/;

/**
 * Gives nodes without a scope the one they obviously belong to: that around everything named before and behind them;
 * where there is none, that of all they read from, for activations and for nodes that join what one scope made.
 */
export function adoptNodes(table: GraphTable, links: Links, { tree, scopeOf }: Scoped): Scoped {
  const behind = nearestBehind(links, tree, scopeOf);
  const adopted = scopeOf.slice();
  const before = new Int32Array(scopeOf.length).fill(UNKNOWN);
  for (const node of links.order) {
    const common = commonOf(links.preds, links.predStart, node, tree, before);
    if (adopted[node] === -1) adopted[node] = adoptive(node, common, behind[node] as number);
    before[node] = adopted[node] !== -1 ? (adopted[node] as number) : common;
  }
  return { tree, scopeOf: adopted };

  function adoptive(node: number, f: number, b: number): number {
    if (f === UNKNOWN) return -1;
    const around = b === UNKNOWN ? -1 : tree.common(f, b);
    if (around >= 0 || f < 0) return around;
    const { preds, predStart } = links;
    const [from, to] = [predStart[node] as number, predStart[node + 1] as number];
    const isJoin = to - from > 1 && preds.subarray(from, to).every((p) => adopted[p] === f);
    const follows = FOLLOWS.test(table.opType(node)) && to - from === 1;
    return isJoin || follows ? f : -1;
  }
}

/** The innermost scope around the nearest named nodes behind each node. */
function nearestBehind(links: Links, tree: ScopeTree, scopeOf: Int32Array): Int32Array {
  const behind = new Int32Array(scopeOf.length).fill(UNKNOWN);
  for (let i = links.order.length - 1; i >= 0; i--) {
    const node = links.order[i] as number;
    behind[node] =
      scopeOf[node] !== -1 ? (scopeOf[node] as number) : commonOf(links.succs, links.succStart, node, tree, behind);
  }
  return behind;
}

function commonOf(neighbours: Int32Array, start: Int32Array, node: number, tree: ScopeTree, known: Int32Array): number {
  let common = UNKNOWN;
  for (let e = start[node] as number; e < (start[node + 1] as number); e++) {
    const scope = known[neighbours[e] as number] as number;
    if (scope !== UNKNOWN) common = common === UNKNOWN ? scope : tree.common(common, scope);
  }
  return common;
}
