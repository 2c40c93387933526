// Indices in this folder come from the arrays they are used on, which is what `!` after an element states.

/** Elements by key: those of key k are `elements[start[k]]` to `elements[start[k + 1] - 1]`. */
export interface Buckets {
  readonly start: Int32Array;
  readonly elements: Int32Array;
}

/**
 * Sorts elements by key, those of one key in their order before: linear.
 *
 * @param keys  key of each element, 0 to `keyCount` - 1; elements of a negative key are left out
 * @param order elements in the order they are taken; 0, 1, 2 … by default
 */
export function bucketBy(keys: Int32Array, keyCount: number, order?: Int32Array): Buckets {
  const start = new Int32Array(keyCount + 1);
  for (let i = 0; i < keys.length; i++) if (keys[i]! >= 0) start[keys[i]! + 1]!++;
  for (let k = 0; k < keyCount; k++) start[k + 1]! += start[k]!;
  const next = start.slice();
  const elements = new Int32Array(start[keyCount]!);
  const count = order?.length ?? keys.length;
  for (let n = 0; n < count; n++) {
    const i = order === undefined ? n : order[n]!;
    if (keys[i]! >= 0) elements[next[keys[i]!]!++] = i;
  }
  return { start, elements };
}

/** Sorts `elements[from]` to `elements[to - 1]` by their keys, equal ones in their order before. */
export function sortByKey(elements: Int32Array, from: number, to: number, key: Float64Array): void {
  if (to - from > 24) {
    mergeSort(elements, from, to, key);
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const element = elements[i]!;
    const k = key[element]!;
    let j = i - 1;
    for (; j >= from && key[elements[j]!]! > k; j--) elements[j + 1] = elements[j]!;
    elements[j + 1] = element;
  }
}

function mergeSort(elements: Int32Array, from: number, to: number, key: Float64Array): void {
  const middle = (from + to) >> 1;
  sortByKey(elements, from, middle, key);
  sortByKey(elements, middle, to, key);
  if (key[elements[middle - 1]!]! <= key[elements[middle]!]!) return;
  const left = elements.slice(from, middle);
  let right = middle;
  let out = from;
  for (let i = 0; i < left.length; out++) {
    if (right < to && key[elements[right]!]! < key[left[i]!]!) elements[out] = elements[right++]!;
    else elements[out] = left[i++]!;
  }
}
