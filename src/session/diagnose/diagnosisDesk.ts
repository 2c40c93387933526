import { type AbortSignalLike, Cancelled, NEVER, throwIfAborted } from '../../base/abort.ts';
import type { FileSystem } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import { DiagnosticError } from '../../base/diagnostics.ts';
import { causesOf } from '../../diagnose/causesOf.ts';
import { combined, curesFor } from '../../diagnose/cures.ts';
import type { Named } from '../../diagnose/named.ts';
import { helps, LEAST_GAIN, rankedCures, withoutNeedless } from '../../diagnose/rankCures.ts';
import { callsForWhole } from '../../diagnose/wideCures.ts';
import type { Cause, Cure, DiagnosisRequest, DiagnosisView } from '../../protocol/diagnosisViews.ts';
import type { Progress } from '../../protocol/views.ts';
import { nothingYet } from '../errors.ts';
import { judgeOf, type RunCommand } from '../judges.ts';
import type { Lab } from '../lab.ts';
import type { OpenModel } from '../model.ts';
import { Bench } from './bench.ts';
import { dataFindings } from './data.ts';
import { evidenceOf } from './evidence.ts';
import { islandCauses } from './islandCauses.ts';
import { patientOf } from './patient.ts';
import { type Place, placesOf } from './place.ts';
import { referenceOf } from './reference.ts';
import { blameOf, suspectsOf } from './suspects.ts';
import { wholeCures } from './wholeCures.ts';

export interface DiagnosisDeskParts {
  readonly open: OpenModel;
  /** Undefined before a run. */
  readonly lab: Lab | undefined;
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly onProgress: (progress: Progress) => void;
  readonly runCommand?: RunCommand | undefined;
}

/** Samples that evidence is counted on; more say little that is new of a range. */
const EVIDENCE_SAMPLES = 4;
/** Cures that are joined at most. */
const MOST_TOGETHER = 6;

/** A cause with what it takes to try cures. */
interface Case {
  readonly named: Named;
  readonly place: Place;
  readonly blame: number;
}

type OnPartial = (view: DiagnosisView) => void;

/** Finds out which nodes are to blame for the loss at the output, why, and what helps. */
export class DiagnosisDesk {
  readonly #parts: () => DiagnosisDeskParts;

  constructor(parts: () => DiagnosisDeskParts) {
    this.#parts = parts;
  }

  /**
   * @param onPartial gets what is known whenever something is added.
   * @throws DiagnosticError SES401 before a run, SES450, SES451 for a judge that cannot be had; Cancelled.
   */
  async run(request: DiagnosisRequest, onPartial: OnPartial, signal: AbortSignalLike = NEVER): Promise<DiagnosisView> {
    const parts = this.#parts();
    if (parts.lab === undefined) throw nothingYet(parts.open.file, 'run');
    const work = new Diagnosis({ ...parts, lab: parts.lab }, request, onPartial, signal);
    return work.run();
  }
}

class Diagnosis {
  readonly #parts: DiagnosisDeskParts & { readonly lab: Lab };
  readonly #request: DiagnosisRequest;
  readonly #onPartial: OnPartial;
  readonly #signal: AbortSignalLike;
  readonly #bench: Bench;
  readonly #startedMs: number;
  #view: DiagnosisView;

