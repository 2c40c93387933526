import type { DType, NumericDType } from '../../src/base/dtype.ts';
import { newArray } from '../../src/base/dtype.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { int64Tensor, type Tensor, tensor } from '../../src/base/tensor.ts';
import { GraphBuilder, Ids, sourceOf } from '../../src/graph/build.ts';
import { assignHandles } from '../../src/graph/handles.ts';
import type { Attribute, Dim, Graph, Model, ValueId } from '../../src/graph/model.ts';
import { modelBytes } from '../../src/onnx/write.ts';

export type AttributeInit = number | string | readonly number[] | readonly string[] | Tensor | Attribute;

export interface NodeInit {
  readonly name?: string;
  readonly domain?: string;
  /** Names of values; '' omits an optional input. By default the current value. */
  readonly inputs?: readonly string[];
  /** Names of values to make; by default one, named by operator and count. */
  readonly outputs?: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeInit>>;
}

export interface ConvInit {
  readonly name?: string;
  readonly channels: number;
  readonly kernel?: number;
  readonly stride?: number;
  /** On every side; `kernel / 2` rounded down by default. */
  readonly pad?: number;
  readonly group?: number;
  /** [channels, in / group, kernel, kernel]; random by default. */
  readonly weight?: readonly number[];
  /** [channels]; random by default, `false` for none. */
  readonly bias?: readonly number[] | false;
}

export interface BuiltModel {
  readonly model: Model;
  /** Values of the main graph by name. */
  readonly ids: ReadonlyMap<string, ValueId>;
  /** The model as an ONNX file. */
  bytes(): Promise<Uint8Array>;
}

/** Starts a model in code: `model().input('x', [1, 3, 8, 8]).conv({ channels: 4 }).relu().build()`. */
export function model(
  options: { readonly opset?: number; readonly irVersion?: number; readonly seed?: number } = {},
): ModelBuilder {
  return new ModelBuilder(options);
}

/**
 * Chains operators: each method reads the current value and makes its result current. Weights are random from the seed.
 * Shapes of current values are followed where the methods here need them (Conv, Gemm).
 */
