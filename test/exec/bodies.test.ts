import { beforeAll, describe, expect, it } from 'vitest';
import { Cancelled } from '../../src/base/abort.ts';
import { int64Tensor, type Tensor, tensor } from '../../src/base/tensor.ts';
import { compile } from '../../src/exec/compile.ts';
import type { Program } from '../../src/exec/program.ts';
import type { GraphBuilder } from '../../src/graph/build.ts';
import type { ValueId } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { prepareGraph } from '../../src/passes/prepareGraph.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { type BuiltModel, type ModelBuilder, model } from '../models/model.ts';
import { noise } from './randomGraph.ts';
import { valuesOf } from './reference.ts';

const IMAGE = [1, 4, 8, 8] as const;

function step(graph: GraphBuilder, opType: string, inputs: readonly ValueId[], outputs = 1): readonly ValueId[] {
  const made = Array.from({ length: outputs }, (_, i) => graph.value({ name: `${opType}_${graph.nodes.length}_${i}` }));
  graph.node({ handle: `${graph.name}_${graph.nodes.length}`, opType, inputs, outputs: made });
  return made;
}

const floats = (dims: readonly number[], ...values: number[]): Tensor<'float32'> =>
  tensor('float32', dims, Float32Array.from(values));

/** A convolution whose weights lie around both branches; one adds, the other squares. */
function branching(): BuiltModel {
  const m = model()
    .input('x', IMAGE)
    .input('flag', [], 'bool')
    .at('x')
    .floats('w', [4, 4, 3, 3])
    .floats('one', [], [1]);
  const thenBranch = m.body('then', (graph, id) => {
    const [conv] = step(graph, 'Conv', [id('x'), id('w')]);
    const [relu] = step(graph, 'Relu', [conv!]);
    graph.output(step(graph, 'Add', [relu!, id('one')])[0]!);
  });
  const elseBranch = m.body('else', (graph, id) => {
    const [conv] = step(graph, 'Conv', [id('x'), id('w')]);
    graph.output(step(graph, 'Mul', [conv!, conv!])[0]!);
  });
  const attributes = {
    then_branch: { kind: 'graph', value: thenBranch },
    else_branch: { kind: 'graph', value: elseBranch },
  } as const;
  return m
    .node('If', { inputs: ['flag'], outputs: ['y'], attributes })
    .node('Relu', { inputs: ['y'] })
    .build();
}

/** `count` times: carried = carried joined with the iteration's number; a scan of how long it is. */
function growing(extra: (m: ModelBuilder) => ModelBuilder = (m) => m): BuiltModel {
  const m = extra(
    model()
      .input('count', [], 'int64')
      .input('start', ['n'], 'int64')
      .constant('go', tensor('bool', [], Uint8Array.of(1))),
  );
  const one = m.body('body', (graph) => {
    const i = graph.input('i', 'int64', []);
    const go = graph.input('go', 'bool', []);
    const carried = graph.input('carried');
    const axes = graph.constant('axes', int64Tensor([1], [0]));
    const [element] = step(graph, 'Unsqueeze', [i, axes]);
    const joined = graph.value({ name: 'joined' });
    const inputs = [carried, element!];
    graph.node({
      handle: 'join',
      opType: 'Concat',
      inputs,
      outputs: [joined],
      attributes: { axis: { kind: 'int', value: 0 } },
    });
    const [size] = step(graph, 'Size', [joined]);
    graph.output(go);
    graph.output(joined);
    graph.output(size!);
  });
  const attributes = { body: { kind: 'graph', value: one } } as const;
  return m
    .node('Loop', { inputs: ['count', 'go', 'start'], outputs: ['all', 'sizes'], attributes })
    .output('all', 'sizes')
    .build();
}

function compiled(built: BuiltModel, feeds: ReadonlyMap<ValueId, Tensor>, kernels: KernelSet): Promise<Program> {
  const { graph, opsets } = built.model;
  const inputDims = new Map([...feeds].map(([id, t]) => [id, t.dims]));
  return compile(graph, { kernels, opsets, file: 'body', inputDims, requantizer: 'fp32' });
}

function feedsOf(built: BuiltModel, tensors: Readonly<Record<string, Tensor>>): Map<ValueId, Tensor> {
  return new Map(Object.entries(tensors).map(([name, t]) => [built.ids.get(name)!, t]));
}

