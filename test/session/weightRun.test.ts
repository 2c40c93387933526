import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { NEVER } from '../../src/base/abort.ts';
import { roundInPlace } from '../../src/base/half.ts';
import { tensor } from '../../src/base/tensor.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { model } from '../models/model.ts';
import { codesOf, configOf, folder, formsOf, network, newSession, quantized, why } from './weights.ts';

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function roundedToHalf(data: Float32Array): Float32Array<ArrayBuffer> {
  const copy = Float32Array.from(data);
  roundInPlace('float16', copy);
  return copy;
}

describe('which weights', () => {
  test('have more output channels than min_quant_weight_channel, and more elements than min_quant_weight_size', async () => {
    const { run } = await quantized(network(), { common: ['min_quant_weight_channel=16'] });
    expect(run.nodes.map((n) => [n.handle, n.quantized])).toContainEqual(['a', true]);
    expect(why(run, 'b')).toContain('16 output channels, not more than min_quant_weight_channel = 16');
    const small = await quantized(network(), { common: [`min_quant_weight_size=${17 * 27}`] });
    expect(why(small.run, 'a')).toContain('459 elements, not more than min_quant_weight_size = 459');
    expect(small.run.nodes.find((n) => n.handle === 'b')?.quantized).toBe(true);
  });

  test('each operator has its axis', async () => {
    const builder = model({ seed: 5 })
      .input('x', [20, 12])
      .floats('gemm_a', [12, 40])
      .node('Gemm', { name: 'gemm', inputs: ['x', 'gemm_a'], outputs: ['g'] })
      .floats('gemm_t', [24, 40])
      .node('Gemm', { name: 'gemmT', inputs: ['g', 'gemm_t'], outputs: ['h'], attributes: { transB: 1 } })
      .floats('left', [32, 20])
      .node('MatMul', { name: 'left', inputs: ['left', 'h'], outputs: ['l'] })
      .floats('right', [24, 16])
      .node('MatMul', { name: 'right', inputs: ['l', 'right'], outputs: ['r'] })
      .input('i', [3], 'int64')
      .floats('table', [20, 30])
      .node('Gather', { name: 'rows', inputs: ['table', 'i'], outputs: ['t'] })
      .floats('table1', [30, 20])
      .node('Gather', { name: 'columns', inputs: ['table1', 'i'], outputs: ['u'], attributes: { axis: -1 } })
      .output('r', 't', 'u');
    const { session, run } = await quantized(builder);
    const axes = new Map<string, number | null>();
    for (const node of run.nodes) {
      const { tensors } = await session.details(node.nodeId);
      for (const t of tensors) if (t.quant !== null) axes.set(t.name, t.quant.axis);
    }
    expect([...axes]).toEqual([
      ['gemm_a', 1],
      ['gemm_t', 0],
      ['left', 0],
      ['right', 1],
      ['table', 0],
      ['table1', 1],
    ]);
  });

  test('a transposed convolution has its output channels, a depthwise one its only ones', async () => {
    const builder = model({ seed: 6 })
      .input('x', [1, 20, 5, 5])
      .floats('w', [20, 18, 3, 3])
      .node('ConvTranspose', { name: 'up', inputs: ['x', 'w'], outputs: ['y'] })
      .floats('d', [18, 1, 3, 3])
      .node('ConvTranspose', { name: 'depthwise', inputs: ['y', 'd'], outputs: ['z'], attributes: { group: 18 } })
      .output('z');
    const { session, run } = await quantized(builder);
    const axis = async (handle: string) => {
      const node = run.nodes.find((n) => n.handle === handle);
      return (await session.details(node?.nodeId ?? -1)).tensors.find((t) => t.quant !== null)?.quant?.axis;
    };
    expect([await axis('up'), await axis('depthwise')]).toEqual([1, 0]);
  });

  test('a convolution over three dimensions is quantized; strict_reference leaves it float', async () => {
    const builder = () =>
      model({ seed: 20 })
        .input('x', [1, 3, 4, 4, 4])
        .floats('w', [18, 3, 2, 2, 2])
        .node('Conv', { name: 'volume', inputs: ['x', 'w'], outputs: ['y'] })
        .output('y');
    const { run } = await quantized(builder());
    expect(formsOf(run)).toEqual([['w', 8, 'plain']]);
    const strict = await quantized(builder(), { ours: ['strict_reference=true'] });
    expect(why(strict.run, 'volume')).toContain('three dimensions');
  });

  test('weights of recurrent operators are coded by rows of gates; their biases stay float', async () => {
    const builder = (type: string, gates: number) =>
      model({ seed: 7 })
        .input('x', [4, 1, 12])
        .floats('w', [1, gates * 10, 12])
        .floats('r', [1, gates * 10, 10])
        .floats('b', [1, 2 * gates * 10])
        .node(type, { name: 'rnn', inputs: ['x', 'w', 'r', 'b'], outputs: ['y'], attributes: { hidden_size: 10 } })
        .output('y');
    for (const [type, gates] of [
      ['LSTM', 4],
      ['GRU', 3],
      ['RNN', 1],
    ] as const) {
      const { run, session } = await quantized(builder(type, gates));
      const { tensors } = await session.details(run.nodes[0]?.nodeId ?? -1);
      const axes = tensors.flatMap((t) => (t.quant === null ? [] : [[t.name, t.quant.axis]]));
      expect(axes).toEqual([
        ['w', 1],
        ['r', 1],
      ]);
      expect(run.nodes[0]?.cosine).toBeGreaterThan(0.999);
      expect(codesOf(run)).toContain('QNT315');
    }
    const strict = await quantized(builder('LSTM', 4), { ours: ['strict_reference=true'] });
    expect(strict.run.sizes.weights.map((w) => w.name).sort()).toEqual(['b', 'r', 'w']);
    expect(strict.run.sizes.weights.map((w) => w.parameterBytes)).toEqual([13, 13, 13]); // one set each
    const gru = await quantized(builder('GRU', 3), { ours: ['strict_reference=true'] });
    expect(gru.run.sizes.weights).toEqual([]);
    expect(why(gru.run, 'rnn')).toBe('WEIGHT_QUANT does not quantize GRU');
  });
});

