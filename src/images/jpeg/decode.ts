import type { Raster } from '../raster.ts';
import { BitReader, type HuffmanCode, huffmanCode } from './bits.ts';
import { colorSpaceOf, rowWriter } from './color.ts';
import { type Frame, readFrame } from './frame.ts';
import { samplesOf } from './idct.ts';
import { decodeScan, type Scan, ZIGZAG } from './scan.ts';
import { rowsOf } from './upsample.ts';

/** What the segments before and between the scans say. */
interface State {
  readonly quantization: (Uint16Array | undefined)[];
  readonly dc: (HuffmanCode | undefined)[];
  readonly ac: (HuffmanCode | undefined)[];
  frame: Frame | undefined;
  /** Components that a scan had. */
  readonly scanned: Set<number>;
  scans: number;
  restartInterval: number;
  isJfif: boolean;
  adobe: number | undefined;
}

/**
 * Decodes a JPEG, baseline or progressive, of 8 bits: grey, RGB, YCbCr, CMYK or YCCK. Every pixel is that of
 * libjpeg-turbo, which OpenCV and Pillow read with.
 *
 * @throws TooManyPixels, or Error with the reason where the file is damaged, ends early or is of another kind.
 * @source ITU-T T.81; JFIF 1.02.
 */
export function decodeJpeg(bytes: Uint8Array): Raster {
  const state: State = {
    quantization: [],
    dc: [],
    ac: [],
    frame: undefined,
    scanned: new Set(),
    scans: 0,
    restartInterval: 0,
    isJfif: false,
    adobe: undefined,
  };
  let at = 2;
  for (;;) {
    const marker = nextMarker(bytes, at);
    if (marker.code === 0xd9) break;
    if (marker.code === undefined) {
      if (state.scans > 0 && state.frame?.isProgressive === false) break; // all is there but the end marker
      throw new Error('the file ends before its image');
    }
    at = readSegment(bytes, marker.at, marker.code, state);
  }
  if (state.frame === undefined || state.scans === 0) throw new Error('it holds no image');
  if (state.frame.components.some(({ id }) => !state.scanned.has(id))) throw new Error('a component has no data');
  return rasterOf(state.frame, state);
}

/** The next marker, and where the data behind it begins. */
function nextMarker(bytes: Uint8Array, from: number): { readonly code: number | undefined; readonly at: number } {
  for (let at = from; at + 1 < bytes.length; at++) {
    const code = bytes[at + 1] as number;
    if (bytes[at] === 0xff && code !== 0 && code !== 0xff) return { code, at: at + 2 };
  }
  return { code: undefined, at: bytes.length };
}

/** Reads what belongs to a marker; returns where the next may begin. */
function readSegment(bytes: Uint8Array, at: number, code: number, state: State): number {
  if (code === 0x01 || (code >= 0xd0 && code <= 0xd8)) return at; // without data
  const length = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
  if (length < 2 || at + length > bytes.length) throw new Error('the file ends within a segment');
  const data = bytes.subarray(at + 2, at + length);
  const end = at + length;
  if (code === 0xdb) readQuantization(data, state);
  else if (code === 0xc4) readHuffman(data, state);
  else if (code === 0xdd) state.restartInterval = (data[0] ?? 0) * 256 + (data[1] ?? 0);
  else if (code === 0xe0 && startsWith(data, 'JFIF')) state.isJfif = true;
  else if (code === 0xee && startsWith(data, 'Adobe')) state.adobe = data[11];
  else if (code === 0xda) return readScan(bytes, end, data, state);
  else if (code >= 0xc0 && code <= 0xcf && code !== 0xc8 && code !== 0xcc) {
    if (code > 0xc2) throw new Error(`its kind (SOF${code - 0xc0}) is not supported: baseline and progressive are`);
    if (state.frame !== undefined) throw new Error('it has several frames');
    state.frame = readFrame(code, data);
  }
  return end;
}

function readQuantization(data: Uint8Array, { quantization }: State): void {
  for (let at = 0; at < data.length; ) {
    const [wide, table] = [(data[at] as number) >> 4 !== 0, (data[at] as number) & 15];
    const steps = new Uint16Array(64);
    const size = wide ? 2 : 1;
    if (at + 1 + 64 * size > data.length) throw new Error('a quantization table ends early');
    for (let i = 0; i < 64; i++) {
      const from = at + 1 + size * i;
      const step = wide ? (data[from] as number) * 256 + (data[from + 1] as number) : (data[from] as number);
      steps[ZIGZAG[i] as number] = step;
    }
    quantization[table] = steps;
    at += 1 + 64 * size;
  }
}

function readHuffman(data: Uint8Array, { dc, ac }: State): void {
  for (let at = 0; at < data.length; ) {
    const [codes, table] = [(data[at] as number) >> 4 === 0 ? dc : ac, (data[at] as number) & 15];
    const counts = data.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (counts.length < 16 || at + 17 + total > data.length) throw new Error('a Huffman table ends early');
    codes[table] = huffmanCode(counts, data.slice(at + 17, at + 17 + total));
    at += 17 + total;
  }
}

function readScan(bytes: Uint8Array, at: number, data: Uint8Array, state: State): number {
  const { frame, dc, ac, restartInterval } = state;
  if (frame === undefined) throw new Error('its data comes before its frame');
  const count = data[0] ?? 0;
  if (count < 1 || count > 4 || data.length < 4 + 2 * count) throw new Error('a scan header ends early');
  const parts = Array.from({ length: count }, (_, i): Scan['parts'][number] => {
    const [id, tables] = [data[1 + 2 * i] as number, data[2 + 2 * i] as number];
    const component = frame.components.find((c) => c.id === id);
    if (component === undefined) throw new Error(`a scan names the component ${id}, which is not there`);
    return { component, dc: dc[tables >> 4], ac: ac[tables & 15] };
  });
  const [from, to, bits] = [
    data[1 + 2 * count] as number,
    data[2 + 2 * count] as number,
    data[3 + 2 * count] as number,
  ];
  if (frame.isProgressive && (from > to || to > 63 || (from === 0) !== (to === 0) || (from > 0 && count > 1))) {
    throw new Error(`a scan of the coefficients ${from} to ${to} is not one`);
  }
  const reader = new BitReader(bytes, at);
  decodeScan(frame, { parts, from, to, high: bits >> 4, low: bits & 15, restartInterval }, reader);
  for (const { component } of parts) state.scanned.add(component.id);
  state.scans++;
  return reader.at;
}

function rasterOf(frame: Frame, { quantization, isJfif, adobe }: State): Raster {
  const { width, height, components } = frame;
  const rows = components.map((component) => {
    const steps = quantization[component.table];
    if (steps === undefined) throw new Error('a quantization table is missing');
    return rowsOf(frame, component, samplesOf(component, steps));
  });
  const write = rowWriter(colorSpaceOf(frame, isJfif, adobe), rows, width);
  const data = new Uint8Array(3 * width * height);
  for (let y = 0, at = 0; y < height; y++) at = write(y, data, at);
  return { width, height, data };
}

function startsWith(data: Uint8Array, text: string): boolean {
  return String.fromCharCode(...data.subarray(0, text.length)) === text;
}
