/** What a leaf adds to a target or class. */
export interface Vote {
  readonly target: number;
  readonly weight: number;
}

/** How a branch compares a feature with its value. */
export type BranchMode = 'LEQ' | 'LT' | 'GTE' | 'GT' | 'EQ' | 'NEQ' | 'MEMBER';

export const BRANCH_MODES: readonly BranchMode[] = ['LEQ', 'LT', 'GTE', 'GT', 'EQ', 'NEQ', 'MEMBER'];

export type TreeNode =
  | { readonly kind: 'leaf'; readonly votes: readonly Vote[] }
  | {
      readonly kind: 'branch';
      readonly feature: number;
      readonly mode: BranchMode;
      /** Compared with; for MEMBER the set. */
      readonly value: number;
      readonly members?: ReadonlySet<number>;
      /** Whether NaN goes the way of true. */
      readonly missingIsTrue: boolean;
      /** Positions in {@link Forest.nodes}. */
      readonly yes: number;
      readonly no: number;
    };

export interface Forest {
  readonly nodes: readonly TreeNode[];
  readonly roots: readonly number[];
  readonly targets: number;
}

/** Why the forest cannot be walked for rows of `features` columns (undefined: not known); undefined when it can. */
export function faultOf(forest: Forest, features: number | undefined): string | undefined {
  const { nodes, roots, targets } = forest;
  const inside = (i: number): boolean => Number.isInteger(i) && i >= 0 && i < nodes.length;
  if (!roots.every(inside)) return 'a tree begins at a node that does not exist';
  const state = new Uint8Array(nodes.length); // 1: on the way down, 2: done
  const stack = [...roots];
  while (stack.length > 0) {
    const at = stack.at(-1) as number;
    const node = nodes[at] as TreeNode;
    if (state[at] === 1 || node.kind === 'leaf') {
      if (node.kind === 'leaf' && node.votes.some((v) => !(v.target >= 0 && v.target < targets))) {
        return `a leaf votes for a target outside the ${targets}`;
      }
      state[at] = 2;
      stack.pop();
      continue;
    }
    if (state[at] === 2) {
      stack.pop();
      continue;
    }
    state[at] = 1;
    if (!(node.feature >= 0) || (features !== undefined && node.feature >= features)) {
      return `node ${at} reads feature ${node.feature} of ${features ?? 'unknown'}`;
    }
    for (const next of [node.yes, node.no]) {
      if (!inside(next)) return `node ${at} leads to ${next}, which does not exist`;
      if (state[next] === 1) return `node ${next} leads to itself`;
      if (state[next] === 0) stack.push(next);
    }
  }
  return undefined;
}

/** The votes of the leaf that a row of features falls into, in the tree that begins at `root`. */
export function votesOf(forest: Forest, root: number, row: ArrayLike<number>, first: number): readonly Vote[] {
  let node = forest.nodes[root] as TreeNode;
  while (node.kind === 'branch') {
    const x = row[first + node.feature] as number;
    node = forest.nodes[holds(node, x) ? node.yes : node.no] as TreeNode;
  }
  return node.votes;
}

function holds(node: Extract<TreeNode, { kind: 'branch' }>, x: number): boolean {
  if (Number.isNaN(x) && node.missingIsTrue) return true;
  switch (node.mode) {
    case 'LEQ':
      return x <= node.value;
    case 'LT':
      return x < node.value;
    case 'GTE':
      return x >= node.value;
    case 'GT':
      return x > node.value;
    case 'EQ':
      return x === node.value;
    case 'NEQ':
      return x !== node.value;
    case 'MEMBER':
      return node.members?.has(x) === true;
  }
}

export type Aggregate = 'AVERAGE' | 'SUM' | 'MIN' | 'MAX';

/** In TreeEnsemble numbered from 0 in this order. */
export const AGGREGATES: readonly Aggregate[] = ['AVERAGE', 'SUM', 'MIN', 'MAX'];

/** One row's score per target over all trees, and which targets had a vote at all. */
export function scoresOf(
  forest: Forest,
  row: ArrayLike<number>,
  first: number,
  aggregate: Aggregate,
): { readonly scores: Float64Array; readonly voted: Uint8Array } {
  const scores = new Float64Array(forest.targets);
  const voted = new Uint8Array(forest.targets);
  for (const root of forest.roots) {
    for (const { target, weight } of votesOf(forest, root, row, first)) {
      const before = scores[target] as number;
      if (voted[target] === 0) scores[target] = weight;
      else if (aggregate === 'MIN') scores[target] = Math.min(before, weight);
      else if (aggregate === 'MAX') scores[target] = Math.max(before, weight);
      else scores[target] = before + weight;
      voted[target] = 1;
    }
  }
  if (aggregate === 'AVERAGE')
    for (let t = 0; t < scores.length; t++) scores[t] = (scores[t] as number) / forest.roots.length;
  return { scores, voted };
}
