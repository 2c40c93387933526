import { describe, expect, test } from 'vitest';
import { model } from '../models/model.ts';
import { GENERAL, planned } from './planned.ts';

/** Two convolutions with a ReLU between them, and an addition. */
function chain() {
  const net = model().input('x', [1, 4, 6, 6]);
  return net.conv({ name: 'c1', channels: 4 }).relu('r').conv({ name: 'c2', channels: 4 }).add('r_out', 'sum').output();
}

describe('without words of its own', () => {
  test('a node reads and makes 8-bit codes, and a ReLU goes into its convolution', () => {
    const p = planned(chain());
    expect(['x', 'c1_out', 'r_out', 'c2_out', 'sum_out'].map(p.codes)).toEqual([
      'int8 asymmetric',
      undefined,
      'int8 asymmetric',
      'int8 asymmetric',
      'int8 asymmetric',
    ]);
    expect(p.node('r').form).toBe('folded');
    expect(p.weight('c1')).toBe('int8 symmetric perChannel');
    expect(p.conversions).toEqual([]);
  });

  test('a ReLU stays where codes are symmetric: half of them are negative then', () => {
    const p = planned(chain(), { general: { ...GENERAL, activationSymmetry: 'symmetric' } });
    expect(p.node('r').form).toBe('quantized');
    expect([p.codes('c1_out'), p.codes('r_out')]).toEqual(['int8 symmetric', 'int8 symmetric']);
  });

  test('weights have all 256 codes where they are asymmetric, activations the type of the run', () => {
    const p = planned(chain(), { general: { ...GENERAL, weightSymmetry: 'asymmetric', activationType: 'uint8' } });
    expect(p.weight('c1')).toBe('int8 asymmetric perChannel');
    expect(p.plan.weights[0]?.scheme).toMatchObject({ qmin: -128, qmax: 127 });
    expect(p.codes('x')).toBe('uint8 asymmetric');
  });
});

