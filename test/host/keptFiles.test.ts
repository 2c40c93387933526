import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeptFiles, keyOf } from '../../src/host/storage/keptFiles.ts';
import { TrialStore } from '../../src/host/trials/trialStore.ts';
import { withResult } from '../../src/host/trials/trialTree.ts';
import { runView } from './runView.ts';

let folder: string;
let messages: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantscope-kept-'));
  messages = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const log = (message: string) => void messages.push(message);
const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((part) => typeof part === 'number');

describe('kept files', () => {
  test('give back what was written, infinities too, to whoever opens the folder next', async () => {
    await new KeptFiles({ folder, most: 9, isRight: isNumbers, log }).write('a', [1, Number.POSITIVE_INFINITY]);
    const later = new KeptFiles({ folder, most: 9, isRight: isNumbers, log });
    expect(await later.read('a')).toEqual([1, Number.POSITIVE_INFINITY]);
    expect(await later.read('b')).toBeUndefined();
    expect(messages).toEqual([]);
  });

  test('leave out what is broken or of another version, and say so', async () => {
    await new KeptFiles({ folder, most: 9, isRight: isNumbers, log }).write('a', [1]);
    await writeFile(join(folder, 'b.json.gz'), 'not compressed');
    const texts = new KeptFiles({ folder, most: 9, isRight: (v): v is string => typeof v === 'string', log });
    expect(await texts.read('a')).toBeUndefined();
    expect(await texts.read('b')).toBeUndefined();
    expect(messages).toHaveLength(2);
    expect(messages[0]).toMatch(/left out/);
  });

  test('are no more than asked for: those written longest ago go', async () => {
    const files = new KeptFiles({ folder, most: 2, isRight: isNumbers, log });
    for (const [i, key] of ['a', 'b', 'c'].entries()) {
      await files.write(key, [i]);
      await utimes(join(folder, `${key}.json.gz`), 1000 + i, 1000 + i);
    }
    await files.write('d', [4]);
    expect((await readdir(folder)).sort()).toEqual(['c.json.gz', 'd.json.gz']);
  });

  test('have names that tell all parts apart', () => {
    expect(keyOf('a', 'bc')).not.toBe(keyOf('ab', 'c'));
    expect(keyOf('a', 'b')).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a store of trials', () => {
  const result = { id: 'root', timeMs: 1, configText: 'text', isRun: true, from: '', run: runView() };

  test('has a tree again after the window was opened anew', async () => {
    const changed: string[] = [];
    const store = new TrialStore({ folder, log, onChange: (key) => changed.push(key) });
    const key = TrialStore.keyOf('file:///m.onnx', 'state', 'file:///c.cfg');
    await store.update(key, (trials) => withResult(trials, result, 5));
    expect(changed).toEqual([key]);
    const later = new TrialStore({ folder, log, onChange: () => {} });
    expect(later.tree(key)).toEqual([]);
    expect((await later.load(key)).map(({ id }) => id)).toEqual(['root']);
    const other = TrialStore.keyOf('file:///m.onnx', 'another state', 'file:///c.cfg');
    expect(await later.load(other)).toEqual([]);
  });

  test('keeps the trials for the window where the disk refuses, and says so', async () => {
    const file = join(folder, 'occupied');
    await writeFile(file, '');
    const store = new TrialStore({ folder: file, log, onChange: () => {} });
    await store.update('key', (trials) => withResult(trials, result, 5));
    expect(store.tree('key')).toHaveLength(1);
    expect(messages).toHaveLength(1);
  });
});
