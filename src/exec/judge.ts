import { isContainer } from '../base/dtype.ts';
import { formatDims, sizeOf } from '../base/shape.ts';
import { hasStaticDims, type TensorFact } from '../graph/fact.ts';
import type { ValueId } from '../graph/model.ts';
import { subgraphsOf } from '../graph/topo.ts';
import { checkDims } from '../ops/inferGraph.ts';
import { logicalDims } from '../ops/storage.ts';
import type { PlacedDraft } from './draft.ts';
import type { Held } from './frame.ts';

/** Judges the shapes of a step's inputs before it runs, and calls `fail` where they do not work out. */
export type Judge = (inputs: readonly (Held | undefined)[], fail: (message: string) => never) => void;

/** Elements up to which an input is known to the judge: shapes, axes, pads and splits are far shorter. */
const MOST_KNOWN = 1024;

/**
 * The judge of a step with symbols among its inputs or outputs: what its operator infers from the real shapes, and from
 * the elements that shapes depend on, which planning could not know. Operators judge shapes in `infer` alone, so without
 * it a step would read past its inputs. Undefined where planning has judged all, and for control flow, whose bodies are
 * planned for real shapes.
 */
export function judgeOf(draft: PlacedDraft, facts: ReadonlyMap<ValueId, TensorFact>): Judge | undefined {
  const { def, attributes, opset, node, integer } = draft;
  if (def === undefined || subgraphsOf(node).length > 0) return undefined;
  const planned = draft.inputs.map((id) => (id === undefined ? undefined : facts.get(id)));
  const made = draft.outputs.flatMap((id) => (id === undefined ? [] : [facts.get(id)]));
  const used = planned.filter((_, i) => draft.inputs[i] !== undefined);
  if ([...used, ...made].every((fact) => fact !== undefined && hasStaticDims(fact))) return undefined;

  /** An integer step takes codes where its operator takes floats. */
  const factOf = (held: Held, i: number): TensorFact | undefined => {
    const { dtype, dims } = held.tensor;
    if (isContainer(dtype)) return planned[i];
    const floats = integer?.inputFacts[i];
    const logical = logicalDims(dims, held.layout);
    if (floats !== undefined && floats.dtype !== dtype) return { dtype: floats.dtype, dims: logical };
    const isKnown = dims.length < 2 && sizeOf(dims) <= MOST_KNOWN;
    return { dtype, dims: logical, ...(isKnown && { constant: held.tensor }) };
  };

  return (held, fail) => {
    const inputs = planned.map((_, i) => {
      const given = held[i];
      return given === undefined ? undefined : factOf(given, i);
    });
    const failHere = (message: string): never => {
      const shapes = inputs.map((f) => (f?.dims === undefined ? '-' : formatDims(f.dims)));
      return fail(`${message} (inputs ${shapes.join(', ')})`);
    };
    let symbols = 0;
    const outputs = def.infer({
      attributes,
      inputs,
      outputCount: node.outputs.length,
      opset,
      input: (i) => inputs[i] ?? failHere(`input ${i} is missing`),
      symbol: (hint) => `${hint}_${symbols++}`,
      body: (name) => failHere(`the node has no graph ${name}`),
      fail: failHere,
    });
    checkDims(outputs, failHere);
  };
}
