/** Bytes that are there, or whose number is known and that are made when they are written. */
export type Part = Uint8Array | { readonly byteLength: number; load(): Promise<Uint8Array> };

export function byteLengthOf(parts: readonly Part[]): number {
  let sum = 0;
  for (const part of parts) sum += part.byteLength;
  return sum;
}

/** A length-delimited field: tag, length and payload. */
export function field(id: number, payload: readonly Part[]): Part[] {
  return [varints((id << 3) | 2, byteLengthOf(payload)), ...payload];
}

function varints(...values: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (let v of values) {
    while (v > 127) {
      bytes.push((v % 128) + 128);
      v = Math.floor(v / 128);
    }
    bytes.push(v);
  }
  return Uint8Array.from(bytes);
}

const JOIN = 64 * 1024;

/** The parts' bytes in order, small neighbours joined. @throws Error (an invariant) when a part loads another length. */
export async function* chunksOf(parts: readonly Part[]): AsyncGenerator<Uint8Array> {
  let small: Uint8Array[] = [];
  let held = 0;
  for (const part of parts) {
    const bytes = part instanceof Uint8Array ? part : await part.load();
    if (bytes.length !== part.byteLength) {
      throw new Error(`invariant: a part of ${part.byteLength} bytes loaded ${bytes.length}`);
    }
    if (bytes.length < JOIN) {
      small.push(bytes);
      held += bytes.length;
    }
    if (held >= JOIN || bytes.length >= JOIN) {
      if (held > 0) yield concat(small, held);
      small = [];
      held = 0;
    }
    if (bytes.length >= JOIN) yield bytes;
  }
  if (held > 0) yield concat(small, held);
}

/** All parts in one array; for what fits into memory. */
export async function bytesOfParts(parts: readonly Part[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of chunksOf(parts)) chunks.push(chunk);
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : concat(chunks, byteLengthOf(parts));
}

function concat(chunks: readonly Uint8Array[], byteLength: number): Uint8Array {
  const out = new Uint8Array(byteLength);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
