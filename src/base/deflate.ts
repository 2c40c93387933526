import { deflateSync, inflateSync } from 'fflate';

/** Bytes of header and checksum that gzip puts around deflated data. */
export const GZIP_OVERHEAD = 18;

/** Data deflated as gzip does by default: level 6. The same data gives the same bytes. */
export function deflate(data: Uint8Array): Uint8Array {
  return deflateSync(data, { level: 6 });
}

/** What was deflated, without a header. @throws Error where it is damaged or longer than `byteLength`. */
export function inflate(data: Uint8Array, byteLength: number): Uint8Array {
  return inflateSync(data, { out: new Uint8Array(byteLength) });
}
