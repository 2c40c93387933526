import type { GraphTable } from '../../../src/protocol/graphTable.ts';
import type { Links } from './links.ts';
import { Role } from './roles.ts';

/** What is counted in a group to tell what it is. */
export const Mark = {
  convolution: 0,
  pointwise: 1,
  depthwise: 2,
  /** A pointwise convolution without activation. */
  projection: 3,
  /** A product with a constant. */
  dense: 4,
  /** A product of two activations. */
  product: 5,
  recurrent: 6,
  /** A softmax over what one product makes for another, or an operator that is all of it. */
  attention: 7,
  layerNorm: 8,
  batchNorm: 9,
  activation: 10,
  gelu: 11,
  /** x sigmoid(x), also with the sigmoid in straight lines. */
  swish: 12,
  squeezeExcitation: 13,
  /** An addition that joins two ways. */
  sum: 14,
  /** A concatenation of several ways. */
  concat: 15,
  pool: 16,
  lookup: 17,
  softmax: 18,
  /** A product behind which there is no other. */
  last: 19,
  /** An addition to what a concatenation made. */
  sumOfConcat: 20,
  /** A product with a constant of what an activation made. */
  denseOfActivation: 21,
} as const;
export const MARK_COUNT = 22;

/** The marks of every owner, as bits. */
export function marksOf(table: GraphTable, links: Links, roles: readonly Role[]): Uint32Array {
  const marks = new Uint32Array(table.nodeCount);
  const near = new Neighbours(links, roles);
  const isWeighted = behindProducts(links, roles);
  for (const node of links.order) {
    for (const mark of marksOfRole(table, near, isWeighted, node)) marks[node]! |= 1 << mark;
  }
  for (const node of links.order) {
    if (roles[node] !== Role.globalPool && roles[node] !== Role.mean) continue;
    const way = near.wayToGate(node);
    if (way.length === 0) continue;
    // What computes the gate is no convolution of the block it gates.
    for (const inner of way) marks[inner] = 0;
    marks[node] = 1 << Mark.squeezeExcitation;
  }
  markLast(links, roles, marks);
  return marks;
}

const PRODUCTS: ReadonlySet<Role> = new Set<Role>([
  Role.convolution,
  Role.pointwise,
  Role.depthwise,
  Role.dense,
  Role.product,
  Role.recurrent,
  Role.attention,
]);

function marksOfRole(table: GraphTable, near: Neighbours, isWeighted: Uint8Array, node: number): number[] {
  const { roles } = near;
  switch (roles[node]) {
    case Role.convolution:
      return [Mark.convolution];
    case Role.depthwise:
      return [Mark.depthwise];
    case Role.pointwise:
      return near.hasActivation(node) ? [Mark.pointwise] : [Mark.pointwise, Mark.projection];
    case Role.dense:
      return near.comesFrom(node, Role.activation, 6) ? [Mark.dense, Mark.denseOfActivation] : [Mark.dense];
    case Role.product:
      return [Mark.product];
    case Role.recurrent:
      return [Mark.recurrent];
    case Role.attention:
      return [Mark.attention];
    case Role.layerNorm:
      return [Mark.layerNorm];
    case Role.batchNorm:
      return [Mark.batchNorm];
    case Role.pool:
      return [Mark.pool];
    case Role.lookup:
      return [Mark.lookup];
    case Role.softmax:
      return near.leadsTo(node, Role.product, 3) ? [Mark.softmax, Mark.attention] : [Mark.softmax];
    case Role.root:
      return near.comesFrom(node, Role.mean, 2) ? [Mark.layerNorm] : [];
    case Role.activation:
      return activationMarks(table, near, node);
    case Role.sum:
      if (!near.preds(node).every((pred) => isWeighted[pred] === 1)) return [];
      return near.comesFrom(node, Role.concat, 4) ? [Mark.sum, Mark.sumOfConcat] : [Mark.sum];
    case Role.concat:
      return near.preds(node).length > 1 && near.preds(node).every((pred) => isWeighted[pred] === 1)
        ? [Mark.concat]
        : [];
    default:
      return [];
  }
}

function activationMarks(table: GraphTable, near: Neighbours, node: number): number[] {
  const operator = table.opType(node);
  if (/Gelu$/.test(operator) || operator === 'Erf') return [Mark.activation, Mark.gelu];
  if (operator === 'Tanh' && near.comesFrom(node, Role.sum, 2)) return [Mark.activation, Mark.gelu];
  if (operator === 'HardSwish' || operator === 'Swish' || near.gatesItself(node)) return [Mark.activation, Mark.swish];
  return [Mark.activation];
}

