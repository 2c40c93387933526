import type { QuantizedTensor, QuantParams } from '../base/quantParams.ts';
import type { Tensor } from '../base/tensor.ts';
import { constantsOf } from '../graph/constants.ts';
import type { Node, NodeId, ValueId } from '../graph/model.ts';
import type { Pair } from '../whatif/pairs.ts';
import type { Build } from './build.ts';
import type { RunState } from './run.ts';

/** One tensor of one node of the user's file, and where its figures come from. */
export interface TensorEntry {
  readonly name: string;
  /** In the user's graph. */
  readonly value: ValueId;
  readonly role: 'Input' | 'Output';
  readonly kind: 'Weight' | 'Activation';
  /** Set for activations that exist in both models. */
  readonly pair: Pair | undefined;
  /** Set for constants of a node that runs. */
  readonly weight: TensorWeight | undefined;
  /** Of its codes: of a constant, of an activation as the node reads it, or as it makes it. */
  readonly params: QuantParams | undefined;
}

/** The prepared graph's constant, and its codes or what it was rounded to, if either. */
export interface TensorWeight {
  readonly float: ValueId;
  readonly quantized: QuantizedTensor | undefined;
  /** In half precision. */
  readonly rounded: Tensor | undefined;
}

/** Finds the tensors of a node: its inputs in order, then its outputs. */
export class TensorIndex {
  readonly #run: RunState;
  readonly #pairs: ReadonlyMap<ValueId, Pair>;
  readonly #codes: ReadonlyMap<string, QuantizedTensor>;
  readonly #assignment: Build['assignment'];
  /** Parameters of inputs that convert, and of the values that are read so first. */
  readonly #converted = new Map<string, QuantParams>();
  readonly #readAs = new Map<ValueId, QuantParams>();

  constructor(run: RunState, build: Build) {
    this.#run = run;
    this.#pairs = new Map(build.pairs.map((p) => [p.value, p]));
    this.#codes = new Map(build.assignment.constants.map((c) => [`${c.node}:${c.input}`, c.quantized]));
    this.#assignment = build.assignment;
    for (const { value, params, uses } of build.assignment.conversions) {
      if (!this.#readAs.has(value)) this.#readAs.set(value, params);
      for (const { node, input } of uses) this.#converted.set(codeKey(node, input), params);
    }
  }

  entriesOf(node: Node): TensorEntry[] {
    const { graph } = this.#run.open.model;
    const { values } = graph;
    const constants = constantsOf(graph);
    const owner = this.#run.prepared.ownerOf.get(node.id);
    const inputs = node.inputs.flatMap((value, index): TensorEntry[] => {
      if (value === undefined) return [];
      const name = values.get(value)?.name ?? '';
      const isConstant = constants.has(value);
      const weight = owner === undefined ? undefined : this.#weightOf(node, owner, index, value);
      if (isConstant || weight !== undefined) {
        const params = weight?.quantized?.params;
        return [{ name, value, role: 'Input', kind: 'Weight', pair: undefined, weight, params }];
      }
      const converted = node.opType === owner?.opType ? this.#converted.get(codeKey(owner.id, index)) : undefined;
      const params = converted ?? this.#paramsOf(value);
      return [{ name, value, role: 'Input', kind: 'Activation', pair: this.#pairOf(value), weight: undefined, params }];
    });
    const outputs = node.outputs.flatMap((value): TensorEntry[] => {
      if (value === undefined) return [];
      const name = values.get(value)?.name ?? '';
      const params = this.#paramsOf(value) ?? this.#readAs.get(value);
      return [
        { name, value, role: 'Output', kind: 'Activation', pair: this.#pairOf(value), weight: undefined, params },
      ];
    });
    return [...inputs, ...outputs];
  }

  #pairOf(value: ValueId): Pair | undefined {
    return this.#pairs.get(value) ?? this.#pairs.get(this.#run.standIns.get(value) ?? value);
  }

  #paramsOf(value: ValueId): QuantParams | undefined {
    const { activations } = this.#assignment;
    return activations.get(value) ?? activations.get(this.#run.standIns.get(value) ?? value);
  }

  /**
   * The constant behind an input; only the node that gave the prepared one its operator has its inputs, and an operator on
   * codes has them elsewhere.
   */
  #weightOf(node: Node, owner: Node, index: number, value: ValueId): TensorEntry['weight'] {
    const standIn = this.#run.standIns.get(value);
    const at = node.opType === owner.opType ? index : standIn === undefined ? -1 : owner.inputs.indexOf(standIn);
    const float = owner.inputs[at];
    if (float === undefined || this.#run.prepared.graph.values.get(float)?.constant === undefined) return undefined;
    const rounded = this.#assignment.halves.get(owner.id)?.constants.get(at);
    return { float, quantized: this.#codes.get(codeKey(owner.id, at)), rounded };
  }
}

function codeKey(node: NodeId, input: number): string {
  return `${node}:${input}`;
}