describe('widths', () => {
  const builder = () => model({ seed: 8 }).input('x', [4, 64]).matMul({ units: 32 }).output();

  test('of 1 to 16 bits all run, each nearer to float than the one before, and take that many bits', async () => {
    const sqnr: number[] = [];
    for (let bits = 1; bits <= 16; bits++) {
      const { run } = await quantized(builder(), { common: [`bit_num=${bits}`] });
      const [weight] = run.sizes.weights;
      expect([weight?.bits, weight?.elements]).toEqual([bits, 2048]);
      if (bits >= 4) expect([weight?.encoding, weight?.codeBytes]).toEqual(['plain', (2048 * bits) / 8]);
      else expect(weight?.codeBytes).toBeLessThanOrEqual((2048 * bits) / 8);
      expect(weight?.parameterBytes).toBe(32 * (4 + (bits <= 8 ? 1 : 2) + 8));
      expect(run.sizes.quantized).toBe((weight?.codeBytes ?? 0) + (weight?.parameterBytes ?? 0));
      expect(run.sizes.effectiveBits).toBeCloseTo((8 * run.sizes.quantized) / 2048, 12);
      expect(run.sizes.quantizedGzip).toBeGreaterThan(0);
      sqnr.push(run.outputs[0]?.sqnrDb ?? 0);
    }
    for (let i = 1; i < sqnr.length; i++) expect(sqnr[i]).toBeGreaterThan(sqnr[i - 1] as number);
    expect(sqnr[15]).toBeGreaterThan(80);
  });

  test('enable_encode=false stores 8 and 16 bits as they are, where packing would be smaller', async () => {
    const few = () =>
      model()
        .input('x', [4, 64])
        .floats(
          'w',
          [64, 32],
          Array.from({ length: 2048 }, (_, i) => (i % 3) - 1),
        )
        .node('MatMul', { name: 'm', inputs: ['x', 'w'], outputs: ['y'] })
        .output('y');
    const packed = await quantized(few());
    expect(formsOf(packed.run)).toEqual([['w', 8, 'index']]);
    expect(packed.run.sizes.weights[0]?.codeBytes).toBe((8 + 8 * 3 + 2 * 2048) / 8);
    const plain = await quantized(few(), { common: ['enable_encode=false'] });
    expect(formsOf(plain.run)).toEqual([['w', 8, 'plain']]);
    expect(plain.run.outputs).toEqual(packed.run.outputs);
  });

  test('ON_THE_FLY entropy-codes below 8 bits, in segments where weights are large, and computes the same', async () => {
    const large = () => model({ seed: 9 }).input('x', [1, 128]).matMul({ units: 100 }).output();
    const common = ['bit_num=6'];
    const loaded = await quantized(large(), { common });
    const coded = await quantized(large(), { common, weight: ['dequant_strategy=ON_THE_FLY'] });
    expect(formsOf(loaded.run)[0]?.[2]).toBe('plain');
    expect(formsOf(coded.run)[0]?.[2]).toBe('entropy');
    expect(coded.run.outputs).toEqual(loaded.run.outputs);
    expect(codesOf(coded.run)).toContain('QNT307');
    const [one] = coded.run.sizes.weights;
    const segments = ['dequant_strategy=ON_THE_FLY', 'max_segments=4'];
    const [four] = (await quantized(large(), { common, weight: segments })).run.sizes.weights;
    const end = (Math.ceil((one?.codeBytes ?? 0) / 4) * 4) as number;
    expect(four?.codeBytes).toBe(end + 4 + 4 * 8);
    const wide = await quantized(large(), { weight: segments });
    expect(formsOf(wide.run)[0]?.[2]).toBe('plain');
  });

  test('node_overrides give a node 4, 8 or 16 bits, or leave it float', async () => {
    const ours = ['node_overrides=a:int4,b:float32'];
    const { run } = await quantized(network(), { ours });
    expect(run.sizes.weights.map((w) => w.bits)).toEqual([4]);
    expect(run.nodes.find((n) => n.handle === 'b')).toMatchObject({ quantized: false, canSkip: true });
    const wide = await quantized(network(), { ours: ['node_overrides=a:int16+per_layer'] });
    expect(wide.run.sizes.weights.map((w) => [w.bits, w.parameterBytes])).toEqual([
      [16, 4 + 2 + 8],
      [8, 16 * 13],
    ]);
    expect(codesOf(wide.run)).not.toContain('QNT231');
    const idle = await quantized(network(), { ours: ['node_overrides=a:float16,b:symmetric+KL'] });
    expect(idle.run.diagnostics.filter((d) => d.code === 'QNT231').map((d) => d.message)).toEqual([
      expect.stringContaining('float16'),
      expect.stringContaining('symmetric, KL'),
    ]);
  });
});

