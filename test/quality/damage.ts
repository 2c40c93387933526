import { writeFileSync } from 'node:fs';
import { hasDType, type Tensor, tensor } from '../../src/base/tensor.ts';
import { sourceOf } from '../../src/graph/build.ts';
import type { Model, Node, ValueId } from '../../src/graph/model.ts';
import { editModelAsync, type GraphEditor } from '../../src/graph/patch.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { modelBytes } from '../../src/onnx/write.ts';
import { openModel } from '../../src/session/model.ts';

/** Writes a damaged copy of a model. */
export async function writeDamaged(
  from: string,
  to: string,
  damage: (weights: Weights) => Promise<void>,
): Promise<void> {
  const { model } = await openModel(nodeFiles, from);
  writeFileSync(to, await modelBytes(await damaged(model, damage), to));
}

function damaged(model: Model, damage: (weights: Weights) => Promise<void>): Promise<Model> {
  return editModelAsync(model, async (editor) => damage(new Weights(editor)));
}

/** The convolutions of a model, by handle, with what they read and who reads them. */
export class Weights {
  readonly #editor: GraphEditor;

  constructor(editor: GraphEditor) {
    this.#editor = editor;
  }

  node(handle: string): Node {
    const node = [...this.#editor.nodes].find((n) => n.handle === handle);
    if (node === undefined) throw new Error(`no node ${handle}`);
    return node;
  }

  /** Nodes that read the first output, behind ReLU. */
  readers({ outputs }: Node): Node[] {
    const direct = [...this.#editor.nodes].filter((n) => outputs[0] !== undefined && n.inputs.includes(outputs[0]));
    return direct.flatMap((n) => (n.opType === 'Relu' ? this.readers(n) : [n]));
  }

  /** Changes a constant input of a node, in place of all its elements. */
  async change({ inputs }: Node, input: number, to: (x: number, index: number, dims: readonly number[]) => number) {
    const id = inputs[input] as ValueId; // whoever asks knows that it has one
    const constant = await this.#constantOf(id);
    const { dims } = constant;
    const data = Float32Array.from(constant.data as Float32Array, (x, i) => to(x, i, dims));
    const made = tensor('float32', dims, data);
    this.#editor.updateValue(id, { constant: sourceOf(made) });
  }

  async #constantOf(id: ValueId): Promise<Tensor> {
    const source = this.#editor.value(id)?.constant;
    const loaded = await source?.load();
    if (loaded === undefined || !hasDType(loaded, 'float32')) throw new Error(`value ${id} is no float32 constant`);
    return loaded;
  }
}
