import type { Location } from '../base/diagnostics.ts';
import { freshLabel } from '../graph/handles.ts';
import type { Attribute, Graph, Model, Node, Value, ValueId } from '../graph/model.ts';
import { cannotWrite, modelTooLarge } from './errors.ts';
import { byteLengthOf, bytesOfParts, chunksOf, field, type Part } from './parts.ts';
import { encode } from './proto/codec.ts';
import {
  ATTRIBUTE_TYPE,
  attributeProto,
  graphProto,
  HEAVY,
  modelProto,
  nodeProto,
  type ValueInfoProto,
} from './proto/schema.ts';

import { typeProtoOf } from './types.ts';
import { type ExternalSink, tensorParts } from './writeTensor.ts';

/** The largest message protobuf allows. */
const PROTOBUF_LIMIT = 2 ** 31 - 1;
/** Smaller tensors stay in the model even when weights are external. */
const MIN_EXTERNAL = 1024;
/** IR versions before 4 want every initializer among the inputs too. */
const INITIALIZERS_ARE_INPUTS = 4;

export interface WriteOptions {
  /** Names the target in messages. */
  readonly file: string;
  /** Name of the external data file, beside the model, in case one is needed. */
  readonly externalLocation?: string;
  /** Bytes of model and weights above which weights go to the external file; protobuf's 2 GiB by default. */
  readonly externalThreshold?: number;
}

/** Bytes of one file, made while they are taken: weights are loaded one at a time. */
export interface WrittenFile {
  readonly byteLength: number;
  chunks(): AsyncIterable<Uint8Array>;
}

export interface WrittenModel extends WrittenFile {
  /** The weights, when they do not fit into the model. */
  readonly external?: WrittenFile & { readonly location: string };
}

/**
 * Writes a model as ONNX. Values keep their names, made unique where they are not; weights become raw_data.
 *
 * @throws DiagnosticError ONX501 for what we read but cannot write (model-local functions, a value that nothing makes),
 *   ONX502 when it exceeds 2 GiB and no external file is allowed.
 */
export async function writeModel(model: Model, options: WriteOptions): Promise<WrittenModel> {
  const { file, externalLocation, externalThreshold = PROTOBUF_LIMIT } = options;
  if (model.functions.size > 0) {
    throw cannotWrite({ file }, `the model-local functions ${[...model.functions.keys()].join(', ')}`);
  }
  const inside = await modelParts(model, file, undefined);
  const byteLength = byteLengthOf(inside);
  if (byteLength <= Math.min(externalThreshold, PROTOBUF_LIMIT)) return { byteLength, chunks: () => chunksOf(inside) };
  if (externalLocation === undefined) throw modelTooLarge(file, byteLength, PROTOBUF_LIMIT);

  const sink: ExternalSink = { location: externalLocation, minBytes: MIN_EXTERNAL, parts: [], byteLength: 0 };
  const parts = await modelParts(model, file, sink);
  const smaller = byteLengthOf(parts);
  if (smaller > PROTOBUF_LIMIT) throw modelTooLarge(file, smaller, PROTOBUF_LIMIT);
  const external = { location: externalLocation, byteLength: sink.byteLength, chunks: () => chunksOf(sink.parts) };
  return { byteLength: smaller, chunks: () => chunksOf(parts), external };
}

/** As {@link writeModel}, in memory and in one file. */
export async function modelBytes(model: Model, file: string): Promise<Uint8Array> {
  const { chunks, byteLength } = await writeModel(model, { file });
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks()) parts.push(chunk);
  return byteLength === 0 ? new Uint8Array() : bytesOfParts(parts);
}

interface WriteContext {
  readonly file: string;
  readonly irVersion: number;
  readonly external: ExternalSink | undefined;
}

async function modelParts(model: Model, file: string, external: ExternalSink | undefined): Promise<Part[]> {
  const context = { file, irVersion: model.irVersion, external };
  const head = encode(modelProto, {
    irVersion: model.irVersion,
    producerName: model.producer,
    ...(model.producerVersion !== undefined && { producerVersion: model.producerVersion }),
    opsetImport: Array.from(model.opsets, ([domain, version]) => ({ domain, version })),
    metadata: Array.from(model.metadata, ([key, value]) => ({ key, value })),
  });
  const names = new Map<ValueId, string>();
  return [head, ...field(HEAVY.model.graph, await graphParts(model.graph, names, new Set(), context))];
}

