import type { Tensor } from '../base/tensor.ts';
import { binaryScores, type Classes, classesOf, labelTensor, winner } from './classes.ts';
import {
  type Aggregate,
  BRANCH_MODES,
  type BranchMode,
  type Forest,
  faultOf,
  scoresOf,
  type TreeNode,
  type Vote,
} from './forest.ts';
import { asNumbers } from './numbers.ts';
import { type AttributeValues, defineOp, type OpDef } from './opDef.ts';
import { POST_TRANSFORMS } from './postTransform.ts';
import { rowsOf, TREES, tableDims, writeScores } from './treeEnsemble.ts';

/** Nodes of all trees in one list, as opsets 1 to 4 of ai.onnx.ml write them. */
const NODES = {
  nodes_falsenodeids: { kind: 'ints', required: true },
  nodes_featureids: { kind: 'ints', required: true },
  nodes_missing_value_tracks_true: { kind: 'ints' },
  nodes_modes: { kind: 'strings', required: true },
  nodes_nodeids: { kind: 'ints', required: true },
  nodes_treeids: { kind: 'ints', required: true },
  nodes_truenodeids: { kind: 'ints', required: true },
  nodes_values: { kind: 'floats' },
  nodes_values_as_tensor: { kind: 'tensor' },
  base_values: { kind: 'floats' },
  base_values_as_tensor: { kind: 'tensor' },
  post_transform: { kind: 'string', default: 'NONE' },
} as const;

const REGRESSOR = {
  ...NODES,
  aggregate_function: { kind: 'string', default: 'SUM' },
  n_targets: { kind: 'int', default: 1 },
  target_ids: { kind: 'ints', required: true },
  target_nodeids: { kind: 'ints', required: true },
  target_treeids: { kind: 'ints', required: true },
  target_weights: { kind: 'floats' },
  target_weights_as_tensor: { kind: 'tensor' },
} as const;

const CLASSIFIER = {
  ...NODES,
  class_ids: { kind: 'ints', required: true },
  class_nodeids: { kind: 'ints', required: true },
  class_treeids: { kind: 'ints', required: true },
  class_weights: { kind: 'floats' },
  class_weights_as_tensor: { kind: 'tensor' },
  classlabels_int64s: { kind: 'ints' },
  classlabels_strings: { kind: 'strings' },
} as const;

/** A list given as floats or, for float64, as a tensor. */
function floatsIn(
  floats: readonly number[] | undefined,
  source: { readonly tensor?: Tensor } | undefined,
): readonly number[] {
  return source?.tensor === undefined ? (floats ?? []) : Array.from(asNumbers(source.tensor));
}

interface VoteLists {
  readonly trees: readonly number[];
  readonly nodes: readonly number[];
  readonly targets: readonly number[];
  readonly weights: readonly number[];
}

function forestOf(a: AttributeValues<typeof NODES>, lists: VoteLists, targets: number): Forest {
  const key = (tree: number, node: number): string => `${tree} ${node}`;
  const place = new Map(a.nodes_nodeids.map((id, i) => [key(a.nodes_treeids[i] ?? -1, id), i]));
  const votes = new Map<string, Vote[]>();
  for (const [i, target] of lists.targets.entries()) {
    const at = key(lists.trees[i] ?? -1, lists.nodes[i] ?? -1);
    votes.set(at, [...(votes.get(at) ?? []), { target, weight: lists.weights[i] ?? 0 }]);
  }
  const values = floatsIn(a.nodes_values, a.nodes_values_as_tensor);
  const nodes = a.nodes_nodeids.map((id, i): TreeNode => {
    const tree = a.nodes_treeids[i] ?? -1;
    const mode = a.nodes_modes[i] ?? 'LEAF';
    if (mode === 'LEAF') return { kind: 'leaf', votes: votes.get(key(tree, id)) ?? [] };
    return {
      kind: 'branch',
      mode: mode.replace(/^BRANCH_/, '') as BranchMode,
      feature: a.nodes_featureids[i] ?? -1,
      value: values[i] ?? Number.NaN,
      missingIsTrue: a.nodes_missing_value_tracks_true?.[i] === 1,
      yes: place.get(key(tree, a.nodes_truenodeids[i] ?? -1)) ?? -1,
      no: place.get(key(tree, a.nodes_falsenodeids[i] ?? -1)) ?? -1,
    };
  });
  const first = new Map<number, number>();
  for (const [i, tree] of a.nodes_treeids.entries()) if (!first.has(tree)) first.set(tree, i);
  return { nodes, roots: [...first.values()], targets };
}

/** What is wrong with the trees of a node, as a sentence. */
function faultIn(
  a: AttributeValues<typeof NODES>,
  forest: Forest,
  width: number | string | undefined,
): string | undefined {
  const known = ['LEAF', ...BRANCH_MODES.filter((mode) => mode !== 'MEMBER').map((mode) => `BRANCH_${mode}`)];
  const strange = a.nodes_modes.find((mode) => !known.includes(mode));
  if (strange !== undefined) return `mode ${strange} is not one of ${known.join(', ')}`;
  if (POST_TRANSFORMS[a.post_transform] === undefined) return `post_transform ${a.post_transform} is not known`;
  return faultOf(forest, typeof width === 'number' ? width : undefined);
}

