import { describe, expect, it } from 'vitest';
import { givenFiles } from '../../src/worker/givenFiles.ts';
import { memoryFiles } from '../data/memoryFiles.ts';

const disk = memoryFiles({ '/disk': { 'a.onnx': Uint8Array.of(1) } });

describe('files that were handed over', () => {
  it('are read where they were given, and everything else where it lies', async () => {
    const files = givenFiles(disk);
    files.give({ 'vfs://host/m.onnx': Uint8Array.of(2, 3) });
    expect(await bytes(files.open('vfs://host/m.onnx'))).toEqual([2, 3]);
    expect(await bytes(files.open('/disk/a.onnx'))).toEqual([1]);
    expect(files.directoryOf('vfs://host/m.onnx')).toBe('vfs://host');
    expect(files.directoryOf('/disk/a.onnx')).toBe('/disk');
    await expect(files.open('vfs://host/other.onnx')).rejects.toThrow();
  });

  it('have their external data beside them, and tell what is missing, once each', async () => {
    const files = givenFiles(disk);
    files.give({ 'vfs://host/m.onnx': Uint8Array.of(2), 'vfs://host/data/w.bin': Uint8Array.of(7) });
    expect(await bytes(files.openBelow('vfs://host', 'data/w.bin'))).toEqual([7]);
    for (let i = 0; i < 2; i++) await expect(files.openBelow('vfs://host', 'v.bin')).rejects.toThrow(/v\.bin/);
    expect(files.missing()).toEqual(['v.bin']);
    files.give({});
    expect(files.missing()).toEqual([]);
    await expect(files.open('vfs://host/m.onnx')).rejects.toThrow();
  });

  it('leave external data of models on disk to the disk', async () => {
    const files = givenFiles({ ...disk, openBelow: async (folder, name) => disk.open(`${folder}/${name}`) });
    files.give({ 'vfs://host/m.onnx': Uint8Array.of(2) });
    expect(await bytes(files.openBelow('/disk', 'a.onnx'))).toEqual([1]);
    expect(files.missing()).toEqual([]);
  });
});

async function bytes(source: Promise<{ slice(start: number, end: number): Promise<Uint8Array> }>): Promise<number[]> {
  return [...(await (await source).slice(0, 99))];
}
