import { describe, expect, test } from 'vitest';
import { Cancelled } from '../../src/base/abort.ts';
import type { Samples } from '../../src/base/samples.ts';
import { tensor } from '../../src/base/tensor.ts';
import { compile } from '../../src/exec/compile.ts';
import type { Program } from '../../src/exec/program.ts';
import type { ValueId } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { type CalibrateOptions, calibrate } from '../../src/quant/calibrate.ts';
import { CALIBRATION_METHODS, type CalibrationMethod } from '../../src/quant/methods.ts';
import { activationScheme } from '../../src/quant/scheme.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { model } from '../models/model.ts';
import { numbersOf } from '../suites/numbers.ts';

const kernels = createJsKernels();
/** Of each sample: enough for every method to choose. */
const ELEMENTS = 12_000;

/** x -> Relu -> Mul by 2. */
async function program(on = kernels): Promise<{ program: Program; idOf: (name: string) => ValueId }> {
  const net = model().input('x', [1, ELEMENTS]).relu().floats('two', [], [2]).elementwise('Mul', ['two']).output();
  const { graph, opsets } = net.build().model;
  const inputDims = new Map(graph.inputs.map((id) => [id, [1, ELEMENTS]]));
  const built = await compile(graph, { kernels: on, opsets, file: 'net', inputDims, requantizer: 'fp32', apart: true });
  const idOf = (opType: string): ValueId => {
    const node = graph.nodes.find((n) => n.opType === opType);
    return (node === undefined ? graph.inputs[0] : node.outputs[0]) as ValueId;
  };
  return { program: built, idOf };
}

/** Samples of normal numbers, and how often each was read. */
function samplesOf(tensors: readonly Float32Array[]): Samples & { readonly reads: number[] } {
  const reads = tensors.map(() => 0);
  return {
    count: tensors.length,
    nameOf: (i) => `sample ${i}`,
    read: async (i) => {
      reads[i] = (reads[i] ?? 0) + 1;
      return new Map([['x', tensor('float32', [1, ELEMENTS], tensors[i] as Float32Array)]]);
    },
    reads,
  };
}

const normal = (count: number): Float32Array[] =>
  Array.from({ length: count }, (_, i) => numbersOf(i).floats(ELEMENTS));

function options(values: ReadonlySet<ValueId>, method: CalibrationMethod): CalibrateOptions {
  return {
    kernels,
    file: 'net.onnx',
    values,
    methodOf: () => method,
    schemeOf: () => activationScheme('uint8'),
    percentile: 99,
    klFlavour: 'observedSides',
    responseOf: () => undefined,
  };
}

describe.each(CALIBRATION_METHODS)('$name', ({ name, passes }) => {
  test(`reads every sample ${passes} times, sample after sample, and says in which pass it is`, async () => {
    const { program: net, idOf } = await program();
    const samples = samplesOf(normal(3));
    const seen: string[] = [];
    const { ranges } = await calibrate(net, samples, {
      ...options(new Set(['', 'Relu', 'Mul'].map(idOf)), name),
      onStep: ({ pass, sample }) => {
        const at = `${pass} ${sample}`;
        if (seen.at(-1) !== at) seen.push(at);
      },
    });
    expect(samples.reads).toEqual([passes, passes, passes]);
    const pass = (of: string) => [0, 1, 2].map((i) => `${of} ${i}`);
    expect(seen).toEqual(passes === 1 ? pass('ranges') : [...pass('ranges'), ...pass('histograms')]);
    expect(ranges.size).toBe(3);
    const [x, relu, mul] = ['', 'Relu', 'Mul'].map((type) => ranges.get(idOf(type)));
    expect(x?.lo).toBeLessThan(0);
    expect(relu?.lo).toBe(0);
    // twice the values fall into twice the bins: every method scales with its data
    expect(mul?.hi).toBe(2 * (relu?.hi ?? Number.NaN));
  });

  test('gives the same ranges twice, and stops where the signal says so', async () => {
    const { program: net, idOf } = await program();
    const values = new Set([idOf('Relu')]);
    const first = await calibrate(net, samplesOf(normal(4)), options(values, name));
    const second = await calibrate(net, samplesOf(normal(4)), options(values, name));
    expect([...second.ranges]).toEqual([...first.ranges]);
    for (const last of passes === 1 ? ['ranges 2'] : ['ranges 2', 'histograms 1']) {
      const signal = { aborted: false };
      const stopping = calibrate(net, samplesOf(normal(4)), {
        ...options(values, name),
        signal,
        onStep: ({ pass, sample }) => {
          if (`${pass} ${sample}` === last) signal.aborted = true;
        },
      });
      await expect(stopping).rejects.toThrow(Cancelled);
    }
  });
});

