import { malformed, tooDeep } from './errors.ts';
import { decode, type MessageOf, type MessageType } from './proto/codec.ts';
import {
  type AttributeProto,
  attributeProto,
  containerProto,
  type FunctionProto,
  functionProto,
  type GraphProto,
  graphProto,
  HEAVY,
  type ModelProto,
  modelProto,
  type NodeProto,
  nodeProto,
  sparseTensorProto,
  type TensorProto,
  tensorProto,
} from './proto/schema.ts';
import type { FieldSpan, Visit, WireWalker } from './wire.ts';

/** One run of a tensor's data fields: the bytes stay in the file. */
export interface DataSpan {
  readonly field: number;
  readonly wire: number;
  /** Tags included: [start, end). */
  readonly start: number;
  readonly end: number;
  /** Start of the payload of the first field. */
  readonly payload: number;
  readonly count: number;
}

/** A TensorProto whose data was not read. */
export interface RawTensor {
  readonly proto: TensorProto;
  readonly data: readonly DataSpan[];
}

/** A SparseTensorProto: `values` carries the name. */
export interface RawSparse {
  readonly dims: readonly number[];
  readonly values: RawTensor;
  readonly indices: RawTensor;
}

export interface RawAttribute {
  readonly proto: AttributeProto;
  readonly tensors: readonly RawTensor[];
  readonly graphs: readonly RawGraph[];
  /** Set when the attribute holds something that is only kept: the whole AttributeProto. */
  readonly opaque?: { readonly kind: string; readonly bytes: Uint8Array };
}

export interface RawNode {
  readonly proto: NodeProto;
  readonly attributes: readonly RawAttribute[];
}

export interface RawGraph {
  readonly proto: GraphProto;
  readonly nodes: readonly RawNode[];
  readonly initializers: readonly RawTensor[];
  readonly sparse: readonly RawSparse[];
}

/** A model-local function. */
export interface RawFunction {
  readonly proto: FunctionProto;
  readonly nodes: readonly RawNode[];
  /** Attributes with a value for calls that do not give one. */
  readonly defaults: readonly RawAttribute[];
}

export interface RawModel {
  readonly proto: ModelProto;
  readonly graph: RawGraph | undefined;
  readonly functions: readonly RawFunction[];
  readonly hasTraining: boolean;
}

const MAX_DEPTH = 64;

/**
 * Reads the structure of a ModelProto: everything but the data of tensors.
 *
 * @throws DiagnosticError ONX103 … ONX107 when the bytes are no protobuf message of this shape.
 */
export async function readModelProto(walker: WireWalker): Promise<RawModel> {
  let graph: RawGraph | undefined;
  let hasTraining = false;
  const functions: RawFunction[] = [];
  const light = await walker.walk(
    0,
    walker.byteLength,
    {
      [HEAVY.model.graph]: async (span) => {
        graph = await readGraph(walker, message(walker, span), 0);
      },
      [HEAVY.model.trainingInfo]: () => {
        hasTraining = true;
      },
      [HEAVY.model.functions]: async (span) => {
        functions.push(await readFunction(walker, message(walker, span)));
      },
    },
    modelProto.byId,
  );
  return { proto: decodeAt(walker, modelProto, light, 0), graph, functions, hasTraining };
}

async function readFunction(walker: WireWalker, span: FieldSpan): Promise<RawFunction> {
  const nodes: RawNode[] = [];
  const defaults: RawAttribute[] = [];
  const { node, attributeProto: attribute, valueInfo } = HEAVY.function;
  const light = await walker.walk(
    span.start,
    span.end,
    {
      [node]: async (s) => {
        nodes.push(await readNode(walker, message(walker, s), 0));
      },
      [attribute]: async (s) => {
        defaults.push(await readAttribute(walker, message(walker, s), 0));
      },
      [valueInfo]: () => undefined,
    },
    functionProto.byId,
  );
  return { proto: decodeAt(walker, functionProto, light, span.start), nodes, defaults };
}

async function readGraph(walker: WireWalker, span: FieldSpan, depth: number): Promise<RawGraph> {
  if (depth > MAX_DEPTH) throw tooDeep(walker.file, span.start, MAX_DEPTH);
  const nodes: RawNode[] = [];
  const initializers: RawTensor[] = [];
  const sparse: RawSparse[] = [];
  const light = await walker.walk(
    span.start,
    span.end,
    {
      [HEAVY.graph.node]: async (s) => {
        nodes.push(await readNode(walker, message(walker, s), depth));
      },
      [HEAVY.graph.initializer]: async (s) => {
        initializers.push(await readTensor(walker, message(walker, s)));
      },
      [HEAVY.graph.sparseInitializer]: async (s) => {
        sparse.push(await readSparse(walker, message(walker, s)));
      },
    },
    graphProto.byId,
  );
  return { proto: decodeAt(walker, graphProto, light, span.start), nodes, initializers, sparse };
}

async function readNode(walker: WireWalker, span: FieldSpan, depth: number): Promise<RawNode> {
  const attributes: RawAttribute[] = [];
  const light = await walker.walk(
    span.start,
    span.end,
    {
      [HEAVY.node.attribute]: async (s) => {
        attributes.push(await readAttribute(walker, message(walker, s), depth));
      },
    },
    nodeProto.byId,
  );
  return { proto: decodeAt(walker, nodeProto, light, span.start), attributes };
}

