import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import type { GraphView, NodeView, ValueView } from '../../src/protocol/views.ts';

/** Writes graphs node by node; nodes and values have no names unless they are given one. */
export class GraphWriter {
  readonly #nodes: NodeView[] = [];
  readonly #values: ValueView[] = [];
  readonly #inputs: number[] = [];
  readonly #outputs: number[] = [];

  input(): number {
    const id = this.#value('input', null);
    this.#inputs.push(id);
    return id;
  }

  constant(dims: readonly number[], name = ''): number {
    return this.#value('constant', dims, name);
  }

  /** @returns the output of a new node */
  node(opType: string, inputs: readonly number[], name = ''): number {
    const output = this.#value('activation', null);
    this.#nodes.push({
      id: this.#nodes.length,
      handle: `${opType}_${this.#nodes.length}`,
      name,
      opType,
      domain: '',
      inputs,
      outputs: [output],
      attributes: [],
      supported: true,
    });
    return output;
  }

  conv(x: number, weight: readonly number[], name = ''): number {
    return this.node('Conv', [x, this.constant(weight)], name);
  }

  dense(x: number, weightName = ''): number {
    return this.node('Add', [this.node('MatMul', [x, this.constant([8, 8], weightName)]), this.constant([8])]);
  }

  output(value: number): void {
    this.#outputs.push(value);
  }

  get nodeCount(): number {
    return this.#nodes.length;
  }

  table(): GraphTable {
    const view: GraphView = {
      file: 'generated.onnx',
      name: '',
      opsets: 'ai.onnx 21',
      producer: '',
      nodes: this.#nodes,
      values: this.#values,
      inputs: this.#inputs,
      outputs: this.#outputs,
      diagnostics: [],
      quantization: null,
      runnable: true,
    };
    return new GraphTable(encodeGraph(view));
  }

  #value(kind: ValueView['kind'], dims: ValueView['dims'], name = ''): number {
    const id = this.#values.length;
    this.#values.push({ id, name: name === '' ? `${id}` : name, kind, dtype: 'float32', dims });
    return id;
  }
}

/** (x - mean) / sqrt(variance + e) * scale + bias, in nine nodes. */
export function layerNorm(g: GraphWriter, x: number): number {
  const centred = g.node('Sub', [x, g.node('ReduceMean', [x])]);
  const variance = g.node('ReduceMean', [g.node('Pow', [centred, g.constant([])])]);
  const deviation = g.node('Sqrt', [g.node('Add', [variance, g.constant([])])]);
  const scaled = g.node('Mul', [g.node('Div', [centred, deviation]), g.constant([8])]);
  return g.node('Add', [scaled, g.constant([8])]);
}

/** x + attention(norm(x)), then y + feedForward(norm(y)). */
export function transformerLayer(g: GraphWriter, x: number, mask: number, prefix = ''): number {
  const normed = layerNorm(g, x);
  const head = (name: string) =>
    g.node('Transpose', [g.node('Reshape', [g.dense(normed, prefix + name), g.constant([4])])]);
  const [q, k, v] = [head('query'), head('key'), head('value')];
  const scores = g.node('Add', [g.node('Div', [g.node('MatMul', [q, k]), g.constant([])]), mask]);
  const mixed = g.node('MatMul', [g.node('Softmax', [scores]), v]);
  const merged = g.node('Reshape', [g.node('Transpose', [mixed]), g.constant([3])]);
  const y = g.node('Add', [x, g.dense(merged, `${prefix}out`)]);
  const wide = g.dense(layerNorm(g, y), `${prefix}wide`);
  const erf = g.node('Add', [g.node('Erf', [g.node('Div', [wide, g.constant([])])]), g.constant([])]);
  const gelu = g.node('Mul', [g.node('Mul', [wide, erf]), g.constant([])]);
  return g.node('Add', [y, g.dense(gelu, `${prefix}narrow`)]);
}

/** An embedding, a mask that all layers read, and `layers` layers without names. */
export function transformer(layers: number): GraphTable {
  const g = new GraphWriter();
  let x = g.node('Gather', [g.constant([100, 8]), g.input()]);
  const mask = g.node('Mul', [g.node('Sub', [g.constant([]), g.node('Unsqueeze', [g.input()])]), g.constant([])]);
  for (let i = 0; i < layers; i++) x = transformerLayer(g, x, mask);
  g.output(g.dense(layerNorm(g, x)));
  return g.table();
}

/** Residual blocks of two convolutions, a wider one with a projected shortcut after every `every` blocks. */
export function resNet(blocks: number, every: number): GraphTable {
  const g = new GraphWriter();
  const unit = (x: number, kernel: number) =>
    g.node('BatchNormalization', [g.conv(x, [8, 8, kernel, kernel]), g.constant([8])]);
  let x = g.node('MaxPool', [g.node('Relu', [unit(g.input(), 7)])]);
  for (let i = 0; i < blocks; i++) {
    const y = unit(g.node('Relu', [unit(x, 3)]), 3);
    const shortcut = i > 0 && i % every === 0 ? unit(x, 1) : x;
    x = g.node('Relu', [g.node('Add', [y, shortcut])]);
  }
  const pooled = g.node('Flatten', [g.node('GlobalAveragePool', [x])]);
  g.output(g.node('Gemm', [pooled, g.constant([8, 8]), g.constant([8])]));
  return g.table();
}

/** A graph in which node i reads up to three of the `reach` nodes before it. */
export function randomGraph(
  count: number,
  reach: number,
  seed: number,
  nameOf: (node: number) => string = () => '',
): GraphTable {
  const g = new GraphWriter();
  let state = seed >>> 0 || 1;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const made = [g.input()];
  for (let i = 0; i < count; i++) {
    const inputs = Array.from(
      { length: 1 + next(3) },
      () => made[Math.max(0, made.length - 1 - next(reach))] as number,
    );
    made.push(g.node(['Add', 'Concat', 'Relu', 'MatMul'][next(4)] as string, inputs, nameOf(i)));
  }
  g.output(made[made.length - 1] as number);
  return g.table();
}
