import { type DTypeArrays, type NumericDType, newArray, viewArray } from '../../base/dtype.ts';
import type { KernelMemory } from '../kernelSet.ts';

/** Memory of the JavaScript heap; counts, and leaves freeing to the garbage collector. */
export class JsMemory implements KernelMemory {
  readonly budgetBytes: number;
  #bytesInUse = 0;
  #peakBytes = 0;

  constructor(budgetBytes = Number.POSITIVE_INFINITY) {
    this.budgetBytes = budgetBytes;
  }

  allocate<D extends NumericDType>(dtype: D, length: number): DTypeArrays[D] {
    const array = newArray(dtype, length);
    this.#bytesInUse += array.byteLength;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytesInUse);
    return array;
  }

  free(array: DTypeArrays[NumericDType]): void {
    this.#bytesInUse -= array.byteLength;
  }

  view<D extends NumericDType>(block: Uint8Array, dtype: D, byteOffset: number, length: number): DTypeArrays[D] {
    return viewArray(dtype, block.buffer, block.byteOffset + byteOffset, length);
  }

  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }
}
