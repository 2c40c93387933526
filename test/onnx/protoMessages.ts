/** Hand-made protobuf for tests: what our own writer never writes. */
export function tag(id: number, wire: number): number[] {
  return varint(id * 8 + wire);
}

export function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let v = BigInt.asUintN(64, BigInt(value));
  for (; v > 127n; v >>= 7n) bytes.push(Number(v & 127n) | 128);
  return [...bytes, Number(v)];
}

/** A length-delimited field of bytes, text or a nested message. */
export function block(id: number, payload: readonly number[] | string): number[] {
  const bytes = typeof payload === 'string' ? [...new TextEncoder().encode(payload)] : payload;
  return [...tag(id, 2), ...varint(bytes.length), ...bytes];
}

export function int(id: number, value: number | bigint): number[] {
  return [...tag(id, 0), ...varint(value)];
}

export function float32(value: number): number[] {
  return [...new Uint8Array(Float32Array.of(value).buffer)];
}

/** A TensorProto from element type number, dims and further fields. */
export function tensorMessage(
  dataType: number,
  dims: readonly number[],
  ...fields: readonly (readonly number[])[]
): number[] {
  return [...dims.flatMap((d) => int(1, d)), ...int(2, dataType), ...fields.flat()];
}

/** external_data entries: location EXTERNAL and what is given. */
export function externalData(entries: Readonly<Record<string, string>>): number[] {
  return [...int(14, 1), ...Object.entries(entries).flatMap(([k, v]) => block(13, [...block(1, k), ...block(2, v)]))];
}

export interface NodeMessage {
  readonly op: string;
  readonly name?: string;
  readonly domain?: string;
  readonly in?: readonly string[];
  readonly out?: readonly string[];
  /** AttributeProtos. */
  readonly attributes?: readonly (readonly number[])[];
}

export interface GraphMessage {
  readonly nodes: readonly NodeMessage[];
  /** Name and TensorProto without a name. */
  readonly initializers?: Readonly<Record<string, readonly number[]>>;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  readonly extra?: readonly number[];
}

export function graphMessage(graph: GraphMessage): number[] {
  const info = (id: number) => (name: string) => block(id, block(1, name));
  return [
    ...graph.nodes.flatMap((node) => block(1, nodeMessage(node))),
    ...Object.entries(graph.initializers ?? {}).flatMap(([name, tensor]) => block(5, [...tensor, ...block(8, name)])),
    ...(graph.inputs ?? []).flatMap(info(11)),
    ...(graph.outputs ?? []).flatMap(info(12)),
    ...(graph.extra ?? []),
  ];
}

function nodeMessage({
  op,
  name = '',
  domain = '',
  in: inputs = [],
  out = [],
  attributes = [],
}: NodeMessage): number[] {
  return [
    ...inputs.flatMap((i) => block(1, i)),
    ...out.flatMap((o) => block(2, o)),
    ...(name === '' ? [] : block(3, name)),
    ...block(4, op),
    ...(domain === '' ? [] : block(7, domain)),
    ...attributes.flatMap((a) => block(5, a)),
  ];
}

export interface FunctionMessage {
  readonly name: string;
  readonly in: readonly string[];
  readonly out: readonly string[];
  readonly nodes: readonly NodeMessage[];
  /** AttributeProtos with a value. */
  readonly defaults?: readonly (readonly number[])[];
  /** Version of ai.onnx. */
  readonly opset?: number;
}

/** A FunctionProto of domain `local`. */
export function functionMessage(f: FunctionMessage): number[] {
  return [
    ...block(1, f.name),
    ...f.in.flatMap((name) => block(4, name)),
    ...f.out.flatMap((name) => block(5, name)),
    ...f.nodes.flatMap((node) => block(7, nodeMessage(node))),
    ...block(9, int(2, f.opset ?? 17)),
    ...block(10, 'local'),
    ...(f.defaults ?? []).flatMap((a) => block(11, a)),
  ];
}

/** A whole model of IR version 8 and opset 17. */
export function modelMessage(graph: GraphMessage, ...functions: readonly FunctionMessage[]): Uint8Array {
  const local = functions.length === 0 ? [] : block(8, [...block(1, 'local'), ...int(2, 1)]);
  const bodies = functions.flatMap((f) => block(25, functionMessage(f)));
  return Uint8Array.from([
    ...int(1, 8),
    ...block(8, int(2, 17)),
    ...local,
    ...block(7, graphMessage(graph)),
    ...bodies,
  ]);
}
