import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { int64Tensor, type Tensor, tensor } from '../../src/base/tensor.ts';
import type { Attribute } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { expectClose, normals } from './floatCases.ts';
import { buildNode, type OneNode, runHere } from './oneNode.ts';

const engines = [createJsKernels()];
const ML = 'ai.onnx.ml';
const floats = (value: readonly number[]): Attribute => ({ kind: 'floats', value: value.map(Math.fround) });
const float = (value: number): Attribute => ({ kind: 'float', value: Math.fround(value) });
const table = normals(seededRandom(3), [40, 5]);
const TRANSFORMS = ['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO'] as const;

function likeOnnxRuntime(node: Omit<OneNode, 'domain'>, products = 5): Promise<void> {
  return expectClose({ domain: ML, ...node }, products, engines, 4);
}

interface Trees {
  readonly attributes: Readonly<Record<string, Attribute | readonly number[] | readonly string[]>>;
  readonly leaves: readonly (readonly [tree: number, node: number])[];
}

/** Complete trees of depth 3 with random splits of 5 features. */
function randomTrees(random: Random, count: number): Trees {
  const lists = { trees: [], nodes: [], features: [], yes: [], no: [], missing: [] } as Record<string, number[]>;
  const values: number[] = [];
  const modes: string[] = [];
  const leaves: [number, number][] = [];
  for (let tree = 0; tree < count; tree++) {
    for (let node = 0; node < 15; node++) {
      const leaf = node >= 7;
      if (leaf) leaves.push([tree, node]);
      const kinds = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT'];
      modes.push(leaf ? 'LEAF' : (kinds[random.below(4)] as string));
      values.push(leaf ? 0 : random.normal());
      const row = {
        trees: tree,
        nodes: node,
        features: random.below(5),
        yes: 2 * node + 1,
        no: 2 * node + 2,
        missing: 0,
      };
      for (const [key, v] of Object.entries(row)) lists[key]?.push(leaf && (key === 'yes' || key === 'no') ? 0 : v);
    }
  }
  const attributes = {
    nodes_treeids: lists.trees as number[],
    nodes_nodeids: lists.nodes as number[],
    nodes_featureids: lists.features as number[],
    nodes_truenodeids: lists.yes as number[],
    nodes_falsenodeids: lists.no as number[],
    nodes_missing_value_tracks_true: lists.missing as number[],
    nodes_modes: modes,
    nodes_values: floats(values),
  };
  return { attributes, leaves };
}

describe('TreeEnsembleRegressor computes what ONNX Runtime computes', () => {
  const random = seededRandom(5);
  const { attributes, leaves } = randomTrees(random, 6);
  const votes = leaves.flatMap(([tree, node]) =>
    [0, 1].map((target) => ({ tree, node, target, weight: random.normal() })),
  );

  it.each(['SUM', 'AVERAGE', 'MIN', 'MAX'])('over the trees by %s', async (aggregate_function) => {
    for (const base of [[], [0.5, -1]]) {
      await likeOnnxRuntime({
        type: 'TreeEnsembleRegressor',
        inputs: [table],
        attributes: {
          ...attributes,
          aggregate_function,
          n_targets: 2,
          target_treeids: votes.map((v) => v.tree),
          target_nodeids: votes.map((v) => v.node),
          target_ids: votes.map((v) => v.target),
          target_weights: floats(votes.map((v) => v.weight)),
          ...(base.length > 0 && { base_values: floats(base) }),
        },
      });
    }
  });

  it('refuses trees that lead back to themselves, or nowhere', async () => {
    for (const [to, message] of [
      [0, /leads to itself/],
      [99, /does not exist/],
    ] as const) {
      const yes = (attributes.nodes_truenodeids as readonly number[]).map((n, i) => (i === 1 ? to : n));
      const node = await buildNode({
        type: 'TreeEnsembleRegressor',
        domain: ML,
        inputs: [table],
        attributes: {
          ...attributes,
          nodes_truenodeids: yes,
          target_treeids: [0],
          target_nodeids: [7],
          target_ids: [0],
          target_weights: floats([1]),
        },
      });
      await expect(runHere(node, createJsKernels())).rejects.toThrow(message);
    }
  });
});

