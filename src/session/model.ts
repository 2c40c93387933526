import type { FileSystem } from '../base/bytes.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import { checkCoverage } from '../exec/coverage.ts';
import type { Facts } from '../graph/fact.ts';
import type { Model, NodeId } from '../graph/model.ts';
import { readModel } from '../onnx/read.ts';
import { expandQOperators } from '../passes/expandQOperators.ts';
import { inferFacts } from '../passes/inferFacts.ts';
import { type FileQuantization, recoverQdq } from '../passes/recoverQdq.ts';
import type { GraphView } from '../protocol/views.ts';
import { cannotOpen } from './errors.ts';
import { graphView } from './graphView.ts';

/** A model as the user's file has it. */
export interface OpenModel {
  readonly path: string;
  /** Name of the file, without its folder. */
  readonly file: string;
  readonly model: Model;
  /** The model with float operators between conversions in place of operators on codes; the same where it has none. */
  readonly qdq: Model;
  readonly facts: Facts;
  /** What conversions and operators on codes in the file say, of the values of {@link qdq}; undefined without them. */
  readonly quantization: FileQuantization | undefined;
  readonly nodeByHandle: ReadonlyMap<string, NodeId>;
  /** Errors that keep it from running: operators we do not have. */
  readonly coverage: readonly Diagnostic[];
  readonly view: GraphView;
}

/**
 * Reads a model for drawing and running; weights stay in the file.
 * @throws DiagnosticError ONX… when the bytes are no ONNX model, SES411 when there is no file to read.
 */
export async function openModel(files: FileSystem, path: string): Promise<OpenModel> {
  const file = fileName(path);
  const folder = files.directoryOf(path);
  const source = await files.open(path).catch((cause: unknown) => {
    throw cannotOpen(path, cause);
  });
  const { model, diagnostics } = await readModel(source, {
    file,
    external: { open: (relative) => files.openBelow(folder, relative) },
  });
  const inferred = inferFacts(model.graph, { opsets: model.opsets, file });
  const coverage = checkCoverage(model, { file });
  const qdq = await expandQOperators(model);
  const quantization = await recoverQdq(qdq.graph);
  const nodeByHandle = new Map(model.graph.nodes.map((n) => [n.handle, n.id]));
  const view = graphView({
    file,
    model,
    facts: inferred.facts,
    coverage,
    quantization,
    diagnostics: [...diagnostics, ...inferred.diagnostics],
  });
  return { path, file, model, qdq, facts: inferred.facts, quantization, nodeByHandle, coverage, view };
}

/** The last part of a path of either kind. */
export function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
