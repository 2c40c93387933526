import { bytes, float, int32, int64, type MessageOf, many, message, one, string } from './codec.ts';

/**
 * The parts of ONNX's messages that are small: what is large or nested (nodes, attributes' graphs and tensors,
 * tensors' data) is walked by offset (see {@link HEAVY}) and never decoded as one message.
 *
 * @source ONNX onnx.proto, IR version 13: field numbers and types.
 */
export const operatorSetId = message('OperatorSetIdProto', { domain: one(1, string), version: one(2, int64) });

export const stringPair = message('StringStringEntryProto', { key: one(1, string), value: one(2, string) });

export const modelProto = message('ModelProto', {
  irVersion: one(1, int64),
  producerName: one(2, string),
  producerVersion: one(3, string),
  opsetImport: many(8, operatorSetId),
  metadata: many(14, stringPair),
});

const dimension = message('TensorShapeProto.Dimension', { value: one(1, int64), param: one(2, string) });

const tensorShape = message('TensorShapeProto', { dim: many(1, dimension) });

const tensorType = message('TypeProto.Tensor', { elemType: one(1, int32), shape: one(2, tensorShape) });

const tensorOnly = message('TypeProto', { tensorType: one(1, tensorType) });

const sequenceOfTensors = message('TypeProto.Sequence', { elemType: one(1, tensorOnly) });

const optionalTensor = message('TypeProto.Optional', { elemType: one(1, tensorOnly) });

/** A type inside a sequence or an optional: two levels, as many as operators make. */
const elementType = message('TypeProto', {
  tensorType: one(1, tensorType),
  sequenceType: one(4, sequenceOfTensors),
  optionalType: one(9, optionalTensor),
});

const sequenceType = message('TypeProto.Sequence', { elemType: one(1, elementType) });

const optionalType = message('TypeProto.Optional', { elemType: one(1, elementType) });

const typeProto = message('TypeProto', {
  tensorType: one(1, tensorType),
  sequenceType: one(4, sequenceType),
  optionalType: one(9, optionalType),
});

export const valueInfo = message('ValueInfoProto', { name: one(1, string), type: one(2, typeProto) });

export const graphProto = message('GraphProto', {
  name: one(2, string),
  input: many(11, valueInfo),
  output: many(12, valueInfo),
  valueInfo: many(13, valueInfo),
});

export const nodeProto = message('NodeProto', {
  input: many(1, string),
  output: many(2, string),
  name: one(3, string),
  opType: one(4, string),
  domain: one(7, string),
});

export const attributeProto = message('AttributeProto', {
  name: one(1, string),
  f: one(2, float),
  i: one(3, int64),
  s: one(4, bytes),
  floats: many(7, float),
  ints: many(8, int64),
  strings: many(9, bytes),
  type: one(20, int32),
  refAttrName: one(21, string),
});

export const tensorProto = message('TensorProto', {
  dims: many(1, int64),
  dataType: one(2, int32),
  name: one(8, string),
  externalData: many(13, stringPair),
  dataLocation: one(14, int32),
});

export const sparseTensorProto = message('SparseTensorProto', { dims: many(3, int64) });

/** SequenceProto and OptionalProto alike: their tensors and sequences are walked by offset. */
export const containerProto = message('SequenceProto', { name: one(1, string) });

export const functionProto = message('FunctionProto', {
  name: one(1, string),
  input: many(4, string),
  output: many(5, string),
  attribute: many(6, string),
  opsetImport: many(9, operatorSetId),
  domain: one(10, string),
});

export type ModelProto = MessageOf<typeof modelProto.fields>;
export type GraphProto = MessageOf<typeof graphProto.fields>;
export type NodeProto = MessageOf<typeof nodeProto.fields>;
export type AttributeProto = MessageOf<typeof attributeProto.fields>;
export type TensorProto = MessageOf<typeof tensorProto.fields>;
export type TypeProto = MessageOf<typeof typeProto.fields>;
export type FunctionProto = MessageOf<typeof functionProto.fields>;
export type ValueInfoProto = MessageOf<typeof valueInfo.fields>;

/** Field numbers that the walker handles by offset. */
export const HEAVY = {
  model: { graph: 7, trainingInfo: 20, functions: 25 },
  graph: { node: 1, initializer: 5, sparseInitializer: 15 },
  node: { attribute: 5 },
  attribute: { t: 5, g: 6, tensors: 10, graphs: 11, typeProto: 14, typeProtos: 15, sparse: 22, sparses: 23 },
  tensor: { floats: 4, int32s: 5, strings: 6, int64s: 7, raw: 9, doubles: 10, uint64s: 11 },
  sparse: { values: 1, indices: 2 },
  container: { tensor: 3, sparse: 4, sequence: 5, map: 6, optional: 7 },
  function: { node: 7, attributeProto: 11, valueInfo: 12 },
} as const;

/** `AttributeProto.AttributeType`. */
export const ATTRIBUTE_TYPE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
} as const;

/** `TensorProto.DataLocation.EXTERNAL`. */
export const EXTERNAL = 1;