describe('where the reference errs', () => {
  const depthwise = () =>
    model({ seed: 10 }).input('x', [1, 20, 6, 6]).conv({ name: 'dw', channels: 20, group: 20 }).output();

  test('depthwise kernels are quantized and named; strict_reference leaves them float and says so', async () => {
    const { run } = await quantized(depthwise());
    expect(run.nodes.find((n) => n.handle === 'dw')?.quantized).toBe(true);
    expect(run.diagnostics.find((d) => d.code === 'QNT301')?.message).toMatch(/^1 weights .*are quantized/);
    const strict = await quantized(depthwise(), { ours: ['strict_reference=true'] });
    expect(strict.run.nodes.find((n) => n.handle === 'dw')?.quantized).toBe(false);
    expect(strict.run.diagnostics.find((d) => d.code === 'QNT301')?.severity).toBe('warning');
    // Without correction the reference does not ask whether it gains.
    const plain = await quantized(depthwise(), { ours: ['strict_reference=true'], weight: ['bias_correction=false'] });
    expect(plain.run.nodes.find((n) => n.handle === 'dw')?.quantized).toBe(true);
  });

  test('channels so short that parameters outweigh the codes stay float', async () => {
    const thin = model({ seed: 11 }).input('x', [2, 4]).matMul({ units: 50 }).output();
    const { run } = await quantized(thin);
    expect(run.sizes.weights).toEqual([]);
    expect(codesOf(run)).toContain('QNT302');
  });

  test('figures of a corrected weight are those of what its codes stand for', async () => {
    const figures = async (correction: string) => {
      const { session, run } = await quantized(network(), {
        common: ['bit_num=3'],
        weight: [`bias_correction=${correction}`],
      });
      const node = run.nodes.find((n) => n.handle === 'a');
      return (await session.details(node?.nodeId ?? -1)).tensors.find((t) => t.quant !== null);
    };
    const [corrected, plain] = [await figures('true'), await figures('false')];
    const shift = (t: typeof plain) => Math.abs((t?.dequant?.mean ?? 1) - (t?.origin?.mean ?? 0));
    // Every channel's mean is restored; each element is rounded to float32 once.
    expect(shift(corrected)).toBeLessThan(
      2 ** -24 * Math.max(Math.abs(plain?.origin?.min ?? 0), plain?.origin?.max ?? 0),
    );
    expect(shift(plain)).toBeGreaterThan(100 * shift(corrected));
  });

  test('the correction of one set of parameters is applied; strict_reference stores it unused', async () => {
    const builder = () =>
      model({ seed: 12 })
        .input('x', [1, 40])
        .floats(
          'w',
          [40, 30],
          Array.from({ length: 1200 }, (_, i) => 1 + (i % 7) / 100),
        )
        .node('MatMul', { name: 'm', inputs: ['x', 'w'], outputs: ['y'] })
        .output('y');
    const config = { common: ['bit_num=4'], weight: ['per_channel=false'] };
    const ours = await quantized(builder(), config);
    const strict = await quantized(builder(), { ...config, ours: ['strict_reference=true'] });
    expect(ours.run.outputs[0]?.sqnrDb).toBeGreaterThan((strict.run.outputs[0]?.sqnrDb ?? 0) + 3);
    expect(ours.run.sizes.weights[0]?.parameterBytes).toBe(strict.run.sizes.weights[0]?.parameterBytes);
    const told = (run: RunView) => run.diagnostics.find((d) => d.code === 'QNT303')?.severity;
    expect([told(ours.run), told(strict.run)]).toEqual(['note', 'warning']);
  });

  const shared = () =>
    model({ seed: 13 })
      .input('x', [2, 32])
      .floats('w', [32, 32])
      .node('MatMul', { name: 'first', inputs: ['x', 'w'], outputs: ['y'] })
      .node('MatMul', { name: 'second', inputs: ['y', 'w'], outputs: ['z'] })
      .output('z');

  test('a shared weight is stored once; skipping one of its nodes keeps it float there, and both forms are stored', async () => {
    const { run } = await quantized(shared());
    expect(run.sizes.weights).toHaveLength(1);
    expect(run.sizes.weights[0]?.parameterBytes).toBe(32 * 13);
    const skipped = await quantized(shared(), { common: ['skip_quant_node=first'] });
    expect(skipped.run.nodes.map((n) => [n.handle, n.form])).toEqual([
      ['first', 'skipped'],
      ['second', 'float'],
    ]);
    expect(skipped.run.nodes[0]?.cosine).toBe(1);
    expect(skipped.run.nodes[1]?.cosine).toBeLessThan(1);
    expect(skipped.run.sizes.quantized).toBe(run.sizes.quantized + 4 * 1024);
    expect(codesOf(skipped.run)).toContain('QNT306');
  });

  test('strict_reference gives shared products one set of parameters, and skipping one of them changes nothing', async () => {
    const ours = ['strict_reference=true'];
    const { run } = await quantized(shared(), { ours });
    expect(run.sizes.weights[0]?.parameterBytes).toBe(13);
    expect(codesOf(run)).toContain('QNT305');
    const skipped = await quantized(shared(), { ours, common: ['skip_quant_node=first'] });
    expect(skipped.run.outputs).toEqual(run.outputs);
    expect(skipped.run.sizes.quantized).toBe(run.sizes.quantized);
    expect(codesOf(skipped.run)).toContain('QNT314');
    expect(codesOf(run)).not.toContain('QNT314');
  });
});