describe('TreeEnsembleClassifier computes what ONNX Runtime computes', () => {
  const kinds = [
    ['three classes', 3, [0, 1, 2], (r: Random) => r.normal()],
    ['one probability for two classes', 2, [0], (r: Random) => r.next() / 6],
    ['one margin for two classes', 2, [0], (r: Random) => r.normal()],
    ['one probability, of class 1', 2, [1], (r: Random) => r.next() / 6],
    ['one margin, of class 1', 2, [1], (r: Random) => r.normal()],
  ] as const;

  describe.each(kinds)('%s', (_, count, voted, weigh) => {
    it.each(TRANSFORMS)('with post_transform %s', async (post_transform) => {
      const random = seededRandom(count + voted.length);
      const { attributes, leaves } = randomTrees(random, 6);
      const votes = leaves.flatMap(([tree, node]) => voted.map((id) => ({ tree, node, id, weight: weigh(random) })));
      const bases = voted[0] === 0 ? [[], count === 2 ? [0.25] : [0.25, -0.5, 1]] : [[]];
      for (const base of bases)
        await likeOnnxRuntime({
          type: 'TreeEnsembleClassifier',
          inputs: [table],
          outputs: 2,
          attributes: {
            ...attributes,
            post_transform,
            classlabels_int64s: [0, 1, 2].slice(0, count),
            class_treeids: votes.map((v) => v.tree),
            class_nodeids: votes.map((v) => v.node),
            class_ids: votes.map((v) => v.id),
            class_weights: floats(votes.map((v) => v.weight)),
            ...(base.length > 0 && { base_values: floats(base) }),
          },
        });
    });
  });
});

describe('TreeEnsembleClassifier', () => {
  it('takes the larger of two votes, the first of equal ones', async () => {
    const node = await buildNode({
      type: 'TreeEnsembleClassifier',
      domain: ML,
      inputs: [tensor('float32', [3, 1], Float32Array.of(0, 1, 2))],
      outputs: 2,
      attributes: {
        nodes_treeids: [0, 0, 0, 0, 0],
        nodes_nodeids: [0, 1, 2, 3, 4],
        nodes_modes: ['BRANCH_LT', 'LEAF', 'BRANCH_LT', 'LEAF', 'LEAF'],
        nodes_featureids: [0, 0, 0, 0, 0],
        nodes_values: floats([0.5, 0, 1.5, 0, 0]),
        nodes_truenodeids: [1, 0, 3, 0, 0],
        nodes_falsenodeids: [2, 0, 4, 0, 0],
        class_treeids: [0, 0, 0, 0, 0, 0],
        class_nodeids: [1, 1, 3, 3, 4, 4],
        class_ids: [0, 1, 0, 1, 0, 1],
        class_weights: floats([0.75, 0.25, 0.5, 0.5, 0.125, 0.875]),
        classlabels_strings: ['no', 'yes'],
      },
    });
    const [labels, scores] = await runHere(node, createJsKernels());
    expect(labels?.data).toEqual(['no', 'no', 'yes']);
    expect(scores?.data).toEqual(Float32Array.of(0.75, 0.25, 0.5, 0.5, 0.125, 0.875));
  });
});

