import type { DType, StoredDType } from '../base/dtype.ts';
import { DTYPES } from '../base/dtypeCodes.ts';
import { int64Tensor, type Tensor, tensor } from '../base/tensor.ts';
import { type Ids, sourceOf } from '../graph/build.ts';
import { freshLabel } from '../graph/handles.ts';
import type { Attribute, Graph, TensorSource, ValueId } from '../graph/model.ts';
import { GraphEditor } from '../graph/patch.ts';

/** The first opset in which ReduceMax and ReduceMin take their axes as an input. */
const AXES_AS_INPUT = 18;

/** Sources of constants: pass the same ones again, and equal graphs share their constants. */
export interface DynamicSources {
  /** By the object that holds the data. */
  readonly byObject: WeakMap<object, TensorSource>;
  /** Scalars and axes by name. */
  readonly byName: Map<string, TensorSource>;
}

/** Adds nodes of ai.onnx to a graph, each with one output; names that the graph has already get a number. */
export class DynamicNodes {
  readonly editor: GraphEditor;
  readonly #opset: number;
  readonly #sources: DynamicSources;
  readonly #names: Set<string>;
  readonly #constants = new Map<TensorSource, ValueId>();

  constructor(graph: Graph, ids: Ids, opset: number, sources: DynamicSources) {
    this.editor = new GraphEditor(graph, ids);
    this.#opset = opset;
    this.#sources = sources;
    this.#names = new Set([...graph.values.values()].map((v) => v.name));
  }

  /** A constant that `key` holds the data of. */
  constant(name: string, key: object, make: () => Tensor): ValueId {
    let source = this.#sources.byObject.get(key);
    if (source === undefined) {
      source = sourceOf(make());
      this.#sources.byObject.set(key, source);
    }
    return this.#constant(name, source);
  }

  scalar(dtype: 'float32' | 'float64', value: number): ValueId {
    return this.#named(`${dtype}_${value}`, () =>
      dtype === 'float32' ? tensor(dtype, [], Float32Array.of(value)) : tensor(dtype, [], Float64Array.of(value)),
    );
  }

  ints(values: readonly number[]): ValueId {
    return this.#named(`int64_${values.join('_')}`, () => int64Tensor([values.length], values));
  }

  value(name: string, dtype: DType): ValueId {
    return this.editor.addValue({ name: freshLabel(name, this.#names), dtype });
  }

  #named(name: string, make: () => Tensor): ValueId {
    let source = this.#sources.byName.get(name);
    if (source === undefined) {
      source = sourceOf(make());
      this.#sources.byName.set(name, source);
    }
    return this.#constant(name, source);
  }

  #constant(name: string, source: TensorSource): ValueId {
    let id = this.#constants.get(source);
    if (id === undefined) {
      const { dtype, dims } = source;
      id = this.editor.addValue({ name: freshLabel(name, this.#names), dtype, dims, constant: source });
      this.#constants.set(source, id);
    }
    return id;
  }
  /** A node; its output is a new value called `name`, or `options.output`. */
  add(
    opType: string,
    inputs: readonly (ValueId | undefined)[],
    options: {
      readonly name: string;
      readonly dtype: DType;
      readonly attributes?: Readonly<Record<string, Attribute>>;
      readonly output?: ValueId;
    },
  ): ValueId {
    const { name, dtype, attributes = {}, output = this.value(name, dtype) } = options;
    this.editor.addNode({ name: `${name}_${opType}`, opType, inputs, outputs: [output], attributes, origin: [] });
    return output;
  }

  float(opType: string, inputs: readonly ValueId[], name: string): ValueId {
    return this.add(opType, inputs, { name, dtype: 'float32' });
  }

  double(opType: string, inputs: readonly ValueId[], name: string): ValueId {
    return this.add(opType, inputs, { name, dtype: 'float64' });
  }

  cast(from: ValueId, dtype: StoredDType, name: string): ValueId {
    return this.add('Cast', [from], { name, dtype, attributes: { to: { kind: 'int', value: DTYPES.indexOf(dtype) } } });
  }

  /** The least or greatest element over one axis, which stays with length 1; over all of them into a scalar. */
  reduce(opType: 'ReduceMax' | 'ReduceMin', x: ValueId, axis: number | undefined, name: string): ValueId {
    const keepdims: Attribute = { kind: 'int', value: axis === undefined ? 0 : 1 };
    if (axis === undefined) return this.add(opType, [x], { name, dtype: 'float32', attributes: { keepdims } });
    if (this.#opset >= AXES_AS_INPUT) {
      const axes = this.ints([axis]);
      return this.add(opType, [x, axes], { name, dtype: 'float32', attributes: { keepdims } });
    }
    return this.add(opType, [x], {
      name,
      dtype: 'float32',
      attributes: { keepdims, axes: { kind: 'ints', value: [axis] } },
    });
  }

  nameOf(id: ValueId): string {
    return this.editor.value(id)?.name ?? `value_${id}`;
  }
}
