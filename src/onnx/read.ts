import type { ByteSource } from '../base/bytes.ts';
import { type Diagnostic, DiagnosticError } from '../base/diagnostics.ts';
import type { ContainerDType } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';
import { Ids } from '../graph/build.ts';
import type { Model } from '../graph/model.ts';
import { emptyFile, noOpset, notOnnx, overProtobufLimit, trainingIgnored } from './errors.ts';
import { expandFunctions } from './expandFunctions.ts';
import { ExternalFiles, type ExternalOpener } from './externalData.ts';
import { importGraph, normalDomain } from './importGraph.ts';
import type { ModelProto } from './proto/schema.ts';
import {
  type RawContainer,
  type RawModel,
  type RawTensor,
  readContainerAt,
  readModelProto,
  readTensorProtoAt,
} from './readProto.ts';
import { sniff } from './sniff.ts';
import { tensorSourceOf } from './tensorSource.ts';
import { WireWalker } from './wire.ts';

const PROTOBUF_LIMIT = 2 ** 31 - 1;

export interface ReadOptions {
  /** Names the model in messages. */
  readonly file: string;
  /** Opens external data; without it such tensors cannot be loaded. */
  readonly external?: ExternalOpener;
}

export interface ReadResult {
  readonly model: Model;
  /** What is wrong with the model, though it opens. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads the graph of an ONNX file; weights stay in `source` until a {@link TensorSource} is loaded, so the source must
 * stay readable as long as the model is used.
 *
 * @throws DiagnosticError ONX101 … ONX108 when the bytes are no ONNX model or cannot be read. Anything milder is a diagnostic.
 */
export async function readModel(source: ByteSource, options: ReadOptions): Promise<ReadResult> {
  const { file } = options;
  if (source.byteLength === 0) throw emptyFile(file);
  const raw = await readRaw(source, file);
  const diagnostics: Diagnostic[] = [];
  const ids = new Ids();
  const external = new ExternalFiles(options.external);
  let unknownDims = 0;
  const imported = new Map(
    raw.proto.opsetImport.map(({ domain, version }) => [normalDomain(domain), version ?? 0] as const),
  );
  const expanded = expandFunctions(raw.graph, raw.functions, imported);
  const graph = importGraph(expanded.graph, {
    file,
    source,
    ids,
    external,
    handles: new Set(),
    unknownDim: () => `?${++unknownDims}`,
    report: (diagnostic) => diagnostics.push(diagnostic),
  });
  diagnostics.push(...(await external.check()));
  if (raw.proto.opsetImport.length === 0) diagnostics.push(noOpset(file));
  if (source.byteLength > PROTOBUF_LIMIT) diagnostics.push(overProtobufLimit(file, source.byteLength));
  if (raw.hasTraining) diagnostics.push(trainingIgnored(file));
  const { proto } = raw;
  const model: Model = {
    graph,
    opsets: new Map([...expanded.opsets, ...imported]),
    irVersion: proto.irVersion ?? 0,
    producer: producerOf(proto),
    metadata: new Map(proto.metadata.map(({ key, value }) => [key ?? '', value ?? ''])),
    nextNodeId: ids.nextNodeId,
    nextValueId: ids.nextValueId,
    functions: expanded.left,
  };
  return { model, diagnostics };
}

/** What files of other formats give when they are walked as protobuf. */
const NOT_PROTOBUF = ['ONX103', 'ONX104'];

async function readRaw(
  source: ByteSource,
  file: string,
): Promise<RawModel & { readonly graph: NonNullable<RawModel['graph']> }> {
  let raw: RawModel;
  try {
    raw = await readModelProto(new WireWalker(source, file));
  } catch (error) {
    const isForeign = error instanceof DiagnosticError && NOT_PROTOBUF.includes(error.diagnostic.code);
    const what = isForeign ? sniff(await source.slice(0, 512)) : undefined;
    throw what === undefined ? error : notOnnx(file, what);
  }
  const { graph } = raw;
  if (graph === undefined) {
    throw notOnnx(file, sniff(await source.slice(0, 512)) ?? 'it has no graph');
  }
  return { ...raw, graph };
}

function producerOf({ producerName = '', producerVersion = '' }: ModelProto): string {
  return `${producerName} ${producerVersion}`.trim();
}

/**
 * Reads one TensorProto, as in the `.pb` files of ONNX's backend tests.
 *
 * @throws DiagnosticError ONX101, ONX103, ONX104 or ONX2….
 */
export async function readTensorProto(source: ByteSource, file: string): Promise<{ name: string; tensor: Tensor }> {
  const raw = await readTensorProtoAt(new WireWalker(source, file));
  return { name: raw.proto.name ?? '', tensor: await loadNow(raw, source, file) };
}

/**
 * Reads one SequenceProto or OptionalProto, as in the `.pb` files of ONNX's backend tests.
 *
 * @throws DiagnosticError ONX101, ONX103, ONX104 or ONX2….
 */
export async function readContainerProto(
  source: ByteSource,
  file: string,
  dtype: ContainerDType,
): Promise<{ name: string; tensor: Tensor }> {
  const raw = await readContainerAt(new WireWalker(source, file));
  return { name: raw.name, tensor: await containerOf(raw, dtype, source, file) };
}

async function containerOf(
  raw: RawContainer,
  dtype: ContainerDType,
  source: ByteSource,
  file: string,
): Promise<Tensor> {
  const data: Tensor[] = [];
  for (const element of raw.elements)
    data.push(
      'elements' in element
        ? await containerOf(element, 'sequence', source, file)
        : await loadNow(element, source, file),
    );
  return { dtype, dims: [data.length], data };
}

async function loadNow(raw: RawTensor, source: ByteSource, file: string): Promise<Tensor> {
  const problems: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => {
    problems.push(diagnostic);
  };
  const at = { file, tensor: raw.proto.name ?? '' };
  const tensor = tensorSourceOf(raw, at, { source, external: new ExternalFiles(undefined), report });
  const problem = problems[0];
  if (problem !== undefined) throw new DiagnosticError(problem);
  if (tensor === undefined) throw new Error('invariant: a tensor without source is reported');
  return tensor.load();
}