describe('linear models compute what ONNX Runtime computes', () => {
  const random = seededRandom(9);
  const coefficients = (rows: number) => floats(Array.from({ length: 5 * rows }, () => random.normal()));

  it.each(TRANSFORMS)('LinearRegressor and LinearClassifier with post_transform %s', async (post_transform) => {
    await likeOnnxRuntime({
      type: 'LinearRegressor',
      inputs: [table],
      attributes: { coefficients: coefficients(2), intercepts: floats([1, -0.5]), targets: 2, post_transform: 'NONE' },
    });
    for (const rows of [1, 2, 3]) {
      await likeOnnxRuntime({
        type: 'LinearClassifier',
        inputs: [table],
        outputs: 2,
        attributes: {
          coefficients: coefficients(rows),
          intercepts: floats([0.25, -0.5, 0.125].slice(0, rows)),
          classlabels_ints: [4, 5, 6].slice(0, Math.max(2, rows)),
          post_transform,
        },
      });
    }
  });
});

describe('table features compute what ONNX Runtime computes', () => {
  it('Scaler', async () => {
    await likeOnnxRuntime({
      type: 'Scaler',
      inputs: [table],
      attributes: { offset: floats([0.5, 1, -1, 0, 2]), scale: floats([2, 0.5, 1, 3, -1]) },
    });
    await likeOnnxRuntime({
      type: 'Scaler',
      inputs: [int64Tensor([2, 2], [1, 2, 3, 4])],
      attributes: { offset: floats([1]), scale: floats([0.5]) },
    });
  });

  it.each(['MAX', 'L1', 'L2'])('Normalizer by %s', async (norm) => {
    const positive = tensor('float32', [3, 4], Float32Array.of(1, 2, 3, 4, 0, 0, 0, 0, 0.5, 8, 1, 0));
    await likeOnnxRuntime({ type: 'Normalizer', inputs: [positive], attributes: { norm } });
  });

  it('OneHotEncoder, categories unknown to it included', async () => {
    await likeOnnxRuntime({
      type: 'OneHotEncoder',
      inputs: [int64Tensor([4], [3, 1, 7, 2])],
      attributes: { cats_int64s: [1, 2, 3], zeros: 1 },
    });
  });

  it('Imputer, of numbers and of NaN', async () => {
    const holes = tensor('float32', [2, 2], Float32Array.of(NaN, 1, 2, NaN));
    for (const values of [[5], [5, 6]]) {
      await likeOnnxRuntime({
        type: 'Imputer',
        inputs: [holes],
        attributes: { imputed_value_floats: floats(values), replaced_value_float: float(NaN) },
      });
    }
    await likeOnnxRuntime({
      type: 'Imputer',
      inputs: [int64Tensor([2, 2], [0, 1, 2, 0])],
      attributes: { imputed_value_int64s: [9], replaced_value_int64: 0 },
    });
  });
});

describe('labels', () => {
  const run = async (node: Omit<OneNode, 'domain'>): Promise<Tensor['data'] | undefined> =>
    (await runHere(await buildNode({ domain: ML, ...node }), createJsKernels()))[0]?.data;

  it('LabelEncoder maps every type of key to every type of value', async () => {
    const words = tensor('string', [3], ['b', 'a', 'x']);
    const attributes = { keys_strings: ['a', 'b'], values_floats: floats([1, 2]), default_float: float(-3) };
    expect(await run({ type: 'LabelEncoder', inputs: [words], attributes })).toEqual(Float32Array.of(2, 1, -3));
    const reverse = { keys_floats: floats([1, NaN]), values_strings: ['one', 'none'] };
    const numbers = tensor('float32', [3], Float32Array.of(NaN, 1, 4));
    expect(await run({ type: 'LabelEncoder', inputs: [numbers], attributes: reverse })).toEqual([
      'none',
      'one',
      '_Unused',
    ]);
  });

  it('LabelEncoder of opset 1 takes positions for labels, and back', async () => {
    const attributes = { classes_strings: ['a', 'b'] };
    const type = 'LabelEncoder';
    const words = tensor('string', [2], ['b', 'x']);
    expect(await run({ type, domainOpset: 1, inputs: [words], attributes })).toEqual(BigInt64Array.of(1n, -1n));
    const back = await run({ type, domainOpset: 1, inputs: [int64Tensor([2], [0, 5])], attributes });
    expect(back).toEqual(['a', '_Unused']);
  });
});
