import { describe, expect, test } from 'vitest';
import { type ByteSource, bytesOf } from '../../src/base/bytes.ts';
import { readModel } from '../../src/onnx/read.ts';
import { model } from '../models/model.ts';
import { externalData, modelMessage, tensorMessage } from './protoMessages.ts';

/** Counts what is read of a source. */
function counting(source: ByteSource): ByteSource & { bytes: number; reads: number } {
  return {
    byteLength: source.byteLength,
    bytes: 0,
    reads: 0,
    async slice(start, end) {
      const out = await source.slice(start, end);
      this.bytes += out.length;
      this.reads++;
      return out;
    },
  };
}

/** A 1.9 GB file of 250 initializers of 7.6 MB, of which only the headers exist. */
function hugeSource(): ByteSource {
  const header = (bytes: number[]): Uint8Array => Uint8Array.from(bytes);
  const raw = 1_900_000 * 4;
  const pieces: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  let at = 0;
  const graphParts: { bytes: Uint8Array; hole: number }[] = [];
  for (let i = 0; i < 250; i++) {
    const name = `w${i}`;
    const fields = [
      8,
      ...varint(1_900_000),
      16,
      1,
      66,
      name.length,
      ...Array.from(name, (c) => c.charCodeAt(0)),
      74,
      ...varint(raw),
    ];
    graphParts.push({ bytes: header([42, ...varint(fields.length + raw), ...fields]), hole: raw });
    const node = [10, name.length, ...Array.from(name, (c) => c.charCodeAt(0)), 34, 4, 82, 101, 108, 117];
    graphParts.push({ bytes: header([10, node.length, ...node]), hole: 0 });
  }
  const graphLength = graphParts.reduce((sum, p) => sum + p.bytes.length + p.hole, 0);
  for (const part of [{ bytes: header([8, 8, 66, 2, 16, 17, 58, ...varint(graphLength)]), hole: 0 }, ...graphParts]) {
    pieces.push({ at, bytes: part.bytes });
    at += part.bytes.length + part.hole;
  }
  return {
    byteLength: at,
    async slice(start, end) {
      const out = new Uint8Array(Math.min(end, at) - start);
      for (const piece of pieces) {
        if (piece.at >= end || piece.at + piece.bytes.length <= start) continue;
        const from = Math.max(0, start - piece.at);
        out.set(piece.bytes.subarray(from, Math.max(from, end - piece.at)), Math.max(0, piece.at - start));
      }
      return out;
    },
  };
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let v = value;
  for (; v > 127; v = Math.floor(v / 128)) bytes.push((v % 128) + 128);
  return [...bytes, v];
}

describe('opening a model', () => {
  test('above 2 GiB says that others cannot', async () => {
    const bytes = modelMessage({ nodes: [{ op: 'Relu', in: ['x'], out: ['y'] }], inputs: ['x'], outputs: ['y'] });
    const padding = [...varint(8 * 200 + 2), ...varint(2 ** 31)]; // an unknown field of 2 GiB
    const byteLength = bytes.length + padding.length + 2 ** 31;
    const head = Uint8Array.from([...bytes, ...padding]);
    const slice = async (start: number, end: number): Promise<Uint8Array> => {
      const out = new Uint8Array(Math.min(end, byteLength) - start);
      out.set(head.subarray(start, end));
      return out;
    };
    const source = counting({ byteLength, slice });
    const { diagnostics } = await readModel(source, { file: 'm.onnx' });
    expect(diagnostics.map((d) => d.code)).toEqual(['ONX412']);
    expect(source.bytes).toBeLessThan(10_000);
  });

  test('of 1.9 GB reads under 2 MB', async () => {
    const source = counting(hugeSource());
    expect(source.byteLength).toBeGreaterThan(1.8e9);
    const { model: read, diagnostics } = await readModel(source, { file: 'huge.onnx' });
    expect(diagnostics).toEqual([]);
    expect(read.graph.nodes.length).toBe(250);
    expect(source.bytes).toBeLessThan(2e6);
    expect(source.reads).toBeLessThan(1000);
  });

  test('reads a weight only when it is loaded', async () => {
    const bytes = await model().input('x', [1, 512]).gemm({ units: 2048 }).build().bytes();
    const source = counting(bytesOf(bytes));
    const { model: read } = await readModel(source, { file: 'm.onnx' });
    expect(source.bytes).toBeLessThan(100_000);
    const weight = [...read.graph.values.values()].find((v) => v.name.endsWith('_w'));
    const before = source.bytes;
    const loaded = await weight?.constant?.load();
    expect(loaded?.data.length).toBe(512 * 2048);
    expect(source.bytes - before).toBe(4 * 512 * 2048);
  });
});

