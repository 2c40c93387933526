import type { Tensor } from '../base/tensor.ts';
import type { ValueId } from '../graph/model.ts';
import type { KernelMemory } from '../kernels/kernelSet.ts';
import type { PlacedDraft } from './draft.ts';
import { isStreamed } from './streaming.ts';

/** Constants of more bytes stay where they are: few steps read them whole. */
const MOST_BYTES = 1 << 20;

/** Constants that lie in the kernels' memory, so that no run copies them there. */
export class ResidentConstants {
  readonly tensors = new Map<ValueId, Tensor>();
  readonly #memory: KernelMemory;
  readonly #arrays: (Float32Array | Int8Array | Uint8Array | Int32Array)[] = [];

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  /** Places the constants that a step reads in every run: one that has packed its constants reads none of them. */
  place(draft: PlacedDraft, constants: ReadonlyMap<ValueId, Tensor>): void {
    for (const id of draft.inputs) {
      const t = id === undefined || this.tensors.has(id) ? undefined : constants.get(id);
      if (id === undefined || t === undefined || isStreamed(t) || !isReadByKernels(t.data)) continue;
      if (t.data.byteLength > MOST_BYTES || t.dtype === 'bool') continue;
      const data = this.#memory.allocate(dtypeOf(t.data), t.data.length);
      data.set(t.data);
      this.#arrays.push(data);
      this.tensors.set(id, { ...t, data } as Tensor);
    }
  }

  release(): void {
    for (const data of this.#arrays) this.#memory.free(data);
    this.#arrays.length = 0;
  }
}

function isReadByKernels(data: Tensor['data']): data is Float32Array | Int8Array | Uint8Array | Int32Array {
  return (
    data instanceof Float32Array ||
    data instanceof Int8Array ||
    data instanceof Uint8Array ||
    data instanceof Int32Array
  );
}

function dtypeOf(data: Float32Array | Int8Array | Uint8Array | Int32Array): 'float32' | 'int8' | 'uint8' | 'int32' {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Int32Array) return 'int32';
  return data instanceof Int8Array ? 'int8' : 'uint8';
}
