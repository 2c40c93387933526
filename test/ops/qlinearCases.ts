import { expect } from 'vitest';
import type { DType } from '../../src/base/dtype.ts';
import type { Random } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { type BuiltNode, buildNode, type OneNode, runHere, runInOnnxRuntime } from './oneNode.ts';

export const CODE_DTYPES = ['uint8', 'int8'] as const;
export type CodeDType = (typeof CODE_DTYPES)[number];

/** Codes of all 256 values, in random order. */
export function randomCodes(random: Random, dtype: CodeDType, dims: readonly number[]): Tensor {
  const lowest = dtype === 'int8' ? -128 : 0;
  return codesFrom(
    dtype,
    dims,
    Array.from({ length: sizeOf(dims) }, () => lowest + random.below(256)),
  );
}

export function codesFrom(dtype: CodeDType, dims: readonly number[], values: readonly number[]): Tensor {
  return dtype === 'int8'
    ? tensor('int8', dims, Int8Array.from(values))
    : tensor('uint8', dims, Uint8Array.from(values));
}

/** Every code once, ascending. */
export function allCodes(dtype: CodeDType): Tensor {
  const lowest = dtype === 'int8' ? -128 : 0;
  return codesFrom(
    dtype,
    [256],
    Array.from({ length: 256 }, (_, i) => lowest + i),
  );
}

export function scalar(value: number): Tensor {
  return tensor('float32', [], Float32Array.of(value));
}

export function zeroPoint(dtype: CodeDType, value: number): Tensor {
  return codesFrom(dtype, [], [value]);
}

/** A zero point of 0, of the range's ends, or of anything between. */
export function randomZeroPoint(random: Random, dtype: CodeDType): number {
  const lowest = dtype === 'int8' ? -128 : 0;
  return lowest + ([128, 0, 255][random.below(6)] ?? random.below(256));
}

/** Half the time anything from 2^-12 to 2^4, else a multiple of 1/20 of `unit`, so that quotients come near ties. */
export function randomScale(random: Random, unit = 0.05): number {
  return random.below(2) === 0
    ? Math.fround(2 ** (random.next() * 16 - 12))
    : Math.fround((unit * (1 + random.below(60))) / 20);
}

/** The node with other inputs at some places. */
export function withInputs(node: OneNode, others: Readonly<Record<number, Tensor>>): OneNode {
  return { ...node, inputs: node.inputs.map((t, i) => others[i] ?? t) };
}

/** Runs the node in ONNX Runtime and here on every engine; demands equal types, shapes and numbers. */
export async function expectEqual(node: OneNode, engines: readonly KernelSet[]): Promise<readonly Tensor[]> {
  const built = await buildNode(node);
  return expectOutputs(built, await runInOnnxRuntime(built), engines);
}

/** As {@link expectEqual}, against outputs that stand in the test. */
export async function expectVector(
  node: OneNode,
  outputs: readonly Tensor[],
  engines: readonly KernelSet[],
): Promise<void> {
  await expectOutputs(await buildNode(node), outputs, engines);
}

async function expectOutputs(
  built: BuiltNode,
  expected: readonly Tensor[],
  engines: readonly KernelSet[],
): Promise<readonly Tensor[]> {
  for (const kernels of engines) {
    const found = await runHere(built, kernels);
    expect(found.map(shapeOf)).toEqual(expected.map(shapeOf));
    for (const [i, t] of expected.entries()) {
      const at = firstDifference(found[i]!, t);
      if (at >= 0) expect.fail(`${describeNode(built.node)} on ${kernels.engine}: ${difference(found[i]!, t, at)}`);
    }
  }
  return expected;
}

const shapeOf = (t: Tensor): { readonly dtype: DType; readonly dims: readonly number[] } => ({
  dtype: t.dtype,
  dims: t.dims,
});

function firstDifference(found: Tensor, expected: Tensor): number {
  const [a, b] = [found.data as ArrayLike<unknown>, expected.data as ArrayLike<unknown>];
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i] && !(Number.isNaN(a[i]) && Number.isNaN(b[i]))) return i;
  return -1;
}

function difference(found: Tensor, expected: Tensor, at: number): string {
  const count = Array.from(expected.data as ArrayLike<unknown>).filter((e, i) => e !== found.data[i]).length;
  return `element ${at} is ${found.data[at]}, expected ${expected.data[at]} (${count} of ${expected.data.length} differ)`;
}

function describeNode({ type, inputs }: OneNode): string {
  const parts = inputs.map((t) => {
    if (t === undefined) return '-';
    return t.data.length === 1 ? `${t.dtype} ${t.data[0]}` : `${t.dtype} [${t.dims}]`;
  });
  return `${type}(${parts.join(', ')})`;
}