export class ModelBuilder {
  readonly #ids = new Ids();
  readonly #graph = new GraphBuilder('test', this.#ids);
  readonly #values = new Map<string, ValueId>();
  readonly #dims = new Map<string, readonly Dim[]>();
  readonly #nodes: {
    name: string;
    opType: string;
    init: NodeInit;
    inputs: readonly string[];
    outputs: readonly string[];
  }[] = [];
  readonly #outputs: string[] = [];
  readonly #opsets: Map<string, number>;
  readonly #irVersion: number;
  readonly #random: Random;
  #current = '';

  constructor({ opset = 17, irVersion = 8, seed = 1 }: { opset?: number; irVersion?: number; seed?: number }) {
    this.#opsets = new Map([['', opset]]);
    this.#irVersion = irVersion;
    this.#random = seededRandom(seed);
  }

  /** Imports another operator set. */
  opset(domain: string, version: number): this {
    this.#opsets.set(domain, version);
    return this;
  }

  /** Name of the current value. */
  get current(): string {
    return this.#current;
  }

  /** Makes an earlier value current. */
  at(name: string): this {
    this.#current = name;
    return this;
  }

  input(name: string, dims: readonly Dim[], dtype: DType = 'float32'): this {
    this.#values.set(name, this.#graph.input(name, dtype, dims));
    this.#dims.set(name, dims);
    this.#current = name;
    return this;
  }

  /** Adds an initializer; the current value stays. */
  constant(name: string, value: Tensor): this {
    this.#values.set(name, this.#graph.constant(name, value));
    this.#dims.set(name, value.dims);
    return this;
  }

  /** Adds a float32 initializer; random normal times `scale` where no values are given. */
  floats(name: string, dims: readonly number[], values?: readonly number[], scale = 1): this {
    const data = values
      ? Float32Array.from(values)
      : Float32Array.from({ length: sizeOf(dims) }, () => scale * this.#random.normal());
    return this.constant(name, tensor('float32', dims, data));
  }

  ints(name: string, dims: readonly number[], values: readonly number[]): this {
    return this.constant(name, int64Tensor(dims, values));
  }

  /** Adds any node. */
  node(opType: string, init: NodeInit = {}): this {
    const name = init.name ?? `${opType.toLowerCase()}${this.#nodes.length}`;
    const inputs = init.inputs ?? [this.#current];
    const outputs = init.outputs ?? [`${name}_out`];
    this.#nodes.push({ name, opType, init, inputs, outputs });
    for (const output of outputs) {
      if (output !== '') this.#values.set(output, this.#graph.value({ name: output }));
    }
    this.#current = outputs[0] ?? '';
    return this;
  }

  conv(init: ConvInit): this {
    const { channels, kernel = 3, stride = 1, pad = Math.floor(kernel / 2), group = 1, weight, bias } = init;
    const name = init.name ?? `conv${this.#nodes.length}`;
    const [n = 1, c = 1, h = 1, w = 1] = this.#currentDims();
    const perGroup = Number(c) / group;
    this.floats(`${name}_w`, [channels, perGroup, kernel, kernel], weight, 1 / Math.sqrt(perGroup * kernel * kernel));
    const inputs = [this.#current, `${name}_w`];
    if (bias !== false) {
      this.floats(`${name}_b`, [channels], bias, 0.1);
      inputs.push(`${name}_b`);
    }
    const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], group };
    this.node('Conv', { name, inputs, attributes });
    const out = (d: Dim): Dim => (typeof d === 'number' ? Math.floor((d + 2 * pad - kernel) / stride) + 1 : d);
    return this.#shape([n, channels, out(h), out(w)]);
  }

  gemm(init: {
    readonly name?: string;
    readonly units: number;
    readonly weight?: readonly number[];
    readonly bias?: readonly number[];
  }): this {
    const name = init.name ?? `gemm${this.#nodes.length}`;
    const [m = 1, k = 1] = this.#currentDims();
    this.floats(`${name}_w`, [init.units, Number(k)], init.weight, 1 / Math.sqrt(Number(k)));
    this.floats(`${name}_b`, [init.units], init.bias, 0.1);
    this.node('Gemm', { name, inputs: [this.#current, `${name}_w`, `${name}_b`], attributes: { transB: 1 } });
    return this.#shape([m, init.units]);
  }

  matMul(init: { readonly name?: string; readonly units: number; readonly weight?: readonly number[] }): this {
    const name = init.name ?? `matmul${this.#nodes.length}`;
    const dims = this.#currentDims();
    const k = Number(dims.at(-1));
    this.floats(`${name}_w`, [k, init.units], init.weight, 1 / Math.sqrt(k));
    this.node('MatMul', { name, inputs: [this.#current, `${name}_w`] });
    return this.#shape([...dims.slice(0, -1), init.units]);
  }

  batchNorm(name = `bn${this.#nodes.length}`): this {
    const dims = this.#currentDims();
    const c = Number(dims[1]);
    const positive = Array.from({ length: c }, () => 0.5 + this.#random.next());
    this.floats(`${name}_scale`, [c])
      .floats(`${name}_bias`, [c])
      .floats(`${name}_mean`, [c])
      .floats(`${name}_var`, [c], positive);
    const inputs = [this.#current, ...['scale', 'bias', 'mean', 'var'].map((part) => `${name}_${part}`)];
    this.node('BatchNormalization', { name, inputs });
    return this.#shape(dims);
  }

  /** An element-wise operator on the current value, and on `others` if it takes more. */
  elementwise(opType: string, others: readonly string[] = [], init: NodeInit = {}): this {
    const dims = this.#currentDims();
    this.node(opType, { ...init, inputs: [this.#current, ...others] });
    return this.#shape(dims);
  }

  relu(name?: string): this {
    return this.elementwise('Relu', [], name === undefined ? {} : { name });
  }

  add(other: string, name?: string): this {
    return this.elementwise('Add', [other], name === undefined ? {} : { name });
  }

  maxPool(kernel = 2, stride = kernel): this {
    return this.#pool('MaxPool', kernel, stride);
  }

  averagePool(kernel = 2, stride = kernel): this {
    return this.#pool('AveragePool', kernel, stride);
  }

  globalAveragePool(): this {
    const [n = 1, c = 1] = this.#currentDims();
    return this.node('GlobalAveragePool').#shape([n, c, 1, 1]);
  }

  flatten(): this {
    const [n = 1, ...rest] = this.#currentDims();
    return this.node('Flatten').#shape([n, sizeOf(rest.map(Number))]);
  }

  softmax(axis = -1): this {
    return this.elementwise('Softmax', [], { attributes: { axis } });
  }

  /** QuantizeLinear then DequantizeLinear on the current value, with one scale and zero point. */
  quantizeDequantize(scale: number, zeroPoint: number, dtype: 'int8' | 'uint8' = 'uint8'): this {
    const dims = this.#currentDims();
    const name = `qdq${this.#nodes.length}`;
    const zero = newArray(dtype as NumericDType, 1);
    zero[0] = zeroPoint as never; // dtype is an 8-bit integer
    this.floats(`${name}_scale`, [], [scale]).constant(`${name}_zp`, tensor(dtype, [], zero as never));
    const parameters = [`${name}_scale`, `${name}_zp`];
    this.node('QuantizeLinear', { name: `${name}_q`, inputs: [this.#current, ...parameters] });
    this.node('DequantizeLinear', { name: `${name}_dq`, inputs: [this.#current, ...parameters] });
    return this.#shape(dims);
  }

  /** Says what shape the current value has, where the methods here cannot follow it. */
  follow(dims: readonly Dim[]): this {
    return this.#shape(dims);
  }

  /** A body for If, Loop or Scan; `id` finds the values around it. */
  body(name: string, fill: (graph: GraphBuilder, id: (name: string) => ValueId) => void): Graph {
    return body(name, this.#ids, (graph) => fill(graph, (value) => this.#id(value)));
  }

  /** Declares outputs; without a call the current value is the only one. */
  output(...names: readonly string[]): this {
    this.#outputs.push(...(names.length > 0 ? names : [this.#current]));
    return this;
  }

  build(): BuiltModel {
    const handles = assignHandles(this.#nodes, '', new Set());
    this.#nodes.forEach(({ name, opType, init, inputs, outputs }, i) => {
      this.#graph.node({
        name,
        handle: handles[i] as string,
        opType,
        domain: init.domain ?? '',
        inputs: inputs.map((input) => (input === '' ? undefined : this.#id(input))),
        outputs: outputs.map((output) => (output === '' ? undefined : this.#id(output))),
        attributes: Object.fromEntries(Object.entries(init.attributes ?? {}).map(([key, v]) => [key, attributeOf(v)])),
      });
    });
    for (const output of this.#outputs.length > 0 ? this.#outputs : [this.#current])
      this.#graph.output(this.#id(output));
    const built: Model = {
      graph: this.#graph.build(),
      opsets: this.#opsets,
      irVersion: this.#irVersion,
      producer: 'quantscope-test',
      metadata: new Map(),
      nextNodeId: this.#ids.nextNodeId,
      nextValueId: this.#ids.nextValueId,
      functions: new Map(),
    };
    return { model: built, ids: this.#values, bytes: () => modelBytes(built, 'test.onnx') };
  }

  #pool(opType: string, kernel: number, stride: number): this {
    const [n = 1, c = 1, h = 1, w = 1] = this.#currentDims();
    this.node(opType, { attributes: { kernel_shape: [kernel, kernel], strides: [stride, stride] } });
    const out = (d: Dim): Dim => (typeof d === 'number' ? Math.floor((d - kernel) / stride) + 1 : d);
    return this.#shape([n, c, out(h), out(w)]);
  }

  #currentDims(): readonly Dim[] {
    const dims = this.#dims.get(this.#current);
    if (dims === undefined)
      throw new Error(`the shape of ${this.#current} is not followed; use node() with explicit weights`);
    return dims;
  }

  #shape(dims: readonly Dim[]): this {
    this.#dims.set(this.#current, dims);
    return this;
  }

  #id(name: string): ValueId {
    const id = this.#values.get(name);
    if (id === undefined) throw new Error(`no value is named ${name}`);
    return id;
  }
}

/** An attribute from a plain value: a whole number is an int, another number a float; lists likewise. */
export function attributeOf(value: AttributeInit): Attribute {
  if (typeof value === 'number') return Number.isInteger(value) ? { kind: 'int', value } : { kind: 'float', value };
  if (typeof value === 'string') return { kind: 'string', value };
  if (isList(value)) {
    if (value.every((v) => typeof v === 'string'))
      return value.length > 0 ? { kind: 'strings', value } : { kind: 'ints', value: [] };
    const numbers = value as readonly number[]; // not all strings, and lists are not mixed
    return numbers.every(Number.isInteger) ? { kind: 'ints', value: numbers } : { kind: 'floats', value: numbers };
  }
  return 'kind' in value ? value : { kind: 'tensor', value: sourceOf(value) };
}

function isList(value: AttributeInit): value is readonly number[] | readonly string[] {
  return Array.isArray(value);
}

/** A body for If, Loop or Scan, written against the ids of `ids`. */
export function body(name: string, ids: Ids, fill: (graph: GraphBuilder) => void): Graph {
  const graph = new GraphBuilder(name, ids);
  fill(graph);
  return graph.build();
}
