import { Worker } from 'node:worker_threads';
import type { Tensor } from '../base/tensor.ts';
import type { ValueId } from '../graph/model.ts';
import { ownBytes } from '../graph/plainGraph.ts';
import type { CrewJob, CrewRun, SweepCrew } from '../sensitivity/crew.ts';
import type { SampleOutputs } from '../sensitivity/sampleSweep.ts';
import { CELLS, type FromSweepThread, type SweepThreadData, type ToSweepThread, takePlace } from './sweepMessages.ts';

export interface SweepCrewOptions {
  /** Threads beside the caller's; at least 1. */
  readonly size: number;
  /** kernels.wasm. */
  readonly wasmBytes: Uint8Array;
  /** The built src/node/sweepThread.ts. */
  readonly entryPath: string | URL;
  /** Told whether the caller's kernels shall keep to the caller's thread. */
  readonly onBusy: (isBusy: boolean) => void;
  /** Told why a thread does not do its part; the caller does it. */
  readonly onError: (reason: string) => void;
}

export interface NodeSweepCrew extends SweepCrew {
  /** Ends the threads. */
  dispose(): Promise<void>;
}

/** Threads that are started when a sweep first wants them, stay for the next one, and do not keep the process alive. */
export function createSweepCrew(options: SweepCrewOptions): NodeSweepCrew {
  const { size, wasmBytes, entryPath, onBusy, onError } = options;
  let workers: Worker[] = [];
  let current: Run | undefined;
  let runs = 0;
  const start = (): Worker => {
    const worker = new Worker(entryPath, { workerData: { wasmBytes } satisfies SweepThreadData });
    const onGone = (reason: string): void => {
      workers = workers.filter((w) => w !== worker);
      current?.fail(reason);
    };
    worker.on('error', (error) => onGone(error.message));
    worker.on('exit', (code) => onGone(`a thread ended with code ${code}`));
    worker.on('message', (message: FromSweepThread) => current?.receive(message));
    return worker;
  };
  return {
    size,
    start(job) {
      while (workers.length < size) workers.push(start());
      const used = workers;
      for (const worker of used) worker.ref();
      onBusy(true);
      const onEnd = (): void => {
        for (const worker of used) worker.unref();
        current = undefined;
        onBusy(false);
      };
      const run = new Run(++runs, used, { onEnd, onError });
      current = run;
      run.begin(job);
      return run;
    },
    async dispose() {
      const ending = workers;
      workers = [];
      await Promise.all(ending.map((worker) => worker.terminate()));
    },
  };
}

interface RunEvents {
  readonly onEnd: () => void;
  readonly onError: (reason: string) => void;
}

class Run implements CrewRun {
  readonly #id: number;
  readonly #workers: readonly Worker[];
  readonly #events: RunEvents;
  readonly #cells = new Int32Array(new SharedArrayBuffer(4 * CELLS.length));
  #offered = 0;
  #inbox = new Map<number, SampleOutputs>();
  #hasFailed = false;
  #hasEnded = false;
  #wake: () => void = () => undefined;

  constructor(id: number, workers: readonly Worker[], events: RunEvents) {
    this.#id = id;
    this.#workers = workers;
    this.#events = events;
  }

  begin(job: CrewJob): void {
    this.#post({ kind: 'job', run: this.#id, job, cells: this.#cells });
  }

  offer(feeds: ReadonlyMap<ValueId, Tensor>): void {
    this.#offered++;
    this.#post({ kind: 'feeds', feeds: new Map([...feeds].map(([id, t]) => [id, ownBytes(t)])) });
  }

  claim(): number | undefined {
    return takePlace(this.#cells, this.#offered);
  }

  async results(waits: boolean): Promise<ReadonlyMap<number, SampleOutputs> | undefined> {
    await new Promise(setImmediate);
    if (waits && this.#inbox.size === 0 && !this.#hasFailed)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    const found = this.#inbox;
    this.#inbox = new Map();
    return this.#hasFailed ? undefined : found;
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    Atomics.store(this.#cells, CELLS.ended, 1);
    this.#post({ kind: 'ended' });
    this.#events.onEnd();
  }

  receive(message: FromSweepThread): void {
    if (message.run !== this.#id) return; // of a run that has ended
    if (message.kind === 'failed') this.fail(message.message);
    else this.#inbox.set(message.place, message.outputs);
    this.#wake();
  }

  fail(reason: string): void {
    if (this.#hasFailed || this.#hasEnded) return;
    this.#hasFailed = true;
    this.#events.onError(reason);
    this.#wake();
  }

  #post(message: ToSweepThread): void {
    for (const worker of this.#workers) worker.postMessage(message);
  }
}