describe('a source that fails', () => {
  const failing = (bytes: Uint8Array): ByteSource & { broken: boolean } => ({
    byteLength: bytes.length,
    broken: false,
    async slice(start, end) {
      if (this.broken) throw new Error('the disk is gone');
      return bytes.subarray(start, end);
    },
  });

  test('while opening gives ONX108', async () => {
    const source = failing(modelMessage({ nodes: [] }));
    source.broken = true;
    await expect(readModel(source, { file: 'm.onnx' })).rejects.toThrow(
      'ONX108 m.onnx: cannot be read: the disk is gone',
    );
  });

  test('while loading gives ONX108 with the tensor, and may work later', async () => {
    const source = failing(await model().input('x', [1, 4]).gemm({ name: 'g', units: 2 }).build().bytes());
    const { model: read } = await readModel(source, { file: 'm.onnx' });
    const weight = [...read.graph.values.values()].find((v) => v.name === 'g_w')?.constant;
    source.broken = true;
    await expect(weight?.load()).rejects.toThrow('ONX108 m.onnx, tensor g_w: cannot be read: the disk is gone');
    source.broken = false;
    expect((await weight?.load())?.dims).toEqual([2, 4]);
  });
});

describe('external data', () => {
  const open = async (entries: Readonly<Record<string, string>>, files?: Readonly<Record<string, number>>) => {
    const message = modelMessage({
      nodes: [{ op: 'Relu', name: 'r', in: ['w'], out: ['y'] }],
      initializers: { w: tensorMessage(1, [2], externalData(entries)) },
      outputs: ['y'],
    });
    const external = files && {
      open: async (path: string): Promise<ByteSource> => {
        const size = files[path];
        if (size === undefined) throw new Error(`there is no ${path}`);
        return bytesOf(new Uint8Array(size).fill(0));
      },
    };
    const { model: read, diagnostics } = await readModel(bytesOf(message), {
      file: 'm.onnx',
      ...(external && { external }),
    });
    const w = [...read.graph.values.values()].find((v) => v.name === 'w');
    const loaded = await w?.constant?.load().then(
      (t) => Array.from(t.data as Float32Array),
      (e: Error) => e.message.slice(0, 6),
    );
    return { codes: diagnostics.map((d) => d.code), loaded };
  };

  test('is read from its offset', async () => {
    expect(await open({ location: './sub/w.bin', offset: '8', length: '8' }, { 'sub/w.bin': 16 })).toEqual({
      codes: [],
      loaded: [0, 0],
    });
    expect(await open({ location: 'w.bin' }, { 'w.bin': 8 })).toEqual({ codes: [], loaded: [0, 0] });
  });

  test.each([
    ['../w.bin', 'ONX301'],
    ['a/../../w.bin', 'ONX301'],
    ['a\\..\\..\\w.bin', 'ONX301'],
    ['/etc/passwd', 'ONX301'],
    ['\\\\server\\share\\w', 'ONX301'],
    ['C:\\w.bin', 'ONX301'],
    ['c:w.bin', 'ONX301'],
    ['file:///etc/passwd', 'ONX301'],
    ['w\0.bin', 'ONX301'],
    ['', 'ONX301'],
    ['missing.bin', 'ONX302'],
    ['short.bin', 'ONX303'],
  ])('at %j is refused with %s, at open and at load', async (location, code) => {
    expect(await open({ location }, { 'short.bin': 7 })).toEqual({ codes: [code], loaded: code });
  });

  test('with a bad number or length is refused', async () => {
    expect(await open({ location: 'w.bin', offset: '-4' }, { 'w.bin': 8 })).toEqual({
      codes: ['ONX305'],
      loaded: 'ONX305',
    });
    expect(await open({ location: 'w.bin', length: '4' }, { 'w.bin': 8 })).toEqual({
      codes: ['ONX202'],
      loaded: 'ONX202',
    });
  });

  test('cannot be reached without a folder', async () => {
    expect(await open({ location: 'w.bin' })).toEqual({ codes: ['ONX304'], loaded: 'ONX304' });
  });
});
