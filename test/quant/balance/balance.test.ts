import { describe, expect, test } from 'vitest';
import type { Graph, ValueId } from '../../../src/graph/model.ts';
import { balanceChannels } from '../../../src/quant/balance/balance.ts';
import { type BuiltModel, type ModelBuilder, model } from '../../models/model.ts';
import { magnitudes, normal, peaksOf, prepared, run, UNIT } from './balanced.ts';

const DIMS = [1, 3, 6, 6];
const CHANNELS = 4;
/** Output channels of the first convolution are this far apart. */
const SIZES = [16, 1, 0.25, 0.02];

describe('balancing the channels of activations', () => {
  test('gives channels behind a convolution and its ReLU like ranges, and the next weights take the factors up', async () => {
    const { before, after, values, inserted } = await balanced((m) => m.relu('mid').conv({ channels: 5 }), false);
    expect([values, inserted]).toEqual([2, 0]);
    const [was] = await run(before, X, ['mid_out']);
    const [is] = await run(after, X, ['mid_out']);
    expect(spread(is)).toBeLessThan(spread(was) / 20);
  });

  test.each<[string, (m: ModelBuilder) => ModelBuilder]>([
    ['ReLU and pooling', (m) => m.relu().maxPool(2).conv({ channels: 5 })],
    ['a depthwise convolution', (m) => m.conv({ channels: CHANNELS, group: CHANNELS }).relu().conv({ channels: 3 })],
    ['a sum of two branches', (m) => twoBranches(m).add('left_out').conv({ channels: 3 })],
    ['Concat along the channels', (m) => concat(twoBranches(m)).conv({ channels: 3 })],
    ['a constant addend', (m) => m.floats('k', [], [0.5]).add('k').conv({ channels: 3 })],
    ['a gate per channel', (m) => gate(m).conv({ channels: 3 })],
    ['a transposed convolution', (m) => transposed(m.relu()).conv({ channels: 3 })],
  ])('keeps what the model computes, through %s', async (_, rest) => {
    const { before, after, values } = await balanced(rest, false);
    expect(values).toBeGreaterThan(0);
    await expectEqualWithinRounding(before, after);
  });

  test('puts a Mul before the Sigmoid of SiLU, so that the product is balanced', async () => {
    const silu = (m: ModelBuilder) =>
      m
        .node('Sigmoid', { outputs: ['s'] })
        .node('Mul', { inputs: ['first_out', 's'], outputs: ['mid'] })
        .follow([1, CHANNELS, 6, 6])
        .conv({ channels: 3 });
    const free = await balanced(silu, false);
    expect([free.values, free.inserted]).toEqual([0, 0]);
    expect(free.after.nodes.length).toBe(free.before.nodes.length);
    const { before, after, inserted } = await balanced(silu, true);
    expect(inserted).toBe(1);
    const [mid] = await run(before, X, ['mid']);
    const [midAfter] = await run(after, X, ['mid']);
    expect(spread(midAfter)).toBeLessThan(spread(mid) / 5);
    await expectEqualWithinRounding(before, after);
  });

  test.each<[string, (m: ModelBuilder) => ModelBuilder]>([
    ['an output', (m) => m.relu()],
    ['a Softmax', (m) => m.softmax(1).conv({ channels: 3 })],
    [
      'a Transpose',
      (m) =>
        m
          .node('Transpose', { attributes: { perm: [0, 1, 3, 2] } })
          .follow([1, 4, 6, 6])
          .conv({ channels: 3 }),
    ],
  ])('leaves alone what %s reads', async (_, rest) => {
    const { before, after, values } = await balanced(rest, true);
    expect(values).toBe(0);
    expect(after.nodes).toEqual(before.nodes);
  });

  test('levels out as much of the difference between channels as the exponent says', async () => {
    const built = start().relu('mid').conv({ channels: 5 }).build();
    const before = await run((await prepared(built)).graph, X, ['mid_out']);
    const [some, most] = [await balance(built, false, 0.5), await balance(built, false, 0.9)];
    const spreads = [before, await run(some.after, X, ['mid_out']), await run(most.after, X, ['mid_out'])];
    const [was = 0, half = 0, tenth = 0] = spreads.map(([x]) => Math.log(spread(x)));
    expect(half).toBeLessThan(was);
    expect(tenth).toBeLessThan(half);
  });

  test('takes idle channels for a hundredth of the largest one', async () => {
    const start = model({ seed: 3 }).input('x', DIMS);
    const weight = Array.from({ length: 6 }, (_, i) => (i < 3 ? 1 : 0));
    const built = start
      .conv({ name: 'first', channels: 2, kernel: 1, weight, bias: [0, 0] })
      .conv({ channels: 2 })
      .build();
    const { after } = await balance(built, false);
    const [first] = await run(after, X, ['first_out']);
    expect(first?.every(Number.isFinite)).toBe(true);
    expect(peaksOf(first ?? new Float32Array(), 2)[1]).toBe(0);
  });
});

