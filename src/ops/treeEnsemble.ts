import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import { AGGREGATES, BRANCH_MODES, type BranchMode, type Forest, faultOf, scoresOf, type TreeNode } from './forest.ts';
import { asNumbers, numbersOf, stored } from './numbers.ts';
import { type AttributeValues, defineOp, type OpDef, type QuantRule } from './opDef.ts';
import { POST_TRANSFORMS } from './postTransform.ts';

/** Why no quantization of trees. */
export const TREES: QuantRule = { kind: 'float', why: 'Trees compare features of any range; codes would blur them.' };

const ATTRIBUTES = {
  aggregate_function: { kind: 'int', default: 1 },
  leaf_targetids: { kind: 'ints', required: true },
  leaf_weights: { kind: 'tensor', required: true },
  membership_values: { kind: 'tensor' },
  n_targets: { kind: 'int', default: 1 },
  nodes_falseleafs: { kind: 'ints', required: true },
  nodes_falsenodeids: { kind: 'ints', required: true },
  nodes_featureids: { kind: 'ints', required: true },
  nodes_missing_value_tracks_true: { kind: 'ints' },
  nodes_modes: { kind: 'tensor', required: true },
  nodes_splits: { kind: 'tensor', required: true },
  nodes_trueleafs: { kind: 'ints', required: true },
  nodes_truenodeids: { kind: 'ints', required: true },
  post_transform: { kind: 'int', default: 0 },
  tree_roots: { kind: 'ints', required: true },
} as const;

function numbersIn(tensor: Tensor | undefined): readonly number[] {
  return tensor === undefined ? [] : Array.from(asNumbers(tensor));
}

/** Sets of a list in which NaN ends each. */
function setsOf(values: readonly number[]): ReadonlySet<number>[] {
  const sets: Set<number>[] = [new Set()];
  for (const value of values) {
    if (Number.isNaN(value)) sets.push(new Set());
    else sets.at(-1)?.add(value);
  }
  return sets;
}

/** Branches first, then the leaves. */
function forestOf(a: AttributeValues<typeof ATTRIBUTES>): Forest {
  const [modes, splits, weights] = [a.nodes_modes, a.nodes_splits, a.leaf_weights].map((t) => numbersIn(t.tensor));
  const sets = setsOf(numbersIn(a.membership_values?.tensor));
  const branches = modes?.length ?? 0;
  let set = 0;
  const nodes: TreeNode[] = (modes ?? []).map((number, i) => {
    const mode = BRANCH_MODES[number] as BranchMode;
    const child = (leaf: number | undefined, id: number | undefined): number =>
      (leaf === 1 ? branches : 0) + (id ?? -1);
    const branch: TreeNode = {
      kind: 'branch',
      mode,
      feature: a.nodes_featureids[i] ?? -1,
      value: splits?.[i] ?? Number.NaN,
      missingIsTrue: a.nodes_missing_value_tracks_true?.[i] === 1,
      yes: child(a.nodes_trueleafs[i], a.nodes_truenodeids[i]),
      no: child(a.nodes_falseleafs[i], a.nodes_falsenodeids[i]),
    };
    return mode === 'MEMBER' ? { ...branch, members: sets[set++] ?? new Set() } : branch;
  });
  for (const [i, target] of a.leaf_targetids.entries()) {
    nodes.push({ kind: 'leaf', votes: [{ target, weight: weights?.[i] ?? 0 }] });
  }
  return { nodes, roots: a.tree_roots, targets: a.n_targets };
}

/** Scores [N, targets] of rows [N, features]. */
export function writeScores(
  x: Tensor,
  out: Tensor,
  score: (rows: ArrayLike<number>, first: number) => Float64Array,
): Tensor {
  const [from, to] = [asNumbers(x), numbersOf(out)];
  const [rows, width] = rowsOf(x.dims);
  const columns = out.dims.at(-1) as number;
  for (let r = 0; r < rows; r++) {
    const scores = score(from, r * width);
    for (let t = 0; t < columns; t++) to[r * columns + t] = scores[t] as number;
  }
  return stored(out);
}

/** Rows and columns of a table [N, C], or of one row [C]. */
export function rowsOf(dims: readonly number[]): readonly [rows: number, columns: number] {
  return dims.length === 1 ? [1, dims[0] as number] : [dims[0] as number, dims[1] as number];
}

/** Dims of `columns` figures per row of a table; fails where x is no table. */
export function tableDims(
  context: { fail(message: string): never },
  { dims }: TensorFact,
  columns: number,
): TensorFact['dims'] {
  if (dims === undefined) return undefined;
  if (dims.length !== 1 && dims.length !== 2) return context.fail(`x has rank ${dims.length}, expected a table [N, C]`);
  return [dims.length === 1 ? 1 : (dims[0] as number | string), columns];
}

const treeEnsemble = defineOp({
  type: 'TreeEnsemble',
  domain: 'ai.onnx.ml',
  since: 5,
  arity: [1, 1],
  attributes: ATTRIBUTES,
  layout: { kind: 'plain' },
  infer: (context) => {
    const x = context.input(0);
    const { aggregate_function, post_transform, n_targets, nodes_modes } = context.attributes;
    if (AGGREGATES[aggregate_function] === undefined)
      context.fail(`aggregate_function ${aggregate_function} is not 0 to 3`);
    if (Object.keys(POST_TRANSFORMS)[post_transform] === undefined)
      context.fail(`post_transform ${post_transform} is not 0 to 4`);
    if (nodes_modes.tensor !== undefined) {
      const width = x.dims?.at(-1);
      const fault = faultOf(forestOf(context.attributes), typeof width === 'number' ? width : undefined);
      if (fault !== undefined) context.fail(fault);
    }
    return [{ dtype: x.dtype, dims: tableDims(context, x, n_targets) }];
  },
  prepare: ({ attributes }) => forestOf(attributes),
  run: (context) => {
    const x = context.input(0);
    const forest: Forest = context.prepared;
    const aggregate = AGGREGATES[context.attributes.aggregate_function] ?? 'SUM';
    const transform = Object.values(POST_TRANSFORMS)[context.attributes.post_transform] ?? (() => {});
    const out = context.output(0, x.dtype as 'float32', [rowsOf(x.dims)[0], forest.targets]); // a floating-point type
    const score = (rows: ArrayLike<number>, first: number): Float64Array => {
      const { scores } = scoresOf(forest, rows, first, aggregate);
      transform(scores);
      return scores;
    };
    return [writeScores(x, out, score)];
  },
  quant: () => TREES,
});

/** Forests as opset 5 of ai.onnx.ml writes them. */
export const treeEnsembleOps: readonly OpDef[] = [treeEnsemble];
