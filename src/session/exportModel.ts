import type { FileSystem } from '../base/bytes.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import { overItsSource } from '../export/errors.ts';
import { type ExportFormat, exportGraph } from '../export/exportGraph.ts';
import type { Facts } from '../graph/fact.ts';
import { writeModel } from '../onnx/write.ts';
import type { Build } from './build.ts';
import { fileName } from './model.ts';
import type { RunState } from './run.ts';

export interface ExportRequest {
  readonly run: RunState;
  readonly build: Build;
  readonly files: FileSystem;
  readonly path: string;
  readonly format: ExportFormat;
  /** The config that made it: path and text. */
  readonly config: { readonly path: string; readonly text: string };
}

/**
 * Writes the quantized model; weights beyond 2 GiB go to `<name>.data` beside it. Its metadata say which model, which
 * config and which version made it.
 * @returns what is to be said of it.
 */
export async function exportModel(request: ExportRequest): Promise<readonly Diagnostic[]> {
  const { run, build, files, path, format, config } = request;
  const { prepared, open } = run;
  if (path === open.path) throw overItsSource({ file: open.file });
  const { model, diagnostics } = await exportGraph({
    format,
    graph: build.qdq.graph,
    ...(build.tables && { tables: build.tables }),
    ...(build.weightCodes && { weightCodes: build.weightCodes }),
    facts: factsOf(build, prepared.facts),
    origin: open.model,
    file: open.file,
    nextNodeId: build.qdq.nextNodeId,
    nextValueId: build.qdq.nextValueId,
    inputDims: prepared.inputDims,
    floatNodes: new Set([...build.plan.nodes].flatMap(([id, d]) => (d.form === 'quantized' ? [] : [id]))),
    metadata: new Map([
      ['quantscope.model', open.file],
      ['quantscope.config', fileName(config.path)],
      ['quantscope.config_text', config.text],
    ]),
  });
  const name = fileName(path);
  const written = await writeModel(model, { file: name, externalLocation: `${name}.data` });
  await files.writeChunks(path, written.chunks());
  if (written.external !== undefined) {
    await files.writeChunks(
      files.resolve(files.directoryOf(path), written.external.location),
      written.external.chunks(),
    );
  }
  return diagnostics;
}

/** Facts of the float graph, and of what stands for its values behind a DequantizeLinear. */
function factsOf(build: Build, facts: Facts): Facts {
  const { floatOf } = build.qdq;
  const all = new Map(facts);
  for (const node of build.qdq.graph.nodes) {
    const [codes] = node.inputs;
    const [out] = node.outputs;
    const value = codes === undefined ? undefined : floatOf.get(codes);
    const fact = value === undefined ? undefined : facts.get(value);
    if (node.opType === 'DequantizeLinear' && out !== undefined && fact !== undefined) all.set(out, fact);
  }
  return all;
}
