import { parentPort, workerData } from 'node:worker_threads';
import { Cancelled } from '../base/abort.ts';
import { invariant } from '../base/diagnostics.ts';
import type { Tensor } from '../base/tensor.ts';
import { compile } from '../exec/compile.ts';
import type { Program } from '../exec/program.ts';
import { SignatureTable } from '../exec/signatures.ts';
import type { ValueId } from '../graph/model.ts';
import { graphsOf } from '../graph/plainGraph.ts';
import { sweepModels } from '../sensitivity/contestantSpec.ts';
import type { CrewJob } from '../sensitivity/crew.ts';
import { SampleSweep } from '../sensitivity/sampleSweep.ts';
import { createWasmKernels } from '../wasm/load.ts';
import {
  type FromSweepThread,
  hasEnded,
  type SweepThreadData,
  type ToSweepThread,
  takePlace,
} from './sweepMessages.ts';

const port = parentPort;
invariant(port !== null, 'a sweep thread has somebody to report to');
const { wasmBytes } = workerData as SweepThreadData; // the only starter is createSweepCrew
const kernels = createWasmKernels(wasmBytes);
const post = (message: FromSweepThread): void => port.postMessage(message);

/** One run: samples as they are offered, until it ends. */
class Run {
  readonly #id: number;
  readonly #job: CrewJob;
  readonly #cells: Int32Array;
  readonly #feeds: ReadonlyMap<ValueId, Tensor>[] = [];
  #wake: () => void = () => undefined;

  constructor({ run, job, cells }: Extract<ToSweepThread, { kind: 'job' }>) {
    this.#id = run;
    this.#job = job;
    this.#cells = cells;
  }

  offer(feeds: ReadonlyMap<ValueId, Tensor>): void {
    this.#feeds.push(feeds);
    this.wake();
  }

  wake(): void {
    this.#wake();
  }

  /** Takes samples until the run ends. */
  async serve(): Promise<void> {
    const programs: Program[] = [];
    let sweep: SampleSweep | undefined;
    try {
      sweep = await this.#start(programs);
      while (!hasEnded(this.#cells)) {
        const place = takePlace(this.#cells, this.#feeds.length);
        if (place === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
        else this.#serveOne(sweep, place);
        await new Promise(setImmediate); // lets in what was posted meanwhile
      }
    } catch (error) {
      if (!(error instanceof Cancelled)) post({ kind: 'failed', run: this.#id, message: String(error) });
    } finally {
      sweep?.release();
      for (const program of programs) program.release();
    }
  }

  #serveOne(sweep: SampleSweep, place: number): void {
    const cells = this.#cells;
    const ended = {
      get aborted() {
        return hasEnded(cells);
      },
    };
    const { contestants } = this.#job;
    const feeds = this.#feeds[place] as ReadonlyMap<ValueId, Tensor>; // only what is offered is taken
    const outputs = sweep.run(feeds, (i) => (contestants[i]?.from ?? 0) <= place, ended);
    post({ kind: 'outputs', run: this.#id, place, outputs });
  }

  async #start(programs: Program[]): Promise<SampleSweep> {
    const { graphs, recipes, floatOf, contestants, ...parts } = this.#job;
    const signatures = new SignatureTable();
    for (const [i, graph] of graphsOf(graphs).entries())
      programs.push(await compile(graph, { ...(recipes[i] as CrewJob['recipes'][number]), kernels, signatures })); // one for each
    const [float, quant] = programs as [Program, Program];
    return new SampleSweep({
      ...parts,
      models: sweepModels(float, quant, floatOf),
      contestants: contestants.map(({ spec, own }) => ({ spec, own: own === undefined ? undefined : programs[own] })),
    });
  }
}

let current: Promise<void> = Promise.resolve();
let newest: Run | undefined;
port.on('message', (message: ToSweepThread) => {
  if (message.kind === 'feeds') newest?.offer(message.feeds);
  else if (message.kind === 'ended') newest?.wake();
  else {
    const run = new Run(message);
    newest = run;
    current = current.then(() => run.serve());
  }
});
