import type { AbortSignalLike } from '../../base/abort.ts';
import type { FileSystem } from '../../base/bytes.ts';
import { throwErrors } from '../../base/diagnostics.ts';
import { applyChange } from '../../config/changes.ts';
import type { ConfigChange } from '../../protocol/changes.ts';
import type { Cure } from '../../protocol/diagnosisViews.ts';
import type { Progress } from '../../protocol/views.ts';
import type { Judge } from '../../whatif/judge.ts';
import type { Build } from '../build.ts';
import { calibrateRun } from '../fullRun.ts';
import { Lab, type Measured } from '../lab.ts';
import { readableSamples } from '../readableSamples.ts';
import { buildFor, type RunState } from '../run.ts';
import { openSettings } from '../settings.ts';
import { codedShares, workOf } from '../work.ts';

export interface BenchParts {
  readonly lab: Lab;
  readonly files: FileSystem;
  readonly judge: Judge;
  /** Evaluation samples, from the first. */
  readonly samples: number;
  readonly signal: AbortSignalLike;
  readonly onProgress: (progress: Progress) => void;
}

export interface Weighed extends Measured, ReturnType<typeof codedShares> {}

/** Measures what is tried against causes, each change once: value, loss, bytes and share of integer work. */
export class Bench {
  readonly #parts: BenchParts;
  readonly #known = new Map<string, Weighed>();
  #before: Weighed | undefined;

  constructor(parts: BenchParts) {
    this.#parts = parts;
  }

  /** Of the config as it is. @throws Cancelled */
  async before(): Promise<Weighed> {
    const { lab } = this.#parts;
    this.#before ??= await this.#weigh(lab, lab.run, lab.result.build);
    return this.#before;
  }

  /** Loss with these nodes left float. @throws Cancelled */
  async lossWithout(skip: readonly string[]): Promise<number> {
    const { lab, judge, samples, signal } = this.#parts;
    if (skip.length === 0) return (await this.before()).loss;
    return (await lab.measure({ skip }, { judge, samples, signal })).loss;
  }

  /**
   * @param needsRun whether it changes what calibration sees: it is then calibrated from the beginning, by itself.
   * @throws DiagnosticError where the change makes no config, or cannot be carried out; Cancelled.
   */
  async cure(kind: string, change: ConfigChange, needsRun: boolean): Promise<Cure> {
    const before = await this.before();
    const key = JSON.stringify(change);
    const known = this.#known.get(key);
    const after = known ?? (needsRun ? await this.#run(change) : await this.#trial(change));
    this.#known.set(key, after);
    return {
      kind,
      change,
      before: before.value,
      after: after.value,
      gain: before.loss - after.loss,
      bytes: after.bytes - before.bytes,
      integerShare: after.integerShare,
      wideShare: after.wideShare,
    };
  }

  async #trial(change: ConfigChange): Promise<Weighed> {
    const { lab, signal } = this.#parts;
    const build = await lab.run.builder.build(lab.variantOf(change), signal);
    try {
      return await this.#weigh(lab, lab.run, build);
    } finally {
      build.program.release();
    }
  }

  /** A run of its own under the changed text, on the same samples; nothing of it is kept. */
  async #run(change: ConfigChange): Promise<Weighed> {
    const { lab, files, signal, onProgress } = this.#parts;
    lab.refuse(change);
    const { settings: last, run: now } = lab;
    const configText = applyChange(last.configText, change);
    const request = { configText, configPath: last.configPath, dims: last.fixedDims };
    const opened = await openSettings(request, now.open, files);
    throwErrors(opened.diagnostics);
    const { diagnostics: _, ...samples } = await readableSamples(opened, { signal, onProgress });
    const settings = { ...opened, ...samples };
    const { kernels } = now.float;
    const run = await calibrateRun({ open: now.open, settings, kernels, ...samples, signal, onProgress });
    let build: Build | undefined;
    try {
      build = await buildFor(run, settings, signal);
      return await this.#weigh(new Lab({ run, settings, result: { ...lab.result, build } }), run, build);
    } finally {
      build?.program.release();
      run.float.release();
    }
  }

  async #weigh(lab: Lab, run: RunState, build: Build): Promise<Weighed> {
    const { judge, samples, signal } = this.#parts;
    const measured = await lab.judge(build, { judge, samples, signal });
    return { ...measured, ...codedShares(await workOf(run, build)) };
  }
}
