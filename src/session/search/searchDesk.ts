import { type AbortSignalLike, Cancelled, NEVER } from '../../base/abort.ts';
import type { FileSystem } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import { overrideWordsOf } from '../../config/changes.ts';
import type { SearchRequest, SearchStep, SearchView } from '../../protocol/searchViews.ts';
import type { Progress } from '../../protocol/views.ts';
import type { Measurement } from '../../search/trials.ts';
import type { Judge } from '../../whatif/judge.ts';
import { nothingYet } from '../errors.ts';
import { judgeOf, type RunCommand } from '../judges.ts';
import type { Lab } from '../lab.ts';
import type { OpenModel } from '../model.ts';
import { bitTask, weightUnitsOf } from './bitTask.ts';
import { noDropOfSqnr, nothingToSearch, notSearchable } from './errors.ts';
import { Pilot, type Piloted } from './pilot.ts';
import { skipTask, skipUnitsOf } from './skipTask.ts';
import type { Task, Told } from './tasks.ts';

export interface SearchDeskParts {
  readonly open: Pick<OpenModel, 'file'>;
  readonly lab: Lab | undefined;
  readonly clock: Clock;
  readonly files: Pick<FileSystem, 'directoryOf'>;
  readonly onProgress: (progress: Progress) => void;
  readonly runCommand?: RunCommand;
}

/** What floating point may take from a share of samples. */
const ROUNDING = 1e-12;

/** Searches configs that reach a goal, from what the last run or trial left behind. */
export class SearchDesk {
  readonly #now: () => SearchDeskParts;

  constructor(now: () => SearchDeskParts) {
    this.#now = now;
  }

  /**
   * @param onPartial hears the view after every candidate that is measured.
   * @returns the search as far as it came: cancelled, it keeps the best.
   * @throws DiagnosticError SES401 before a run, SES45x of the judge, SES461 to SES464 of the request, SES402 and CFG… as
   *   a trial
   */
  async run(
    request: SearchRequest,
    onPartial: (view: SearchView) => void,
    signal: AbortSignalLike = NEVER,
  ): Promise<SearchView> {
    const { open, lab, clock, files, onProgress, runCommand } = this.#now();
    if (lab === undefined) throw nothingYet(open.file, 'run');
    const { run, settings } = lab;
    check(request, settings.configPath);
    const task = taskOf(request, lab);
    const folder = files.directoryOf(settings.configPath);
    const judge = judgeOf(request.judge, { run, settings, folder, signal, ...(runCommand && { runCommand }) });
    const pilot = new Pilot({ lab, judge, samples: Math.min(request.samples, run.sampleCount), signal });
    const started = clock.now();
    const account = new Account(request, settings.configText, judge);
    const view = (ended: SearchView['ended']) => account.view(ended, clock.now() - started);
    try {
      const ended = await task({
        budget: request.budget,
        measure: async (change, how) => account.judged(await pilot.measure(change, how), pilot),
        onTried: (tried, best) => {
          account.add(tried, best);
          onProgress({ stage: 'search', done: account.count, total: request.budget, text: tried.handles.join(', ') });
          onPartial(view(null));
        },
      });
      return view(ended);
    } catch (error) {
      if (error instanceof Cancelled) return view('cancelled');
      throw error;
    }
  }
}

function taskOf({ goal }: SearchRequest, lab: Lab): Task {
  const { configPath } = lab.settings;
  switch (goal.kind) {
    case 'skip': {
      const units = skipUnitsOf(lab);
      if (units.length === 0) throw nothingToSearch(configPath, goal.kind);
      return skipTask(units, overrideWordsOf(lab.settings.configText));
    }
    case 'bits': {
      const units = weightUnitsOf(lab);
      if (units.length === 0) throw nothingToSearch(configPath, goal.kind);
      return bitTask(units, goal.bytes);
    }
  }
}

function check({ goal, judge, samples, budget }: SearchRequest, file: string): void {
  const isCount = (x: number): boolean => Number.isInteger(x) && x > 0;
  if (!isCount(samples)) throw notSearchable(file, 'samples', samples, 'a number of at least 1');
  if (!isCount(budget)) throw notSearchable(file, 'budget', budget, 'a number of candidates of at least 1');
  if (goal.kind === 'bits') {
    if (!(goal.bytes > 0)) throw notSearchable(file, 'bytes', goal.bytes, 'a number of bytes above 0');
    return;
  }
  const { target } = goal;
  if ('value' in target) {
    if (!Number.isFinite(target.value)) throw notSearchable(file, 'target', target.value, 'a finite number');
    return;
  }
  if (judge.id === 'sqnrDb') throw noDropOfSqnr(file);
  if (!(target.drop >= 0)) throw notSearchable(file, 'drop', target.drop, 'a number of at least 0');
}

/** What a search has tried. */
class Account {
  readonly #request: SearchRequest;
  readonly #configText: string;
  readonly #judge: Judge;
  readonly #tried: SearchStep[] = [];
  #best: SearchStep | null = null;
  #float = Number.NaN;
  #quantized = Number.NaN;

  constructor(request: SearchRequest, configText: string, judge: Judge) {
    this.#request = request;
    this.#configText = configText;
    this.#judge = judge;
  }

  get count(): number {
    return this.#tried.length;
  }

  /** The first that is measured is the config as it is, on all samples. */
  judged({ value, loss, float, guide, bytes, samples }: Piloted, pilot: Pilot): Measurement {
    const isExact = samples === pilot.samples;
    if (isExact && Number.isNaN(this.#float)) this.#float = float;
    const exact = isExact ? { loss, reached: this.#reaches(value, loss, bytes) } : null;
    return { value, guide, bytes, samples, exact };
  }

  add(tried: Told, best: Told | null): void {
    if (this.#tried.length === 0) this.#quantized = tried.measured.value;
    const step = this.#stepOf(tried);
    this.#tried.push(step);
    if (best?.measured === tried.measured) this.#best = step;
  }

  view(ended: SearchView['ended'], elapsedMs: number): SearchView {
    return {
      request: this.#request,
      configText: this.#configText,
      float: this.#float,
      quantized: this.#quantized,
      target: this.#target,
      tried: [...this.#tried],
      best: this.#best,
      ended,
      elapsedMs,
    };
  }

  get #target(): number | null {
    const { goal } = this.#request;
    if (goal.kind === 'bits') return null;
    if ('value' in goal.target) return goal.target.value;
    return this.#judge.better === 'higher' ? this.#float - goal.target.drop : this.#float + goal.target.drop;
  }

  #reaches(value: number, loss: number, bytes: number): boolean {
    const { goal } = this.#request;
    if (goal.kind === 'bits') return bytes <= goal.bytes;
    if ('drop' in goal.target) return loss <= goal.target.drop + ROUNDING;
    return this.#judge.better === 'higher'
      ? value >= goal.target.value - ROUNDING
      : value <= goal.target.value + ROUNDING;
  }

  #stepOf({ move, change, handles, measured }: Told): SearchStep {
    const { value, samples, bytes, exact } = measured;
    return { move, change, handles, value, samples, bytes, reached: exact?.reached ?? false };
  }
}
