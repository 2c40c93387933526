import fc from 'fast-check';
import { bytesInMemory, type DType, type NumericDType, newArray, type StoredDType } from '../../src/base/dtype.ts';
import { isNarrow, valuesOfCodes } from '../../src/base/floatBits.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import { GraphBuilder, Ids, sourceOf } from '../../src/graph/build.ts';
import type { Attribute, Dim, Graph, Model, ValueId } from '../../src/graph/model.ts';

export const ALL_DTYPES: readonly StoredDType[] = [
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'float8e8m0',
  'float4e2m1',
  'int2',
  'uint2',
  'int4',
  'uint4',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
  'string',
];

/** Tensors of any type and of rank 0 to 4, size-0 dimensions, NaN and infinities included. */
export const anyTensor: fc.Arbitrary<Tensor> = fc
  .record({
    dtype: fc.constantFrom(...ALL_DTYPES),
    dims: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }),
  })
  .chain(({ dtype, dims }) => tensorOf(dtype, dims));

export function tensorOf(dtype: StoredDType, dims: readonly number[]): fc.Arbitrary<Tensor> {
  const count = sizeOf(dims);
  if (dtype === 'string') {
    return fc
      .array(fc.string({ unit: 'grapheme' }), { minLength: count, maxLength: count })
      .map((data) => tensor('string', dims, data));
  }
  const length = count * 8;
  return fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => ({ dtype, dims, data: dataOf(dtype, count, bytes) }));
}

function dataOf(dtype: NumericDType, count: number, bytes: Uint8Array): Tensor['data'] {
  if (isNarrow(dtype)) {
    const values = valuesOfCodes(dtype);
    return Float32Array.from(
      { length: count },
      (_, i) => values[(256 * (bytes[2 * i] ?? 0) + (bytes[2 * i + 1] ?? 0)) % values.length] as number,
    );
  }
  const out = newArray(dtype, count);
  new Uint8Array(out.buffer).set(bytes.subarray(0, count * bytesInMemory(dtype)));
  if (dtype === 'int2' || dtype === 'uint2') for (let i = 0; i < count; i++) out[i] = (Number(out[i]) >> 6) as never;
  if (dtype === 'int4') for (let i = 0; i < count; i++) out[i] = (Number(out[i]) >> 4) as never;
  if (dtype === 'uint4') for (let i = 0; i < count; i++) out[i] = (Number(out[i]) >> 4) as never;
  if (dtype === 'bool') for (let i = 0; i < count; i++) out[i] = (Number(out[i]) & 1) as never;
  return out;
}

const label = fc.string({ maxLength: 8, unit: 'grapheme' });
const dim: fc.Arbitrary<Dim> = fc.oneof(fc.nat({ max: 1000 }), fc.constantFrom('N', 'batch', 'sequence length'));
const float32 = fc.float();
const int64 = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -1, 2 ** 63, -(2 ** 63)));

const plainAttribute: fc.Arbitrary<Attribute> = fc.oneof(
  float32.map((value): Attribute => ({ kind: 'float', value })),
  int64.map((value): Attribute => ({ kind: 'int', value })),
  label.map((value): Attribute => ({ kind: 'string', value })),
  fc.array(float32, { maxLength: 4 }).map((value): Attribute => ({ kind: 'floats', value })),
  fc.array(int64, { maxLength: 4 }).map((value): Attribute => ({ kind: 'ints', value })),
  fc.array(label, { maxLength: 3 }).map((value): Attribute => ({ kind: 'strings', value })),
  anyTensor.map((value): Attribute => ({ kind: 'tensor', value: sourceOf(value) })),
  fc.array(anyTensor, { maxLength: 2 }).map((value): Attribute => ({ kind: 'tensors', value: value.map(sourceOf) })),
);

