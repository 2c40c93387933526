import type { ConfigChange } from '../../src/protocol/changes.ts';
import type { ChoicesView } from '../../src/protocol/choiceViews.ts';
import type { Handlers, HostEvents, HostRequests } from '../../src/protocol/messages.ts';
import type { TrialNode, TrialTree } from '../../src/protocol/trialViews.ts';
import type { GraphView, RunView, TrialView } from '../../src/protocol/views.ts';
import { runOf } from './fixtures.ts';

/** A config as far as changes speak of it. */
interface Decisions {
  readonly skip: ReadonlySet<string>;
  readonly overrides: ReadonlyMap<string, string>;
}

const NONE: Decisions = { skip: new Set(), overrides: new Map() };
const GENERAL = {
  activations: { type: 'uint8', symmetry: 'asymmetric', method: 'MAX_MIN' },
  weights: { bits: 8, perChannel: true },
} as const satisfies Omit<ChoicesView, 'overrides'>;
const FIRST_MS = Date.UTC(2026, 10, 21, 9, 30);

/** What a host does with changes and trials, with figures that follow from what is decided. */
export class FakeTrials {
  readonly #graph: GraphView;
  readonly #configs = new Map<string, Decisions>();
  #trials: TrialNode[] = [];
  #current: string | null = null;
  #undone: string[] = [];
  #done: string[] = [];

  constructor(graph: GraphView) {
    this.#graph = graph;
  }

  get tree(): TrialTree {
    return { trials: this.#trials, current: this.#current };
  }

  get #now(): Decisions {
    return this.#configs.get(this.#current ?? '') ?? NONE;
  }

