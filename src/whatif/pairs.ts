import type { Program, Slot } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import { isFloat32Stored } from '../ops/numbers.ts';
import type { QuantInfo } from '../ops/opDef.ts';

/** A value of the float graph and what stands for it in the quantized one. */
export interface Pair {
  /** In the float graph; reports and views know it by this id. */
  readonly value: ValueId;
  /** In the quantized graph: its codes, or the same value left float. */
  readonly quantized: ValueId;
  readonly floatSignature: number;
  readonly quantSignature: number;
  /** Where `quantized` is codes: what they stand for. */
  readonly quant?: QuantInfo | undefined;
}

/**
 * The values that exist in both programs. One that was fused away in either, a convolution's output before its ReLU,
 * is not among them.
 * @param codes codes by float value, from insertQdq.
 */
export function pairValues(float: Program, quant: Program, codes: ReadonlyMap<ValueId, ValueId>): Pair[] {
  const pairs: Pair[] = [];
  for (const [value, slot] of float.slots) {
    if (!isFloat32Stored(slot.dtype) || !float.graph.values.has(value)) continue;
    if (float.graph.values.get(value)?.constant !== undefined) continue;
    const quantized = codes.get(value) ?? value;
    const other = quant.slots.get(quantized);
    if (other === undefined || !isReadable(other)) continue;
    if (!quant.graph.values.has(quantized)) continue; // an id of the program's own
    pairs.push({
      value,
      quantized,
      floatSignature: slot.signature,
      quantSignature: other.signature,
      quant: other.quant,
    });
  }
  return pairs;
}

const CODES: ReadonlySet<string> = new Set(['int8', 'uint8', 'int16', 'uint16']);

/** Whether it holds floats, or codes of one scale and zero point. */
function isReadable({ dtype, quant }: Slot): boolean {
  return CODES.has(dtype) ? quant?.scale.length === 1 : isFloat32Stored(dtype);
}
