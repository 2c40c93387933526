import { inflate } from '../base/deflate.ts';
import type { Tensor } from '../base/tensor.ts';
import { brokenNpz, noArrayOf } from './errors.ts';
import { readNpy } from './npy.ts';

interface Member {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  /** Bytes in the file, and unpacked. */
  readonly packed: number;
  readonly size: number;
  readonly headerAt: number;
}

/** Whether the bytes start as a ZIP archive does, which an .npz file is. */
export function isNpz(bytes: Uint8Array): boolean {
  return [0x50, 0x4b, 3, 4].every((b, i) => bytes[i] === b);
}

/**
 * Reads the array `name` of an .npz file, or its only one.
 *
 * @param file for messages.
 * @throws DiagnosticError DAT205, DAT213, DAT214.
 * @source NumPy `savez` and `savez_compressed`: a ZIP archive (PKWARE APPNOTE 6.3) of `<name>.npy`, stored or deflated.
 */
export function readNpz(bytes: Uint8Array, name: string, file: string): Tensor {
  const members = membersOf(bytes, file).filter((m) => m.name.endsWith('.npy'));
  const only = members.length === 1 ? members[0] : undefined;
  const member = members.find((m) => m.name === `${name}.npy`) ?? only;
  if (member === undefined)
    throw noArrayOf(
      file,
      name,
      members.map((m) => m.name.slice(0, -'.npy'.length)),
    );
  return readNpy(unpacked(bytes, member, file), `${file}:${member.name}`);
}

/** The central directory, which lies before the record at the file's end. */
function membersOf(bytes: Uint8Array, file: string): readonly Member[] {
  const view = viewOf(bytes);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw brokenNpz(file, 'its directory is missing');
  const members: Member[] = [];
  let at = view.getUint32(end + 16, true);
  for (let i = view.getUint16(end + 10, true); i > 0; i--) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50)
      throw brokenNpz(file, 'its directory ends early');
    const nameLength = view.getUint16(at + 28, true);
    members.push({
      name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength)),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      headerAt: view.getUint32(at + 42, true),
    });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return members;
}

function unpacked(bytes: Uint8Array, { name, method, crc, packed, size, headerAt }: Member, file: string): Uint8Array {
  const view = viewOf(bytes);
  if (headerAt + 30 > bytes.length) throw brokenNpz(file, `${name} lies outside the file`);
  const start = headerAt + 30 + view.getUint16(headerAt + 26, true) + view.getUint16(headerAt + 28, true);
  if (start + packed > bytes.length) throw brokenNpz(file, `${name} lies outside the file`);
  const data = bytes.subarray(start, start + packed);
  const out = method === 0 ? data : inflated(data, { name, method, size, file });
  if (out.length !== size || crc32(out) !== crc) throw brokenNpz(file, `${name} is damaged: its checksum differs`);
  return out;
}

function inflated(
  data: Uint8Array,
  { name, method, size, file }: { name: string; method: number; size: number; file: string },
): Uint8Array {
  if (method !== 8) throw brokenNpz(file, `${name} is packed by method ${method}; 0 (stored) and 8 (deflate) are read`);
  try {
    return inflate(data, size);
  } catch (cause) {
    throw brokenNpz(file, `${name} is damaged: ${cause instanceof Error ? cause.message : cause}`);
  }
}

/** @source the CRC of ISO 3309, as ZIP and PNG have it. */
function crc32(bytes: Uint8Array): number {
  const table = Int32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c;
  });
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) {
    crc = (table[(crc ^ (bytes[i] as number)) & 255] as number) ^ (crc >>> 8);
  }
  return (crc ^ -1) >>> 0;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
