import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PER_TENSOR } from '../../src/base/quantParams.ts';
import { tensor } from '../../src/base/tensor.ts';
import { quantizeBias, raiseScalesOnly } from '../../src/quant/bias.ts';
import { DEVICES, type Device } from '../../src/quant/devices.ts';
import { deviceTarget } from '../../src/quant/deviceTarget.ts';
import { ARITHMETICS, collectParams } from '../../src/quant/qparams.ts';
import { weightScheme } from '../../src/quant/scheme.ts';
import { quantizeWeight } from '../../src/quant/weights.ts';
import { SHARED_DATA } from '../helpers/sharedData.ts';
import { type ModelBuilder, model } from '../models/model.ts';
import { GENERAL, type PlannedOptions, planned } from './planned.ts';
import { goldenWeight } from './weightOnlyGolden.ts';

const at = { file: 'test' };

/** The plan for a device, with the codes of its table. */
function onDevice(builder: ModelBuilder, device: Device, options: PlannedOptions & { readonly strict?: boolean } = {}) {
  const { strict = false, ...more } = options;
  return planned(builder, {
    target: deviceTarget({ device, minChannels: 16, strict }),
    general: { ...GENERAL, ...DEVICES[device].codes, operands: 'weight' },
    ...more,
  });
}

/** x → convolution → ReLU → max pooling → convolution → addition of a constant. */
function chain() {
  const net = model().input('x', [1, 4, 8, 8]).floats('k', [1], [0.5]).conv({ name: 'c1', channels: 16 }).relu('r');
  net.node('MaxPool', { name: 'p', attributes: { kernel_shape: [2, 2] } });
  return net
    .floats('w2', [4, 16, 1, 1])
    .node('Conv', { name: 'c2', inputs: ['p_out', 'w2'] })
    .node('Add', { name: 'add', inputs: ['c2_out', 'k'] })
    .output();
}

describe('CPU', () => {
  test('quantizes convolutions alone, each between casts of its own', () => {
    const p = onDevice(chain(), 'CPU');
    expect(['x', 'c1_out', 'r_out', 'p_out', 'c2_out', 'add_out'].map(p.codes)).toEqual([
      undefined,
      undefined,
      'int8 asymmetric',
      undefined,
      'int8 asymmetric',
      undefined,
    ]);
    expect(p.conversions).toEqual(['c1.0: int8', 'c2.0: int8']);
    expect(['p', 'add'].map((n) => p.node(n).why)).toEqual([
      'target mindspore CPU does not quantize MaxPool',
      'target mindspore CPU does not quantize Add',
    ]);
  });

  test('a ReLU runs as the activation of a convolution; skipped, it is float behind its codes', () => {
    const fused = onDevice(chain(), 'CPU');
    expect(fused.node('r')).toMatchObject({ form: 'folded', why: 'runs as the activation of c1' });
    expect([...fused.plan.folded.values()].map((f) => f.clamp)).toEqual(['activation']);
    const apart = onDevice(chain(), 'CPU', { skip: ['r'] });
    expect([apart.codes('c1_out'), apart.codes('r_out')]).toEqual(['int8 asymmetric', undefined]);
    expect(apart.node('r').form).toBe('float');
  });

  test('words for a fused ReLU are for what it makes; other codes or none keep it apart', () => {
    const method = onDevice(chain(), 'CPU', { overrides: { c1: { method: 'MSE' }, r: { method: 'KL' } } });
    expect(method.node('r').form).toBe('folded');
    expect([...method.plan.methods.values()]).toEqual(['KL']);
    for (const words of [{ precision: 'float32' }, { precision: 'int16' }, { symmetry: 'symmetric' }] as const)
      expect(onDevice(chain(), 'CPU', { overrides: { r: words } }).node('r').form).toBe('float');
  });

  test('a ReLU behind a matrix product stays float: the int8 kernel has no activation', () => {
    const p = onDevice(model().input('x', [2, 8]).gemm({ name: 'fc', units: 4 }).relu('r').output(), 'CPU');
    expect([p.codes('fc_out'), p.codes('r_out')]).toEqual(['int8 asymmetric', undefined]);
    expect(p.node('r').why).toBe('target mindspore CPU does not quantize Relu (Activation)');
  });

  test('a Clip is fused where it is a ReLU6', () => {
    const clipped = (max: number) => {
      const net = model({ opset: 10 }).input('x', [1, 4, 8, 8]).conv({ name: 'c', channels: 16 });
      return net
        .node('Clip', {
          name: 'clip',
          attributes: { min: { kind: 'float', value: 0 }, max: { kind: 'float', value: max } },
        })
        .output();
    };
    expect(onDevice(clipped(6), 'CPU').node('clip').form).toBe('folded');
    expect(onDevice(clipped(5), 'CPU').node('clip').form).toBe('float');
  });

  test('data movement has parameters of its own', () => {
    const net = model().input('x', [1, 4, 2, 2]).conv({ name: 'c', channels: 16 });
    const p = onDevice(net.node('Flatten', { name: 'f' }).output(), 'CPU');
    expect(p.plan.activations.get(p.plan.activations.keys().next().value!)?.kind).toBe('observed');
    expect([...p.plan.activations.values()].map((a) => a.kind)).toEqual(['observed', 'observed']);
  });

  test('weights are symmetric per channel, asymmetric per layer', () => {
    expect(onDevice(chain(), 'CPU').weight('c1')).toBe('int8 symmetric perChannel');
    const general = { ...GENERAL, ...DEVICES.CPU.codes, operands: 'weight', perChannel: false } as const;
    expect(onDevice(chain(), 'CPU', { general }).weight('c1')).toBe('int8 asymmetric perTensor');
  });

  test('a convolution of one dimension is none of its operators', () => {
    const net = model()
      .input('x', [1, 4, 8])
      .floats('w', [16, 4, 3])
      .node('Conv', { name: 'c', inputs: ['x', 'w'] })
      .output();
    expect(onDevice(net, 'CPU').node('c').why).toBe('target mindspore CPU does not quantize Conv (Conv1D)');
  });
});