const X = normal(DIMS, 5);
/** Products, sums, factors and divisions of both graphs: no test has layers with more than this in all. */
const ROUNDINGS = 2 * 4 * (2 * 9 * 8 + 4);

function start(): ModelBuilder {
  const weight = [...normal([CHANNELS * 3], 9).data].map((w, i) => w * (SIZES[Math.floor(i / 3)] ?? 1));
  return model({ seed: 11 }).input('x', DIMS).conv({ name: 'first', channels: CHANNELS, kernel: 1, weight });
}

function twoBranches(m: ModelBuilder): ModelBuilder {
  return m.relu('left').at('x').conv({ name: 'right', channels: CHANNELS });
}

function concat(m: ModelBuilder): ModelBuilder {
  return m.node('Concat', { inputs: ['left_out', m.current], attributes: { axis: 1 } }).follow([1, 8, 6, 6]);
}

function gate(m: ModelBuilder): ModelBuilder {
  return m
    .relu('body')
    .globalAveragePool()
    .conv({ channels: CHANNELS, kernel: 1 })
    .node('Sigmoid', { outputs: ['g'] })
    .node('Mul', { inputs: ['body_out', 'g'] })
    .follow([1, CHANNELS, 6, 6]);
}

function transposed(m: ModelBuilder): ModelBuilder {
  return m
    .floats('tw', [CHANNELS, 6, 2, 2])
    .node('ConvTranspose', { inputs: [m.current, 'tw'], attributes: { strides: [2, 2] } })
    .follow([1, 6, 12, 12]);
}

async function balanced(rest: (m: ModelBuilder) => ModelBuilder, inserts: boolean) {
  return balance(rest(start()).build(), inserts);
}

async function balance(built: BuiltModel, inserts: boolean, exponent = 0.8) {
  const ready = await prepared(built);
  const shown = [...ready.graph.values.values()].filter(({ id, constant }) => {
    const made = ready.graph.nodes.some((n) => n.outputs.includes(id));
    return made && constant === undefined && ready.facts.get(id)?.dims?.length === 4;
  });
  const values = await run(
    ready.graph,
    X,
    shown.map((v) => v.name),
  );
  const peaks = new Map<ValueId, Float64Array>();
  shown.forEach(({ id }, i) => {
    const channels = Number(ready.facts.get(id)?.dims?.[1]);
    peaks.set(id, peaksOf(values[i] as Float32Array, channels));
  });
  const result = await balanceChannels(ready, { shares: peaks, inserts, exponent });
  return { before: ready.graph, after: result.graph, values: result.values, inserted: result.inserted };
}

/** How far apart the largest magnitudes of the channels are. */
function spread(x: Float32Array | undefined): number {
  const peaks = peaksOf(x ?? new Float32Array(), CHANNELS);
  return Math.max(...peaks) / Math.min(...peaks);
}

/** Sigmoid and gates are at most 1, so the model with magnitudes bounds every sum of magnitudes. */
async function expectEqualWithinRounding(before: Graph, after: Graph): Promise<void> {
  const [was] = await run(before, X);
  const [is] = await run(after, X);
  const [bound] = await run(await magnitudes(before), { ...X, data: X.data.map(Math.abs) });
  was?.forEach((v, i) => {
    const allowed = ROUNDINGS * UNIT * (bound?.[i] as number);
    expect(Math.abs(v - (is?.[i] ?? Number.NaN))).toBeLessThanOrEqual(allowed);
  });
}