/** 1 behind products with weights. */
function behindProducts({ order, preds, predStart }: Links, roles: readonly Role[]): Uint8Array {
  const behind = new Uint8Array(roles.length);
  for (const node of order) {
    behind[node] = Number(PRODUCTS.has(roles[node] as Role) || roles[node] === Role.lookup);
    if (roles[node] === Role.shape) continue;
    for (let e = predStart[node] as number; e < (predStart[node + 1] as number); e++) {
      behind[node]! |= behind[preds[e] as number] as number;
    }
  }
  return behind;
}

function markLast({ order, succs, succStart }: Links, roles: readonly Role[], marks: Uint32Array): void {
  const leads = new Uint8Array(roles.length);
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i] as number;
    let hasProduct = 0;
    for (let e = succStart[node] as number; e < (succStart[node + 1] as number); e++) {
      hasProduct |= leads[succs[e] as number] as number;
    }
    const isProduct = PRODUCTS.has(roles[node] as Role);
    if (isProduct && hasProduct === 0) marks[node]! |= 1 << Mark.last;
    leads[node] = hasProduct | Number(isProduct);
  }
}

const PASSING: ReadonlySet<Role> = new Set<Role>([
  Role.batchNorm,
  Role.bias,
  Role.scale,
  Role.reshape,
  Role.activation,
  Role.other,
]);
const CARRYING: ReadonlySet<Role> = new Set<Role>([...PASSING, Role.pointwise, Role.gate]);
const GATING: ReadonlySet<Role> = new Set<Role>([
  ...PASSING,
  Role.pointwise,
  Role.convolution,
  Role.dense,
  Role.gate,
  Role.sum,
]);
const MAX_WAY = 16;

class Neighbours {
  readonly roles: readonly Role[];
  readonly #links: Links;

  constructor(links: Links, roles: readonly Role[]) {
    this.roles = roles;
    this.#links = links;
  }

  preds(node: number): Int32Array {
    const { preds, predStart } = this.#links;
    return preds.subarray(predStart[node], predStart[node + 1]);
  }

  succs(node: number): Int32Array {
    const { succs, succStart } = this.#links;
    return succs.subarray(succStart[node], succStart[node + 1]);
  }

  /** Whether an activation comes right behind a convolution, its normalization and bias. */
  hasActivation(node: number): boolean {
    for (let at = node, step = 0; step < 4; step++) {
      const next = this.succs(at);
      if (next.some((n) => this.roles[n] === Role.activation)) return true;
      // The first step of an activation in straight lines.
      const isShifted = (n: number) => this.roles[n] === Role.bias && this.leadsTo(n, Role.activation, 1);
      if (next.length > 1 && next.some(isShifted)) return true;
      const [only = -1] = next;
      const role = this.roles[only];
      if (next.length !== 1 || (role !== Role.batchNorm && role !== Role.bias && role !== Role.scale)) return false;
      at = only;
    }
    return false;
  }

  leadsTo(node: number, role: Role, steps: number): boolean {
    const next = this.succs(node);
    if (next.some((n) => this.roles[n] === role)) return true;
    return steps > 1 && next.some((n) => PASSING.has(this.roles[n] as Role) && this.leadsTo(n, role, steps - 1));
  }

  comesFrom(node: number, role: Role, steps: number): boolean {
    const before = this.preds(node);
    if (before.some((n) => this.roles[n] === role)) return true;
    return steps > 1 && before.some((n) => CARRYING.has(this.roles[n] as Role) && this.comesFrom(n, role, steps - 1));
  }

  /** Whether what an activation makes is multiplied with what it read, or with what that was a step before. */
  gatesItself(node: number): boolean {
    const sources = new Set<number>(this.preds(node));
    for (const source of this.preds(node)) {
      if (this.roles[source] === Role.bias) for (const before of this.preds(source)) sources.add(before);
    }
    const ends = [...this.succs(node)].flatMap((n) => (this.roles[n] === Role.scale ? [n, ...this.succs(n)] : [n]));
    return ends.some((n) => this.roles[n] === Role.gate && this.preds(n).some((p) => sources.has(p)));
  }

  /** The nodes from an average up to the product that it gates; none where it gates nothing. */
  wayToGate(node: number): number[] {
    const source = new Set<number>(this.preds(node));
    const way: number[] = [];
    let products = 0;
    for (let at = node, step = 0; step < MAX_WAY; step++) {
      const next = this.succs(at);
      const gate = [...next].find((n) => this.roles[n] === Role.gate && this.preds(n).some((p) => source.has(p)));
      if (gate !== undefined) return products > 0 ? way : [];
      const [on = -1] = next;
      if (on < 0 || !GATING.has(this.roles[on] as Role)) return [];
      if (PRODUCTS.has(this.roles[on] as Role)) products++;
      way.push(on);
      at = on;
    }
    return [];
  }
}
