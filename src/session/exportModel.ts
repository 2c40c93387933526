import type { FileSystem } from '../base/bytes.ts';
import { exportQdq as exportGraph } from '../export/exportQdq.ts';
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
  readonly config: string;
}

/** Writes the quantized model; weights beyond 2 GiB go to `<name>.data` beside it. */
export async function exportQdq({ run, build, files, path, config }: ExportRequest): Promise<void> {
  const { prepared, open } = run;
  const model = exportGraph({
    graph: build.qdq.graph,
    facts: factsOf(build, prepared.facts),
    origin: open.model,
    file: open.file,
    nextNodeId: build.qdq.nextNodeId,
    nextValueId: build.qdq.nextValueId,
    inputDims: prepared.inputDims,
    metadata: new Map([
      ['quantscope.model', open.file],
      ['quantscope.config', fileName(config)],
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
}

/** Facts of the float graph, and of what stands for its values behind a DequantizeLinear. */
function factsOf(build: Build, facts: Facts): Facts {
  const floatOf = new Map([...build.qdq.codes].map(([value, codes]) => [codes, value]));
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
