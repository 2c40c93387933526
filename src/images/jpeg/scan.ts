import type { BitReader, HuffmanCode } from './bits.ts';
import type { Component, Frame } from './frame.ts';

/** Places of a block's coefficients in the order they are coded. @source ITU-T T.81, figure A.6. */
export const ZIGZAG = Uint8Array.of(
  ...[0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48],
  ...[41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15],
  ...[23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63],
);

/** What of the coefficients a scan brings, and for which components. */
export interface Scan {
  readonly parts: readonly {
    readonly component: Component;
    readonly dc: HuffmanCode | undefined;
    readonly ac: HuffmanCode | undefined;
  }[];
  /** First and last coefficient, in zigzag order. */
  readonly from: number;
  readonly to: number;
  /** Bits that were brought before; 0 for the first scan of these coefficients. */
  readonly high: number;
  /** Bits that later scans bring. */
  readonly low: number;
  /** MCUs between restart markers; 0: there are none. */
  readonly restartInterval: number;
}

type Part = Scan['parts'][number];
type DecodeBlock = (part: Part, at: number) => void;

/**
 * Decodes the entropy-coded data of a scan into the coefficients of its components.
 *
 * @throws Error with the reason where the data is damaged or ends early.
 * @source ITU-T T.81, annexes A.2 (order), F (baseline), G (progressive).
 */
export function decodeScan(frame: Frame, scan: Scan, bits: BitReader): void {
  const decode = blockDecoder(frame, scan, bits);
  const single = scan.parts.length === 1 ? scan.parts[0] : undefined;
  const wide = single === undefined ? frame.mcusWide : Math.ceil(single.component.width / 8);
  const high = single === undefined ? frame.mcusHigh : Math.ceil(single.component.height / 8);
  for (const { component } of scan.parts) component.prediction = 0;
  for (let mcu = 0; mcu < wide * high; mcu++) {
    if (scan.restartInterval > 0 && mcu > 0 && mcu % scan.restartInterval === 0) {
      bits.restart();
      for (const { component } of scan.parts) component.prediction = 0;
      decode.restart();
    }
    const [x, y] = [mcu % wide, Math.floor(mcu / wide)];
    if (single !== undefined) decode.block(single, 64 * (y * single.component.blocksWide + x));
    else for (const part of scan.parts) decodeUnits(part, x, y, decode.block);
    if (bits.isBeyondEnd) throw new Error('the file ends within its pixels');
  }
}

/** The blocks that one component has in an MCU. */
function decodeUnits(part: Part, x: number, y: number, decode: DecodeBlock): void {
  const { h, v, blocksWide } = part.component;
  for (let j = 0; j < v; j++) {
    for (let i = 0; i < h; i++) decode(part, 64 * ((y * v + j) * blocksWide + x * h + i));
  }
}

interface Decoder {
  readonly block: DecodeBlock;
  readonly restart: () => void;
}

function blockDecoder(frame: Frame, scan: Scan, bits: BitReader): Decoder {
  const nothing = (): void => undefined;
  if (!frame.isProgressive) return { block: (part, at) => baseline(part, at, bits), restart: nothing };
  if (scan.from === 0) {
    const first = scan.high === 0;
    return {
      block: first ? (p, at) => dcFirst(p, at, bits, scan.low) : (p, at) => dcMore(p, at, bits, scan.low),
      restart: nothing,
    };
  }
  const ac = new AcDecoder(scan, bits);
  const block: DecodeBlock = scan.high === 0 ? (p, at) => ac.first(p, at) : (p, at) => ac.more(p, at);
  return { block, restart: () => ac.restart() };
}

function baseline({ component, dc, ac }: Part, at: number, bits: BitReader): void {
  if (dc === undefined || ac === undefined) throw new Error(NO_TABLE);
  const { coefficients } = component;
  component.prediction += bits.signed(sizeOf(bits.symbol(dc)));
  coefficients[at] = component.prediction;
  for (let k = 1; k < 64; k++) {
    const symbol = bits.symbol(ac);
    const size = symbol & 15;
    if (size === 0) {
      if (symbol !== 0xf0) return;
      k += 15;
      continue;
    }
    k += symbol >> 4;
    if (k > 63) throw new Error(TOO_MANY);
    coefficients[at + (ZIGZAG[k] as number)] = bits.signed(size);
  }
}

