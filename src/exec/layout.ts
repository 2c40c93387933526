import { isNumericDType, type NumericDType, newArray } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { ValueId } from '../graph/model.ts';
import type { StorageLayout } from '../ops/opDef.ts';
import { isDequantize, isQuantize } from '../ops/quantNodes.ts';
import { convertInto, physicalDims } from '../ops/storage.ts';
import { type Draft, NO_CLAMP, type PlacedDraft, type PlanContext } from './draft.ts';

export interface Placement {
  readonly steps: readonly PlacedDraft[];
  /** Layout of each value; those without an entry are plain. */
  readonly layouts: ReadonlyMap<ValueId, StorageLayout>;
  /** Facts and data of the values that were added: copies in the other layout. */
  readonly facts: ReadonlyMap<ValueId, TensorFact>;
  readonly constants: ReadonlyMap<ValueId, Tensor>;
  /** The value each added one is a copy of. */
  readonly copyOf: ReadonlyMap<ValueId, ValueId>;
}

/**
 * Settles how each value lies in memory, and adds the steps that convert.
 *
 * Operators with a rule get what they want; element-wise ones take the layout of most of their input elements, so that
 * an image path stays channels last from its first convolution to its last. A value is converted at most once;
 * constants are converted here.
 *
 * @param firstId an id that no value has; added values are numbered from it.
 */
export function placeLayouts(drafts: readonly Draft[], context: PlanContext, firstId: number): Placement {
  const placer = new Placer(context, firstId);
  for (const draft of drafts) placer.place(draft);
  return placer;
}

class Placer implements Placement {
  readonly steps: PlacedDraft[] = [];
  readonly layouts = new Map<ValueId, StorageLayout>();
  readonly facts = new Map<ValueId, TensorFact>();
  readonly constants = new Map<ValueId, Tensor>();
  readonly copyOf = new Map<ValueId, ValueId>();
  readonly #copies = new Map<ValueId, ValueId>();
  readonly #context: PlanContext;
  #nextId: number;

  constructor(context: PlanContext, firstId: number) {
    this.#context = context;
    this.#nextId = firstId;
  }

  place(draft: Draft): void {
    const rule = draft.def.layout;
    const layout = rule.kind === 'any' || runsByAxis(draft) ? this.#elementwise(draft) : rule.kind;
    const inputs = draft.inputs.map((id, i) => {
      if (id === undefined) return undefined;
      const want = rule.kind === 'nhwc' && !rule.inputs.includes(i) ? 'plain' : layout;
      return this.#in(id, want, draft, draft.integer?.inputQuants[i] !== undefined);
    });
    if (layout === 'nhwc') {
      for (const id of draft.outputs) {
        if (id !== undefined && this.#rank(id) === 4) this.layouts.set(id, 'nhwc');
      }
    }
    this.steps.push({ ...draft, ...physical(draft, layout), inputs, layout });
  }

  #elementwise(draft: Draft): StorageLayout {
    if ((isQuantize(draft.node) || isDequantize(draft.node)) && this.#count(draft.inputs[1]) !== 1) return 'plain';
    if (draft.outputs.some((id) => id !== undefined && this.#rank(id) !== 4)) return 'plain';
    let balance = 0;
    for (const id of draft.inputs) {
      if (id === undefined) continue;
      const isConstant = this.#context.constants.has(id);
      if (this.#rank(id) === 4) {
        if (!isConstant) balance += (this.#count(id) ?? 1) * (this.layouts.get(id) === 'nhwc' ? 1 : -1);
      } else if (this.#count(id) !== 1 && !(isConstant && (this.#rank(id) ?? 5) < 4)) {
        return 'plain';
      }
    }
    return balance > 0 ? 'nhwc' : 'plain';
  }

  /** `id`, or its copy in layout `want`. @param isCoded it is a quantized operand of an integer step. */
  #in(id: ValueId, want: StorageLayout, draft: Draft, isCoded: boolean): ValueId {
    const constant = this.#context.constants.get(id);
    if (constant !== undefined) return want === 'plain' ? id : this.#constantIn(id, constant, draft, isCoded);
    if (this.#rank(id) !== 4 || (this.layouts.get(id) ?? 'plain') === want) return id;
    const known = this.#copies.get(id);
    if (known !== undefined) return known;
    const copy = this.#copy(id, want);
    const { node, attributes, opset } = draft;
    this.steps.push({
      form: 'layout',
      node,
      group: [],
      def: undefined,
      attributes,
      opset,
      inputs: [id],
      captures: [],
      outputs: [copy],
      clamp: NO_CLAMP,
      layout: want,
    });
    return copy;
  }

  /** A constant for a channels-last step: of rank 4, or below and broadcast against a tensor of rank 4. */
  #constantIn(id: ValueId, constant: Tensor, draft: Draft, isCoded: boolean): ValueId {
    const operand = draft.inputs.find((i) => i !== undefined && this.#rank(i) === 4 && !this.#context.constants.has(i));
    const dtype = operand === undefined ? undefined : this.#fact(operand)?.dtype;
    const isOperand = isCoded || constant.dtype === dtype || constant.dtype === 'bool';
    const rank = constant.dims.length;
    if (rank > 4 || sizeOf(constant.dims) === 1 || !isNumericDType(constant.dtype) || (rank < 4 && !isOperand))
      return id;
    const known = this.#copies.get(id);
    if (known !== undefined) return known;
    const dims = [...new Array<number>(4 - rank).fill(1), ...constant.dims];
    const data = newArray(constant.dtype as NumericDType, sizeOf(dims)); // strings were returned above
    convertInto({ ...constant, dims } as Tensor, 'plain', 'nhwc', data, undefined);
    const copy = this.#copy(id, 'nhwc');
    this.constants.set(copy, { dtype: constant.dtype, dims: physicalDims(dims, 'nhwc'), data } as Tensor);
    this.facts.set(copy, { dtype: constant.dtype, dims });
    return copy;
  }

  #copy(id: ValueId, layout: StorageLayout): ValueId {
    const copy = this.#nextId++ as ValueId; // ids from firstId on are nobody else's
    this.#copies.set(id, copy);
    this.copyOf.set(copy, id);
    this.layouts.set(copy, layout);
    const fact = this.#fact(id);
    if (fact !== undefined) this.facts.set(copy, fact);
    return copy;
  }

  #fact(id: ValueId): TensorFact | undefined {
    return this.facts.get(id) ?? this.#context.facts.get(id);
  }

  #rank(id: ValueId): number | undefined {
    return this.#fact(id)?.dims?.length;
  }

  #count(id: ValueId | undefined): number | undefined {
    const dims = id === undefined ? undefined : this.#fact(id)?.dims;
    return dims?.every((d) => typeof d === 'number') ? sizeOf(dims as readonly number[]) : undefined;
  }
}

/** Whether the operator works on any order of dimensions as long as its `axis` is told in that order. */
function runsByAxis(draft: Draft): boolean {
  return draft.node.domain === '' && draft.node.opType === 'Concat';
}

/** The attributes of a step that runs by axis, its axis in the order of memory. */
function physical(draft: Draft, layout: StorageLayout): Partial<Draft> {
  const { axis } = draft.attributes;
  if (layout !== 'nhwc' || !runsByAxis(draft) || typeof axis !== 'number') return {};
  const place = [0, 3, 1, 2][axis < 0 ? axis + 4 : axis];
  return place === undefined ? {} : { attributes: { ...draft.attributes, axis: place } };
}