test('each value has its own method, and only samples of methods that need it are read again', async () => {
  const { program: net, idOf } = await program();
  const methods = new Map<ValueId, CalibrationMethod>([
    [idOf(''), 'PERCENTILE'],
    [idOf('Relu'), 'REMOVAL_OUTLIER'],
    [idOf('Mul'), 'MAX_MIN'],
  ]);
  const all = options(new Set(methods.keys()), 'MAX_MIN');
  const mixed = await calibrate(net, samplesOf(normal(3)), { ...all, methodOf: (id) => methods.get(id) ?? 'MSE' });
  for (const [id, method] of methods) {
    const alone = await calibrate(net, samplesOf(normal(3)), options(new Set([id]), method));
    expect([method, mixed.ranges.get(id)]).toEqual([method, alone.ranges.get(id)]);
  }
});

test('NaN and infinities are left out, and the first node that makes them is named once', async () => {
  const { program: net, idOf } = await program();
  const [clean = new Float32Array()] = normal(1);
  const broken = clean.slice();
  broken.set([Number.NaN, Infinity, 3.3e38], 5);
  const { ranges, diagnostics } = await calibrate(
    net,
    samplesOf([clean, broken]),
    options(new Set(['Relu', 'Mul'].map(idOf)), 'MAX_MIN'),
  );
  expect(diagnostics.map((d) => [d.code, d.severity])).toEqual([['QNT203', 'warning']]);
  expect(diagnostics[0]?.message).toMatch(/^calibration sample sample 1 makes \d+ NaN and 1 infinite values here/);
  expect(ranges.get(idOf('Relu'))?.hi).toBe(Math.fround(3.3e38));
});

test('a value that is never made, or never finite, has no range; others are not touched', async () => {
  const { program: net, idOf } = await program();
  const never = 12_345 as ValueId;
  const nan = new Float32Array(ELEMENTS).fill(Number.NaN);
  for (const { name } of CALIBRATION_METHODS) {
    const { ranges } = await calibrate(net, samplesOf([nan]), options(new Set([never, idOf('Relu')]), name));
    expect([...ranges]).toEqual([]);
    const some = await calibrate(net, samplesOf(normal(1)), options(new Set([never, idOf('Relu')]), name));
    expect([...some.ranges.keys()]).toEqual([idOf('Relu')]);
  }
});

test('what a method cannot answer is a warning that names tensor, method, range and reason', async () => {
  const { program: net, idOf } = await program();
  const rare = new Float32Array(ELEMENTS);
  rare[7] = 5;
  const { ranges, diagnostics } = await calibrate(
    net,
    samplesOf([rare]),
    options(new Set([idOf('Mul')]), 'PERCENTILE'),
  );
  expect(ranges.get(idOf('Mul'))).toEqual({ lo: 0, hi: 10 });
  expect(diagnostics).toMatchObject([
    { code: 'QNT209', severity: 'warning', at: { file: 'net.onnx' } },
    { code: 'QNT210', severity: 'note' },
  ]);
  expect(diagnostics[0]?.message).toBe(
    'the smallest and largest value, [0, 10], are the range instead of what PERCENTILE would choose, because all values within the percentile are 0',
  );
});

test.each(CALIBRATION_METHODS)('$name takes the memory of one sample, however many there are', async ({ name }) => {
  const peaks = [];
  for (const count of [1, 40]) {
    const wasm = await wasmKernels();
    const { program: net, idOf } = await program(wasm);
    const values = new Set(['', 'Relu', 'Mul'].map(idOf));
    await calibrate(net, samplesOf(normal(count)), { ...options(values, name), kernels: wasm });
    peaks.push(wasm.memory.peakBytes);
  }
  expect(peaks[1]).toBe(peaks[0]);
});

test('a note says how far each method stays from the extremes, and where most', async () => {
  const { program: net, idOf } = await program();
  const ids = ['', 'Relu', 'Mul'].map(idOf);
  const method = (id: ValueId): CalibrationMethod => (id === ids[0] ? 'MAX_MIN' : 'PERCENTILE');
  const all = options(new Set(ids), 'MAX_MIN');
  const { ranges, diagnostics } = await calibrate(net, samplesOf(normal(2)), { ...all, methodOf: method });
  const whole = await calibrate(net, samplesOf(normal(2)), all);
  const [, relu] = ids.map((id) => (ranges.get(id)?.hi ?? Number.NaN) / (whole.ranges.get(id)?.hi ?? Number.NaN));
  const percent = `${(100 * (relu ?? Number.NaN)).toPrecision(3)} %`;
  expect(diagnostics.map((d) => d.message)).toEqual([
    `PERCENTILE chose the ranges of 2 activations from 2 samples: on average ${percent} of what lies between the smallest and the largest value, least ${percent} for ${net.graph.values.get(ids[1] as ValueId)?.name}`,
  ]);
  expect(whole.diagnostics).toEqual([]);
});

test('no samples leave no ranges', async () => {
  const { program: net, idOf } = await program();
  for (const { name } of CALIBRATION_METHODS)
    expect((await calibrate(net, samplesOf([]), options(new Set([idOf('Mul')]), name))).ranges.size).toBe(0);
});