function dcFirst({ component, dc }: Part, at: number, bits: BitReader, low: number): void {
  if (dc === undefined) throw new Error(NO_TABLE);
  component.prediction += bits.signed(sizeOf(bits.symbol(dc)));
  component.coefficients[at] = component.prediction << low;
}

function dcMore({ component }: Part, at: number, bits: BitReader, low: number): void {
  if (bits.take(1) === 1) component.coefficients[at] = (component.coefficients[at] as number) | (1 << low);
}

function sizeOf(symbol: number): number {
  if (symbol > 16) throw new Error('a coefficient has more bits than it can');
  return symbol;
}

/** AC coefficients of a progressive image, whose ends of blocks run over several. */
class AcDecoder {
  readonly #scan: Scan;
  readonly #bits: BitReader;
  /** Blocks that have nothing more of this scan, the current one included. */
  #ended = 0;

  constructor(scan: Scan, bits: BitReader) {
    this.#scan = scan;
    this.#bits = bits;
  }

  restart(): void {
    this.#ended = 0;
  }

  first({ component, ac }: Part, at: number): void {
    if (ac === undefined) throw new Error(NO_TABLE);
    if (this.#ended > 0) {
      this.#ended--;
      return;
    }
    const { from, to, low } = this.#scan;
    for (let k = from; k <= to; k++) {
      const symbol = this.#bits.symbol(ac);
      const [run, size] = [symbol >> 4, symbol & 15];
      if (size === 0) {
        if (run < 15) {
          this.#ended = (1 << run) + this.#bits.take(run) - 1;
          return;
        }
        k += 15;
        continue;
      }
      k += run;
      if (k > to) throw new Error(TOO_MANY);
      component.coefficients[at + (ZIGZAG[k] as number)] = this.#bits.signed(size) * (1 << low);
    }
  }

  more({ component, ac }: Part, at: number): void {
    if (ac === undefined) throw new Error(NO_TABLE);
    const { from, to, low } = this.#scan;
    const { coefficients } = component;
    let k = from;
    while (k <= to && this.#ended === 0) {
      const symbol = this.#bits.symbol(ac);
      const run = symbol >> 4;
      if ((symbol & 15) === 0 && run < 15) {
        this.#ended = (1 << run) + this.#bits.take(run);
        break;
      }
      const isNew = (symbol & 15) !== 0;
      const value = isNew ? (this.#bits.take(1) === 1 ? 1 << low : -(1 << low)) : 0;
      k = this.#refine(coefficients, at, { from: k, to, zeros: run });
      if (isNew) {
        if (k > to) throw new Error(TOO_MANY);
        coefficients[at + (ZIGZAG[k] as number)] = value;
      }
      k++;
    }
    if (this.#ended > 0) {
      this.#refine(coefficients, at, { from: k, to, zeros: 64 });
      this.#ended--;
    }
  }

  /** Brings a bit to each coefficient that is not 0, and stops at the zero behind `zeros` others. */
  #refine(coefficients: Int16Array, at: number, span: { from: number; to: number; zeros: number }): number {
    const bit = 1 << this.#scan.low;
    let { zeros } = span;
    for (let k = span.from; k <= span.to; k++) {
      const place = at + (ZIGZAG[k] as number);
      const now = coefficients[place] as number;
      if (now === 0) {
        if (zeros-- === 0) return k;
      } else if (this.#bits.take(1) === 1 && (now & bit) === 0) {
        coefficients[place] = now + (now > 0 ? bit : -bit);
      }
    }
    return span.to + 1;
  }
}

const NO_TABLE = 'a Huffman table of its data is missing';
const TOO_MANY = 'a block has more coefficients than it can';