function regressorForest(a: AttributeValues<typeof REGRESSOR>): Forest {
  const weights = floatsIn(a.target_weights, a.target_weights_as_tensor);
  const lists = { trees: a.target_treeids, nodes: a.target_nodeids, targets: a.target_ids, weights };
  return forestOf(a, lists, a.n_targets);
}

const treeEnsembleRegressor = defineOp({
  type: 'TreeEnsembleRegressor',
  domain: 'ai.onnx.ml',
  since: 1,
  arity: [1, 1],
  attributes: REGRESSOR,
  layout: { kind: 'plain' },
  infer: (context) => {
    const x = context.input(0);
    const a = context.attributes;
    if (!['AVERAGE', 'SUM', 'MIN', 'MAX'].includes(a.aggregate_function)) {
      context.fail(`aggregate_function ${a.aggregate_function} is not AVERAGE, SUM, MIN or MAX`);
    }
    const fault = faultIn(a, regressorForest(a), x.dims?.at(-1));
    if (fault !== undefined) context.fail(fault);
    return [{ dtype: 'float32', dims: tableDims(context, x, a.n_targets) }];
  },
  prepare: ({ attributes }) => regressorForest(attributes),
  run: (context) => {
    const x = context.input(0);
    const a = context.attributes;
    const forest: Forest = context.prepared;
    const base = floatsIn(a.base_values, a.base_values_as_tensor);
    const transform = POST_TRANSFORMS[a.post_transform] ?? context.fail('the post_transform is not known');
    const out = context.output(0, 'float32', [rowsOf(x.dims)[0], forest.targets]);
    return [
      writeScores(x, out, (rows, first) => {
        const { scores } = scoresOf(forest, rows, first, a.aggregate_function as Aggregate);
        for (let t = 0; t < scores.length; t++)
          scores[t] = (scores[t] as number) + (base[base.length === 1 ? 0 : t] ?? 0);
        transform(scores);
        return scores;
      }),
    ];
  },
  quant: () => TREES,
});

interface Classifier {
  readonly forest: Forest;
  readonly classes: Classes;
  readonly base: readonly number[];
  /** The class that all votes are for, where there are two classes at most. */
  readonly only: number | undefined;
  /** Whether votes are shares of a probability, which decides at 1/2; else at 0. */
  readonly probability: boolean;
}

function classifierOf(a: AttributeValues<typeof CLASSIFIER>): Classifier {
  const classes = classesOf(a);
  const weights = floatsIn(a.class_weights, a.class_weights_as_tensor);
  const lists = { trees: a.class_treeids, nodes: a.class_nodeids, targets: a.class_ids, weights };
  const voted = new Set(a.class_ids);
  const only = classes.count <= 2 && voted.size === 1 ? a.class_ids[0] : undefined;
  const base = floatsIn(a.base_values, a.base_values_as_tensor);
  const forest = forestOf(a, lists, Math.max(2, classes.count));
  return { forest, classes, base, only, probability: weights.every((w) => w >= 0) };
}

/**
 * The class of each row, and its scores [N, classes]. Where two classes have votes for class 0 only, those are the score
 * of class 1 against class 0, as ONNX Runtime takes them.
 */
const treeEnsembleClassifier = defineOp({
  type: 'TreeEnsembleClassifier',
  domain: 'ai.onnx.ml',
  since: 1,
  arity: [1, 1],
  attributes: CLASSIFIER,
  layout: { kind: 'plain' },
  infer: (context) => {
    const x = context.input(0);
    const a = context.attributes;
    const { forest, classes } = classifierOf(a);
    if (classes.count === 0) context.fail('there are no class labels');
    const fault = faultIn(a, forest, x.dims?.at(-1));
    if (fault !== undefined) context.fail(fault);
    const dims = tableDims(context, x, Math.max(2, classes.count));
    return [
      { dtype: classes.dtype, dims: dims?.slice(0, 1) },
      { dtype: 'float32' as const, dims },
    ].slice(0, context.outputCount);
  },
  prepare: ({ attributes }) => classifierOf(attributes),
  run: (context) => {
    const x = context.input(0);
    const { forest, classes, base, only, probability }: Classifier = context.prepared;
    const transform = context.attributes.post_transform;
    const labels: (string | number)[] = [];
    const columns = Math.max(2, classes.count);
    const out = context.output(1, 'float32', [rowsOf(x.dims)[0], columns]);
    writeScores(x, out, (rows, first) => {
      const { scores, voted } = scoresOf(forest, rows, first, 'SUM');
      for (let t = 0; t < scores.length; t++) {
        const added = base.length === 1 ? (only === undefined || only === t ? base[0] : 0) : base[t];
        scores[t] = (scores[t] as number) + (added ?? 0);
      }
      if (only !== undefined) {
        const score = scores[only] as number;
        labels.push(classes.label(score > (probability ? 0.5 : 0) ? 1 : 0));
        if (only === 0) return binaryScores(score, transform, probability);
        POST_TRANSFORMS[transform]?.(scores);
        return scores;
      }
      labels.push(classes.label(winner(scores, base.length > 0 ? undefined : voted)));
      POST_TRANSFORMS[transform]?.(scores);
      return scores;
    });
    return [labelTensor(context, classes, labels), out].slice(0, context.outputCount);
  },
  quant: () => TREES,
});

/** Forests as opsets 1 to 4 of ai.onnx.ml write them. */
export const treeModelOps: readonly OpDef[] = [treeEnsembleRegressor, treeEnsembleClassifier];
