import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newArray } from '../../src/base/dtype.ts';
import type { QuantDType } from '../../src/base/quantParams.ts';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import type { Tensor } from '../../src/base/tensor.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { NodeDetails, RunView } from '../../src/protocol/views.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { model } from '../models/model.ts';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-imported-types-'));
const DIMS = [1, 4, 6, 6];

beforeAll(() => {
  mkdirSync(join(folder, 'x'));
  for (const seed of [1, 2]) {
    const random = seededRandom(seed);
    const x = Float32Array.from({ length: sizeOf(DIMS) }, () => 2 * random.next() - 1);
    writeFileSync(join(folder, 'x', `${seed}.bin`), x);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Pair {
  readonly dtype: QuantDType;
  readonly scale: readonly number[];
  readonly axis?: number;
}

function codes(dtype: QuantDType, dims: readonly number[], values: (i: number) => number): Tensor {
  const data = newArray(dtype, sizeOf(dims));
  for (let i = 0; i < data.length; i++) data[i] = values(i);
  return { dtype, dims, data } as Tensor; // as newArray made it
}

/** x → Q → DQ → Conv with coded weights → Q → DQ, at opset 21. */
function convModel(activation: Pair, weight: Pair) {
  const b = model({ opset: 21, irVersion: 10 }).input('x', DIMS);
  const parameters = (name: string, { dtype, scale }: Pair): void => {
    const dims = scale.length === 1 ? [] : [scale.length];
    b.floats(`${name}_scale`, dims, scale).constant(
      `${name}_zero`,
      codes(dtype, dims, () => 0),
    );
  };
  const axisOf = ({ axis }: Pair) => (axis === undefined ? {} : { attributes: { axis } });
  const through = (from: string, name: string): string => {
    parameters(name, activation);
    const given = [`${name}_scale`, `${name}_zero`];
    b.node('QuantizeLinear', { name: `${name}_q`, inputs: [from, ...given], ...axisOf(activation) });
    b.node('DequantizeLinear', { name: `${name}_dq`, inputs: [b.current, ...given], ...axisOf(activation) });
    return b.current;
  };
  const x = through('x', 'x');
  parameters('w', weight);
  b.constant(
    'w',
    codes(weight.dtype, [4, 4, 3, 3], (i) => (i % 13) - 6),
  );
  b.node('DequantizeLinear', { name: 'w_dq', inputs: ['w', 'w_scale', 'w_zero'], ...axisOf(weight) });
  b.node('Conv', { name: 'conv', inputs: [x, b.current], attributes: { pads: [1, 1, 1, 1] } });
  through(b.current, 'y');
  return b.output().build();
}

/** x → MatMul with weights of one scale per block of rows. */
function blockedModel() {
  const b = model({ opset: 21, irVersion: 10 }).input('x', DIMS);
  b.constant(
    'w',
    codes('int4', [6, 5], (i) => (i % 13) - 6),
  );
  b.floats('w_scale', [3, 5]);
  const attributes = { axis: 0, block_size: 2 };
  b.node('DequantizeLinear', { name: 'w_dq', inputs: ['w', 'w_scale'], attributes });
  b.node('MatMul', { name: 'product', inputs: ['x', b.current] });
  return b.output().build();
}

async function opened(name: string, built: ReturnType<typeof convModel>): Promise<Session> {
  writeFileSync(join(folder, `${name}.onnx`), await built.bytes());
  const parts = { kernels: createJsKernels(), files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined };
  const session = createSession(parts);
  await session.open(join(folder, `${name}.onnx`));
  return session;
}

function run(session: Session, mode: 'evaluate' | 'requantize'): Promise<RunView> {
  const lines = [
    '[common_quant_param]',
    'quant_type=FULL_QUANT',
    '[data_preprocess_param]',
    `calibrate_path=x:${join(folder, 'x')}`,
    'calibrate_size=2',
    'input_type=BIN',
    '[quantscope]',
    'bin_layout=NCHW',
    `imported_model=${mode}`,
  ];
  const reportFolder = join(folder, 'report');
  return session.quantize({ configText: lines.join('\n'), configPath: join(folder, 'a.cfg'), reportFolder });
}

async function detailsOf(session: Session, view: RunView, handle: string): Promise<NodeDetails> {
  return session.details(view.nodes.find((n) => n.handle === handle)?.nodeId ?? -1);
}

const W8: Pair = { dtype: 'int8', scale: [0.05] };
const PER_CHANNEL = [0.01, 0.012, 0.015, 0.02];

describe('a file of opset 21', () => {
  test.each<readonly [string, Pair, Pair]>([
    ['int16 activations', { dtype: 'int16', scale: [0.001] }, W8],
    ['uint16 weights and int16 activations', { dtype: 'int16', scale: [0.001] }, { dtype: 'uint16', scale: [0.05] }],
    ['int4 weights per channel', { dtype: 'int8', scale: [0.01] }, { dtype: 'int4', scale: PER_CHANNEL, axis: 0 }],
    ['a scale per channel of an activation', { dtype: 'int8', scale: PER_CHANNEL, axis: 1 }, W8],
  ])('with %s is shown, and x is no further than half a step from its code', async (name, activation, weight) => {
    const session = await opened(name, convModel(activation, weight));
    const view = await run(session, 'evaluate');
    const [x] = (await detailsOf(session, view, 'x_q')).tensors;
    expect(x?.quant?.dtype).toBe(activation.dtype);
    expect(x?.quant?.scale).toEqual(activation.scale.map(Math.fround));
    const halfStep = Math.max(...activation.scale) / 2;
    expect(x?.mse).toBeGreaterThan(0);
    expect(x?.mse).toBeLessThanOrEqual(halfStep ** 2 * (1 + 2 ** -20)); // float32 rounding of x / scale
    const [, w] = (await detailsOf(session, view, 'conv')).tensors;
    expect([w?.quant?.dtype, w?.quant?.axis, w?.cosine]).toEqual([weight.dtype, weight.axis ?? null, 1]);
    expect((await run(session, 'requantize')).outputs[0]?.cosine).toBeGreaterThan(0.999);
  });

  test('whose 16-bit codes do not reach says which share of an activation they clip', async () => {
    const session = await opened('clips', convModel({ dtype: 'int16', scale: [1e-5] }, W8));
    const view = await run(session, 'evaluate');
    const x = new Float32Array(new Uint8Array(readFileSync(join(folder, 'x', '1.bin'))).buffer);
    const outside = x.filter((v) => Math.abs(v) > 0.32768).length / x.length; // 32767 steps, and a half
    expect(outside).toBeGreaterThan(0.1);
    const [input] = (await detailsOf(session, view, 'x_q')).tensors;
    expect(input?.clipRate).toBeCloseTo(outside, 2);
    expect(input?.saturation).toBeGreaterThanOrEqual(input?.clipRate ?? 1);
    const lines = readFileSync(join(folder, 'report', 'round_0.csv'), 'utf8').split('\n');
    const clips = lines.filter((l) => /,x,Input,Dequant,/.test(l)).map((l) => Number(l.split(',').at(-3)));
    expect(clips).toEqual([Number((input?.clipRate ?? 0).toPrecision(6))]);
  });

  test('with one scale per block of a weight runs as a float model with the numbers of its codes', async () => {
    const session = await opened('blocked', blockedModel());
    const view = await run(session, 'evaluate');
    expect(view.outputs[0]?.cosine).toBeGreaterThan(0.999);
    expect(view.nodes.find((n) => n.handle === 'product')?.cosine).toBeGreaterThan(0.999);
  });

  test('with operators on codes says that its figures do not tell what they cost', async () => {
    const b = model().input('x', DIMS);
    b.constant(
      'w',
      codes('int8', [6, 5], (i) => (i % 13) - 6),
    ).node('DynamicQuantizeLinear', {
      inputs: ['x'],
      outputs: ['xq', 'xs', 'xz'],
    });
    b.node('MatMulInteger', { name: 'product', inputs: ['xq', 'w', 'xz'] }).node('Cast', { attributes: { to: 1 } });
    const view = await run(
      await opened(
        'dynamic',
        b
          .node('Mul', { inputs: [b.current, 'xs'] })
          .output()
          .build(),
      ),
      'evaluate',
    );
    expect(view.diagnostics.map((d) => d.code)).toContain('SES414');
  });
});