  /** Figures of the config as it is. */
  run(): RunView {
    const { skip, overrides } = this.#now;
    const plain = runOf(this.#graph, skip);
    const gained = 0.0002 * [...overrides.values()].filter((words) => /16|float/.test(words)).length;
    const lost = 0.0008 * [...overrides.values()].filter((words) => /int4|w[2-4]/.test(words)).length;
    const weights = [...overrides.values()].reduce((sum, words) => sum + (/int4|w4/.test(words) ? -9000 : 4000), 0);
    return {
      ...plain,
      choices: { ...GENERAL, overrides: Object.fromEntries(overrides) },
      outputs: plain.outputs.map((o) => ({
        ...o,
        cosine: Math.min(1, o.cosine + gained - lost),
        sqnrDb: o.sqnrDb + 400 * (gained - lost),
      })),
      accuracy: plain.accuracy && {
        ...plain.accuracy,
        top1: { ...plain.accuracy.top1, quantized: plain.accuracy.top1.quantized + gained - lost },
      },
      sizes: { ...plain.sizes, quantized: plain.sizes.quantized + weights + 40_000 * skip.size },
    };
  }

  /** Begins a history with a run. */
  start(): RunView {
    this.#current = null;
    const run = this.run();
    this.#add({}, run, null, NONE);
    return run;
  }

  change(change: ConfigChange): TrialView {
    const before = this.run();
    const { skip, overrides } = this.#now;
    const kept = [...skip].filter((name) => change.unskip?.includes(name) !== true);
    const words = new Map([...overrides, ...Object.entries(change.overrides ?? {})].filter(([, said]) => said !== ''));
    const parent = this.#current;
    const id = this.#nextId();
    this.#configs.set(id, { skip: new Set([...kept, ...(change.skip ?? [])]), overrides: words });
    this.#current = id;
    const run = this.run();
    this.#add(change, run, parent, this.#configs.get(id) ?? NONE);
    this.#done.push(parent ?? '');
    this.#undone = [];
    return this.#viewOf(change, before, run);
  }

  /** Goes to a trial that there is. */
  goTo(id: string): TrialView {
    const before = this.run();
    this.#current = id;
    return this.#viewOf(this.#trials.find((trial) => trial.id === id)?.change ?? {}, before, this.run());
  }

  step(direction: 'undo' | 'redo'): TrialView | undefined {
    const [from, to] = direction === 'undo' ? [this.#done, this.#undone] : [this.#undone, this.#done];
    const id = from.pop();
    if (id === undefined || id === '') return undefined;
    to.push(this.#current ?? '');
    return this.goTo(id);
  }

  edit(ids: readonly string[], part: Partial<TrialNode>): void {
    this.#trials = this.#trials.map((trial) => (ids.includes(trial.id) ? { ...trial, ...part } : trial));
  }

  remove(ids: readonly string[]): void {
    const parents = new Map(this.#trials.map(({ id, parent }) => [id, parent]));
    const keptAbove = (id: string | null): string | null =>
      id !== null && ids.includes(id) ? keptAbove(parents.get(id) ?? null) : id;
    this.#trials = this.#trials
      .filter(({ id }) => !ids.includes(id))
      .map((trial) => ({ ...trial, parent: keptAbove(trial.parent) }));
  }

  /** What leads from one trial to the other, of the nodes' words and of skipped nodes. */
  between(a: string, b: string): ConfigChange {
    const [from, to] = [this.#configs.get(a) ?? NONE, this.#configs.get(b) ?? NONE];
    const names = new Set([...from.overrides.keys(), ...to.overrides.keys()]);
    return {
      skip: [...to.skip].filter((name) => !from.skip.has(name)),
      unskip: [...from.skip].filter((name) => !to.skip.has(name)),
      overrides: Object.fromEntries(
        [...names]
          .filter((name) => from.overrides.get(name) !== to.overrides.get(name))
          .map((name) => [name, to.overrides.get(name) ?? '']),
      ),
    };
  }

  #nextId(): string {
    return `t${this.#trials.length}`;
  }

  #add(change: ConfigChange, run: RunView, parent: string | null, decisions: Decisions): void {
    const id = this.#nextId();
    this.#configs.set(id, decisions);
    const trial: TrialNode = {
      id,
      parent,
      name: '',
      pinned: false,
      timeMs: FIRST_MS + 61_000 * this.#trials.length,
      change,
      samples: run.samples,
      outputs: run.outputs,
      top1: run.accuracy?.top1.quantized ?? null,
      bytes: run.sizes.quantized,
      integerShare: 0.995 - 0.02 * decisions.skip.size - 0.004 * decisions.overrides.size,
      cost: 0.27 + 0.015 * decisions.skip.size + 0.006 * decisions.overrides.size,
    };
    this.#trials = [...this.#trials, trial];
    this.#current = id;
  }

  #viewOf(change: ConfigChange, before: RunView, run: RunView): TrialView {
    return {
      run,
      before: before.outputs,
      base: this.#trials[0]?.outputs ?? [],
      added: change.skip ?? [],
      removed: change.unskip ?? [],
      change,
      effort: {
        ...{ reusedSamples: 8, samples: 8, executed: 31, stopped: 4, total: 120, floatSteps: 0 },
        ...{ calibrationSteps: 12, cacheBytes: 31 << 20, cacheLimit: 1 << 30, isWhole: true },
      },
    };
  }
}

type Emit = <E extends keyof HostEvents & string>(event: E, payload: HostEvents[E]) => void;

const WHAT_IF = [
  'config/change',
  'edit/undo',
  'edit/redo',
  'trials/restore',
  'trials/rename',
  'trials/pin',
  'trials/delete',
  'trials/compare',
] as const;
type WhatIf = (typeof WHAT_IF)[number];

/** Answers as the extension would: at once, with the figures a little later. */
export function trialHandlers(
  trials: FakeTrials,
  emit: Emit,
  tried: (trial: TrialView) => void,
  delayMs = 60,
): Pick<Handlers<HostRequests>, WhatIf> {
  const tell = () => emit('trials/changed', { tree: trials.tree });
  const later = (handles: readonly string[], go: () => TrialView | undefined) => {
    emit('trial/started', { handles });
    setTimeout(() => {
      const trial = go();
      if (trial === undefined) {
        emit('run/stopped', { diagnostics: [] });
        return;
      }
      tried(trial);
      tell();
      emit('trial/finished', { trial });
    }, delayMs);
  };
  return {
    'config/change': async ({ change }) => {
      const { skip = [], unskip = [], overrides = {} } = change;
      later([...skip, ...unskip, ...Object.keys(overrides)], () => trials.change(change));
    },
    'edit/undo': async () => later([], () => trials.step('undo')),
    'edit/redo': async () => later([], () => trials.step('redo')),
    'trials/restore': async ({ id }) => later([], () => trials.goTo(id)),
    'trials/rename': async ({ id, name }) => {
      trials.edit([id], { name });
      tell();
    },
    'trials/pin': async ({ id, pinned }) => {
      trials.edit([id], { pinned });
      tell();
    },
    'trials/delete': async ({ ids }) => {
      trials.remove(ids);
      tell();
    },
    'trials/compare': async ({ a, b }) => ({
      a,
      b,
      change: trials.between(a, b),
      samples: Array.from({ length: 12 }, (_, i) => ({
        name: `n0153${i}_goldfish.JPEG`,
        a: 0.991 + 0.0004 * i,
        b: 0.991 + 0.0004 * i + (i % 4 === 3 ? -0.0007 : 0.0002 * (i + 1)),
      })),
    }),
  };
}

/** A history with branches, as someone makes it who looks for better figures. */
export function withHistory(trials: FakeTrials, handles: readonly string[], count: number): void {
  trials.start();
  const words = ['int16', 'int4', 'KL', 'float16', 'symmetric', 'w4', 'per_layer', 'range(-1.5..6)'];
  for (let i = 1; i < count; i++) {
    const handle = handles[(i * 7) % handles.length] ?? '';
    if (i % 5 === 4) trials.goTo(trials.tree.trials[Math.floor(i / 2)]?.id ?? '');
    trials.change(i % 3 === 0 ? { skip: [handle] } : { overrides: { [handle]: words[i % words.length] ?? '' } });
  }
}
