import type { Location } from '../base/diagnostics.ts';
import type { Attribute, Graph, TensorSource } from '../graph/model.ts';
import { attributeSkipped } from './errors.ts';
import { ATTRIBUTE_TYPE } from './proto/schema.ts';
import type { RawAttribute, RawGraph } from './readProto.ts';
import { type TensorContext, tensorSourceOf } from './tensorSource.ts';

/**
 * Turns an AttributeProto into an {@link Attribute}. Kinds that we only keep become `other`, whose value is the kind,
 * a colon and the AttributeProto in hexadecimal (nothing after the colon when it was too long to keep).
 */
export function importAttribute(
  raw: RawAttribute,
  at: Location,
  context: TensorContext,
  importBody: (body: RawGraph) => Graph,
): Attribute {
  const name = raw.proto.name ?? '';
  const other = (kind: string, bytes: Uint8Array = new Uint8Array()): Attribute => {
    context.report(attributeSkipped(at, name, kind));
    return { kind: 'other', value: `${kind}:${hexOf(bytes)}` };
  };
  if (raw.opaque !== undefined) return other(raw.opaque.kind, raw.opaque.bytes);
  const sourceOf = (i: number): TensorSource | undefined => {
    const tensor = raw.tensors[i];
    return tensor && tensorSourceOf(tensor, { ...at, tensor: tensor.proto.name || name }, context);
  };
  const { proto, tensors, graphs } = raw;
  switch (proto.type ?? guessType(raw)) {
    case ATTRIBUTE_TYPE.float:
      return { kind: 'float', value: proto.f ?? 0 };
    case ATTRIBUTE_TYPE.int:
      return { kind: 'int', value: proto.i ?? 0 };
    case ATTRIBUTE_TYPE.string: {
      const value = textOf(proto.s ?? new Uint8Array());
      return value === undefined ? other('bytes') : { kind: 'string', value };
    }
    case ATTRIBUTE_TYPE.tensor: {
      const value = sourceOf(0);
      return value === undefined ? other('tensor') : { kind: 'tensor', value };
    }
    case ATTRIBUTE_TYPE.graph:
      return graphs[0] === undefined ? other('graph') : { kind: 'graph', value: importBody(graphs[0]) };
    case ATTRIBUTE_TYPE.floats:
      return { kind: 'floats', value: proto.floats };
    case ATTRIBUTE_TYPE.ints:
      return { kind: 'ints', value: proto.ints };
    case ATTRIBUTE_TYPE.strings: {
      const value = proto.strings.map(textOf);
      return value.every((s) => s !== undefined) ? { kind: 'strings', value } : other('bytes list');
    }
    case ATTRIBUTE_TYPE.tensors: {
      const value = tensors.map((_, i) => sourceOf(i));
      return value.every((t) => t !== undefined) ? { kind: 'tensors', value } : other('tensors');
    }
    case ATTRIBUTE_TYPE.graphs:
      return { kind: 'graphs', value: graphs.map(importBody) };
    default:
      return other(`type ${proto.type ?? 0}`);
  }
}

/** Files of IR version 1 leave `type` out: then the field that is set says it. */
function guessType({ proto, tensors, graphs }: RawAttribute): number {
  if (proto.f !== undefined) return ATTRIBUTE_TYPE.float;
  if (proto.i !== undefined) return ATTRIBUTE_TYPE.int;
  if (proto.s !== undefined) return ATTRIBUTE_TYPE.string;
  if (tensors.length > 0) return ATTRIBUTE_TYPE.tensor;
  if (graphs.length > 0) return ATTRIBUTE_TYPE.graph;
  if (proto.floats.length > 0) return ATTRIBUTE_TYPE.floats;
  if (proto.ints.length > 0) return ATTRIBUTE_TYPE.ints;
  return proto.strings.length > 0 ? ATTRIBUTE_TYPE.strings : 0;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}