describe('node_overrides', () => {
  test('int16 converts on the edges to and from 8 bits, and nowhere else', () => {
    const p = planned(chain(), { overrides: { c2: { precision: 'int16' } } });
    expect([p.codes('r_out'), p.codes('c2_out')]).toEqual(['int8 asymmetric', 'int16 asymmetric']);
    expect(p.conversions).toEqual(['c2.0: int16', 'sum.0: int8']);
    expect(p.weight('c2')).toBe('int8 symmetric perChannel');
    expect(p.node('c2').why).toBe('int8 weight per channel (4), int16 activations');
  });

  test('a ReLU keeps to the codes of the convolution it goes into', () => {
    const p = planned(chain(), { overrides: { c1: { precision: 'int16', method: 'KL' } } });
    expect(p.node('r').form).toBe('folded');
    expect(p.codes('r_out')).toBe('int16 asymmetric');
    expect([...p.plan.methods.values()]).toEqual(['KL']);
    expect(p.conversions).toEqual(['c2.0: int8', 'sum.1: int8']);
  });

  test('a ReLU with another type of its own does not go into its convolution', () => {
    const p = planned(chain(), { overrides: { c1: { precision: 'int16' }, r: { precision: 'int8' } } });
    expect(p.node('r').form).toBe('quantized');
    expect([p.codes('c1_out'), p.codes('r_out')]).toEqual(['int16 asymmetric', 'int8 asymmetric']);
    expect(p.conversions).toEqual(['r.0: int8']);
  });

  test('int4 is for weights: activations keep 8 bits', () => {
    const p = planned(chain(), { overrides: { c1: { precision: 'int4' } } });
    expect(p.weight('c1')).toBe('int4 symmetric perChannel');
    expect(p.plan.weights[0]?.scheme).toMatchObject({ qmin: -7, qmax: 7 });
    expect(p.conversions).toEqual([]);
  });

  test('float32 leaves a node out, as skipping does; skipping goes before any other word', () => {
    const p = planned(chain(), {
      overrides: { c1: { precision: 'float32' }, c2: { precision: 'int16' } },
      skip: ['c2'],
    });
    expect(p.node('c1')).toMatchObject({ form: 'float', canSkip: false });
    expect(p.node('c2')).toMatchObject({ form: 'skipped', canSkip: true });
    expect(p.node('r').form).toBe('float');
  });

  test('half precision rounds every float input and output, and reads what its consumers read', () => {
    const p = planned(chain(), { overrides: { c2: { precision: 'float16' } } });
    expect([...p.plan.halves.values()]).toEqual([{ type: 'float16', inputs: [0, 1, 2], outputs: [0] }]);
    expect(p.node('c2')).toMatchObject({ form: 'half', canSkip: true });
    expect(p.weight('c2')).toBeUndefined();
  });

  test('half precision holds for operators that the target does not quantize', () => {
    const net = model().input('x', [2, 3]).node('Erf', { name: 'erf' }).output();
    expect(planned(net, { overrides: { erf: { precision: 'bfloat16' } } }).node('erf').form).toBe('half');
    expect(planned(net, { overrides: { erf: { precision: 'int8' } } }).node('erf')).toMatchObject({
      form: 'float',
      why: 'target onnxruntime does not quantize Erf',
    });
  });

  test('the scales of a Resize are no data: they keep their type', () => {
    const net = model().input('x', [1, 1, 2, 2]).floats('scales', [4], [1, 1, 2, 2]);
    net.node('Resize', { name: 'up', inputs: ['x', '', 'scales'] }).output();
    const p = planned(net, { overrides: { up: { precision: 'float16' } } });
    expect([...p.plan.halves.values()]).toEqual([{ type: 'float16', inputs: [0], outputs: [0] }]);
  });

  test('a node without a float output has nothing to round, and says so', () => {
    const net = model().input('x', [2, 3]).node('ArgMax', { name: 'arg' }).output();
    expect(planned(net, { overrides: { arg: { precision: 'float16' } } }).node('arg').why).toMatch(
      /no float32 output .* float16/,
    );
  });

  test('symmetry is of the output, granularity of the weight', () => {
    const p = planned(chain(), { overrides: { c2: { symmetry: 'symmetric', granularity: 'per_layer' } } });
    expect([p.codes('r_out'), p.codes('c2_out')]).toEqual(['int8 asymmetric', 'int8 symmetric']);
    expect(p.weight('c2')).toBe('int8 symmetric perTensor');
    expect(p.conversions).toEqual([]);
  });

  test('data movement shares the parameters of its input unless it has words for its own', () => {
    const net = () =>
      model()
        .input('x', [1, 4, 6, 6])
        .conv({ name: 'c', channels: 4 })
        .node('MaxPool', { name: 'p', attributes: { kernel_shape: [2, 2] } })
        .output();
    expect(planned(net()).plan.activations.size).toBe(3);
    const shared = planned(net(), { overrides: { c: { precision: 'int16' } } });
    expect([shared.codes('p_out'), shared.node('p').why]).toEqual([
      'int16 asymmetric',
      'moves codes; the output has the parameters of the input',
    ]);
    const own = planned(net(), { overrides: { p: { precision: 'int16' } } });
    expect([own.codes('c_out'), own.codes('p_out')]).toEqual(['int8 asymmetric', 'int16 asymmetric']);
    expect(own.conversions).toEqual(['p.0: int16']);
    const method = planned(net(), { overrides: { p: { method: 'PERCENTILE' } } });
    expect([...method.plan.methods.values()]).toEqual(['PERCENTILE']);
  });

  test('an operand that both an 8- and a 16-bit node read is converted once per type', () => {
    const net = model().input('x', [1, 4, 6, 6]).conv({ name: 'a', channels: 4 });
    net.at('a_out').conv({ name: 'b', channels: 4 }).at('a_out').conv({ name: 'c', channels: 4 });
    const p = planned(net.output(), { overrides: { b: { precision: 'int16' }, c: { precision: 'int16' } } });
    expect(p.plan.conversions).toHaveLength(1);
    expect(p.conversions).toEqual(['b.0: int16', 'c.0: int16']);
  });
});
