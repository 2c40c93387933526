import { isContainer, type NumericArray } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Attribute } from '../graph/model.ts';
import type { QuantInfo } from '../ops/opDef.ts';
import { PreparedCache } from './preparedCache.ts';
import { WeightFloats } from './weightFloats.ts';

/**
 * Numbers for what a step computes: equal keys get equal numbers for as long as the table lives. Programs of one
 * model that share a table can be compared step by step.
 */
export class SignatureTable {
  /** Packed constants of the programs that share this table. */
  readonly prepared = new PreparedCache();
  /** Floats that weights in codes stand for. */
  readonly weights = new WeightFloats();
  /** Multipliers of steps that requantize, by what prepares them; see {@link Step.multipliers}. */
  readonly multipliers = new Map<string, Float64Array | undefined>();
  readonly #ids = new Map<string, number>();
  readonly #identities = new WeakMap<object, number>();
  #nextIdentity = 1;
  readonly #contents = new WeakMap<object, string>();

  /** The number of `key`; a new one at first sight. */
  intern(key: string): number {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#ids.size + 1;
    this.#ids.set(key, id);
    return id;
  }

  /** A number of its own for each object. */
  identity(object: object): number {
    let id = this.#identities.get(object);
    if (id === undefined) {
      id = this.#nextIdentity++;
      this.#identities.set(object, id);
    }
    return id;
  }

  /**
   * Type, shape and a 64-bit hash of the elements of `t`, computed once per `identity`: the tensor itself, or the source
   * that it was loaded from.
   */
  content(t: Tensor, identity: object = t): string {
    let content = this.#contents.get(identity);
    if (content === undefined) {
      content = `${t.dtype}[${t.dims}]${hashElements(t)}`;
      this.#contents.set(identity, content);
    }
    return content;
  }
}

/** The key of attributes, in name order; tensor attributes by `contentOf`. */
export function attributesKey(
  attributes: ReadonlyMap<string, Attribute>,
  contentOf: (attribute: Attribute) => string,
): string {
  return [...attributes.keys()]
    .sort()
    .map((name) => {
      const a = attributes.get(name) as Attribute; // name is one of the map's keys
      const isData = a.kind === 'tensor' || a.kind === 'tensors' || a.kind === 'graph' || a.kind === 'graphs';
      return `${name}=${a.kind}:${isData ? contentOf(a) : JSON.stringify(a.value)}`;
    })
    .join(';');
}

/** The key of quantization parameters, exact to the last bit. */
export function quantKey(q: QuantInfo | undefined): string {
  if (q === undefined) return '-';
  let key = QUANT_KEYS.get(q);
  if (key === undefined) {
    key = `${q.dtype}/${q.axis ?? ''}/${q.scale.join(',')}/${q.zeroPoint.join(',')}`;
    QUANT_KEYS.set(q, key);
  }
  return key;
}

const QUANT_KEYS = new WeakMap<QuantInfo, string>();

/** Two independent 32-bit multiplicative hashes over the bytes of `t`. */
function hashElements(t: Tensor): string {
  if (t.dtype === 'string') return JSON.stringify(t.data);
  if (isContainer(t.dtype)) return (t.data as readonly Tensor[]).map(hashElements).join(',');
  const { buffer, byteOffset, byteLength } = t.data as NumericArray; // strings and containers were hashed above
  const words = byteLength >>> 2;
  const aligned = byteOffset % 4 === 0;
  const whole = aligned ? new Int32Array(buffer, byteOffset, words) : new Int32Array(copyOf(buffer, byteOffset, words));
  let a = 0x811c9dc5 | 0;
  let b = 0x9e3779b9 | 0;
  for (let i = 0; i < words; i++) {
    const w = whole[i] as number;
    a = Math.imul(a ^ w, 0x01000193);
    a ^= a >>> 15;
    b = Math.imul(b + w, 0x85ebca6b);
    b ^= b >>> 13;
  }
  for (const byte of new Uint8Array(buffer, byteOffset + words * 4, byteLength - words * 4)) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b + byte + 1, 0x85ebca6b) ^ (b >>> 13);
  }
  return `${(a >>> 0).toString(36)}.${(b >>> 0).toString(36)}`;
}

function copyOf(buffer: ArrayBufferLike, byteOffset: number, words: number): ArrayBuffer {
  const copy = new Uint8Array(words * 4);
  copy.set(new Uint8Array(buffer, byteOffset, words * 4));
  return copy.buffer;
}
