import type { ByteSource } from '../base/bytes.ts';
import { cannotRead, malformed, messageTooLarge, tooManyParts, truncated } from './errors.ts';

/** Where a field lies in the source; for a varint `start` is just past the tag and `end` past the value. */
export interface FieldSpan {
  readonly field: number;
  readonly wire: number;
  /** Offset of the tag. */
  readonly tag: number;
  /** The payload [start, end), without tag and length prefix. */
  readonly start: number;
  readonly end: number;
}

/** Gets a field that is walked by offset; may walk into it before it returns. */
export type Visit = (span: FieldSpan) => Promise<void> | void;

/** Field numbers. */
export interface FieldSet {
  has(field: number): boolean;
}

const FIRST_READ = 2048;
const LARGEST_READ = 256 * 1024;
const MAX_HEADER = 20; // a tag and a length, 10 bytes each at most
const MAX_LIGHT = 256 * 1024 * 1024;
const MAX_PARTS = 20_000_000;

/**
 * Walks protobuf messages of a source by offset, reading only what it must: payloads that nobody asks for are
 * jumped over. Reads grow while they are sequential, so that a jump costs {@link FIRST_READ} bytes.
 */
export class WireWalker {
  readonly file: string;
  readonly #source: ByteSource;
  #window: Uint8Array = new Uint8Array();
  #base = 0;
  #nextRead = FIRST_READ;
  #parts = 0;

  constructor(source: ByteSource, file: string) {
    this.#source = source;
    this.file = file;
  }

  get byteLength(): number {
    return this.#source.byteLength;
  }

  /** The bytes [start, end) as a view that stays valid. @throws ONX103 when the source ends before, ONX108 when it fails. */
  async bytes(start: number, end: number): Promise<Uint8Array> {
    if (!this.#holds(start, end)) await this.#load(start, end);
    return this.#window.subarray(start - this.#base, end - this.#base);
  }

  /**
   * Walks the fields of the message [start, end). A field in `heavy` goes to its visitor; those in `light` are returned as
   * one run of bytes, to be decoded as a message without the others; unknown fields are jumped over.
   *
   * @throws ONX103 when a field ends past the message, ONX104 when the bytes are no fields.
   */
  async walk(start: number, end: number, heavy: Readonly<Record<number, Visit>>, light: FieldSet): Promise<Uint8Array> {
    const kept: Uint8Array[] = [];
    let lightBytes = 0;
    let lightFrom = -1;
    const flush = async (to: number): Promise<void> => {
      lightBytes += to - lightFrom;
      if (lightBytes > MAX_LIGHT) throw messageTooLarge(this.file, start, MAX_LIGHT);
      kept.push(await this.bytes(lightFrom, to));
      lightFrom = -1;
    };
    let pos = start;
    while (pos < end) {
      const headerEnd = Math.min(pos + MAX_HEADER, end);
      if (!this.#holds(pos, headerEnd)) {
        if (lightFrom >= 0) await flush(pos);
        await this.#load(pos, headerEnd);
      }
      const span = this.#header(pos, end);
      const visit = heavy[span.field];
      if (visit === undefined && light.has(span.field)) {
        if (lightFrom < 0) lightFrom = pos;
        if (span.end - lightFrom > LARGEST_READ || !this.#holds(lightFrom, span.end)) await flush(span.end);
      } else {
        if (lightFrom >= 0) await flush(pos);
        if (++this.#parts > MAX_PARTS) throw tooManyParts(this.file, pos, MAX_PARTS);
        const done = visit?.(span);
        if (done !== undefined) await done;
      }
      pos = span.end;
    }
    if (lightFrom >= 0) await flush(end);
    return kept.length === 1 ? (kept[0] as Uint8Array) : concat(kept, lightBytes);
  }

  #holds(start: number, end: number): boolean {
    return start >= this.#base && end <= this.#base + this.#window.length;
  }

  async #load(start: number, end: number): Promise<void> {
    const gap = start - (this.#base + this.#window.length);
    const sequential = start >= this.#base && gap < this.#nextRead;
    this.#nextRead = sequential ? Math.min(this.#nextRead * 2, LARGEST_READ) : FIRST_READ;
    const to = Math.min(Math.max(end, start + this.#nextRead), this.#source.byteLength);
    try {
      this.#window = await this.#source.slice(start, to);
    } catch (cause) {
      throw cannotRead({ file: this.file }, cause);
    }
    this.#base = start;
    if (end > start + this.#window.length) throw truncated(this.file, start, end - start, this.#window.length);
  }

  /** Parses the tag, and the length or the value, of the field at `pos`; the window holds them. */
  #header(pos: number, end: number): FieldSpan {
    const [tag, start] = this.#varint(pos, end);
    const field = Math.floor(tag / 8);
    const wire = tag % 8;
    if (field === 0 || field > 0x1fffffff) throw malformed(this.file, pos, `field number ${field}`);
    if (wire === 0) return { field, wire, tag: pos, start, end: this.#varint(start, end)[1] };
    if (wire === 1 || wire === 5) return this.#sized(field, wire, pos, start, wire === 1 ? 8 : 4, end);
    if (wire !== 2) throw malformed(this.file, pos, `wire type ${wire} of field ${field}`);
    const [length, payload] = this.#varint(start, end);
    return this.#sized(field, wire, pos, payload, length, end);
  }

  #sized(field: number, wire: number, tag: number, start: number, length: number, end: number): FieldSpan {
    if (start + length > this.#source.byteLength) {
      throw truncated(this.file, tag, length, Math.max(0, this.#source.byteLength - start));
    }
    if (start + length > end) throw malformed(this.file, tag, `field ${field} of ${length} bytes leaves its message`);
    return { field, wire, tag, start, end: start + length };
  }

  #varint(pos: number, end: number): [value: number, next: number] {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (pos + i >= end) {
        if (end >= this.#source.byteLength) throw truncated(this.file, pos, i + 1, end - pos);
        throw malformed(this.file, pos, 'a varint leaves its message');
      }
      const byte = this.#window[pos + i - this.#base] as number; // the window holds MAX_HEADER bytes or up to end
      value += (byte & 127) * scale;
      if (byte < 128) return [value, pos + i + 1];
      scale *= 128;
    }
    throw malformed(this.file, pos, 'a varint of more than 10 bytes');
  }
}

function concat(parts: readonly Uint8Array[], byteLength: number): Uint8Array {
  const out = new Uint8Array(byteLength);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