interface GraphShape {
  readonly name: string;
  readonly inputs: readonly { readonly dtype: DType; readonly dims: readonly Dim[] | undefined }[];
  readonly constants: readonly Tensor[];
  readonly nodes: readonly {
    readonly name: string;
    readonly opType: string;
    readonly domain: string;
    /** Which of the values so far; undefined is an omitted input. */
    readonly inputs: readonly (number | undefined)[];
    readonly outputCount: number;
    readonly attributes: Readonly<Record<string, Attribute>>;
    readonly bodies: readonly GraphShape[];
  }[];
  readonly outputs: readonly number[];
}

function graphShape(depth: number): fc.Arbitrary<GraphShape> {
  return fc.record({
    name: label,
    inputs: fc.array(
      fc.record({
        dtype: fc.constantFrom(...ALL_DTYPES),
        dims: fc.option(fc.array(dim, { maxLength: 4 }), { nil: undefined }),
      }),
      { maxLength: 3 },
    ),
    constants: fc.array(anyTensor, { maxLength: 3 }),
    nodes: fc.array(
      fc.record({
        name: label,
        opType: fc.constantFrom('Conv', 'Relu', 'Add', 'If', 'Custom'),
        domain: fc.constantFrom('', 'com.example'),
        inputs: fc.array(fc.option(fc.nat(), { nil: undefined }), { maxLength: 4 }),
        outputCount: fc.integer({ min: 1, max: 3 }),
        attributes: fc.dictionary(fc.constantFrom('alpha', 'axis', 'mode', 'value'), plainAttribute, {
          noNullPrototype: true,
        }),
        bodies: depth === 0 ? fc.constant([]) : fc.array(graphShape(depth - 1), { maxLength: 2 }),
      }),
      { maxLength: 4 },
    ),
    outputs: fc.array(fc.nat(), { maxLength: 2 }),
  });
}

/** Models with every kind of attribute, with bodies that capture outer values, in a valid order and with unique names. */
export const anyModel: fc.Arbitrary<Model> = fc
  .record({
    shape: graphShape(2),
    irVersion: fc.integer({ min: 3, max: 10 }),
    opset: fc.integer({ min: 1, max: 21 }),
    producer: fc.constantFrom('', 'pytorch 2.1', 'x'),
    metadata: fc.dictionary(label, label, { maxKeys: 2, noNullPrototype: true }),
  })
  .map(({ shape, irVersion, opset, producer, metadata }) => {
    const ids = new Ids();
    return {
      graph: materialize(shape, ids, []),
      opsets: new Map([
        ['', opset],
        ['com.example', 1],
      ]),
      irVersion,
      producer,
      metadata: new Map(Object.entries(metadata)),
      nextNodeId: ids.nextNodeId,
      nextValueId: ids.nextValueId,
      functions: new Map(),
    };
  });

function materialize(shape: GraphShape, ids: Ids, outer: readonly ValueId[]): Graph {
  const graph = new GraphBuilder(shape.name, ids);
  const scope = [...outer];
  const pick = (i: number): ValueId | undefined => (scope.length === 0 ? undefined : scope[i % scope.length]);
  for (const { dtype, dims } of shape.inputs) scope.push(graph.input(`in${ids.nextValueId}`, dtype, dims));
  for (const t of shape.constants) scope.push(graph.constant(`const${ids.nextValueId}`, t));
  for (const node of shape.nodes) {
    const inputs = node.inputs.map((i) => (i === undefined ? undefined : pick(i)));
    const bodies = node.bodies.map((inner) => materialize(inner, ids, scope));
    const outputs = Array.from({ length: node.outputCount }, () => graph.value({ name: `v${ids.nextValueId}` }));
    const attributes: Record<string, Attribute> = { ...node.attributes };
    if (bodies[0] !== undefined) attributes.body = { kind: 'graph', value: bodies[0] };
    if (bodies[1] !== undefined) attributes.bodies = { kind: 'graphs', value: bodies.slice(1) };
    graph.node({ ...node, handle: '', inputs, outputs, attributes });
    scope.push(...outputs);
  }
  for (const i of shape.outputs) {
    const id = pick(i);
    if (id !== undefined) graph.output(id);
  }
  return graph.build();
}
