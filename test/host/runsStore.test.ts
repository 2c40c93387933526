import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { headOf, sha256, sha256OfFile } from '../../src/host/runs/headOf.ts';
import { RunsStore } from '../../src/host/runs/runsStore.ts';
import { fromJson, type RunBody, type RunHead, toJson } from '../../src/host/runs/storedRun.ts';
import { runView } from './runView.ts';

let folder: string;
let logged: string[];
let changes: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quantscope-runs-'));
  logged = [];
  changes = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the runs that are kept', () => {
  it('are there again in a store of a later session, newest first, with every figure', async () => {
    const store = open();
    const first = await keep(store, 1);
    const second = await keep(store, 2);
    expect(store.heads).toEqual([second.head, first.head]);
    const later = open();
    expect(later.heads).toEqual([]);
    await later.load();
    expect(later.heads).toEqual([second.head, first.head]);
    expect(await later.body(first.head.id)).toEqual(first.body);
    expect(later.latest('file:///m.onnx')).toEqual(second.head);
    expect(later.latest('file:///other.onnx')).toBeUndefined();
    expect(logged).toEqual([]);
  });

  it('keep infinities and NaN, which JSON has no word for', () => {
    const value = { a: Number.POSITIVE_INFINITY, b: [Number.NEGATIVE_INFINITY, Number.NaN, 0.1 + 0.2], c: null };
    expect(fromJson(toJson(value))).toEqual(value);
  });

  it('have a name and a pin that a later session sees', async () => {
    const store = open();
    const { head } = await keep(store, 1);
    await Promise.all([store.change(head.id, { name: 'per channel' }), store.change(head.id, { pinned: true })]);
    expect(store.heads).toEqual([{ ...head, name: 'per channel', pinned: true }]);
    const later = open();
    await later.load();
    expect(later.heads).toEqual(store.heads);
    await later.change('no such run', { pinned: true });
  });

  it('go oldest first beyond the limit, files and all, but never a pinned one', async () => {
    const store = open({ keep: 2 });
    const oldest = await keep(store, 1);
    await store.change(oldest.head.id, { pinned: true });
    const ids = [];
    for (const timeMs of [2, 3, 4, 5]) ids.push((await keep(store, timeMs)).head.id);
    expect(store.heads.map(({ id }) => id)).toEqual([ids[3], ids[2], oldest.head.id]);
    expect(readdirSync(folder)).toHaveLength(6);
  });

  it('keep at least the newest, whatever the limit', async () => {
    const store = open({ keep: 0 });
    await keep(store, 1);
    const { head } = await keep(store, 2);
    expect(store.heads).toEqual([head]);
  });

  it('come back after a deletion that is undone, and are gone for good after one that is not', async () => {
    const store = open();
    const { head, body } = await keep(store, 1);
    await store.remove([head.id]);
    expect(store.heads).toEqual([]);
    const meanwhile = open();
    await meanwhile.load();
    expect(meanwhile.heads).toEqual([]);
    await store.restore([head.id]);
    expect(store.heads).toEqual([head]);
    expect(await store.body(head.id)).toEqual(body);
    await store.remove([head.id]);
    await store.purge([head.id]);
    await store.restore([head.id]);
    expect(store.heads).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leave a broken file out, by name, and the others alone', async () => {
    const store = open();
    const { head } = await keep(store, 1);
    const broken = await keep(store, 2);
    writeFileSync(join(folder, `${broken.head.id}.run.json`), '{"version":');
    writeFileSync(join(folder, 'older.run.json'), JSON.stringify({ ...head, version: 0 }));
    const later = open();
    await later.load();
    expect(later.heads).toEqual([head]);
    expect(logged.sort()).toEqual(
      [
        expect.stringMatching(`^runs: ${broken.head.id}.run.json is left out: SyntaxError`),
        expect.stringMatching(/^runs: older.run.json is left out: /),
      ].sort(),
    );
    expect(readFileSync(join(folder, `${broken.head.id}.run.json`), 'utf8')).toBe('{"version":');
  });

  it('say when their figures are broken or missing', async () => {
    const store = open();
    const { head } = await keep(store, 1);
    const file = join(folder, `${head.id}.figures.json.gz`);
    writeFileSync(file, 'no gzip');
    await expect(store.body(head.id)).rejects.toThrow();
    rmSync(file);
    await expect(store.body(head.id)).rejects.toThrow(/ENOENT/);
  });

  it('end what a crash left, once it is too old to be another window at work', async () => {
    const store = open();
    const { head } = await keep(store, 1);
    const yesterday = Date.now() / 1000 - 25 * 3600;
    for (const name of ['a.run.json.0000.tmp', 'b.figures.json.gz', 'c.deleted']) {
      writeFileSync(join(folder, name), '');
      utimesSync(join(folder, name), yesterday, yesterday);
    }
    writeFileSync(join(folder, 'd.figures.json.gz'), '');
    await open().load();
    expect(readdirSync(folder).sort()).toEqual(
      [`${head.id}.figures.json.gz`, `${head.id}.run.json`, 'd.figures.json.gz'].sort(),
    );
  });

  it('tell the disk’s refusal to who asked, and go on', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const refused = new RunsStore({ folder: file, keep: () => 5, log: () => {}, onChange: () => {} });
    await refused.load();
    const { head, body } = made(1);
    await expect(refused.add(head, body)).rejects.toThrow();
    expect(refused.heads).toEqual([]);
  });

  it('announce every change of the list', async () => {
    const store = open();
    const { head } = await keep(store, 1);
    await store.change(head.id, { name: 'x' });
    await store.remove([head.id]);
    await store.restore([head.id]);
    expect(changes).toBe(4);
  });
});

describe('a run', () => {
  it('has a head with its figures, and ids that sort by time', () => {
    const { head } = made(Date.UTC(2026, 0, 2, 3, 4, 5, 6));
    expect(head).toMatchObject({ kind: 'run', base: null, quantType: 'FULL_QUANT', name: '', pinned: false });
    expect(head.id).toMatch(/^20260102030405006-[0-9a-f]{8}$/);
    expect(head.config.sha256).toBe(sha256('[common_quant_param]\n'));
    expect(JSON.stringify(head).length).toBeLessThan(2000);
  });

  it('tells the state of its model by its bytes', async () => {
    const file = join(folder, 'm.onnx');
    writeFileSync(file, 'abc');
    expect(await sha256OfFile(file)).toBe(sha256('abc'));
    expect(await sha256OfFile(join(folder, 'none.onnx'))).toBe('');
  });
});

function open({ keep = 50 } = {}): RunsStore {
  return new RunsStore({
    folder,
    keep: () => keep,
    log: (message) => logged.push(message),
    onChange: () => {
      changes++;
    },
  });
}

function made(timeMs: number): { head: RunHead; body: RunBody } {
  const run = runView({ runId: timeMs });
  const configText = '[common_quant_param]\n';
  const head = headOf({
    run,
    timeMs,
    model: 'file:///m.onnx',
    config: 'file:///c.cfg',
    modelState: { stamp: '1 2', sha256: '' },
    configText,
    trial: null,
  });
  return { head, body: { run, configText, columns: [{ metric: 'cosine', of: 'worst', values: [1, Number.NaN] }] } };
}

async function keep(store: RunsStore, timeMs: number): Promise<{ head: RunHead; body: RunBody }> {
  const stored = made(timeMs);
  await store.add(stored.head, stored.body);
  return stored;
}