describe('other devices', () => {
  test('KIRIN has unsigned activations, and parameters per channel for convolutions alone', () => {
    const net = model().input('x', [1, 4, 2, 2]).conv({ name: 'c', channels: 16 }).node('Flatten', { name: 'f' });
    net
      .floats('w', [64, 8])
      .node('Gemm', { name: 'fc', inputs: ['f_out', 'w'] })
      .output();
    const p = onDevice(net, 'KIRIN');
    expect([p.codes('c_out'), p.codes('f_out'), p.codes('fc_out')]).toEqual([
      'uint8 asymmetric',
      undefined,
      'uint8 asymmetric',
    ]);
    expect([p.weight('c'), p.weight('fc')]).toEqual(['int8 symmetric perChannel', 'int8 asymmetric perTensor']);
  });

  test('NVGPU has symmetric activations from -127 to 127 and leaves weights float', () => {
    const p = onDevice(chain(), 'NVGPU');
    expect(p.plan.weights).toEqual([]);
    expect([...p.plan.activations.values()].map((a) => a.kind === 'observed' && a.scheme)).toMatchObject([
      { dtype: 'int8', mapping: 'symmetric', qmin: -127, qmax: 127 },
      { dtype: 'int8', mapping: 'symmetric', qmin: -127, qmax: 127 },
    ]);
    expect(onDevice(matMul(), 'NVGPU').node('m').form).toBe('quantized');
    expect(onDevice(matMul(), 'NVGPU', { strict: true }).node('m').why).toMatch(/MatMulFusion/);
  });

  test('DSP quantizes whatever makes floats, of activations four', () => {
    const net = chain().node('LeakyRelu', { name: 'leaky' }).node('Tanh', { name: 'tanh' }).output();
    const p = onDevice(net, 'DSP');
    expect(['c1', 'p', 'c2', 'add', 'tanh'].map((n) => p.node(n).form)).toEqual(Array(5).fill('quantized'));
    expect(p.node('leaky').why).toBe(
      'target mindspore DSP quantizes the activations Relu, Relu6, Sigmoid, Tanh, not LeakyRelu',
    );
    expect(p.weight('add')).toBe('int8 asymmetric perTensor');
  });

  test('ASCEND wants 16 channels, and one user of a constant operand', () => {
    const p = onDevice(chain(), 'ASCEND');
    expect([p.node('c1').form, p.node('c2').why]).toEqual([
      'quantized',
      'it has 4 output channels, fewer than min_quant_weight_channel=16',
    ]);
    expect(onDevice(matMul(), 'ASCEND').node('m').form).toBe('quantized');
    const both = () =>
      model()
        .input('a', [2, 8])
        .input('b', [8, 4])
        .node('MatMul', { name: 'm', inputs: ['a', 'b'] })
        .output();
    expect(onDevice(both(), 'ASCEND').node('m').why).toMatch(/both operands are activations/);
    expect(onDevice(both(), 'CPU').conversions).toEqual(['m.0: int8', 'm.1: int8']);
    const shared = model()
      .input('a', [2, 8])
      .floats('w', [8, 8])
      .node('MatMul', { name: 'm', inputs: ['a', 'w'] });
    shared.node('MatMul', { name: 'n', inputs: ['m_out', 'w'] }).output();
    expect(onDevice(shared, 'ASCEND').node('m').why).toMatch(/its weight has 2 users/);
    const general = { ...GENERAL, ...DEVICES.ASCEND.codes, operands: 'weight', perChannel: false } as const;
    expect(onDevice(chain(), 'ASCEND', { general }).weight('c1')).toBe('int8 symmetric perTensor');
  });
});

