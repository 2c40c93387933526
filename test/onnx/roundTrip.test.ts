import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../src/base/bytes.ts';
import type { Tensor } from '../../src/base/tensor.ts';
import type { Attribute, Graph, Model, TensorSource, ValueId } from '../../src/graph/model.ts';
import { readModel, readTensorProto } from '../../src/onnx/read.ts';
import { modelBytes, writeModel } from '../../src/onnx/write.ts';
import { writeTensorProto } from '../../src/onnx/writeTensor.ts';
import { model } from '../models/model.ts';
import { ALL_DTYPES, anyModel, anyTensor, tensorOf } from './arbitraryModel.ts';

/** A graph as plain data with names for ids, so that two readings can be compared. */
async function plain(graph: Graph, outer: ReadonlyMap<ValueId, string> = new Map()): Promise<unknown> {
  const names = new Map([...outer, ...Array.from(graph.values.values(), (v) => [v.id, v.name] as const)]);
  const nameOf = (id: ValueId | undefined): string => (id === undefined ? '' : (names.get(id) ?? 'unknown'));
  const nodes = [];
  for (const { name, opType, domain, inputs, outputs, attributes } of graph.nodes) {
    const list: [string, unknown][] = [];
    for (const [key, attribute] of attributes) list.push([key, await plainAttribute(attribute, names)]);
    nodes.push({ name, opType, domain, inputs: inputs.map(nameOf), outputs: outputs.map(nameOf), attributes: list });
  }
  const values = [];
  for (const { name, dtype, dims, constant } of graph.values.values()) {
    values.push({ name, dtype, dims, constant: constant && (await constant.load()) });
  }
  values.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { name: graph.name, inputs: graph.inputs.map(nameOf), outputs: graph.outputs.map(nameOf), nodes, values };
}

async function plainAttribute(attribute: Attribute, names: ReadonlyMap<ValueId, string>): Promise<unknown> {
  const load = (source: TensorSource): Promise<Tensor> => source.load();
  switch (attribute.kind) {
    case 'graph':
      return plain(attribute.value, names);
    case 'graphs':
      return Promise.all(attribute.value.map((g) => plain(g, names)));
    case 'tensor':
      return load(attribute.value);
    case 'tensors':
      return Promise.all(attribute.value.map(load));
    default:
      return attribute;
  }
}

async function plainModel({ graph, opsets, irVersion, producer, metadata }: Model): Promise<unknown> {
  return { graph: await plain(graph), opsets: [...opsets], irVersion, producer, metadata: [...metadata] };
}

async function reread(m: Model): Promise<Model> {
  const { model: read, diagnostics } = await readModel(bytesOf(await modelBytes(m, 'm.onnx')), { file: 'm.onnx' });
  expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  return read;
}

describe('a model written and read again', () => {
  test('is the same model', async () => {
    await fc.assert(
      fc.asyncProperty(anyModel, async (m) => {
        expect(await plainModel(await reread(m))).toEqual(await plainModel(m));
      }),
      { numRuns: 150 },
    );
  });

  test('gives the same bytes when written twice', async () => {
    await fc.assert(
      fc.asyncProperty(anyModel, async (m) => {
        const once = await modelBytes(await reread(m), 'm.onnx');
        expect(await modelBytes(await reread(await reread(m)), 'm.onnx')).toEqual(once);
      }),
      { numRuns: 30 },
    );
  });

  test('keeps dimensions open that the file leaves open, each under a name of its own', async () => {
    const { model: m } = model().input('x', ['?1', '?2', 4]).relu().build();
    const read = await reread(m);
    expect(read.graph.values.get(read.graph.inputs[0] as ValueId)?.dims).toEqual(['?1', '?2', 4]);
  });
});

describe('weights above the threshold', () => {
  const build = () => model().input('x', [1, 64]).gemm({ units: 32 }).relu().gemm({ units: 300 }).build();

  test('go to an external file and come back from it', async () => {
    const { model: m } = build();
    const written = await writeModel(m, { file: 'm.onnx', externalLocation: 'm.data', externalThreshold: 10_000 });
    expect(written.external?.location).toBe('m.data');
    const main = await collect(written);
    const data = await collect(written.external as NonNullable<typeof written.external>);
    expect(main.length).toBeLessThan(2000);
    const opened: string[] = [];
    const external = {
      open: async (path: string) => {
        opened.push(path);
        return bytesOf(data);
      },
    };
    const { model: read, diagnostics } = await readModel(bytesOf(main), { file: 'm.onnx', external });
    expect(diagnostics).toEqual([]);
    expect(await plainModel(read)).toEqual(await plainModel(m));
    expect(opened).toEqual(['m.data']);
  });

  test('are refused by name where no external file is allowed', async () => {
    const { model: m } = build();
    await expect(writeModel(m, { file: 'm.onnx', externalThreshold: 10_000 })).rejects.toThrow(/^ONX502 m\.onnx/);
  });

  test('say how many bytes will come', async () => {
    const written = await writeModel(build().model, { file: 'm.onnx' });
    expect((await collect(written)).length).toBe(written.byteLength);
  });
});

async function collect(file: {
  readonly byteLength: number;
  chunks(): AsyncIterable<Uint8Array>;
}): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of file.chunks()) parts.push(chunk);
  const bytes = Buffer.concat(parts);
  expect(bytes.length).toBe(file.byteLength);
  return new Uint8Array(bytes);
}

describe('what cannot be written', () => {
  test('a value that nothing makes is named', async () => {
    const { model: m, ids } = model().input('x', [1]).relu('a').build();
    const broken = { ...m, graph: { ...m.graph, inputs: [] } };
    expect(ids.size).toBe(2);
    await expect(modelBytes(broken, 'm.onnx')).rejects.toThrow(
      'ONX501 m.onnx, node a (Relu): cannot be written: nothing makes the value "x"',
    );
  });

  test('model-local functions are named', async () => {
    const { model: m } = model().input('x', [1]).relu().build();
    const withFunctions = { ...m, functions: new Map([['my::F', 'too deep']]) };
    await expect(modelBytes(withFunctions, 'm.onnx')).rejects.toThrow(/^ONX501 m\.onnx: .*my::F/);
  });
});

describe('a TensorProto', () => {
  test.each(ALL_DTYPES)('of %s comes back', async (dtype) => {
    await fc.assert(
      fc.asyncProperty(tensorOf(dtype, [2, 3]), async (t) => {
        expect(await readTensorProto(bytesOf(writeTensorProto('t', t)), 't.pb')).toEqual({ name: 't', tensor: t });
      }),
      { numRuns: 20 },
    );
  });

  test('of any shape comes back', async () => {
    await fc.assert(
      fc.asyncProperty(anyTensor, async (t) => {
        expect((await readTensorProto(bytesOf(writeTensorProto('', t)), 't.pb')).tensor).toEqual(t);
      }),
    );
  });
});
