import { deflate, GZIP_OVERHEAD } from '../../base/deflate.ts';

/** How a constant's elements are stored. */
export type Encoding = 'float32' | 'plain' | 'index' | 'sparse' | 'entropy' | 'clusters';

/** What a weight takes in its stored form. */
export interface StoredWeight {
  readonly encoding: Encoding;
  /** Bits of a code as asked for; 0: as many as entropy coding needs. */
  readonly bits: number;
  readonly elements: number;
  /** Bytes of the codes, with what is needed to decode them. */
  readonly codeBytes: number;
  /** Bytes of scales, zero points and corrections. */
  readonly parameterBytes: number;
  /** Of both after gzip. */
  readonly gzipBytes: number;
}

/** Measures a stored form; it is compressed when that is asked for. @param parameters scales, zero points and corrections as they are stored. */
export function storedWeight(
  form: Pick<StoredWeight, 'encoding' | 'bits' | 'elements'>,
  codes: Uint8Array,
  parameters: Uint8Array,
): StoredWeight {
  const all = new Uint8Array(codes.length + parameters.length);
  all.set(codes);
  all.set(parameters, codes.length);
  let pending: Uint8Array | undefined = all;
  let gzipBytes = 0;
  return {
    ...form,
    codeBytes: codes.length,
    parameterBytes: parameters.length,
    get gzipBytes() {
      if (pending !== undefined) gzipBytes = gzipBytesOf(pending);
      pending = undefined;
      return gzipBytes;
    },
  };
}

/** Bytes of `data` after gzip at its default level. */
export function gzipBytesOf(data: Uint8Array): number {
  return deflate(data).length + GZIP_OVERHEAD;
}
