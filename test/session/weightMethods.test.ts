import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { type ModelBuilder, model } from '../models/model.ts';
import { codesOf, configOf, folder, open, quantized, why } from './weights.ts';

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('mixed bits', () => {
  test('in mixed bits has the error it was asked for, and weights it cannot code so have 8 bits', async () => {
    const builder = () =>
      model({ seed: 14 })
        .input('x', [8, 100])
        .matMul({ name: 'large', units: 200 })
        .matMul({ name: 'small', units: 12 })
        .output();
    const { run } = await quantized(builder(), { common: ['bit_num=0'], mixed: ['init_scale=0.1'] });
    const [large, small] = run.sizes.weights;
    expect([large?.bits, large?.encoding]).toEqual([0, 'entropy']);
    expect(large?.effectiveBits).toBeLessThan(5);
    // The product of independent errors: the output's relative error is that of the weight.
    expect(Math.abs((run.nodes.find((n) => n.handle === 'large')?.localSqnrDb ?? 0) - 20)).toBeLessThan(2);
    expect(small?.bits).toBe(0);
    const tiny = await quantized(model({ seed: 15 }).input('x', [8, 8]).matMul({ units: 8 }).output(), {
      common: ['bit_num=0'],
    });
    expect(tiny.run.sizes.weights.map((w) => w.bits)).toEqual([8]);
    expect(codesOf(tiny.run)).toContain('QNT304');
  });
});

describe('quant_strategy=GPTQ', () => {
  const samples = join(folder, 'samples');
  const data = ['[data_preprocess_param]', `calibrate_path=x:${samples}`, 'calibrate_size=20', 'input_type=BIN'];
  const products = () =>
    model({ seed: 17 })
      .input('x', [6, 24])
      .matMul({ name: 'first', units: 32 })
      .relu()
      .floats('w', [20, 32])
      .node('Gemm', { name: 'second', inputs: ['relu1_out', 'w'], outputs: ['y'], attributes: { transB: 1 } })
      .output('y');

  beforeAll(() => {
    mkdirSync(samples);
    const random = seededRandom(18);
    for (let i = 0; i < 20; i++) {
      const sources = Array.from({ length: 18 }, () => random.normal());
      const x = Float32Array.from(
        { length: 144 },
        (_, at) => (sources[3 * Math.floor(at / 24) + (at % 3)] as number) * (1 + (at % 7)) + 0.1 * random.normal(),
      );
      writeFileSync(join(samples, `${String(i).padStart(2, '0')}.bin`), new Uint8Array(x.buffer));
    }
  });

  const runWith = async (builder: ModelBuilder, strategy: string, ours: readonly string[] = []) => {
    const session = await open(builder);
    const text = configOf({
      common: ['bit_num=3'],
      weight: [`quant_strategy=${strategy}`, 'bias_correction=false'],
      ours,
    });
    const run = await session.quantize({
      configText: `${text}\n${data.join('\n')}`,
      configPath: join(folder, 'g.cfg'),
    });
    return { run, session };
  };

  test('brings the outputs nearer to float than rounding does, with the same parameters', async () => {
    const rounded = await runWith(products(), 'MAX_MIN');
    const learnt = await runWith(products(), 'GPTQ');
    expect(learnt.run.outputs[0]?.sqnrDb).toBeGreaterThan((rounded.run.outputs[0]?.sqnrDb ?? 0) + 3);
    expect(learnt.run.sizes.weights.map((w) => w.parameterBytes)).toEqual(
      rounded.run.sizes.weights.map((w) => w.parameterBytes),
    );
    expect(learnt.run.diagnostics.find((d) => d.code === 'QNT313')?.message).toMatch(/^GPTQ: 2 weights/);
  });

  test('rounds convolutions; strict_reference leaves them float', async () => {
    const mixed = () =>
      model({ seed: 19 })
        .input('x', [6, 24])
        .ints('dims', [4], [6, 1, 4, 6])
        .node('Reshape', { name: 'image', inputs: ['x', 'dims'], outputs: ['i'] })
        .floats('k', [20, 1, 3, 3])
        .node('Conv', { name: 'conv', inputs: ['i', 'k'], outputs: ['c'] })
        .node('Flatten', { name: 'flat', inputs: ['c'], outputs: ['f'] })
        .floats('w', [160, 30])
        .node('MatMul', { name: 'product', inputs: ['f', 'w'], outputs: ['y'] })
        .output('y');
    const { run } = await runWith(mixed(), 'GPTQ');
    expect(run.sizes.weights.map((w) => w.name)).toEqual(['k', 'w']);
    expect(run.diagnostics.find((d) => d.code === 'QNT313')?.message).toContain('1 others are rounded');
    const strict = await runWith(mixed(), 'GPTQ', ['strict_reference=true']);
    expect(strict.run.sizes.weights.map((w) => w.name)).toEqual(['w']);
    expect(why(strict.run, 'conv')).toContain('matrix products alone');
  });

  test('needs calibration samples and a fixed number of bits, and says so', async () => {
    const weight = ['quant_strategy=GPTQ'];
    await expect(quantized(products(), { weight })).rejects.toThrow(/calibrate_path.*GPTQ/);
    const session = await open(products());
    const text = configOf({ common: ['bit_num=0'], weight });
    const request = { configText: `${text}\n${data.join('\n')}`, configPath: join(folder, 'g.cfg') };
    await expect(session.quantize(request)).rejects.toThrow(/GPTQ needs a fixed number of bits/);
  });
});
