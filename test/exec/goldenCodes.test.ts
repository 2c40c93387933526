import { beforeAll, expect, it } from 'vitest';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { describeWithShared } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { compileGolden, golden, goldenTensor } from './golden.ts';
import { onReference } from './integerSteps.ts';
import { valuesOf } from './reference.ts';
import { distance } from './tolerance.ts';

/**
 * How far the float sum, in output steps, may lie from the exact integer one: sqrt(K) u of the sum of magnitudes, for
 * K up to 1,280 products and sums of magnitudes up to some thousand steps.
 */
const FLOAT_SUM_STEPS = 5e-3;

describeWithShared('the QDQ MobileNetV2 against ONNX Runtime (golden/)', () => {
  let kernels: KernelSet;

  beforeAll(async () => {
    kernels = await wasmKernels();
  });

  it('runs the QDQ MobileNetV2 on integers, within what levels of ONNX Runtime differ', async () => {
    const g = golden('quant-pairs__mobilenet_v2_torchvision_qdq__model');
    const { program, feeds } = await compileGolden(g, kernels);
    const compute = program.steps.filter((s) => /^(Conv|Gemm|Add|GlobalAveragePool)$/.test(s.node.opType));
    const floats = compute.filter((s) => s.form === 'float').map((s) => `${s.node.handle}: ${s.why}`);
    expect(floats).toEqual([]);
    const [expected] = g.outputs;
    const spread = expected!.maxdiff_opt_all!;
    const found = program.start(feeds, { poison: true }).finish().get(program.graph.outputs[0]!)!;
    for (const file of [expected!.file, expected!.file_opt_all]) {
      const { apart, largest } = distance(found, goldenTensor(g, expected!, file)!);
      expect(apart).toBeLessThanOrEqual(spread * (1 + 1e-6));
      expect(largest).toBeGreaterThan(10 * spread);
    }
    program.release();
  });

  it('makes, node by node, the integers of the float operators between Dequantize- and QuantizeLinear', async () => {
    const g = golden('quant-pairs__mobilenet_v2_torchvision_qdq__model');
    const { program, model, feeds } = await compileGolden(g, kernels);
    const { graph } = program;
    const values = await valuesOf(graph, feeds, model.opsets, kernels);
    const quantizers = new Map(graph.nodes.map((n) => [n.outputs[0], n]));
    const counts = { compared: 0, different: 0 };
    for (const step of program.steps.filter((s) => s.form === 'integer')) {
      const id = step.outputs[0]!;
      const found = onReference(program, step, values).data as Uint8Array;
      const expected = values.get(id)!.data as Uint8Array;
      const float = values.get(quantizers.get(id)!.inputs[0]!)!.data as Float32Array;
      const scale = program.slots.get(id)!.quant!.scale[0]!;
      const outside: string[] = [];
      for (let i = 0; i < found.length; i++) {
        counts.compared++;
        if (found[i] === expected[i]) continue;
        counts.different++;
        if (fromTie(float[i]!, scale) > FLOAT_SUM_STEPS) outside.push(`${step.node.handle}[${i}]`);
      }
      expect(outside).toEqual([]);
    }
    expect(counts.compared).toBeGreaterThan(5_000_000);
    expect(counts.different).toBeLessThanOrEqual(counts.compared * 1e-4);
    program.release();
  });
});

/** Distance of |x| / scale from a rounding tie. */
function fromTie(x: number, scale: number): number {
  const steps = Math.abs(x / scale);
  return Math.abs(steps - Math.floor(steps) - 0.5);
}
