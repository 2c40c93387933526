import { describe, expect, test } from 'vitest';
import { int64Tensor } from '../../src/base/tensor.ts';
import { type ModelBuilder, model } from '../models/model.ts';
import { type DynamicChoice, planned } from './dynamicPlanned.ts';

const ALWC = { strategy: 'ALWC' } as const;
const ACWL = { strategy: 'ACWL' } as const;
const STRICT = { strategy: 'ALWC', strictReference: true } as const;

/** Form and reason of the last node. */
function lastOf(builder: ModelBuilder, choice: DynamicChoice): readonly [form: string, why: string] {
  const built = builder.build();
  const last = built.model.graph.nodes.at(-1);
  const decision = last && planned(built, choice).nodes.get(last.id);
  if (decision === undefined) throw new Error('the plan decides on every node');
  return [decision.form, decision.why];
}

const at = (opset = 13) => model({ opset });
const product = (opset?: number) => at(opset).input('x', [4, 6]).matMul({ units: 3 });
const pair = () =>
  at()
    .input('x', [4, 6])
    .input('y', [6, 3])
    .node('MatMul', { inputs: ['x', 'y'] });
const gathered = () =>
  at()
    .floats('t', [5, 8])
    .constant('i', int64Tensor([2], [0, 1]))
    .input('j', [2], 'int64')
    .node('Gather', { inputs: ['t', 'j'] });

describe('what is quantized while the model runs', () => {
  test.each([
    [
      'a product',
      product(),
      ALWC,
      'int8 weight per channel (3), the activation becomes uint8 by its range in every run',
    ],
    ['a product', product(), ACWL, 'int8 weight per tensor, the activation becomes int8 per row in every run'],
    [
      'a product',
      product(),
      STRICT,
      'int8 weight per channel (3), the activation becomes int8 by its range in every run',
    ],
    ['two activations', pair(), ALWC, 'both operands become uint8 by their ranges in every run'],
    ['a dense layer', at().input('x', [4, 6]).gemm({ units: 3 }), ALWC, /int8 weight per channel \(3\)/],
    ['a convolution', at().input('x', [1, 3, 6, 6]).conv({ channels: 4 }), ALWC, /int8 weight per channel \(4\)/],
    ['a table', gathered(), ALWC, 'int8 table per channel (5); what is gathered is dequantized'],
    ['a table', gathered(), ACWL, 'int8 table per tensor; what is gathered is dequantized'],
  ] as const)('%s is, and says how', (_, builder, choice, why) => {
    const [form, reason] = lastOf(builder, choice);
    expect(form).toBe('quantized');
    if (typeof why === 'string') expect(reason).toBe(why);
    else expect(reason).toMatch(why);
  });

  test.each([
    ['two activations', pair(), ACWL, /serves one of them only/],
    ['a convolution', at().input('x', [1, 3, 6, 6]).conv({ channels: 4 }), ACWL, /windows.*cross the rows/],
    ['a convolution', at().input('x', [1, 3, 6, 6]).conv({ channels: 4 }), STRICT, /converter_lite quantizes MatMul/],
    ['a dense layer', at().input('x', [4, 6]).gemm({ units: 3 }), STRICT, /converter_lite quantizes MatMul/],
    ['another operator', at().input('x', [4, 6]).relu(), ALWC, /does not quantize Relu/],
    ['an old model', product(6), ALWC, /opset is 6; its integer form needs 7/],
    ['an old model', product(8), STRICT, /opset is 8; its integer form needs 9/],
    [
      'a vector',
      at()
        .input('x', [6])
        .floats('w', [6, 3])
        .node('MatMul', { inputs: ['x', 'w'] }),
      ALWC,
      /less than two/,
    ],
    [
      'a vector',
      at()
        .input('x', [4, 6])
        .floats('w', [6])
        .node('MatMul', { inputs: ['x', 'w'] }),
      ALWC,
      /less than two/,
    ],
    [
      'gathered activations',
      at()
        .input('x', [4, 6])
        .input('i', [2], 'int64')
        .node('Gather', { inputs: ['x', 'i'] }),
      ALWC,
      /activation/,
    ],
    [
      'doubles',
      at()
        .input('x', [4, 6], 'float64')
        .input('y', [6, 2], 'float64')
        .node('MatMul', { inputs: ['x', 'y'] }),
      ALWC,
      /float64, not float32/,
    ],
    ['long sums', at().input('x', [1, 33026]).matMul({ units: 1 }), ALWC, /33026 terms; int32 holds 33025/],
    [
      'sums of a length to come',
      at()
        .input('x', [2, 'k'])
        .input('y', ['k', 2])
        .node('MatMul', { inputs: ['x', 'y'] }),
      ALWC,
      /only when it runs/,
    ],
  ] as const)('%s stays float, and says why', (_, builder, choice, why) => {
    const [form, reason] = lastOf(builder, choice);
    expect(form).toBe('float');
    expect(reason).toMatch(why);
  });

  test('the longest sums that int32 holds are on integers', () => {
    expect(lastOf(at().input('x', [1, 33025]).matMul({ units: 1 }), ALWC)[0]).toBe('quantized');
  });

  test('the reference gives a weight that several products share one scale', () => {
    const built = at()
      .input('x', [4, 6])
      .floats('w', [6, 6])
      .node('MatMul', { name: 'a', inputs: ['x', 'w'], outputs: ['y'] })
      .node('MatMul', { name: 'b', inputs: ['y', 'w'], outputs: ['z'] })
      .build();
    const kinds = (choice: DynamicChoice) => planned(built, choice).weights.map((w) => w.scheme.granularity.kind);
    expect(kinds(STRICT)).toEqual(['perTensor', 'perTensor']);
    expect(kinds(ALWC)).toEqual(['perChannel', 'perChannel']);
  });

  test('a skipped node could be quantized, a node of float32 by override could not', () => {
    const built = product().build();
    const [node] = built.model.graph.nodes;
    if (node === undefined) throw new Error('there is one node');
    expect(planned(built, { ...ALWC, skip: new Set([node.id]) }).nodes.get(node.id)).toMatchObject({
      form: 'skipped',
      canSkip: true,
    });
    const overrides = new Map([[node.id, { precision: 'float32' } as const]]);
    const plan = planned(built, { ...ALWC, overrides });
    expect(plan.nodes.get(node.id)).toMatchObject({ form: 'float', canSkip: false });
    expect(plan.weights).toEqual([]);
  });
});