async function graphParts(
  graph: Graph,
  outerNames: ReadonlyMap<ValueId, string>,
  outerTaken: ReadonlySet<string>,
  context: WriteContext,
): Promise<Part[]> {
  const taken = new Set(outerTaken);
  const names = new Map(outerNames);
  nameValues(graph, names, taken);
  checkDefined(graph, names, context.file);
  const nameOf = (id: ValueId): string => names.get(id) as string; // checkDefined saw every id in use

  const parts: Part[] = [];
  for (const node of graph.nodes) {
    const attributes: Part[] = [];
    for (const [name, attribute] of node.attributes) {
      const at = { file: context.file, node: node.handle, opType: node.opType };
      const body = (inner: Graph): Promise<Part[]> => graphParts(inner, names, taken, context);
      attributes.push(...field(HEAVY.node.attribute, await attributeParts(name, attribute, at, body)));
    }
    parts.push(...field(HEAVY.graph.node, [nodeHead(node, nameOf), ...attributes]));
  }
  const constants = [...graph.values.values()].filter((value) => value.constant !== undefined);
  for (const value of constants) {
    if (value.constant === undefined) continue;
    parts.push(
      ...field(HEAVY.graph.initializer, await tensorParts(nameOf(value.id), value.constant, context.external)),
    );
  }
  const info = (id: ValueId): ValueInfoProto => valueInfoOf(nameOf(id), graph.values.get(id));
  const asInputs = context.irVersion < INITIALIZERS_ARE_INPUTS ? constants.map((value) => value.id) : [];
  const listed = new Set([...graph.inputs, ...graph.outputs]);
  const inner = [...graph.values.values()].filter(
    (value) => !listed.has(value.id) && value.constant === undefined && (value.dtype ?? value.dims) !== undefined,
  );
  const tail = encode(graphProto, {
    name: graph.name,
    input: [...graph.inputs, ...asInputs].map(info),
    output: graph.outputs.map(info),
    valueInfo: inner.map((value) => info(value.id)),
  });
  return [...parts, tail];
}

/** Gives each value a name of its own: those of inputs and outputs first, because users address them. */
function nameValues(graph: Graph, names: Map<ValueId, string>, taken: Set<string>): void {
  for (const id of [...graph.inputs, ...graph.outputs, ...graph.values.keys()]) {
    const value = graph.values.get(id);
    if (value !== undefined && !names.has(id)) names.set(id, freshLabel(value.name || `value_${id}`, taken));
  }
}

/** Refuses values that nothing makes: a model that reads them is broken for everyone. */
function checkDefined(graph: Graph, names: ReadonlyMap<ValueId, string>, file: string): void {
  const made = new Set<ValueId>(graph.inputs);
  for (const node of graph.nodes) for (const output of node.outputs) if (output !== undefined) made.add(output);
  const check = (id: ValueId, at: Location): void => {
    const value = graph.values.get(id);
    if (value === undefined ? names.has(id) : value.constant !== undefined || made.has(id)) return;
    throw cannotWrite(at, `nothing makes the value "${value?.name ?? id}"`);
  };
  for (const { handle, opType, inputs } of graph.nodes) {
    for (const input of inputs) if (input !== undefined) check(input, { file, node: handle, opType });
  }
  for (const output of graph.outputs) check(output, { file });
}

function nodeHead(node: Node, nameOf: (id: ValueId) => string): Uint8Array {
  const nameOrNone = (id: ValueId | undefined): string => (id === undefined ? '' : nameOf(id));
  return encode(nodeProto, {
    input: node.inputs.map(nameOrNone),
    output: node.outputs.map(nameOrNone),
    name: node.name === '' ? undefined : node.name,
    opType: node.opType,
    domain: node.domain === '' ? undefined : node.domain,
  });
}

function valueInfoOf(name: string, value: Value | undefined): ValueInfoProto {
  return { name, type: value && typeProtoOf(value) };
}

async function attributeParts(
  name: string,
  attribute: Attribute,
  at: Location,
  body: (graph: Graph) => Promise<Part[]>,
): Promise<Part[]> {
  const head = (fields: Parameters<typeof encode<typeof attributeProto.fields>>[1], type: number): Uint8Array =>
    encode(attributeProto, { name, ...fields, type });
  const text = new TextEncoder();
  const { attribute: fields } = HEAVY;
  switch (attribute.kind) {
    case 'float':
      return [head({ f: attribute.value }, ATTRIBUTE_TYPE.float)];
    case 'int':
      return [head({ i: attribute.value }, ATTRIBUTE_TYPE.int)];
    case 'string':
      return [head({ s: text.encode(attribute.value) }, ATTRIBUTE_TYPE.string)];
    case 'floats':
      return [head({ floats: attribute.value }, ATTRIBUTE_TYPE.floats)];
    case 'ints':
      return [head({ ints: attribute.value }, ATTRIBUTE_TYPE.ints)];
    case 'strings':
      return [head({ strings: attribute.value.map((s) => text.encode(s)) }, ATTRIBUTE_TYPE.strings)];
    case 'tensor': {
      const tensor = await tensorParts('', attribute.value, undefined);
      return [head({}, ATTRIBUTE_TYPE.tensor), ...field(fields.t, tensor)];
    }
    case 'tensors': {
      const parts: Part[] = [head({}, ATTRIBUTE_TYPE.tensors)];
      for (const t of attribute.value) parts.push(...field(fields.tensors, await tensorParts('', t, undefined)));
      return parts;
    }
    case 'graph':
      return [head({}, ATTRIBUTE_TYPE.graph), ...field(fields.g, await body(attribute.value))];
    case 'graphs': {
      const parts: Part[] = [head({}, ATTRIBUTE_TYPE.graphs)];
      for (const g of attribute.value) parts.push(...field(fields.graphs, await body(g)));
      return parts;
    }
    case 'other': {
      const [kind, hex] = attribute.value.split(':') as [string, string | undefined];
      if (hex === undefined || hex === '') throw cannotWrite(at, `attribute ${name} of kind ${kind}`);
      return [Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))];
    }
  }
}
