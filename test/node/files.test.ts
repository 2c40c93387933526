import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FileSource, filesBelow, nodeFiles, writeChunks } from '../../src/node/files.ts';
import { OutsideFolder } from '../../src/onnx/externalData.ts';
import { readModel } from '../../src/onnx/read.ts';
import { block, externalData, modelMessage, tensorMessage } from '../onnx/protoMessages.ts';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, contents: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, contents);
  return path;
}

describe('a file source', () => {
  test('reads by position and clamps to the end', async () => {
    const source = await FileSource.open(file('a.bin', 'hello world'));
    expect(source.byteLength).toBe(11);
    expect(Buffer.from(await source.slice(6, 100)).toString()).toBe('world');
    expect((await source.slice(20, 30)).length).toBe(0);
    await source.close();
    expect(Buffer.from(await source.slice(0, 5)).toString()).toBe('hello');
    await source.close();
  });

  test('reads past 2 GiB, and a long piece at once', async () => {
    const path = file('huge.bin', '');
    truncateSync(path, 2 ** 32 + 10);
    const source = await FileSource.open(path);
    expect((await source.slice(2 ** 32, 2 ** 32 + 100)).length).toBe(10);
    expect((await source.slice(0, 400_000)).length).toBe(400_000);
    await source.close();
  });

  test('keeps no handle open after close', async () => {
    if (process.platform !== 'linux') return;
    const path = file('handle.bin', 'x');
    const open = (): number => readdirSync('/proc/self/fd').filter((fd) => linkOf(fd) === path).length;
    const source = await FileSource.open(path);
    expect(open()).toBe(0);
    await Promise.all([source.slice(0, 1), source.slice(0, 1)]);
    expect(open()).toBe(1);
    await source.close();
    expect(open()).toBe(0);
  });

  test('says when the file changed since it was opened', async () => {
    const path = file('changing.bin', 'first');
    const source = await FileSource.open(path);
    writeFileSync(path, 'second!');
    await expect(source.slice(0, 5)).rejects.toThrow(/changing\.bin changed on disk/);
    writeFileSync(path, 'third');
    utimesSync(path, 1, 1);
    await expect(source.slice(0, 5)).rejects.toThrow(/changed on disk/);
  });

  test('names what is missing or no file', async () => {
    await expect(FileSource.open(join(folder, 'none'))).rejects.toThrow(/there is no file .*none/);
    await expect(FileSource.open(folder)).rejects.toThrow(/is not a file/);
  });
});

function linkOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined; // the handle of the directory listing itself is gone by now
  }
}

describe('the local file system', () => {
  test('writes through a rename, creates folders, and leaves no temporary file', async () => {
    const path = join(folder, 'deep/er/out.txt');
    await nodeFiles.write(path, 'one');
    await nodeFiles.write(path, Uint8Array.of(50));
    expect(readFileSync(path, 'utf8')).toBe('2');
    expect(await nodeFiles.list(join(folder, 'deep/er'))).toEqual(['out.txt']);
    expect(await nodeFiles.list(join(folder, 'deep'))).toEqual([]);
  });

  test('lists by byte order', async () => {
    for (const name of ['b', 'a', 'B', 'é', '10', '9']) file(`list/${name}`, '');
    expect(await nodeFiles.list(join(folder, 'list'))).toEqual(['10', '9', 'B', 'a', 'b', 'é']);
  });

  test('resolves relative, absolute and Windows paths', () => {
    expect(nodeFiles.resolve('/models', 'calib/x')).toBe('/models/calib/x');
    expect(nodeFiles.resolve('/models', '/data')).toBe('/data');
    expect(nodeFiles.resolve('/models', 'C:\\data')).toBe('C:\\data');
  });

  test('tells files, folders and nothing apart', async () => {
    const path = file('exists.txt', '');
    expect([await nodeFiles.exists(path), await nodeFiles.exists(folder), await nodeFiles.exists(`${path}x`)]).toEqual([
      'file',
      'directory',
      undefined,
    ]);
  });

  test('writes chunks one after the other, and nothing at all when one fails', async () => {
    const path = join(folder, 'chunks.bin');
    await writeChunks(path, chunks(false));
    expect(readFileSync(path, 'utf8')).toBe('ab');
    await expect(writeChunks(path, chunks(true))).rejects.toThrow('no more');
    expect(readFileSync(path, 'utf8')).toBe('ab');
    expect((await nodeFiles.list(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

async function* chunks(fails: boolean): AsyncGenerator<Uint8Array> {
  yield Uint8Array.of(97);
  if (fails) throw new Error('no more');
  yield Uint8Array.of(98);
}

describe('files below a folder', () => {
  const secret = file('secret.bin', '12345678');
  const inside = join(folder, 'model');
  file('model/w.bin', '12345678');
  symlinkSync(secret, join(inside, 'link.bin'));
  symlinkSync(folder, join(inside, 'up'));
  symlinkSync(join(inside, 'w.bin'), join(inside, 'good.bin'));

  test('open, also through links that stay inside', async () => {
    expect((await filesBelow(inside).open('w.bin')).byteLength).toBe(8);
    expect((await filesBelow(inside).open('good.bin')).byteLength).toBe(8);
  });

  test.each(['link.bin', 'up/secret.bin', '../secret.bin', '.'])('%s is refused', async (path) => {
    await expect(filesBelow(inside).open(path)).rejects.toThrow(OutsideFolder);
  });

  test('a link out of the folder is ONX301 for a model', async () => {
    const bytes = modelMessage({
      nodes: [{ op: 'Relu', in: ['w'], out: ['y'] }],
      initializers: { w: tensorMessage(1, [2], externalData({ location: 'link.bin' })) },
      outputs: ['y'],
      extra: block(10, 'a doc string'),
    });
    const source = await FileSource.open(file('model/m.onnx', bytes));
    const { diagnostics } = await readModel(source, { file: 'm.onnx', external: filesBelow(inside) });
    expect(diagnostics.map((d) => d.code)).toEqual(['ONX301']);
    await source.close();
  });
});
