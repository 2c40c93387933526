import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/base/tensor.ts';
import { compile } from '../../src/exec/compile.ts';
import type { Program } from '../../src/exec/program.ts';
import type { ValueId } from '../../src/graph/model.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { model } from '../models/model.ts';
import { noise } from './randomGraph.ts';

const DIMS = [1, 3, 6, 6];

/** A convolution of floats with a weight in 8-bit codes, one scale for each output channel. */
function withCodes() {
  const codes = Int8Array.from({ length: 4 * 3 }, (_, i) => 9 * i - 50);
  return model({ opset: 21 })
    .input('x', DIMS)
    .constant('codes', tensor('int8', [4, 3, 1, 1], codes))
    .floats('scale', [4], [0.1, 0.02, 0.3, 0.04])
    .constant('zero', tensor('int8', [4], Int8Array.of(0, 1, -2, 3)))
    .node('DequantizeLinear', { inputs: ['codes', 'scale', 'zero'], outputs: ['w'], attributes: { axis: 0 } })
    .node('Conv', { inputs: ['x', 'w'], outputs: ['y'] })
    .build();
}

describe('weights in codes that floats are multiplied with', () => {
  it('are constants of the program, with the bits that a run would make', async () => {
    const { model: built, ids } = withCodes();
    const kernels = await wasmKernels();
    const x = ids.get('x')!;
    const options = {
      ...{ kernels, opsets: built.opsets, file: 'm', requantizer: 'fp32' as const },
      inputDims: new Map([[x, DIMS]]),
    };
    const folded = await compile(built.graph, options);
    const kept = await compile(built.graph, { ...options, keep: new Set([ids.get('w')!]) });
    expect([folded, kept].map(operators)).toEqual([['Conv'], ['DequantizeLinear', 'Conv']]);
    expect(outputOf(folded, x, ids.get('y')!)).toEqual(outputOf(kept, x, ids.get('y')!));
    const constants = [...folded.graph.values.values()].filter((v) => v.constant !== undefined).map((v) => v.name);
    expect(constants).toContain('w');
    expect(folded.graph.nodes.map((n) => n.opType)).toEqual(['Conv']);
    const bytes = kernels.memory.bytesInUse;
    folded.release();
    kept.release();
    expect(kernels.memory.bytesInUse).toBeLessThan(bytes);
  });

  it('are made once for programs that share a table of signatures', async () => {
    const { model: built, ids } = withCodes();
    const kernels = await wasmKernels();
    const options = {
      ...{ kernels, opsets: built.opsets, file: 'm', requantizer: 'fp32' as const },
      inputDims: new Map([[ids.get('x')!, DIMS]]),
    };
    const first = await compile(built.graph, options);
    const second = await compile(built.graph, { ...options, signatures: first.signatures });
    expect(second.steps.map((s) => s.signature)).toEqual(first.steps.map((s) => s.signature));
    const floats = [first, second].map((p) => p.graph.values.get(ids.get('w')!)?.constant?.load());
    const [a, b] = await Promise.all(floats);
    expect(a).toBe(b);
  });
});

function operators(program: Program): string[] {
  return program.steps.filter((s) => s.form !== 'layout').map((s) => s.node.opType);
}

function outputOf(program: Program, x: ValueId, y: ValueId) {
  const feeds = new Map([[x, tensor('float32', DIMS, noise(7).data.slice(0, 108) as Float32Array)]]);
  return program.start(feeds).finish().get(y);
}
