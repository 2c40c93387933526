import { binaryScores, classesOf, labelTensor, winner } from './classes.ts';
import { type AttributeValues, defineOp, type OpDef, type QuantRule } from './opDef.ts';
import { POST_TRANSFORMS } from './postTransform.ts';
import { rowsOf, tableDims, writeScores } from './treeEnsemble.ts';

const LINEAR: QuantRule = { kind: 'float', why: 'Models of tables are small; columns have ranges of their own.' };

const PRODUCT = {
  coefficients: { kind: 'floats' },
  intercepts: { kind: 'floats' },
  post_transform: { kind: 'string', default: 'NONE' },
} as const;

/** Σ coefficients [targets, C] times a row, plus the intercepts. */
function product(
  { coefficients = [], intercepts = [] }: AttributeValues<typeof PRODUCT>,
  targets: number,
  rows: ArrayLike<number>,
  first: number,
): Float64Array {
  const width = coefficients.length / targets;
  return Float64Array.from({ length: targets }, (_, t) => {
    let sum = intercepts[t] ?? 0;
    for (let c = 0; c < width; c++) sum += (coefficients[t * width + c] as number) * (rows[first + c] as number);
    return sum;
  });
}

function checkProduct(
  context: { fail(message: string): never },
  a: AttributeValues<typeof PRODUCT>,
  targets: number,
  width: number | string | undefined,
): void {
  if (POST_TRANSFORMS[a.post_transform] === undefined) context.fail(`post_transform ${a.post_transform} is not known`);
  const count = a.coefficients?.length ?? 0;
  if (count === 0 || count % targets !== 0) context.fail(`${count} coefficients do not fit ${targets} rows of scores`);
  if (typeof width === 'number' && count !== targets * width) {
    context.fail(`${count} coefficients do not fit ${targets} rows of scores over ${width} columns`);
  }
}

const linearRegressor = defineOp({
  type: 'LinearRegressor',
  domain: 'ai.onnx.ml',
  since: 1,
  arity: [1, 1],
  attributes: { ...PRODUCT, targets: { kind: 'int', default: 1 } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const x = context.input(0);
    checkProduct(context, context.attributes, context.attributes.targets, x.dims?.at(-1));
    return [{ dtype: 'float32', dims: tableDims(context, x, context.attributes.targets) }];
  },
  run: (context) => {
    const x = context.input(0);
    const { targets, post_transform } = context.attributes;
    const out = context.output(0, 'float32', [rowsOf(x.dims)[0], targets]);
    return [
      writeScores(x, out, (rows, first) => {
        const scores = product(context.attributes, targets, rows, first);
        POST_TRANSFORMS[post_transform]?.(scores);
        return scores;
      }),
    ];
  },
  quant: () => LINEAR,
});

const CLASSIFIER = {
  ...PRODUCT,
  classlabels_ints: { kind: 'ints' },
  classlabels_strings: { kind: 'strings' },
  multi_class: { kind: 'int', default: 0 },
} as const;

/** Rows of scores: one per intercept, else one per class. */
function scoreCount(a: AttributeValues<typeof CLASSIFIER>): number {
  return a.intercepts?.length || classesOf(a).count;
}

/** The class of each row, and its scores; one row of coefficients and two labels make two scores. */
const linearClassifier = defineOp({
  type: 'LinearClassifier',
  domain: 'ai.onnx.ml',
  since: 1,
  arity: [1, 1],
  attributes: CLASSIFIER,
  layout: { kind: 'plain' },
  infer: (context) => {
    const x = context.input(0);
    const a = context.attributes;
    const classes = classesOf(a);
    const count = scoreCount(a);
    if (count === 0) context.fail('there are neither intercepts nor class labels');
    checkProduct(context, a, count, x.dims?.at(-1));
    const dims = tableDims(context, x, count === 1 && classes.count === 2 ? 2 : count);
    return [
      { dtype: classes.dtype, dims: dims?.slice(0, 1) },
      { dtype: 'float32' as const, dims },
    ].slice(0, context.outputCount);
  },
  run: (context) => {
    const x = context.input(0);
    const a = context.attributes;
    const classes = classesOf(a);
    const count = scoreCount(a);
    const labels: (number | string)[] = [];
    const pair = count === 1 && classes.count === 2;
    const out = context.output(1, 'float32', [rowsOf(x.dims)[0], pair ? 2 : count]);
    writeScores(x, out, (rows, first) => {
      const scores = product(a, count, rows, first);
      if (count === 1) labels.push(classes.label((scores[0] as number) > 0 ? 1 : 0));
      else labels.push(classes.label(winner(scores)));
      if (pair) return binaryScores(scores[0] as number, a.post_transform, true);
      POST_TRANSFORMS[a.post_transform]?.(scores);
      return scores;
    });
    return [labelTensor(context, classes, labels), out].slice(0, context.outputCount);
  },
  quant: () => LINEAR,
});

/** Linear models of tables. */
export const linearModelOps: readonly OpDef[] = [linearRegressor, linearClassifier];
