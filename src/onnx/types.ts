import type { ContainerDType, DType, StoredDType } from '../base/dtype.ts';
import { isContainer } from '../base/dtype.ts';
import type { Dim, ElementType } from '../graph/model.ts';
import type { TypeProto } from './proto/schema.ts';
import { dataTypeOf, dtypeOf } from './tensorData.ts';

/** What a file declares of a value; nothing where it is of a type we do not hold (maps, sparse tensors). */
export interface DeclaredType {
  readonly dtype?: DType;
  readonly dims?: readonly Dim[];
  readonly element?: ElementType;
}

/** A TypeProto of one level more or less: the inner ones of sequences and optionals have fewer fields. */
interface AnyTypeProto {
  readonly tensorType?: TypeProto['tensorType'];
  readonly sequenceType?: { readonly elemType: AnyTypeProto | undefined } | undefined;
  readonly optionalType?: { readonly elemType: AnyTypeProto | undefined } | undefined;
}

/** @param unknownDim a name for a dimension the file leaves open. */
export function typeOf(type: AnyTypeProto | undefined, unknownDim: () => string): DeclaredType {
  if (type?.sequenceType !== undefined) return containerOf('sequence', type.sequenceType, unknownDim);
  if (type?.optionalType !== undefined) return containerOf('optional', type.optionalType, unknownDim);
  const tensorType = type?.tensorType;
  const known = dtypeOf(tensorType?.elemType ?? 0);
  const dims = tensorType?.shape?.dim.map(({ value, param }): Dim => {
    if (value !== undefined && value >= 0) return value;
    return param === undefined || param === '' || param.startsWith('?') || value !== undefined ? unknownDim() : param;
  });
  return { ...('dtype' in known && { dtype: known.dtype }), ...(dims && { dims }) };
}

function containerOf(
  dtype: ContainerDType,
  { elemType }: { readonly elemType: AnyTypeProto | undefined },
  unknownDim: () => string,
): DeclaredType {
  const { dtype: inner, dims, element } = typeOf(elemType, unknownDim);
  const known = inner !== undefined && { element: { dtype: inner, dims, ...(element && { element }) } };
  return { dtype, dims: [unknownDim()], ...known };
}

/** The TypeProto of a value; undefined where nothing is known of it. */
export function typeProtoOf(type: DeclaredType): TypeProto | undefined {
  const { dtype, dims, element } = type;
  if (dtype === undefined) return undefined;
  if (!isContainer(dtype)) return tensorTypeProto(dtype as StoredDType, dims); // containers were excluded
  const inner = element === undefined ? undefined : elementProtoOf(element);
  const wrapped = { elemType: inner };
  return {
    tensorType: undefined,
    sequenceType: dtype === 'sequence' ? wrapped : undefined,
    optionalType: dtype === 'optional' ? wrapped : undefined,
  };
}

function elementProtoOf({ dtype, dims, element }: ElementType): TypeProto {
  if (!isContainer(dtype)) return tensorTypeProto(dtype as StoredDType, dims); // containers were excluded
  const isTensor = element !== undefined && !isContainer(element.dtype);
  const wrapped = { elemType: isTensor ? tensorTypeProto(element.dtype as StoredDType, element.dims) : undefined };
  return {
    tensorType: undefined,
    sequenceType: dtype === 'sequence' ? (wrapped as never) : undefined, // its inner type has fewer fields
    optionalType: dtype === 'optional' ? (wrapped as never) : undefined,
  };
}

function tensorTypeProto(dtype: StoredDType, dims: readonly Dim[] | undefined): TypeProto {
  const dim = dims?.map(dimensionOf);
  return {
    tensorType: { elemType: dataTypeOf(dtype), shape: dim && { dim } },
    sequenceType: undefined,
    optionalType: undefined,
  };
}

/** Names that begin with `?` are the reader's own, for dimensions the file leaves open. */
function dimensionOf(dim: Dim): { value: number | undefined; param: string | undefined } {
  if (typeof dim === 'number') return { value: dim, param: undefined };
  return { value: undefined, param: dim.startsWith('?') ? undefined : dim };
}
