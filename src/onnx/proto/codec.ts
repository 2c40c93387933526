import { Reader, Writer } from 'protobufjs/minimal.js';

/** How one protobuf type is read from and written to the wire; wire types as in the protobuf encoding guide. */
export interface Kind<T> {
  readonly wire: 0 | 1 | 2 | 5;
  /** Scalars of wire types 0, 1 and 5 may also come packed in one length-delimited field. */
  readonly packable: boolean;
  read(reader: Reader): T;
  write(writer: Writer, value: T): void;
}

export interface Field<T> {
  readonly id: number;
  readonly kind: Kind<unknown>;
  readonly repeated: boolean;
  /** Only carries the type. */
  readonly type?: T;
}

type Fields = Readonly<Record<string, Field<unknown>>>;

/** The decoded form of a message: singular fields are undefined when absent, repeated ones are empty. */
export type MessageOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A message type: its fields, and itself as the kind of a field. */
export interface MessageType<F extends Fields> extends Kind<MessageOf<F>> {
  readonly name: string;
  readonly fields: F;
  readonly byId: ReadonlyMap<number, KeyedField>;
}

interface KeyedField {
  readonly key: string;
  readonly field: Field<unknown>;
}

export const string: Kind<string> = {
  wire: 2,
  packable: false,
  read: (r) => r.string(),
  write: (w, v) => w.string(v),
};

export const bytes: Kind<Uint8Array> = {
  wire: 2,
  packable: false,
  read: (r) => r.bytes(),
  write: (w, v) => w.bytes(v),
};

export const float: Kind<number> = {
  wire: 5,
  packable: true,
  read: (r) => r.float(),
  write: (w, v) => w.float(v),
};

export const int32: Kind<number> = {
  wire: 0,
  packable: true,
  read: (r) => r.int32(),
  write: (w, v) => w.int32(v),
};

/** An int64 as a number: exact up to 2^53; above that the nearest double, which writes back clamped to int64. */
export const int64: Kind<number> = {
  wire: 0,
  packable: true,
  read: (r) => {
    const { high, low } = r.int64();
    return high * 4294967296 + (low >>> 0);
  },
  write: (w, v) => w.int64(v >= 2 ** 63 ? (INT64_MAX as never) : v), // protobufjs takes any {low, high}
};

const INT64_MAX = { low: -1, high: 0x7fffffff, unsigned: false };

export function one<T>(id: number, kind: Kind<T>): Field<T | undefined> {
  return { id, kind: kind as Kind<unknown>, repeated: false };
}

export function many<T>(id: number, kind: Kind<T>): Field<readonly T[]> {
  return { id, kind: kind as Kind<unknown>, repeated: true };
}

/** Defines a message type from its fields. */
export function message<const F extends Fields>(name: string, fields: F): MessageType<F> {
  const byId = new Map(Object.entries(fields).map(([key, field]) => [field.id, { key, field }]));
  return {
    name,
    fields,
    byId,
    wire: 2,
    packable: false,
    read: (reader) => {
      const length = reader.uint32();
      return readFields<F>(byId, reader, within(reader, length));
    },
    write: (writer, value) => {
      writer.fork();
      writeFields(fields, writer, value);
      writer.ldelim();
    },
  };
}

/**
 * Decodes a whole message. Unknown fields are skipped, as protobuf demands.
 *
 * @throws Error from the wire reader when the bytes are no such message.
 */
export function decode<F extends Fields>(type: MessageType<F>, from: Uint8Array): MessageOf<F> {
  const reader = new Reader(from);
  return readFields<F>(type.byId, reader, reader.len);
}

/** Encodes a message without a length prefix; fields in declared order. */
export function encode<F extends Fields>(type: MessageType<F>, value: Partial<MessageOf<F>>): Uint8Array {
  const writer = Writer.create();
  writeFields(type.fields, writer, value);
  return writer.finish();
}

function readFields<F extends Fields>(
  byId: ReadonlyMap<number, KeyedField>,
  reader: Reader,
  end: number,
): MessageOf<F> {
  const out: Record<string, unknown> = {};
  for (const { key, field } of byId.values()) out[key] = field.repeated ? [] : undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    const wire = tag & 7;
    const known = byId.get(tag >>> 3);
    if (known === undefined) skip(reader, wire);
    else if (wire === known.field.kind.wire) store(out, known, known.field.kind.read(reader));
    else if (wire === 2 && known.field.kind.packable) {
      const packedEnd = within(reader, reader.uint32());
      while (reader.pos < packedEnd) store(out, known, known.field.kind.read(reader));
    } else throw new Error(`field ${known.key} has wire type ${wire}, not ${known.field.kind.wire}`);
  }
  if (reader.pos !== end) throw new Error(`a field ends at byte ${reader.pos}, past its message's end at ${end}`);
  return out as MessageOf<F>; // every key of F was set, by F's own kinds
}

function within(reader: Reader, length: number): number {
  const end = reader.pos + length;
  if (end > reader.len)
    throw new Error(`${length} bytes announced at byte ${reader.pos}, ${reader.len - reader.pos} left`);
  return end;
}

function store(out: Record<string, unknown>, { key, field }: KeyedField, value: unknown): void {
  if (field.repeated) (out[key] as unknown[]).push(value);
  else out[key] = value;
}

function skip(reader: Reader, wire: number): void {
  if (wire === 0) reader.skip();
  else if (wire === 1) reader.skip(8);
  else if (wire === 2) reader.skip(reader.uint32());
  else if (wire === 5) reader.skip(4);
  else throw new Error(`wire type ${wire} at byte ${reader.pos}`);
}

function writeFields(fields: Fields, writer: Writer, value: Readonly<Record<string, unknown>>): void {
  for (const [key, { id, kind, repeated }] of Object.entries(fields)) {
    const v = value[key];
    if (v === undefined) continue;
    if (!repeated) {
      writer.uint32((id << 3) | kind.wire);
      kind.write(writer, v);
      continue;
    }
    const items = v as readonly unknown[];
    if (items.length === 0) continue;
    if (!kind.packable) {
      for (const item of items) {
        writer.uint32((id << 3) | kind.wire);
        kind.write(writer, item);
      }
      continue;
    }
    writer.uint32((id << 3) | 2).fork();
    for (const item of items) kind.write(writer, item);
    writer.ldelim();
  }
}
