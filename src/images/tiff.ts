import { checkSize, type Raster } from './raster.ts';

/** Tags of an image file directory. */
const TAG = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  samples: 277,
  stripByteCounts: 279,
  planar: 284,
} as const;

/** Bytes of one value of a field type that holds whole numbers: BYTE, SHORT, LONG. */
const WIDTHS: Readonly<Record<number, 1 | 2 | 4>> = { 1: 1, 3: 2, 4: 4 };

/**
 * Decodes the first image of a TIFF: uncompressed strips of 8 bits, grey or R G B, further samples dropped.
 *
 * @throws Error with the reason where it is of another kind, too large, or ends early.
 * @source TIFF 6.0, sections 2 to 6.
 */
export function decodeTiff(bytes: Uint8Array): Raster {
  const fields = fieldsOf(bytes);
  const one = (tag: number, absent: number): number => fields.get(tag)?.[0] ?? absent;
  const [width, height] = [one(TAG.width, 0), one(TAG.height, 0)];
  const [samples, photometric] = [one(TAG.samples, 1), one(TAG.photometric, -1)];
  const bits = fields.get(TAG.bits) ?? [1];
  checkSize(width, height);
  if (one(TAG.compression, 1) !== 1) throw new Error(`compression ${one(TAG.compression, 1)} is not supported`);
  const grey = photometric === 1;
  if (
    bits.some((b) => b !== 8) ||
    (!grey && photometric !== 2) ||
    one(TAG.planar, 1) !== 1 ||
    samples < (grey ? 1 : 3)
  ) {
    throw new Error('only 8 bits of grey or of interleaved red, green and blue are supported');
  }
  const strips = joined(bytes, fields.get(TAG.stripOffsets) ?? [], fields.get(TAG.stripByteCounts) ?? []);
  if (strips.length < width * height * samples) throw new Error('the file ends within its pixels');
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) data[3 * i + c] = strips[i * samples + (grey ? 0 : c)] as number;
  }
  return { width, height, data };
}

/** Whole numbers of the first directory, by tag. */
function fieldsOf(bytes: Uint8Array): ReadonlyMap<number, readonly number[]> {
  const little = bytes[0] === 0x49;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = (at: number, width: 1 | 2 | 4): number => {
    if (at + width > bytes.length) throw new Error('the file ends within its directory');
    if (width === 1) return view.getUint8(at);
    return width === 2 ? view.getUint16(at, little) : view.getUint32(at, little);
  };
  const directory = read(4, 4);
  const fields = new Map<number, readonly number[]>();
  for (let i = 0; i < read(directory, 2); i++) {
    const at = directory + 2 + 12 * i;
    const width = WIDTHS[read(at + 2, 2)];
    const count = read(at + 4, 4);
    if (width === undefined || count > bytes.length) continue;
    const first = count * width <= 4 ? at + 8 : read(at + 8, 4);
    fields.set(
      read(at, 2),
      Array.from({ length: count }, (_, k) => read(first + k * width, width)),
    );
  }
  return fields;
}

/** The bytes of all strips; what lies outside the file is missing. */
function joined(bytes: Uint8Array, offsets: readonly number[], counts: readonly number[]): Uint8Array {
  const parts = offsets.map((offset, i) => bytes.subarray(offset, offset + (counts[i] ?? 0)));
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