describe('a run', () => {
  test('without samples is measured on pseudo-random data, and says so', async () => {
    const { run } = await quantized(network());
    expect([run.evaluatedOn, run.samples]).toEqual(['pseudo-random data', 1]);
    expect(codesOf(run)).toContain('SES415');
  });

  test('shows at a node how its weight is stored', async () => {
    const { run, session } = await quantized(network(), { ours: ['node_overrides=a:int4'] });
    const { tensors } = await session.details(run.nodes.find((n) => n.handle === 'a')?.nodeId ?? -1);
    expect(tensors.map((t) => t.stored?.bits ?? null)).toEqual([null, 4, null, null]);
    expect(tensors[1]?.stored).toEqual(run.sizes.weights.find((w) => w.bits === 4));
  });

  test('shows what every node loses alone', async () => {
    const { run } = await quantized(network());
    const alone = new Map(run.nodes.map((n) => [n.handle, n.localSqnrDb]));
    expect(alone.get('b')).toBeGreaterThan(30);
    expect([...alone.values()].filter((db) => db !== null)).toHaveLength(2); // a stands with its ReLU
  });

  test('has the sensitivity of every node to its own weights', async () => {
    const { session } = await quantized(network(), { common: ['bit_num=3'] });
    const request = { mode: 'layerwise', part: 'both', judge: { id: 'cosine' }, samples: 1, verify: null } as const;
    const { entries } = await session.sweeps.run(request, [], () => undefined, NEVER);
    expect(entries.map((e) => e.handle).sort()).toEqual(['a', 'b']);
    for (const { handle, loss } of entries) expect(loss, handle).toBeGreaterThan(0);
  });

  test('a toggle runs only what lies downstream, and gives what a full run gives', async () => {
    const { session } = await quantized(network());
    const path = join(folder, 'w.cfg');
    const trial = await session.trial({ configText: configOf({ common: ['skip_quant_node=b'] }), configPath: path });
    expect(trial.effort).toMatchObject({ executed: 1, total: 3 });
    const full = await quantized(network(), { common: ['skip_quant_node=b'] });
    expect(trial.run.outputs).toEqual(full.run.outputs);
    expect(trial.run.sizes.quantized).toBe(full.run.sizes.quantized);
    const back = await session.trial({ configText: configOf({}), configPath: path });
    expect(back.effort).toMatchObject({ executed: 0, total: 3 });
    expect(back.run.outputs[0]?.cosine).toBeLessThan(1);
  });

  test('of a float16 model has figures, and weights that are float16 again', async () => {
    const half = roundedToHalf(Float32Array.from({ length: 640 }, (_, i) => Math.sin(i * i)));
    const builder = model()
      .input('x', [2, 20], 'float16')
      .constant('w', tensor('float16', [20, 32], half))
      .node('MatMul', { name: 'm', inputs: ['x', 'w'], outputs: ['y'] })
      .output('y');
    const { run, session } = await quantized(builder, { mixed: ['auto_tune=true'], common: ['bit_num=0'] });
    expect(run.outputs[0]?.cosine).toBeGreaterThan(0.995);
    expect(run.outputs[0]?.cosine).toBeLessThan(1);
    expect(run.sizes.weights[0]).toMatchObject({ floatBytes: 2 * 640, elements: 640 });
    const path = join(folder, 'half.onnx');
    await session.exportModel(path);
    const again = newSession();
    const view = await again.open(path);
    expect(view.values.find((v) => v.name === 'w')?.dtype).toBe('float16');
  });

  test('with everything skipped is the float model', async () => {
    const { run } = await quantized(network(), { common: ['skip_quant_node=a,b'] });
    expect(run.outputs[0]).toMatchObject({ cosine: 1, sqnrDb: Number.POSITIVE_INFINITY });
    expect(run.sizes).toMatchObject({ weights: [], effectiveBits: null });
    expect(run.sizes.quantized).toBe(run.sizes.float);
  });

  test('on a weight that is not finite names it', async () => {
    const broken = model()
      .input('x', [1, 20])
      .floats(
        'w',
        [20, 30],
        Array.from({ length: 600 }, (_, i) => (i === 7 ? Number.NaN : i)),
      )
      .node('MatMul', { name: 'm', inputs: ['x', 'w'], outputs: ['y'] })
      .output('y');
    await expect(quantized(broken)).rejects.toThrow(/QNT201 .*node m .*tensor w.*1 NaN/);
  });
});

describe('a model that is quantized already', () => {
  async function exported(): Promise<string> {
    const { session } = await quantized(network());
    const path = join(folder, 'quantized.onnx');
    await session.exportModel(path);
    return path;
  }

  async function runOn(path: string, ours: readonly string[]): Promise<RunView> {
    const session = newSession();
    await session.open(path);
    return session.quantize({
      configText: configOf({ common: ['bit_num=4'], ours }),
      configPath: join(folder, 'w.cfg'),
    });
  }

  test('keeps what its file says, and the run names the method that is not applied', async () => {
    const run = await runOn(await exported(), []);
    expect(run.diagnostics.find((d) => d.code === 'SES423')?.message).toContain('WEIGHT_QUANT is not applied');
    expect(run.sizes.weights).toEqual([]);
  });

  test('is quantized anew where the config says so', async () => {
    const run = await runOn(await exported(), ['imported_model=requantize']);
    expect(codesOf(run)).not.toContain('SES423');
    expect(run.sizes.weights.map((w) => w.bits)).toEqual([4, 4]);
  });
});
