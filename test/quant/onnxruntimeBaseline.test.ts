import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import type { Tensor } from '../../src/base/tensor.ts';
import type { Graph, Model, ValueId } from '../../src/graph/model.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { readModel } from '../../src/onnx/read.ts';
import { inferFacts } from '../../src/passes/inferFacts.ts';
import { planQuantization } from '../../src/quant/planQuantization.ts';
import type { Range } from '../../src/quant/qparams.ts';
import { newQuantizeCache, quantizeGraph } from '../../src/quant/quantize.ts';
import { onnxruntimeTarget } from '../../src/quant/targets.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';

interface Recorded {
  readonly activations: Record<string, { scale: number; zero_point: number; calib_range: [number, number] }>;
  readonly weights: Record<string, { scale: number[] | number; axis?: number }>;
  readonly biases: Record<string, { scale: number[] | number }>;
}

// From the ranges that ONNX Runtime's calibrator recorded, our plan and parameters must be its own, bit for bit.
describeWithShared('SqueezeNet against what ONNX Runtime 1.30 recorded', () => {
  let model: Model;

  beforeAll(async () => {
    model = await open('ort-baseline/models/squeezenet.pre.onnx');
  });

  test.each([
    { config: 'pc.s8', perChannel: true, activationType: 'int8' },
    { config: 'pc.u8', perChannel: true, activationType: 'uint8' },
    { config: 'pt.s8', perChannel: false, activationType: 'int8' },
    { config: 'pt.u8', perChannel: false, activationType: 'uint8' },
  ] as const)('$config: same tensors, scales, zero points, weight codes and biases', async (c) => {
    const recorded = JSON.parse(
      readFileSync(sharedData(`ort-baseline/squeezenet.minmax.${c.config}.json`), 'utf8'),
    ) as Recorded;
    const { graph, opsets } = model;
    const { facts } = inferFacts(graph, { opsets, file: 'squeezenet' });
    const plan = planQuantization(graph, {
      target: onnxruntimeTarget,
      general: {
        perChannel: c.perChannel,
        activationType: c.activationType,
        activationSymmetry: 'asymmetric',
        weightSymmetry: 'symmetric',
      },
      overrides: new Map(),
      skip: new Set(),
      opsets,
      facts,
    });
    const name = (id: ValueId): string => graph.values.get(id)?.name ?? '';
    expect([...plan.activations.keys()].map(name).sort()).toEqual(Object.keys(recorded.activations).sort());

    const ranges = new Map<ValueId, Range>();
    for (const id of plan.activations.keys()) {
      const r = recorded.activations[name(id)]?.calib_range;
      if (r !== undefined) ranges.set(id, { lo: Math.fround(r[0]), hi: Math.fround(r[1]) });
    }
    const { assignment } = quantizeGraph(graph, plan, {
      file: 'squeezenet',
      ranges,
      calibrationSamples: 100,
      constants: await loadAll(graph),
      corrections: new Map(),
      cache: newQuantizeCache(),
    });
    for (const [id, params] of assignment.activations) {
      const theirs = recorded.activations[name(id)];
      expect([name(id), params.scale[0], params.zeroPoint[0]]).toEqual([
        name(id),
        Math.fround(theirs?.scale ?? Number.NaN),
        theirs?.zero_point,
      ]);
    }
    const theirs = await open(`ort-baseline/models/squeezenet.minmax.${c.config}.onnx`);
    const theirConstants = new Map([...theirs.graph.values.values()].map((v) => [v.name, v.constant]));
    let compared = 0;
    for (const { node, input, quantized } of assignment.constants) {
      const id = graph.nodes.find((n) => n.id === node)?.inputs[input];
      const source = theirConstants.get(`${name(id as ValueId)}_quantized`);
      const codes = await source?.load();
      expect(sameBytes(codes?.data, quantized.codes.data), name(id as ValueId)).toBe(true);
      const scale = await theirConstants.get(`${name(id as ValueId)}${input === 2 ? '_quantized' : ''}_scale`)?.load();
      expect(sameBytes(scale?.data, quantized.params.scale), `scale of ${name(id as ValueId)}`).toBe(true);
      compared++;
    }
    expect(compared).toBe(52);
  });
});

async function open(path: string): Promise<Model> {
  const { model } = await readModel(await nodeFiles.open(sharedData(path)), { file: path });
  return model;
}

async function loadAll(graph: Graph): Promise<Map<ValueId, Tensor>> {
  const loaded = new Map<ValueId, Tensor>();
  for (const v of graph.values.values()) if (v.constant !== undefined) loaded.set(v.id, await v.constant.load());
  return loaded;
}

function sameBytes(a: Tensor['data'] | undefined, b: Tensor['data']): boolean {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b)) return false;
  return (
    Buffer.compare(
      Buffer.from(a.buffer, a.byteOffset, a.byteLength),
      Buffer.from(b.buffer, b.byteOffset, b.byteLength),
    ) === 0
  );
}
