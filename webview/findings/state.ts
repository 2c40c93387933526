import type { DiagnosisRequest, DiagnosisView } from '../../src/protocol/diagnosisViews.ts';
import type { SearchRequest, SearchView } from '../../src/protocol/searchViews.ts';
import type {
  JudgeChoice,
  SensitivityMode,
  SensitivityPart,
  SensitivityRequest,
  SensitivityView,
} from '../../src/protocol/sensitivityViews.ts';
import type { RunView } from '../../src/protocol/views.ts';
import type { JudgeId } from './judges.ts';

/** What a long measurement has found, as far as it came. */
export interface Finding<V> {
  readonly view: V | null;
  readonly running: boolean;
  /** The config has changed since: it says what was, not what is. */
  readonly isOutdated: boolean;
}

export const NOTHING_FOUND: Finding<never> = { view: null, running: false, isOutdated: false };

/**
 * What an event of the host makes of a finding. No view while something runs: nothing of it has come yet. No view while
 * nothing runs: nothing was measured under the config as it is now; what is known stays, and is told apart.
 */
export function renewed<V>(
  { view: last }: Finding<V>,
  { view, running }: { readonly view: V | null; readonly running: boolean },
): Finding<V> {
  if (view !== null || running) return { view, running, isOutdated: false };
  return { view: last, running, isOutdated: last !== null };
}

/** A command of the user's that prints a number. */
export interface JudgeCommand {
  readonly command: string;
  readonly better: 'higher' | 'lower';
}

interface JudgedForm {
  readonly judge: JudgeId;
  /** null: as many as the run has. */
  readonly samples: number | null;
}

/** What the next sweep is asked with. */
export interface SweepForm extends JudgedForm {
  readonly mode: SensitivityMode;
  readonly part: SensitivityPart;
  /** Whether only those that lose most on two samples are measured on all, and how many. */
  readonly onlyWorst: boolean;
  readonly verify: number;
}

export interface SearchForm extends JudgedForm {
  readonly goal: 'skip' | 'bits';
  /** What is asked for, by judge; of top-1 and top-5 the drop, 0..1. */
  readonly targets: Readonly<Record<JudgeId, number>>;
  /** Of the weights; null: three quarters of what they take now. */
  readonly bytes: number | null;
  readonly budget: number;
}

export interface DiagnosisForm extends JudgedForm {
  readonly nodes: number;
  readonly cures: boolean;
  readonly data: boolean;
}

/** What is asked for next, in each of the panels. */
export interface FindingForms {
  readonly sweep: SweepForm;
  readonly search: SearchForm;
  readonly diagnosis: DiagnosisForm;
}

export const FIRST_FORMS: FindingForms = {
  sweep: { mode: 'layerwise', part: 'both', judge: 'cosine', samples: null, onlyWorst: false, verify: 10 },
  search: {
    goal: 'skip',
    judge: 'cosine',
    targets: { cosine: 0.99, sqnrDb: 20, mse: 0.01, top1: 0.005, top5: 0.005, command: 0 },
    bytes: null,
    samples: null,
    budget: 200,
  },
  diagnosis: { judge: 'cosine', samples: null, nodes: 10, cures: true, data: true },
};

/** What requests are made from besides their form. */
export interface RequestFacts {
  readonly run: RunView | null;
  readonly judgeCommand: JudgeCommand | null;
}

/** Why a judge cannot be chosen; undefined where it can. */
export function judgeObstacle(judge: JudgeId, { run, judgeCommand }: RequestFacts): 'labels' | 'command' | undefined {
  if (judge === 'command') return judgeCommand === null ? 'command' : undefined;
  const needsLabels = judge === 'top1' || judge === 'top5';
  if (!needsLabels || run === null) return undefined;
  const { accuracy } = run;
  return accuracy === null || (judge === 'top5' && accuracy.top5 === null) ? 'labels' : undefined;
}

function judgeOf(judge: JudgeId, facts: RequestFacts): JudgeChoice {
  if (judge !== 'command') return { id: judge };
  // The choice is disabled where there is none.
  return { id: 'command', ...(facts.judgeCommand ?? { command: '', better: 'higher' }) };
}

/** All samples of the run, or fewer. */
function samplesOf({ samples }: JudgedForm, { run }: RequestFacts): number {
  const most = run?.samples ?? 1;
  return Math.max(1, Math.min(most, samples ?? most));
}

export function sweepRequest(form: SweepForm, facts: RequestFacts): SensitivityRequest {
  const { mode, part, onlyWorst, verify } = form;
  return {
    mode,
    part: mode === 'local' ? 'both' : part,
    judge: judgeOf(form.judge, facts),
    samples: samplesOf(form, facts),
    verify: onlyWorst && mode !== 'local' ? verify : null,
  };
}

/** Bytes that a search for bits is to reach. */
export function bytesOf({ bytes }: SearchForm, { run }: RequestFacts): number {
  return bytes ?? Math.round(0.75 * (run?.sizes.quantized ?? 0));
}

export function searchRequest(form: SearchForm, facts: RequestFacts): SearchRequest {
  const target = form.targets[form.judge];
  const isDrop = form.judge === 'top1' || form.judge === 'top5';
  return {
    goal:
      form.goal === 'bits'
        ? { kind: 'bits', bytes: bytesOf(form, facts) }
        : { kind: 'skip', target: isDrop ? { drop: target } : { value: target } },
    judge: judgeOf(form.judge, facts),
    samples: samplesOf(form, facts),
    budget: form.budget,
  };
}

export function diagnosisRequest(form: DiagnosisForm, facts: RequestFacts): DiagnosisRequest {
  const { nodes, cures, data } = form;
  return { judge: judgeOf(form.judge, facts), samples: samplesOf(form, facts), nodes, cures, data };
}

/** Forms as those that made what is known, so that a view that opens again asks for the same. */
export function formsOf(
  forms: FindingForms,
  {
    sensitivity,
    search,
    diagnosis,
  }: {
    readonly sensitivity: SensitivityView | null;
    readonly search: SearchView | null;
    readonly diagnosis: DiagnosisView | null;
  },
): FindingForms {
  return {
    sweep: sensitivity === null ? forms.sweep : sweepFormOf(forms.sweep, sensitivity.request),
    search: search === null ? forms.search : searchFormOf(forms.search, search.request),
    diagnosis: diagnosis === null ? forms.diagnosis : diagnosisFormOf(forms.diagnosis, diagnosis.request),
  };
}

function sweepFormOf(form: SweepForm, { mode, part, judge, samples, verify }: SensitivityRequest): SweepForm {
  const { verify: last } = form;
  return { mode, part, judge: judge.id, samples, onlyWorst: verify !== null, verify: verify ?? last };
}

function searchFormOf(form: SearchForm, { goal, judge, samples, budget }: SearchRequest): SearchForm {
  const own = { ...form, goal: goal.kind, judge: judge.id, samples, budget };
  if (goal.kind === 'bits') return { ...own, bytes: goal.bytes };
  const target = 'value' in goal.target ? goal.target.value : goal.target.drop;
  return { ...own, targets: { ...form.targets, [judge.id]: target } };
}

function diagnosisFormOf(_: DiagnosisForm, { judge, samples, nodes, cures, data }: DiagnosisRequest): DiagnosisForm {
  return { judge: judge.id, samples, nodes, cures, data };
}

/** Whether a sweep stopped before its end and can go on: the same is asked for under the same config. */
export function canResume({ view, running, isOutdated }: Finding<SensitivityView>): boolean {
  return view !== null && !running && !isOutdated && view.done > 0 && view.done < view.total;
}