async function readAttribute(walker: WireWalker, span: FieldSpan, depth: number): Promise<RawAttribute> {
  const { t, g, tensors: ts, graphs: gs, typeProto, typeProtos, sparse, sparses } = HEAVY.attribute;
  const tensors: RawTensor[] = [];
  const graphs: RawGraph[] = [];
  let kind: string | undefined;
  const onTensor: Visit = async (s) => {
    tensors.push(await readTensor(walker, message(walker, s)));
  };
  const onGraph: Visit = async (s) => {
    graphs.push(await readGraph(walker, message(walker, s), depth + 1));
  };
  const onType: Visit = () => {
    kind = 'type_proto';
  };
  const onSparse: Visit = () => {
    kind = 'sparse_tensor';
  };
  const light = await walker.walk(
    span.start,
    span.end,
    {
      [t]: onTensor,
      [ts]: onTensor,
      [g]: onGraph,
      [gs]: onGraph,
      [typeProto]: onType,
      [typeProtos]: onType,
      [sparse]: onSparse,
      [sparses]: onSparse,
    },
    attributeProto.byId,
  );
  const proto = decodeAt(walker, attributeProto, light, span.start);
  if (proto.refAttrName !== undefined && proto.refAttrName !== '') kind = 'reference';
  if (kind === undefined) return { proto, tensors, graphs };
  return { proto, tensors, graphs, opaque: { kind, bytes: await opaqueBytes(walker, span) } };
}

const MAX_OPAQUE = 64 * 1024;

async function opaqueBytes(walker: WireWalker, span: FieldSpan): Promise<Uint8Array> {
  return span.end - span.start > MAX_OPAQUE ? new Uint8Array() : walker.bytes(span.start, span.end);
}

async function readTensor(walker: WireWalker, span: FieldSpan): Promise<RawTensor> {
  const data: DataSpan[] = [];
  const onData: Visit = (s) => {
    const last = data.at(-1);
    if (last !== undefined && last.field === s.field && last.end === s.tag && last.wire === s.wire) {
      data[data.length - 1] = { ...last, end: s.end, count: last.count + 1 };
    } else {
      data.push({ field: s.field, wire: s.wire, start: s.tag, end: s.end, payload: s.start, count: 1 });
    }
  };
  const { floats, int32s, strings, int64s, raw, doubles, uint64s } = HEAVY.tensor;
  const light = await walker.walk(
    span.start,
    span.end,
    {
      [floats]: onData,
      [int32s]: onData,
      [strings]: onData,
      [int64s]: onData,
      [raw]: onData,
      [doubles]: onData,
      [uint64s]: onData,
    },
    tensorProto.byId,
  );
  return { proto: decodeAt(walker, tensorProto, light, span.start), data };
}

async function readSparse(walker: WireWalker, span: FieldSpan): Promise<RawSparse> {
  let values: RawTensor | undefined;
  let indices: RawTensor | undefined;
  const light = await walker.walk(
    span.start,
    span.end,
    {
      [HEAVY.sparse.values]: async (s) => {
        values = await readTensor(walker, message(walker, s));
      },
      [HEAVY.sparse.indices]: async (s) => {
        indices = await readTensor(walker, message(walker, s));
      },
    },
    sparseTensorProto.byId,
  );
  const { dims } = decodeAt(walker, sparseTensorProto, light, span.start);
  if (values === undefined || indices === undefined) {
    throw malformed(walker.file, span.start, 'a sparse tensor without values or indices');
  }
  return { dims, values, indices };
}

/** Reads one TensorProto that fills the whole source, as the `.pb` files of ONNX's backend tests do. */
export async function readTensorProtoAt(walker: WireWalker): Promise<RawTensor> {
  return readTensor(walker, { field: 0, wire: 2, tag: 0, start: 0, end: walker.byteLength });
}

/** A SequenceProto or OptionalProto whose tensors were not read: elements in order. */
export interface RawContainer {
  readonly name: string;
  readonly elements: readonly (RawTensor | RawContainer)[];
}

/**
 * Reads one SequenceProto or OptionalProto that fills the whole source.
 *
 * @throws DiagnosticError ONX103, ONX104 for elements that are neither tensors nor sequences.
 */
export async function readContainerAt(walker: WireWalker): Promise<RawContainer> {
  return readContainer(walker, { field: 0, wire: 2, tag: 0, start: 0, end: walker.byteLength }, 0);
}

async function readContainer(walker: WireWalker, span: FieldSpan, depth: number): Promise<RawContainer> {
  if (depth > MAX_DEPTH) throw tooDeep(walker.file, span.start, MAX_DEPTH);
  const elements: (RawTensor | RawContainer)[] = [];
  const { tensor, sparse, sequence, map, optional } = HEAVY.container;
  const refuse: Visit = (s) => {
    throw malformed(walker.file, s.tag, 'a sequence of neither tensors nor sequences');
  };
  const onContainer: Visit = async (s) => {
    elements.push(await readContainer(walker, message(walker, s), depth + 1));
  };
  const light = await walker.walk(
    span.start,
    span.end,
    {
      [tensor]: async (s) => {
        elements.push(await readTensor(walker, message(walker, s)));
      },
      [sequence]: onContainer,
      [optional]: onContainer,
      [sparse]: refuse,
      [map]: refuse,
    },
    containerProto.byId,
  );
  return { name: decodeAt(walker, containerProto, light, span.start).name ?? '', elements };
}

function message(walker: WireWalker, span: FieldSpan): FieldSpan {
  if (span.wire !== 2) throw malformed(walker.file, span.tag, `field ${span.field} has wire type ${span.wire}, not 2`);
  return span;
}

function decodeAt<F extends Parameters<typeof decode>[0]['fields']>(
  walker: WireWalker,
  type: MessageType<F>,
  bytes: Uint8Array,
  offset: number,
): MessageOf<F> {
  try {
    return decode(type, bytes);
  } catch (cause) {
    throw malformed(walker.file, offset, `in ${type.name}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
