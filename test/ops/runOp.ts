import { type DType, isBigInt, type NumericDType, newArray } from '../../src/base/dtype.ts';
import type { RequantizerFlavour } from '../../src/base/fixedPoint.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { TensorFact } from '../../src/graph/fact.ts';
import type { Attribute, Dim } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import type { ClampRange } from '../../src/kernels/kernelSet.ts';
import { readAttributes } from '../../src/ops/attributes.ts';
import type { IntegerContext, OpDef, QuantInfo, RunContext } from '../../src/ops/opDef.ts';
import { findOp } from '../../src/ops/registry.ts';
import { converted } from '../../src/ops/storage.ts';

export const kernels = createJsKernels();
export const NO_CLAMP: ClampRange = { lo: -Infinity, hi: Infinity };

type Plain = number | string | readonly number[] | readonly string[];

/** An operator with the attributes of one node. Integers are `ints`, lists too; floats are given as `{ float: x }`. */
export interface NodeSpec {
  readonly type: string;
  readonly opset: number;
  readonly attributes?: Readonly<Record<string, Plain | { readonly float: number }>>;
}

export function opOf({ type, opset }: NodeSpec): OpDef {
  const def = findOp('', type, opset);
  if (def === undefined) throw new Error(`no definition of ${type} at opset ${opset}`);
  return def;
}

export function attributesOf(spec: NodeSpec) {
  const map = new Map<string, Attribute>();
  for (const [name, value] of Object.entries(spec.attributes ?? {})) map.set(name, attributeOf(value));
  return readAttributes(opOf(spec).attributes, map, fail);
}

function attributeOf(value: Plain | { readonly float: number }): Attribute {
  if (typeof value === 'number') return { kind: 'int', value };
  if (typeof value === 'string') return { kind: 'string', value };
  if ('float' in value) return { kind: 'float', value: value.float };
  return typeof value[0] === 'string'
    ? { kind: 'strings', value: value as readonly string[] }
    : { kind: 'ints', value: value as readonly number[] };
}

function fail(message: string): never {
  throw new Error(message);
}

/** What the definition infers of its outputs. */
export function infer(
  spec: NodeSpec,
  inputs: readonly (TensorFact | undefined)[],
  outputCount = 1,
): readonly (TensorFact | undefined)[] {
  let next = 0;
  return opOf(spec).infer({
    attributes: attributesOf(spec),
    inputs,
    outputCount,
    opset: spec.opset,
    input: (i) => inputs[i] ?? fail(`input ${i} is missing`),
    symbol: (hint) => `${hint}${++next}`,
    body: (name) => fail(`the graph ${name} cannot be inferred here`),
    fail,
  });
}

/** A fact of these dims; int64 elements where given. */
export function fact(dims: readonly Dim[], dtype: DType = 'float32', elements?: readonly Dim[]): TensorFact {
  return elements === undefined ? { dtype, dims } : { dtype, dims, elements };
}

function contextOf(
  spec: NodeSpec,
  inputs: readonly (Tensor | undefined)[],
  outputCount: number,
  prepared: unknown,
  clamp: ClampRange,
): RunContext<never, never> {
  const context = {
    attributes: attributesOf(spec),
    kernels,
    inputs,
    outputCount,
    opset: spec.opset,
    layout: opOf(spec).layout.kind === 'nhwc' ? 'nhwc' : 'plain',
    prepared,
    clamp,
    input: (i: number) => inputs[i] ?? fail(`input ${i} is missing`),
    output: (_: number, dtype: NumericDType, dims: readonly number[]) =>
      tensor(dtype, dims, newArray(dtype, sizeOf(dims)).fill((isBigInt(dtype) ? 99n : 99) as never)),
    scratch: newArray,
    fail,
  };
  return context as unknown as RunContext<never, never>; // the definition reads its own attributes from it
}

function layoutOf(spec: NodeSpec) {
  const { layout } = opOf(spec);
  const images = layout.kind === 'nhwc' ? layout.inputs : [];
  return {
    into: (t: Tensor | undefined, i: number) =>
      t !== undefined && images.includes(i) ? converted(t, 'plain', 'nhwc') : t,
    back: (t: Tensor) => (layout.kind === 'nhwc' ? converted(t, 'nhwc', 'plain') : t),
  };
}

/** Runs the float form on plain tensors; `constant` says which inputs `prepare` sees. */
export function runFloat(
  spec: NodeSpec,
  inputs: readonly (Tensor | undefined)[],
  options: { readonly constant?: readonly number[]; readonly clamp?: ClampRange; readonly outputCount?: number } = {},
): Tensor[] {
  const def = opOf(spec);
  const { into, back } = layoutOf(spec);
  const facts = inputs.map((t) => t && { dtype: t.dtype, dims: t.dims });
  const constants = inputs.map((t, i) => (options.constant?.includes(i) ? t : undefined));
  const prepared = def.prepare?.({ attributes: attributesOf(spec), kernels, constants, facts, outputs: [] });
  const clamp = options.clamp ?? NO_CLAMP;
  return def.run(contextOf(spec, inputs.map(into), options.outputCount ?? 1, prepared, clamp)).map(back);
}

export interface QuantizedNode extends NodeSpec {
  readonly inputs: readonly (Tensor | undefined)[];
  readonly inputQuants: readonly (QuantInfo | undefined)[];
  readonly outputQuants: readonly QuantInfo[];
  /** Which inputs are constants. */
  readonly constant?: readonly number[];
  readonly outputDims?: readonly (readonly number[])[];
  readonly clamp?: ClampRange;
  /** fp32 by default. */
  readonly flavour?: RequantizerFlavour;
}

export function integerContext(node: QuantizedNode): IntegerContext<never> {
  const context = {
    attributes: attributesOf(node),
    kernels,
    flavour: node.flavour ?? 'fp32',
    inputs: node.inputs.map(
      (t, i) =>
        t && {
          dtype: node.inputQuants[i] ? 'float32' : t.dtype,
          dims: t.dims,
          constant: node.inputQuants[i] ? undefined : t,
        },
    ),
    outputs: node.outputQuants.map(() => ({ dtype: 'float32', dims: undefined })),
    inputQuants: node.inputQuants,
    outputQuants: node.outputQuants,
    constants: node.inputs.map((t, i) => (node.constant?.includes(i) ? t : undefined)),
    clamp: node.clamp ?? NO_CLAMP,
  };
  return context as unknown as IntegerContext<never>; // the definition reads its own attributes from it
}

/** The sentence of `accepts`, or the outputs of the integer form on plain codes. */
export function runInteger(node: QuantizedNode): string | Tensor[] {
  const { integer } = opOf(node);
  if (integer === undefined) return 'no integer form';
  const context = integerContext(node);
  const accepted = integer.accepts(context);
  if (accepted !== true) return accepted;
  const { into, back } = layoutOf(node);
  const prepared = integer.prepare(context);
  const run = contextOf(node, node.inputs.map(into), node.outputQuants.length, prepared, node.clamp ?? NO_CLAMP);
  return integer.run(run).map(back);
}
