import type { Diagnostic } from '../base/diagnostics.ts';
import { formatDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Facts, TensorFact } from '../graph/fact.ts';
import type { Dim, Graph, Node, Value, ValueId } from '../graph/model.ts';
import { inferGraph } from '../ops/inferGraph.ts';
import { declaredOtherwise, shapeMismatch } from './errors.ts';

export interface InferFactsOptions {
  readonly opsets: ReadonlyMap<string, number>;
  readonly file: string;
  /** Shapes of graph inputs in place of the declared ones. */
  readonly inputDims?: ReadonlyMap<ValueId, readonly Dim[]>;
  /** Loaded constants; others are known by type and shape only. */
  readonly constants?: ReadonlyMap<ValueId, Tensor>;
}

/**
 * Type and shape of every value, symbols kept. What the file declares fills in what cannot be inferred; where the two
 * contradict each other the inferred counts, with a warning. Unknown operators leave their outputs as declared.
 */
export function inferFacts(graph: Graph, options: InferFactsOptions): { facts: Facts; diagnostics: Diagnostic[] } {
  const { opsets, file, inputDims, constants } = options;
  const diagnostics: Diagnostic[] = [];
  const facts = inferGraph(graph, {
    opsets,
    inputDims,
    constants,
    report: (node, message) => diagnostics.push(shapeMismatch(file, node, message)),
    refine: (id, inferred, node) => {
      const value = graph.values.get(id);
      return inputDims === undefined
        ? refine(value, inferred, node, file, diagnostics)
        : (inferred ?? declaredFact(value));
    },
  });
  return { facts, diagnostics };
}

function refine(
  value: Value | undefined,
  inferred: TensorFact | undefined,
  node: Node,
  file: string,
  diagnostics: Diagnostic[],
): TensorFact | undefined {
  const declared = declaredFact(value);
  if (declared === undefined || inferred === undefined) return inferred ?? declared;
  const at = { file, node: node.handle, opType: node.opType, tensor: value?.name ?? '' };
  if (declared.dtype !== inferred.dtype) {
    diagnostics.push(declaredOtherwise(at, declared.dtype, inferred.dtype));
    return inferred;
  }
  if (declared.dims === undefined) return inferred;
  if (inferred.dims === undefined) return { ...inferred, dims: declared.dims };
  if (contradict(declared.dims, inferred.dims)) {
    diagnostics.push(declaredOtherwise(at, formatDims(declared.dims), formatDims(inferred.dims)));
    return inferred;
  }
  return { ...inferred, dims: inferred.dims.map((d, i) => merge(d, declared.dims?.[i] ?? d)) };
}

/** A length wins over a symbol, and the file's symbol over one of ours. */
function merge(inferred: Dim, declared: Dim): Dim {
  return typeof inferred === 'number' ? inferred : declared;
}

function contradict(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length !== b.length || a.some((d, i) => typeof d === 'number' && typeof b[i] === 'number' && d !== b[i]);
}

function declaredFact(value: Value | undefined): TensorFact | undefined {
  return value?.dtype === undefined ? undefined : { dtype: value.dtype, dims: value.dims };
}
