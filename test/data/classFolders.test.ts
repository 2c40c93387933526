import { encode as encodePng } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { folderLabels, indicesOfFolders } from '../../src/data/classFolders.ts';
import { openSamples, type SampleOptions } from '../../src/data/reader.ts';
import { memoryFiles } from './memoryFiles.ts';

const picture = encodePng({ width: 2, height: 1, data: new Uint8Array(6), channels: 3 });
const options: SampleOptions = {
  inputs: [{ name: 'x', dtype: 'float32', dims: [1, 3, 1, 2], directory: '/a' }],
  count: undefined,
  kind: 'IMAGE',
  classFolders: true,
  use: 'evaluate',
  preprocess: { format: 'RGB' },
  at: (key) => ({ file: 'q.cfg', key }),
};

describe('folders as classes', () => {
  test.each([
    [
      ['ant', 'bee', 'cat'],
      [0, 1, 2],
    ],
    [
      ['1', '10', '2'],
      [1, 10, 2],
    ],
    [
      ['003_cat', '007-dog', '12.elk'],
      [3, 7, 12],
    ],
    [
      ['1', '2', 'other'],
      [0, 1, 2],
    ],
    [
      ['1_a', '1_b'],
      [0, 1],
    ],
    [
      ['n01440764', 'n01443537'],
      [0, 1],
    ],
    [
      ['3d', '4d'],
      [0, 1],
    ],
  ])('%j are %j', (folders, expected) => {
    expect([...indicesOfFolders(folders).values()]).toEqual(expected);
  });

  test('label a file by the folder it lies in, under either separator', () => {
    const labels = folderLabels(indicesOfFolders(['ant', 'bee']));
    expect(labels.labelOf('/data/test/bee/1.png')).toBe(1);
    expect(labels.labelOf('C:\\data\\test\\ant\\1.png')).toBe(0);
    expect(labels.labelOf('/data/ant/test/1.png')).toBeUndefined();
    expect(labels.labelOf('1.png')).toBeUndefined();
  });

  test('give one file each in turn, so that a few samples are of all classes', async () => {
    const files = memoryFiles({
      '/a': { 'stray.png': picture },
      '/a/ant': { '2.png': picture, '1.png': picture, '3.png': picture },
      '/a/bee': { '1.png': picture, 'notes.txt': picture },
      '/a/cat': { 'z.png': picture, 'y.png': picture },
      '/a/.hidden': { '1.png': picture },
    });
    const { samples, diagnostics } = await openSamples(files, options);
    const names = Array.from({ length: samples.count }, (_, i) => samples.nameOf(i));
    expect(names).toEqual([
      ...['/a/ant/1.png', '/a/bee/1.png', '/a/cat/y.png', '/a/ant/2.png', '/a/cat/z.png', '/a/ant/3.png'],
    ]);
    expect(diagnostics.map((d) => d.code)).toEqual(['DAT111']);
    expect((await samples.read(1)).get('x')?.dims).toEqual([1, 3, 1, 2]);
  });
});
