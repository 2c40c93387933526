import { expect } from 'vitest';
import type { Random } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { difference } from './compare.ts';
import { buildNode, type OneNode, runHere, runInOnnxRuntime } from './oneNode.ts';

/** A tensor of normal numbers, times `scale`. */
export function normals(random: Random, dims: readonly number[], scale = 1): Tensor<'float32'> {
  return tensor(
    'float32',
    dims,
    Float32Array.from({ length: sizeOf(dims) }, () => scale * random.normal()),
  );
}

export function int32s(dims: readonly number[], values: readonly number[]): Tensor<'int32'> {
  return tensor('int32', dims, Int32Array.from(values));
}

/**
 * Runs the node in ONNX Runtime and here on every engine; demands equal types and shapes, and numbers no further apart
 * than two float32 computations may be.
 *
 * @param products length of the longest sum of products an element of an output goes through. A sum of K products
 * moves by sqrt(K) half steps in another order; a float32 polynomial for exp, tanh or erf adds about two steps, and a
 * node has a few roundings of its own. Factor 4 leaves room for sums that cancel. Steps are those of an output's
 * largest element, or of `terms`, the largest number that results are differences of.
 */
export async function expectClose(
  node: OneNode,
  products: number,
  engines: readonly KernelSet[],
  terms = 0,
): Promise<void> {
  const steps = 4 * (Math.sqrt(products) / 2 + 2);
  const absolute = steps * 2 ** -23 * terms;
  const built = await buildNode(node);
  const expected = await runInOnnxRuntime(built);
  expect(expected.length).toBe(node.outputs ?? 1);
  for (const kernels of engines) {
    const found = await runHere(built, kernels);
    for (const [i, t] of expected.entries()) {
      const wrong = difference(found[i] as Tensor, t, steps, absolute);
      if (wrong !== undefined) expect.fail(`${node.type} output ${i} on ${kernels.engine}: ${wrong}`);
    }
  }
}
