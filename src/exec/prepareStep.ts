import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { releasePrepared } from '../ops/evaluate.ts';
import type { AttributeSpecs, IntegerContext } from '../ops/opDef.ts';
import type { PlacedDraft } from './draft.ts';
import { contextOf } from './lower.ts';
import type { Prepared } from './planned.ts';
import type { CompileOptions, Step } from './program.ts';
import type { SignatureTable } from './signatures.ts';

export interface PrepareParts {
  readonly kernels: KernelSet;
  readonly facts: ReadonlyMap<ValueId, TensorFact>;
  readonly constants: ReadonlyMap<ValueId, Tensor>;
  readonly signatures: SignatureTable;
  readonly options: CompileOptions;
  /** The step's own key: equal keys share what was prepared. */
  readonly key: string;
  /** The value that a converted constant is a copy of. */
  readonly copyOf: ReadonlyMap<ValueId, ValueId>;
}

/** What an operator packs once for its constants, shared among programs; `release` gives this program's share back. */
export function prepareStep(draft: PlacedDraft, parts: PrepareParts): Prepared {
  const make = makerOf(draft, parts);
  if (make === undefined) return { value: undefined, release: () => undefined };
  return parts.signatures.prepared.take(
    `${parts.kernels.engine} ${JSON.stringify(parts.options.requantizer)} ${parts.key}`,
    make,
    releasePrepared,
  );
}

/** How an integer step gets to its codes; nothing for all other steps. */
export function arithmeticOf(
  draft: PlacedDraft,
  parts: Pick<PrepareParts, 'kernels' | 'options' | 'signatures' | 'key'>,
): Pick<Step, 'multipliers' | 'dequantizes'> {
  const form = draft.form === 'integer' ? draft.def?.integer : undefined;
  const context = integerContextOf(draft, parts);
  if (form === undefined || context === undefined) return {};
  const { signatures, key } = parts;
  if (!signatures.multipliers.has(key)) signatures.multipliers.set(key, form.multipliers?.(context));
  const multipliers = signatures.multipliers.get(key);
  return {
    ...(multipliers === undefined ? {} : { multipliers }),
    ...(form.dequantizes?.(context) ? { dequantizes: true } : {}),
  };
}

/** As the step's own definition accepted it. */
function integerContextOf(
  { attributes, clamp, integer }: PlacedDraft,
  { kernels, options }: Pick<PrepareParts, 'kernels' | 'options'>,
): IntegerContext<AttributeSpecs> | undefined {
  if (integer === undefined) return undefined;
  const context = { attributes, kernels, flavour: options.requantizer, ...contextOf(integer), clamp };
  return context as unknown as IntegerContext<AttributeSpecs>; // `contextOf` gives the rest of its members
}

function makerOf(draft: PlacedDraft, parts: PrepareParts): (() => unknown) | undefined {
  const { def, attributes } = draft;
  const { kernels, facts, constants, copyOf } = parts;
  if (def === undefined) return undefined;
  if (draft.form === 'integer') {
    const form = def.integer;
    const context = integerContextOf(draft, parts);
    return form === undefined || context === undefined ? undefined : () => form.prepare(context);
  }
  const { prepare } = def;
  if (prepare === undefined) return undefined;
  const plain = draft.inputs.map((id) => (id === undefined ? undefined : (copyOf.get(id) ?? id)));
  const context = {
    attributes,
    kernels,
    constants: plain.map((id) => (id === undefined ? undefined : constants.get(id))),
    facts: plain.map((id) => (id === undefined ? undefined : facts.get(id))),
    outputs: draft.outputs.flatMap((id) => {
      const fact = id === undefined ? undefined : facts.get(id);
      return fact === undefined ? [] : [fact];
    }),
  };
  return () => prepare(context);
}
