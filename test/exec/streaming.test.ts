import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../src/base/bytes.ts';
import { seededRandom } from '../../src/base/random.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import { compile } from '../../src/exec/compile.ts';
import type { Program } from '../../src/exec/program.ts';
import type { Model, ValueId } from '../../src/graph/model.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { readModel } from '../../src/onnx/read.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { type ModelBuilder, model } from '../models/model.ts';
import { noise } from './randomGraph.ts';

const IMAGE = [1, 4, 8, 8] as const;
const MIB = 2 ** 20;

/** Twelve convolutions of 64 channels, 144 KiB of weights each, then a product with a matrix of 1 MiB. */
function floatChain(): ModelBuilder {
  let m = model().input('x', IMAGE).conv({ channels: 64 });
  for (let i = 0; i < 12; i++) m = m.conv({ channels: 64 });
  return m.flatten().gemm({ units: 64 });
}

/** The same with codes of 8 bits: 576 KiB of weights each. */
function integerChain(): ModelBuilder {
  const random = seededRandom(7);
  const int8 = (length: number): Int8Array => Int8Array.from({ length }, () => random.below(255) - 127);
  let m = model().input('x', IMAGE).conv({ channels: 256 }).quantizeDequantize(0.05, 128);
  m.floats('ws', [], [0.002]).constant('wz', tensor('int8', [], Int8Array.of(0)));
  for (let i = 0; i < 6; i++) {
    const x = m.current;
    m = m.constant(`w${i}`, tensor('int8', [256, 256, 3, 3], int8(256 * 256 * 9)));
    m = m.node('DequantizeLinear', { inputs: [`w${i}`, 'ws', 'wz'], outputs: [`wf${i}`] });
    m = m.node('Conv', { inputs: [x, `wf${i}`], attributes: { pads: [1, 1, 1, 1], kernel_shape: [3, 3] } });
    m = m.follow([1, 256, 8, 8]).quantizeDequantize(0.05, 128);
  }
  return m;
}

async function fromFile(builder: ModelBuilder): Promise<Model> {
  return (await readModel(bytesOf(await builder.build().bytes()), { file: 'deep.onnx' })).model;
}

function compiled({ graph, opsets }: Model, kernels: KernelSet): Promise<Program> {
  const [x] = graph.inputs as readonly [ValueId];
  return compile(graph, { kernels, opsets, file: 'deep.onnx', inputDims: new Map([[x, IMAGE]]), requantizer: 'fp32' });
}

function outputOf(program: Program): Tensor {
  const [x] = program.graph.inputs as readonly [ValueId];
  const [y] = program.graph.outputs as readonly [ValueId];
  return program
    .start(new Map([[x, noise(5)]]))
    .finish()
    .get(y) as Tensor;
}

describe.each([
  ['float weights', floatChain, 'float'],
  ['weights of 8 bits', integerChain, 'integer'],
] as const)('a model larger than its memory, with %s', (_, chain, form) => {
  it('computes the same bytes with weights from the file, within its budget', async () => {
    const file = await fromFile(chain());
    const roomy = await wasmKernels();
    const expected = outputOf(await compiled(file, roomy));
    for (const budgetBytes of [6 * MIB, 5 * MIB]) {
      const kernels = await wasmKernels({ budgetBytes });
      const program = await compiled(file, kernels);
      expect(program.steps.filter((s) => s.node.opType === 'Conv').at(-1)?.form).toBe(form);
      expect(program.streamedBytes).toBeGreaterThanOrEqual(MIB);
      for (let run = 0; run < 2; run++) expect(outputOf(program)).toEqual(expected);
      expect(kernels.memory.peakBytes).toBeLessThanOrEqual(budgetBytes);
      program.release();
      expect(kernels.memory.bytesInUse).toBe(0);
    }
  });

  it('keeps everything where everything fits', async () => {
    const program = await compiled(await fromFile(chain()), await wasmKernels());
    expect(program.streamedBytes).toBe(0);
    program.release();
  });

  it('says what it needs where one weight and the activations do not fit', async () => {
    const kernels = await wasmKernels({ budgetBytes: MIB });
    const planning = compiled(await fromFile(chain()), kernels);
    await expect(planning).rejects.toThrow(
      /^EXE309 deep\.onnx: .* need \d+ MiB at once, and the memory limit is 1 MiB/,
    );
    expect(kernels.memory.bytesInUse).toBe(0);
  });
});