function matMul() {
  return model().input('x', [2, 8]).matMul({ name: 'm', units: 4 }).output();
}

const golden = join(SHARED_DATA, '..', 'reference', 'mindspore-golden.json');

describe.skipIf(!existsSync(golden))(`weights of full quantization (${golden})`, () => {
  test('every golden weight of 4 and 8 bits has the reference scales, zero points and codes', () => {
    const { cases } = JSON.parse(readFileSync(golden, 'utf8')).weights as { cases: GoldenWeight[] };
    const ours = cases.filter((c) => c.bits === 4 || c.bits === 8);
    expect(ours).toHaveLength(8);
    for (const c of ours) {
      const mapping = c.symmetric ? 'symmetric' : 'asymmetric';
      const scheme = weightScheme(c.per_channel ? { kind: 'perChannel', axis: 0 } : PER_TENSOR, {
        bits: c.bits as 4 | 8,
        mapping,
      });
      const weight = tensor('float32', [4, 3, 3, 3], goldenWeight());
      const { quantized } = quantizeWeight(weight, scheme, { at, arithmetic: ARITHMETICS.mindspore });
      const codes = quantized.codes.data as Int8Array;
      expect({
        scales: [...quantized.params.scale],
        zps: [...quantized.params.zeroPoint],
        first: [...codes.slice(0, 8)],
        sum: codes.reduce((a, b) => a + b, 0),
      }).toEqual({
        scales: c.params.map((p) => p.scale),
        zps: c.params.map((p) => p.zp),
        first: c.q_first8,
        sum: c.q_sum,
      });
    }
  });
});

interface GoldenWeight {
  readonly bits: number;
  readonly per_channel: number;
  readonly symmetric: number;
  readonly params: readonly { readonly scale: number; readonly zp: number }[];
  readonly q_first8: readonly number[];
  readonly q_sum: number;
}

describe('biases', () => {
  const scheme = weightScheme({ kind: 'perChannel', axis: 0 });
  const pair = (scale: number) => ({ scale, zeroPoint: 0, degenerate: false });
  const weight = collectParams(scheme, [pair(0.5), pair(0.25)]);
  const parts = { inputScale: 0.5, weight, rule: 'exact', at } as const;
  const codes = (q: { quantized: { codes: { data: unknown } } }) => [...(q.quantized.codes.data as Int32Array)];

  test('are rounded half away from zero for MindSpore devices, half to even for ONNX Runtime', () => {
    const bias = Float32Array.of(0.625, -0.3125); // 2.5 and -2.5 steps
    expect(codes(quantizeBias({ ...parts, bias, arithmetic: 'mindspore' }))).toEqual([3, -3]);
    expect(codes(quantizeBias({ ...parts, bias, arithmetic: 'onnxruntime' }))).toEqual([2, -2]);
  });

  test('corrections go in before rounding; converter_lite rounds them by themselves', () => {
    const bias = Float32Array.of(0.1, 0); // 0.4 steps, and 0.4 steps to add
    const correction = Float64Array.of(0.1, 0);
    expect(codes(quantizeBias({ ...parts, bias, correction, arithmetic: 'mindspore' }))).toEqual([1, 0]);
    expect(codes(quantizeBias({ ...parts, bias, correction, arithmetic: 'mindspore', rule: 'converterLite' }))).toEqual(
      [0, 0],
    );
  });

  test('converter_lite drops a correction that would take the bias beyond 0.6 of int32, and we say so', () => {
    const bias = Float32Array.of(1.2e9 * 0.25, 1);
    const correction = Float64Array.of(0.1e9 * 0.25, 1);
    const made = quantizeBias({ ...parts, bias, correction, arithmetic: 'mindspore', rule: 'converterLite' });
    expect(codes(made)).toEqual([1.2e9, 16]);
    expect(made.diagnostics.map((d) => d.code)).toEqual(['QNT233']);
  });

  test('converter_lite raises the scale beside a bias that does not fit, and keeps the codes', () => {
    const original = tensor('float32', [2, 2], Float32Array.of(0.5, -1, 0.5, -1));
    const plain = quantizeWeight(original, scheme, { at, arithmetic: ARITHMETICS.mindspore });
    const bias = Float32Array.of(1e12, 1);
    const raised = raiseScalesOnly(plain, bias, 1e-3, at);
    expect(raised.quantized.codes).toBe(plain.quantized.codes);
    expect(raised.quantized.params.scale[0]).toBe(Math.fround(1e12 / (1e-3 * 0.5 * 2147483647)));
    expect(raised.quantized.params.scale[1]).toBe(plain.quantized.params.scale[1]);
    expect(raised.diagnostics.map((d) => d.code)).toEqual(['QNT232']);
    expect(raiseScalesOnly(plain, Float32Array.of(1, 1), 1e-3, at)).toBe(plain);
  });
});