  constructor(
    parts: DiagnosisDeskParts & { readonly lab: Lab },
    request: DiagnosisRequest,
    onPartial: OnPartial,
    signal: AbortSignalLike,
  ) {
    const { lab, files, onProgress, runCommand } = parts;
    const { run, settings } = lab;
    this.#parts = parts;
    this.#request = request;
    this.#onPartial = onPartial;
    this.#signal = signal;
    this.#startedMs = parts.clock.now();
    const samples = Math.min(request.samples, run.sampleCount);
    const folder = files.directoryOf(settings.configPath);
    const judge = judgeOf(request.judge, { run, settings, folder, ...(runCommand && { runCommand }), signal });
    this.#judge = judge;
    this.#bench = new Bench({ lab, files, judge, samples, signal, onProgress });
    this.#view = {
      request,
      configText: settings.configText,
      float: Number.NaN,
      quantized: Number.NaN,
      samples,
      causes: [],
      data: [],
      reference: null,
      together: null,
      whole: null,
      done: false,
      elapsedMs: 0,
    };
  }

  readonly #judge: ReturnType<typeof judgeOf>;

  async run(): Promise<DiagnosisView> {
    const { value, loss } = await this.#bench.before();
    this.#tell({ quantized: value, float: this.#judge.float() });
    const cases = await this.#cases(loss);
    this.#tell({ causes: cases.map(plainCause) });
    if (this.#request.cures) {
      await this.#treat(cases, loss);
      await this.#join(loss);
      await this.#whole(loss);
    }
    await this.#islands(loss);
    await this.#doubtData();
    this.#tell({ done: true });
    return this.#view;
  }

  /** Blames the suspects and judges the worst of them. */
  async #cases(loss: number): Promise<readonly Case[]> {
    const { lab, onProgress } = this.#parts;
    const signal = this.#signal;
    const places = placesOf(lab);
    const suspects = suspectsOf(lab, places, this.#request.nodes);
    const progress = (done: number, total: number, text: string): void =>
      onProgress({ stage: 'diagnose', done, total, text });
    const blame = await blameOf(
      this.#bench,
      suspects,
      (place, _, done) => progress(done, suspects.length, `blame · ${place.handle}`),
      signal,
    );
    throwIfAborted(signal);
    const worst = [...blame]
      .filter(([, b]) => b > LEAST_GAIN * loss)
      .sort(([, a], [, b]) => b - a)
      .slice(0, this.#request.nodes)
      .map(([place]) => place);
    const extremes = (await lab.run.builder.extremes?.(signal)) ?? new Map();
    const numbers = await evidenceOf(
      {
        ...{ lab, extremes, signal, samples: Math.min(EVIDENCE_SAMPLES, this.#view.samples) },
        onStep: (done, total, text) => progress(done, total, `evidence · ${text}`),
      },
      [...worst, ...carriersOf(lab, places, worst)],
    );
    return [...numbers].flatMap(([place, node]) =>
      causesOf(node)
        .filter(({ id }) => worst.includes(place) || id === 'carried')
        .map((named): Case => ({ named, place, blame: Math.max(0, blame.get(place) ?? 0) })),
    );
  }

  /** Findings of the data, and what number is good enough: where labels say it, by many evaluations. */
  async #doubtData(): Promise<void> {
    const { lab } = this.#parts;
    const parts = { ...this.#parts, kernels: lab.run.float.kernels };
    if (this.#request.data)
      await dataFindings(parts, this.#signal, (finding) => this.#tell({ data: [...this.#view.data, finding] }));
    if (this.#request.data || lab.settings.labels === undefined)
      this.#tell({ reference: await referenceOf(parts, this.#signal) });
  }

  /** Islands cost time, not accuracy: they come last, and quantizing them helps where it does not lose. */
  async #islands(loss: number): Promise<void> {
    const { lab } = this.#parts;
    for (const { cause, change } of await islandCauses(lab)) {
      throwIfAborted(this.#signal);
      const cure = change === null || !this.#request.cures ? undefined : await this.#measured('unskip', change, false);
      const isGood = cure !== undefined && cure.gain >= -LEAST_GAIN * loss;
      const told = { ...cause, cures: cure && isGood ? [cure] : [], tried: cure && !isGood ? [cure] : [] };
      this.#tell({ causes: [...this.#view.causes, told] });
    }
  }

  /** Tries cures, cause after cause; one whose own cures were all tried in vain was none. */
  async #treat(cases: readonly Case[], loss: number): Promise<void> {
    const causes = new Map(cases.map((one) => [one, plainCause(one) as Cause | undefined]));
    for (const [i, one] of cases.entries()) {
      const [cures, tried]: [Cure[], Cure[]] = [[], []];
      let [own, ownHelp] = [0, 0];
      for (const candidate of curesFor(one.named, patientOf(this.#parts.lab, one.place))) {
        throwIfAborted(this.#signal);
        const text = `${candidate.kind} · ${one.place.handle}`;
        this.#parts.onProgress({ stage: 'diagnose', done: i, total: cases.length, text });
        const cure = await this.#measured(candidate.kind, candidate.change, candidate.needsRun);
        if (cure === undefined) continue;
        const isHelp = helps(cure, loss);
        if (candidate.against === 'cause') own++;
        if (candidate.against === 'cause' && isHelp) ownHelp++;
        (isHelp ? cures : tried).push(cure);
      }
      const isRefuted = own > 0 && ownHelp === 0 && !GENERAL.has(one.named.id);
      causes.set(
        one,
        isRefuted ? undefined : { ...plainCause(one), cures: rankedCures(withoutNeedless(cures, loss)), tried },
      );
      this.#tell({ causes: [...causes.values()].filter((c) => c !== undefined) });
    }
  }

  /** The best cures of the worst nodes, one after the other, each kept where it adds to those before. */
  async #join(loss: number): Promise<void> {
    let best: Cure | undefined;
    let needsRun = false;
    const first = this.#view.causes.flatMap((c) => c.cures[0] ?? []);
    for (const cure of [...first].sort((a, b) => b.gain - a.gain).slice(0, MOST_TOGETHER)) {
      throwIfAborted(this.#signal);
      const change = best === undefined ? cure.change : combined(best.change, cure.change);
      if (change === undefined) continue;
      const anew: boolean = needsRun || NEEDS_RUN.has(cure.kind);
      const joined = await this.#measured('together', change, anew);
      if (joined === undefined || joined.gain - (best?.gain ?? 0) <= LEAST_GAIN * loss) continue;
      [best, needsRun] = [joined, anew];
      this.#tell({ together: best });
    }
  }

  /** Where single cures leave much of the loss: what helps the model as a whole. */
  async #whole(loss: number): Promise<void> {
    const { causes, together, request } = this.#view;
    const gain = Math.max(0, together?.gain ?? 0, ...causes.flatMap(({ cures }) => cures.map((c) => c.gain)));
    if (!callsForWhole(gain, loss)) return;
    const whole = await wholeCures({
      ...{ ...this.#parts, judge: request.judge, places: placesOf(this.#parts.lab), loss, gain, signal: this.#signal },
      measure: ({ kind, change }) => this.#measured(kind, change, false),
      onCure: (found) => this.#tell({ whole: found }),
    });
    this.#tell({ whole });
  }

  /** Undefined where config or run do not allow it. @throws DiagnosticError of data and judges, Cancelled */
  async #measured(kind: string, change: Cure['change'], needsRun: boolean): Promise<Cure | undefined> {
    try {
      return await this.#bench.cure(kind, change, needsRun);
    } catch (error) {
      if (error instanceof DiagnosticError && CANNOT.test(error.diagnostic.code)) return undefined;
      throw error;
    }
  }

  #tell(news: Partial<DiagnosisView>): void {
    if (this.#signal.aborted) throw new Cancelled();
    const elapsedMs = this.#parts.clock.now() - this.#startedMs;
    this.#view = { ...this.#view, ...news, elapsedMs };
    this.#onPartial(this.#view);
  }
}

/** Causes that say where an error is, and hold whatever helps against it. */
const GENERAL: ReadonlySet<string> = new Set(['weights', 'activations', 'carried', 'floatIsland']);
/** Codes of what a config, a plan or an operator does not allow, or a kind of run cannot change. */
const CANNOT = /^(CFG|QNT|EXE|SES402|SES465)/;
/** Kinds of cures that are calibrated from the beginning. */
const NEEDS_RUN: ReadonlySet<string> = new Set(['equalization', 'channel_balance', 'weight_rounding']);

/** Nodes whose outputs are worst although they are not to blame. */
function carriersOf(lab: Lab, places: readonly Place[], worst: readonly Place[]): readonly Place[] {
  const sqnr = (p: Place): number => lab.result.figures.of(p.output, 'sqnrDb', 'mean');
  const known = places.filter((p) => !worst.includes(p) && Number.isFinite(sqnr(p)));
  return known.sort((a, b) => sqnr(a) - sqnr(b)).slice(0, Math.ceil(worst.length / 4));
}

function plainCause({ named, place, blame }: Case): Cause {
  const { id, certainty, evidence } = named;
  const { nodeId, handle, opType } = place;
  return { id, nodeId, handle, opType, blame, certainty, evidence, cures: [], tried: [] };
}
