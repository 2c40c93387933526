import { invariant } from '../base/diagnostics.ts';
import type { NumericDType } from '../base/dtype.ts';
import { DTYPES } from '../base/dtypeCodes.ts';
import type { QuantizedTensor } from '../base/quantParams.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import type { ValueId } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';
import { NARROW_AND_WIDE_CODES } from './laterOpsets.ts';

/** Weights of a graph that are indices into a table, by the constant that holds what they stand for. */
export type CentroidTables = ReadonlyMap<ValueId, QuantizedTensor>;

const MOST_OF_4_BITS = 16;
const MOST_OF_8_BITS = 256;

/** Whether a table has so few entries that its indices fit into 4 bits, which opset 21 has a type for. */
export function hasNarrowIndices(tables: CentroidTables): boolean {
  return [...tables.values()].some(({ params }) => (params.table?.length ?? 0) <= MOST_OF_4_BITS);
}

/**
 * Stores weights as indices of 4 (where the opset has them), 8 or 16 bits and the table of their centroids, whose elements a Gather takes; runtimes
 * do that once, when they load the model.
 */
export function putTables(editor: GraphEditor, tables: CentroidTables, opset: number): void {
  for (const [id, quantized] of tables) {
    const value = editor.value(id);
    const { table } = quantized.params;
    if (value === undefined || table === undefined) continue; // no node reads it any more
    const { name } = value;
    const { dims } = quantized.codes;
    const dtype = value.dtype as NumericDType & ('float32' | 'float16' | 'bfloat16'); // of a clustered weight
    const stored = editor.addConstant(`${name}_indices`, indicesOf(quantized, table.length, opset));
    const centroids = editor.addConstant(`${name}_centroids`, tensor(dtype, [table.length], table));
    const indices = editor.addValue({ name: `${name}_indices_int32`, dtype: 'int32', dims });
    const restored = editor.addValue({ name: `${name}_restored`, dtype, dims });
    editor.replaceUses(id, restored, { outputs: 'keep' });
    const to = { kind: 'int', value: DTYPES.indexOf('int32') } as const;
    editor.addNode({
      opType: 'Cast',
      name: `${name}_Cast`,
      inputs: [stored],
      outputs: [indices],
      attributes: { to },
      origin: [],
    });
    const axis = { kind: 'int', value: 0 } as const;
    const inputs = [centroids, indices];
    editor.addNode({
      opType: 'Gather',
      name: `${name}_Gather`,
      inputs,
      outputs: [restored],
      attributes: { axis },
      origin: [],
    });
  }
}

function indicesOf({ codes, params }: QuantizedTensor, entries: number, opset: number): Tensor {
  const { data, dims } = codes;
  invariant(data instanceof Int8Array || data instanceof Int16Array, 'indices are held in signed codes');
  const { qmin } = params.scheme;
  if (entries > MOST_OF_8_BITS)
    return tensor(
      'uint16',
      dims,
      Uint16Array.from(data, (q) => q - qmin),
    );
  const bytes = Uint8Array.from(data, (q) => q - qmin);
  return tensor(entries > MOST_OF_4_BITS || opset < NARROW_AND_WIDE_CODES ? 'uint8' : 'uint4', dims, bytes);
}
