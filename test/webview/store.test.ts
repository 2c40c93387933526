import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type AppState, INITIAL, Store } from '../../webview/store.ts';
import { followLasting } from '../../webview/whatif/lasting.ts';
import { pendingAfter } from '../../webview/whatif/pending.ts';
import { mobileNet, runOf } from './fixtures.ts';

let frames: (() => void)[] = [];

beforeEach(() => {
  frames = [];
  vi.useFakeTimers();
  vi.stubGlobal('requestAnimationFrame', (frame: () => void) => frames.push(frame));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function paint(): Promise<void> {
  for (const frame of frames.splice(0)) frame();
  await vi.advanceTimersByTimeAsync(1);
}

describe('the store', () => {
  const told: string[] = [];
  const storeOf = () => {
    const store = new Store(INITIAL);
    store.watch(
      (s) => [s.file, s.metric],
      (s) => told.push(`later ${s.file} ${s.metric}`),
    );
    store.watch(
      (s) => [s.file],
      (s) => told.push(`first ${s.file}`),
      'first',
    );
    told.length = 0;
    return store;
  };

  test('tells those that come first, and the others when that is painted', async () => {
    const store = storeOf();
    store.update({ file: 'a' });
    store.update({ file: 'b' });
    await Promise.resolve();
    expect(told).toEqual(['first b']);
    store.update({ metric: null });
    await Promise.resolve();
    expect(told).toEqual(['first b']);
    await paint();
    expect(told).toEqual(['first b', 'later b null']);
  });

  test('waits for no paint of a view that is hidden', async () => {
    const store = storeOf();
    store.update({ file: 'a' });
    await vi.advanceTimersByTimeAsync(99);
    expect(told).toEqual(['first a']);
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual(['first a', 'later a cosine']);
    await paint();
    expect(told).toHaveLength(2);
  });

  test('tells the others at once where nothing comes first', async () => {
    const store = storeOf();
    store.update({ metric: null });
    await Promise.resolve();
    expect(told).toEqual(['later  null']);
    expect(frames).toEqual([]);
  });
});

describe('what lasts', () => {
  test('is marked and has progress; what is answered before is not', async () => {
    const store = new Store(INITIAL);
    followLasting(store);
    store.update({ busy: true, pendingSkips: new Set([1]) });
    await vi.advanceTimersByTimeAsync(199);
    expect(store.state.markedSkips.size).toBe(0);
    store.update({ busy: false, pendingSkips: new Set() });
    await vi.advanceTimersByTimeAsync(1000);
    expect([store.state.markedSkips.size, store.state.isLong]).toEqual([0, false]);

    store.update({ busy: true, pendingSkips: new Set([1, 2]) });
    await vi.advanceTimersByTimeAsync(299);
    expect([[...store.state.markedSkips], store.state.isLong]).toEqual([[1, 2], false]);
    await vi.advanceTimersByTimeAsync(1);
    expect(store.state.isLong).toBe(true);
    store.update({ busy: false, pendingSkips: new Set([2]) });
    await vi.advanceTimersByTimeAsync(0);
    expect([[...store.state.markedSkips], store.state.isLong]).toEqual([[2], false]);
    store.update({ pendingSkips: new Set([3]) });
    await vi.advanceTimersByTimeAsync(0);
    expect([...store.state.markedSkips]).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect([...store.state.markedSkips]).toEqual([3]);
  });
});

test('figures answer the changes they were asked for, not those made since', () => {
  const graph = mobileNet();
  const run = runOf(graph);
  const [first, second] = run.nodes.filter((node) => node.handle !== '');
  if (first === undefined || second === undefined) expect.unreachable();
  const state: AppState = {
    ...INITIAL,
    run,
    pendingSkips: new Set([first.nodeId, second.nodeId]),
    pendingWords: new Map([
      [first.handle, 'int16'],
      [second.handle, 'KL'],
    ]),
    changing: 'both',
  };
  const rest = pendingAfter(new Set([first.handle]), state);
  expect(rest).toEqual({
    pendingSkips: new Set([second.nodeId]),
    pendingWords: new Map([[second.handle, 'KL']]),
    changing: 'both',
  });
  const none = pendingAfter(new Set([second.handle]), { ...state, ...rest });
  expect(none).toEqual({ pendingSkips: new Set(), pendingWords: new Map(), changing: null });
});
