import { newArray, viewArray } from '../base/dtype.ts';
import { sameDims, sizeOf } from '../base/shape.ts';
import { type Tensor, tensor } from '../base/tensor.ts';
import { hasStaticDims, type TensorFact } from '../graph/fact.ts';
import type { Node, ValueId } from '../graph/model.ts';
import { createJsKernels } from '../kernels/js/jsKernels.ts';
import { releasePrepared } from '../ops/evaluate.ts';
import { type AttributeSpecs, defineOp, type QuantInfo } from '../ops/opDef.ts';
import { type LookupPrepared, tableForm } from '../ops/unary.ts';
import type { Draft, PlanContext } from './draft.ts';
import { contextOf, type LowerOptions } from './lower.ts';

/** Codes as a function of the codes of one other value. */
interface Lookup {
  readonly root: ValueId;
  readonly quant: QuantInfo;
  readonly fact: TensorFact;
  /** By the byte of the root's code, the byte of this one's. */
  readonly table: Uint8Array;
  /** What computes it from the root. */
  readonly group: readonly Node[];
}

/** Every 8-bit code, as bytes: the table of a value that is its own root. */
const CODES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/**
 * Makes one table of every chain of element-wise integer steps that starts at one value: x * Sigmoid(x) reads x once.
 * A table holds what the steps compute for each of the 256 codes, so the codes are the same. A value that is kept ends
 * its chain, because somebody wants to see it; steps whose results nobody reads any more are the caller's to drop.
 */
export function composeLookups(
  drafts: readonly Draft[],
  context: PlanContext,
  { flavour }: LowerOptions,
): readonly Draft[] {
  const lookups = new Map<ValueId, Lookup>();
  return drafts.map((draft) => {
    const lookup = lookupOf(draft, lookups, context, flavour);
    const [id] = draft.outputs;
    if (lookup === undefined || id === undefined) return draft;
    if (!context.kept.has(id)) lookups.set(id, lookup);
    return asLookup(draft, lookup);
  });
}

function lookupOf(
  draft: Draft,
  lookups: ReadonlyMap<ValueId, Lookup>,
  { constants }: PlanContext,
  flavour: LowerOptions['flavour'],
): Lookup | undefined {
  const { def, integer } = draft;
  if (draft.form !== 'integer' || integer === undefined || def.layout.kind !== 'any') return undefined;
  if (def.aliases !== undefined || draft.outputs.length !== 1) return undefined;
  const operands: (Tensor | undefined)[] = [];
  const sources: Lookup[] = [];
  for (const [i, id] of draft.inputs.entries()) {
    const constant = id === undefined ? undefined : constants.get(id);
    if (constant !== undefined && sizeOf(constant.dims) !== 1) return undefined;
    const [fact, quant] = [integer.inputFacts[i], integer.inputQuants[i]];
    if (id === undefined || constant !== undefined) operands.push(constant);
    else if (fact === undefined || quant === undefined) return undefined;
    else {
      const source = lookups.get(id) ?? { root: id, quant, fact, table: CODES, group: [] };
      sources.push(source);
      const dtype = quant.dtype === 'int8' ? 'int8' : 'uint8'; // element-wise forms take 8-bit codes
      operands.push(tensor(dtype, [CODES.length], viewArray(dtype, source.table.buffer, 0, CODES.length)));
    }
  }
  const [first] = sources;
  const [output] = integer.outputFacts;
  if (first === undefined || output === undefined || sources.some((s) => s.root !== first.root)) return undefined;
  if (!hasStaticDims(first.fact) || !hasStaticDims(output) || !sameDims(first.fact.dims, output.dims)) return undefined;
  const group = [...new Set([...sources.flatMap((s) => s.group), ...draft.group])];
  return { ...first, table: tableOf(draft, operands, flavour), group };
}

/** What an element-wise integer step makes of operands of 256 codes or one. */
function tableOf(
  draft: Draft,
  operands: readonly (Tensor | undefined)[],
  flavour: LowerOptions['flavour'],
): Uint8Array {
  const { attributes, clamp, opset, def, integer } = draft;
  const kernels = createJsKernels();
  const fail = (message: string): never => {
    throw new Error(`invariant: ${message}`);
  };
  const shared = { attributes, kernels, clamp };
  const prepared = def.integer?.prepare({ ...shared, flavour, ...(integer && contextOf(integer)) } as never);
  const [out] =
    def.integer?.run({
      ...shared,
      inputs: operands,
      outputCount: 1,
      opset,
      layout: 'plain',
      prepared,
      input: (i: number) => operands[i] ?? fail(`input ${i} is missing`),
      output: (_: number, dtype: 'int8' | 'uint8') => tensor(dtype, [CODES.length], newArray(dtype, CODES.length)),
      scratch: newArray,
      fail,
    } as never) ?? []; // attributes and prepared are the definition's own
  releasePrepared(prepared);
  return Uint8Array.from(out?.data as Int8Array | Uint8Array); // int8 wraps to its byte
}

/** The draft as one lookup from the root of its chain. */
function asLookup(draft: Draft, { root, quant, fact, table, group }: Lookup): Draft {
  const { integer, def } = draft;
  if (integer === undefined) return draft;
  return {
    ...draft,
    def: defineOp<AttributeSpecs, unknown, LookupPrepared>({ ...def, integer: tableForm(() => table) }),
    group,
    inputs: [root],
    integer: { ...integer, inputFacts: [fact], inputQuants: [quant], constants: [undefined] },
    lookup: table,
  };
}