describe.each(['js', 'wasm'] as const)('bodies on %s', (engine) => {
  let kernels: KernelSet;

  beforeAll(async () => {
    kernels = engine === 'js' ? createJsKernels() : await wasmKernels();
  });

  it.each([0, 1])('If with condition %i computes what its branch computes node by node', async (flag) => {
    const built = branching();
    const feeds = feedsOf(built, { x: noise(3), flag: tensor('bool', [], Uint8Array.of(flag)) });
    const program = await compiled(built, feeds, kernels);
    const expected = await valuesOf(built.model.graph, feeds, built.model.opsets, kernels);
    for (let run = 0; run < 2; run++) {
      const found = program.start(feeds, { poison: true }).finish();
      for (const id of built.model.graph.outputs) expect(found.get(id)).toEqual(expected.get(id));
    }
    program.release();
  });

  it('a loop whose carried value grows plans its body a few times, not once per iteration', async () => {
    const built = growing();
    const feeds = feedsOf(built, { count: int64Tensor([], [200]), start: int64Tensor([1], [7]) });
    const program = await compiled(built, feeds, kernels);
    const found = program.start(feeds, { poison: true }).finish();
    const [all, sizes] = built.model.graph.outputs.map((id) => found.get(id)!);
    expect(all).toEqual(int64Tensor([201], [7, ...Array.from({ length: 200 }, (_, i) => i)]));
    expect(sizes).toEqual(
      int64Tensor(
        [200],
        Array.from({ length: 200 }, (_, i) => i + 2),
      ),
    );
    const before = kernels.memory.bytesInUse;
    program.start(feeds).finish();
    expect(kernels.memory.bytesInUse).toBe(before);
    program.release();
  });

  it('a loop that never runs gives its initial values and scans of length 0', async () => {
    const built = growing();
    const feeds = feedsOf(built, { count: int64Tensor([], [0]), start: int64Tensor([2], [4, 5]) });
    const program = await compiled(built, feeds, kernels);
    const run = (): unknown => program.start(feeds).finish();
    expect(run).toThrow(
      /^EXE304 body, node .* \(Loop\): the body never ran, and does not declare the type of its output 2/,
    );
    program.release();
  });

  it('gives back all memory with the program', async () => {
    const before = kernels.memory.bytesInUse;
    const built = branching();
    const feeds = feedsOf(built, { x: noise(3), flag: tensor('bool', [], Uint8Array.of(1)) });
    const program = await compiled(built, feeds, kernels);
    program.start(feeds).finish();
    program.release();
    expect(kernels.memory.bytesInUse).toBe(before);
  });
});

describe('bodies', () => {
  it('stop at a cancel, however long they would run', async () => {
    const built = growing();
    const feeds = feedsOf(built, { count: int64Tensor([], [Number.MAX_SAFE_INTEGER]), start: int64Tensor([1], [1]) });
    const program = await compiled(built, feeds, createJsKernels());
    let looks = 0;
    const signal = {
      get aborted() {
        return ++looks > 100;
      },
    };
    expect(() => program.start(feeds, { signal }).finish()).toThrow(Cancelled);
  });

  it('capture what folding made a constant', async () => {
    const m = model()
      .input('x', [2])
      .input('flag', [], 'bool')
      .floats('a', [2], [1, 2])
      .node('Neg', { inputs: ['a'], outputs: ['minus'] });
    const add = (name: string) =>
      m.body(name, (graph, id) => {
        graph.output(step(graph, 'Add', [id('x'), id('minus')])[0]!);
      });
    const attributes = {
      then_branch: { kind: 'graph', value: add('then') },
      else_branch: { kind: 'graph', value: add('else') },
    } as const;
    const built = m.node('If', { inputs: ['flag'], attributes }).build();
    const feeds = feedsOf(built, { x: floats([2], 10, 20), flag: tensor('bool', [], Uint8Array.of(1)) });
    const kernels = createJsKernels();
    const inputDims = new Map([...feeds].map(([id, t]) => [id, t.dims]));
    const { graph } = await prepareGraph(built.model, { inputDims, file: 'body', kernels });
    expect(graph.nodes.map((n) => n.opType)).toEqual(['If']);
    const program = await compile(graph, {
      kernels,
      opsets: built.model.opsets,
      file: 'body',
      inputDims,
      requantizer: 'fp32',
    });
    expect(program.start(feeds).finish().get(graph.outputs[0]!)).toEqual(floats([2], 9, 18));
  });
});
