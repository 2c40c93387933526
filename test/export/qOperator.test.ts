import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { Graph, ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { isDequantize, isQuantize } from '../../src/ops/quantNodes.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { openModel } from '../../src/session/model.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { type BuiltModel, type ModelBuilder, model } from '../models/model.ts';
import { runOrt } from '../quality/ortTensors.ts';
import { differing, stepsAlone } from './stepsAlone.ts';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-qoperator-'));
let kernels: KernelSet;

beforeAll(async () => {
  kernels = await wasmKernels();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Case {
  readonly build: () => ModelBuilder;
  /** Operators of the export, conversions apart. */
  readonly operators: readonly string[];
}

const x = (dims: readonly number[] = [2, 6, 8, 8]) => model({ opset: 13 }).input('x', dims);

const CASES: Readonly<Record<string, Case>> = {
  'a convolution with its ReLU': {
    build: () => x().conv({ channels: 5 }).relu(),
    operators: ['QLinearConv'],
  },
  'a convolution without bias, grouped': {
    build: () => x().conv({ channels: 6, group: 3, bias: false }),
    operators: ['QLinearConv'],
  },
  'a dense layer': { build: () => x([3, 17]).gemm({ units: 9 }), operators: ['QGemm'] },
  'a matrix product': { build: () => x([4, 17]).matMul({ units: 9 }), operators: ['QLinearMatMul'] },
  'a product of two activations': {
    build: () =>
      x([2, 4, 5])
        .input('y', [2, 5, 3])
        .node('MatMul', { name: 'xy', inputs: ['x', 'y'], outputs: ['z'] }),
    operators: ['QLinearMatMul'],
  },
  'a sum and a product, one with a constant': {
    build: () => x().floats('c', [6, 1, 1]).at('x').elementwise('Mul', ['c']).elementwise('Add', ['x']),
    operators: ['QLinearMul', 'QLinearAdd'],
  },
  activations: {
    build: () =>
      x()
        .elementwise('Sigmoid')
        .elementwise('LeakyRelu', [], { attributes: { alpha: 0.2 } }),
    operators: ['QLinearSigmoid', 'QLinearLeakyRelu'],
  },
  pooling: {
    build: () => x().maxPool().elementwise('Sigmoid').globalAveragePool(),
    operators: ['MaxPool', 'QLinearSigmoid', 'QLinearGlobalAveragePool'],
  },
  'average pooling': {
    build: () => x().elementwise('Sigmoid').averagePool(),
    operators: ['QLinearSigmoid', 'QLinearAveragePool'],
  },
  'concatenation and movement': {
    build: () =>
      x()
        .conv({ channels: 6, name: 'c' })
        .node('Concat', { inputs: ['x', 'c_out'], outputs: ['both'], attributes: { axis: 1 } })
        .node('Transpose', { inputs: ['both'], outputs: ['t'], attributes: { perm: [0, 2, 3, 1] } })
        .ints('pads', [8], [0, 0, 0, 0, 0, 1, 1, 0])
        .node('Pad', { inputs: ['t', 'pads'], outputs: ['p'] })
        .ints('shape', [2], [2, -1])
        .node('Reshape', { inputs: ['p', 'shape'], outputs: ['r'] })
        .node('Softmax', { inputs: ['r'], outputs: ['s'], attributes: { axis: -1 } })
        .output('s'),
    operators: ['QLinearConv', 'QLinearConcat', 'Transpose', 'Pad', 'Reshape', 'QLinearSoftmax'],
  },
};

const GRID = Object.keys(CASES).flatMap((name) =>
  (['uint8', 'int8'] as const).flatMap((type) => [true, false].map((perChannel) => ({ name, type, perChannel }))),
);

function built(name: string): BuiltModel {
  const found = CASES[name]?.build();
  if (found === undefined) throw new Error(`no case is named ${name}`);
  return found.build();
}

describe('a model exported with export_format=QOPERATOR', () => {
  test.each(GRID)('$name, $type, per channel $perChannel: onnxruntime makes the same codes', async (c) => {
    const { session, path } = await quantized(
      built(c.name),
      `${configOf(c.type, c.perChannel)}export_format=QOPERATOR\n`,
    );
    const told = await session.exportModel(path);
    expect(told.map((d) => d.code)).toEqual(c.type === 'int8' ? ['EXE152'] : []);
    const { model: exported } = await openModel(nodeFiles, path);
    const { nodes } = exported.graph;
    const operators = nodes.filter((n) => !isQuantize(n) && !isDequantize(n));
    expect(operators.map((n) => n.opType).sort()).toEqual([...(CASES[c.name]?.operators ?? [])].sort());
    expect(nodes.filter(isDequantize)).toHaveLength(exported.graph.outputs.length);

    const steps = await stepsAlone(exported, feedsOf(exported.graph), { kernels, folder, wants: () => true });
    expect(steps.length).toBe(nodes.length);
    for (const step of steps) expect([step.node.opType, differing(step)]).toEqual([step.node.opType, 0]);
  });

  test('nodes without an operator on codes stay float, and are named', async () => {
    const resized = x()
      .conv({ channels: 4, name: 'c' })
      .floats('scales', [4], [1, 1, 2, 2])
      .node('Resize', { name: 'resize', inputs: ['c_out', '', 'scales'], attributes: { mode: 'linear' } });
    const { session, path } = await quantized(resized.build(), configOf('uint8', true));
    const [note, ...more] = await session.exportModel(path, 'QOPERATOR');
    expect(more).toEqual([]);
    expect(note).toMatchObject({ code: 'EXE153', severity: 'note' });
    expect(note?.message).toMatch(/1 nodes stay float.*resize \(Resize\): it interpolates \(linear\)/);
    const { model: exported } = await openModel(nodeFiles, path);
    expect(exported.graph.nodes.map((n) => n.opType)).toEqual([
      'QuantizeLinear',
      'QLinearConv',
      'DequantizeLinear',
      'Resize',
      'QuantizeLinear',
      'DequantizeLinear',
    ]);
    await runOrt(exported, feedsOf(exported.graph), { folder, level: 'all', wanted: [] });
  });

  test('16-bit codes are refused by name, and exported as QDQ', async () => {
    const dense = x([3, 17]).gemm({ units: 9, name: 'dense' }).build();
    const { session, path } = await quantized(dense, `${configOf('uint8', true)}node_overrides=dense:int16\n`);
    await expect(session.exportModel(path, 'QOPERATOR')).rejects.toThrow(/EXE151 .*4 or 16 bits: .*dense/);
    expect(await session.exportModel(path, 'QDQ')).toEqual([]);
    const { model: exported } = await openModel(nodeFiles, path);
    await runOrt(exported, feedsOf(exported.graph), { folder, level: 'all', wanted: [] });
  });

  test('a skipped node between codes stays float', async () => {
    const sum = x()
      .floats('c', [6, 1, 1])
      .at('x')
      .elementwise('Mul', ['c'], { name: 'm' })
      .elementwise('Add', ['x'], { name: 'a' });
    const text = configOf('uint8', true).replace('quant_type=FULL_QUANT', 'quant_type=FULL_QUANT\nskip_quant_node=a');
    const { session, path } = await quantized(sum.build(), text);
    expect(await session.exportModel(path, 'QOPERATOR')).toEqual([]);
    const { model: exported } = await openModel(nodeFiles, path);
    expect(exported.graph.nodes.find((n) => n.name === 'a')?.opType).toBe('Add');
    expect(exported.graph.nodes.find((n) => n.name === 'm')?.opType).toBe('QLinearMul');
  });

  test.each([
    { relu: 'whose lowest code is 0 is left to the code range', zero: 0, operators: ['QLinearConv'] },
    { relu: 'of codes below 0 stays, and its convolution with it', zero: 3, operators: ['Conv', 'Relu'] },
  ])('of a model that was quantized elsewhere, a ReLU $relu', async ({ zero, operators }) => {
    const imported = x()
      .quantizeDequantize(0.05, 120)
      .constant(
        'w',
        tensor(
          'int8',
          [4, 6, 1, 1],
          Int8Array.from({ length: 24 }, (_, i) => 5 * i - 60),
        ),
      )
      .floats('s', [], [0.01])
      .constant('z', tensor('int8', [], Int8Array.of(0)));
    const activation = imported.current;
    const built = imported
      .node('DequantizeLinear', { inputs: ['w', 's', 'z'], outputs: ['wf'] })
      .node('Conv', { name: 'conv', inputs: [activation, 'wf'], outputs: ['c'] })
      .follow([2, 4, 8, 8])
      .relu()
      .quantizeDequantize(0.1, zero)
      .build();
    const { session, path } = await quantized(built, configOf('uint8', true));
    await session.exportModel(path, 'QOPERATOR');
    const { model: exported } = await openModel(nodeFiles, path);
    const { nodes } = exported.graph;
    expect(nodes.filter((n) => !isQuantize(n) && !isDequantize(n)).map((n) => n.opType)).toEqual(operators);
    const feeds = feedsOf(built.model.graph);
    const theirs = async (source: typeof exported): Promise<Tensor | undefined> => {
      const byName = new Map([...feeds].map(([id, t]) => [built.model.graph.values.get(id)?.name, t]));
      const renamed = source.graph.inputs.flatMap((id) => {
        const t = byName.get(source.graph.values.get(id)?.name);
        return t === undefined ? [] : [[id, t] as const];
      });
      const { values } = await runOrt(source, new Map(renamed), { folder, level: 'disabled', wanted: [] });
      const [output] = source.graph.outputs;
      return output === undefined ? undefined : values.get(output);
    };
    const [before, after] = [await theirs(built.model), await theirs(exported)];
    expect(before?.data.length).toBe(512);
    const apart = Array.from(after?.data as Float32Array, (v, i) => Math.abs(v - Number(before?.data[i])));
    expect(Math.max(...apart)).toBeLessThanOrEqual(0.1 + 1e-6); // a code, where a tie falls to the other side
    expect(apart.filter((d) => d > 1e-6).length).toBeLessThanOrEqual(5);
  });

  test('metadata say what made it: version, model, config and its text; names stay', async () => {
    const dense = x([3, 17]).gemm({ units: 9, name: 'dense' }).build();
    const { session, path, configText } = await quantized(dense, configOf('uint8', true));
    await session.exportModel(path, 'QOPERATOR');
    const { model: exported } = await openModel(nodeFiles, path);
    expect(exported.producer).toBe('QuantScope 0.1.0');
    expect(exported.metadata.get('quantscope.config')).toBe('q.cfg');
    expect(exported.metadata.get('quantscope.config_text')).toBe(configText);
    expect(exported.graph.nodes.find((n) => n.opType === 'QGemm')?.name).toBe('dense');
  });
});

function configOf(type: 'uint8' | 'int8', perChannel: boolean): string {
  return [
    '[common_quant_param]\nquant_type=FULL_QUANT\n[full_quant_param]\n',
    `per_channel=${perChannel}\nbias_correction=false\n`,
    `[data_preprocess_param]\ncalibrate_path=CALIBRATE\ncalibrate_size=2\ninput_type=BIN\n`,
    `[quantscope]\nactivation_type=${type}\nequalization=off\n`,
  ].join('');
}

async function quantized(
  source: BuiltModel,
  text: string,
): Promise<{ session: Session; path: string; configText: string }> {
  const file = join(mkdtempSync(join(folder, 'model-')), 'model.onnx');
  writeFileSync(file, await source.bytes());
  const inputs = [...feedsOf(source.model.graph)].map(
    ([id, t]) => [source.model.graph.values.get(id)?.name ?? '', t] as const,
  );
  const folders = inputs.map(([input, t]) => {
    const samples = mkdtempSync(join(folder, 'samples-'));
    for (const i of [0, 1]) writeFileSync(join(samples, `${i}.bin`), new Uint8Array((t.data as Float32Array).buffer));
    return `${input}:${samples}`;
  });
  const session = createSession({ kernels, files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined });
  await session.open(file);
  const configText = text.replace('CALIBRATE', folders.join(','));
  await session.quantize({ configText, configPath: join(folder, 'q.cfg') });
  return { session, path: `${file}.q.onnx`, configText };
}

function feedsOf(graph: Graph): Map<ValueId, Tensor> {
  const random = seededRandom(7);
  return new Map(
    graph.inputs.flatMap((id) => {
      const value = graph.values.get(id);
      if (value === undefined || value.constant !== undefined) return [];
      const dims = (value.dims ?? []).map(Number);
      return [
        [
          id,
          tensor(
            'float32',
            dims,
            Float32Array.from({ length: sizeOf(dims) }, () => random.normal()),
          ),
        ] as const,
      ];
    }),
  );
}
