import { expect, it } from 'vitest';
import { int64Tensor, tensor } from '../../src/base/tensor.ts';
import { compile } from '../../src/exec/compile.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { prepareGraph } from '../../src/passes/prepareGraph.ts';
import { type BuiltModel, model } from '../models/model.ts';

const kernels = createJsKernels();

/** relu(x) if x has rank 2, else -x; the rank is known as soon as the shape is. */
function byRank(): BuiltModel {
  const m = model()
    .input('x', ['a', 'b'])
    .constant('two', int64Tensor([], [2]));
  const branch = (name: string, opType: string) =>
    m.body(name, (graph, id) => {
      const made = graph.value({ name: `${name}_out` });
      graph.node({ handle: name, opType, inputs: [id('x')], outputs: [made] });
      graph.output(made);
    });
  m.node('Shape', { inputs: ['x'] })
    .node('Size')
    .node('Equal', { inputs: [m.current, 'two'], outputs: ['is2'] });
  const attributes = {
    then_branch: { kind: 'graph', value: branch('then', 'Relu') },
    else_branch: { kind: 'graph', value: branch('else', 'Neg') },
  } as const;
  return m.node('If', { name: 'choice', inputs: ['is2'], outputs: ['y'], attributes }).build();
}

it('an If whose condition follows from the shapes becomes its branch, which stands for it', async () => {
  const built = byRank();
  const [x] = built.model.graph.inputs;
  const inputDims = new Map([[x!, [1, 3]]]);
  const { graph } = await prepareGraph(built.model, { inputDims, file: 'if.onnx', kernels });
  const choice = built.model.graph.nodes.find((n) => n.handle === 'choice')!;
  expect(graph.nodes.map((n) => [n.opType, n.origin])).toEqual([['Relu', [choice.id]]]);
  expect(graph.outputs).toEqual(built.model.graph.outputs);
  const options = { kernels, opsets: built.model.opsets, file: 'if.onnx', inputDims, requantizer: 'fp32' } as const;
  const program = await compile(graph, options);
  const feeds = new Map([[x!, tensor('float32', [1, 3], Float32Array.of(-1, 0, 2))]]);
  expect(program.start(feeds).finish().get(graph.outputs[0]!)?.data).toEqual(Float32Array.of(0, 0, 2));
});

it('an If whose condition is an input stays', async () => {
  const m = model().input('x', [2]).input('flag', [], 'bool');
  const branch = (name: string) => m.body(name, (graph, id) => graph.output(id('x')));
  const attributes = {
    then_branch: { kind: 'graph', value: branch('then') },
    else_branch: { kind: 'graph', value: branch('else') },
  } as const;
  const built = m.node('If', { inputs: ['flag'], attributes }).build();
  const inputDims = new Map(built.model.graph.inputs.map((id, i) => [id, i === 0 ? [2] : []]));
  const { graph } = await prepareGraph(built.model, { inputDims, file: 'if.onnx', kernels });
  expect(graph.nodes.map((n) => n.opType)).toEqual(['If']);
});
