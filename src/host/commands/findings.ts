import * as vscode from 'vscode';
import type { DiagnosisRequest } from '../../protocol/diagnosisViews.ts';
import type { HostEvents } from '../../protocol/messages.ts';
import type { SearchRequest } from '../../protocol/searchViews.ts';
import type { SensitivityMode, SensitivityPart, SensitivityRequest } from '../../protocol/sensitivityViews.ts';
import type { RunView } from '../../protocol/views.ts';
import type { OpenModel } from '../editor/registry.ts';
import type { FindingKind } from '../findings/storedFindings.ts';
import { askNumber, choose, chooseJudge, chooseSamples } from './askJudge.ts';
import { configOf } from './changeConfig.ts';
import type { Deps } from './deps.ts';
import { registerModelCommand } from './target.ts';

/** Candidates that a search from the palette measures at most. */
const SEARCH_BUDGET = 200;
/** Nodes that a diagnosis from the palette looks at. */
const DIAGNOSED_NODES = 10;
const BUDGETED_NODES = 10;

/** A command's request without asking, for key bindings and other extensions: `{ request }` beside the model's address. */
interface Given<R> {
  readonly request: R;
}

/**
 * Registers sweeps, searches and diagnoses of the model in front, their cancels, and the resume of a sweep. Each asks what
 * it needs to know; as a second argument `{ request }` answers that.
 */
export function registerFindings(deps: Deps): vscode.Disposable {
  const measured = <R>(
    name: string,
    ask: (run: RunView, model: OpenModel) => Promise<R | undefined>,
    measure: (model: OpenModel, request: R) => Promise<void>,
  ) =>
    registerModelCommand(deps, name, async (model, argument, given) => {
      const { run } = model.session;
      if (configOf(model.session) === undefined || run === null) return;
      const request = isGiven<R>(given) ? given.request : isGiven<R>(argument) ? argument.request : undefined;
      const wanted = request ?? (await ask(run, model));
      if (wanted !== undefined) await measure(model, wanted);
    });
  return vscode.Disposable.from(
    measured('startSensitivity', askSweep, (model, request: SensitivityRequest) =>
      shown(model, 'sensitivity', () => model.findings.sweep(request, { resume: false })),
    ),
    registerModelCommand(deps, 'resumeSensitivity', async (model) => {
      const { sensitivity } = model.findings.current;
      if (configOf(model.session) === undefined) return;
      if (sensitivity === null || !model.findings.canResume) {
        void vscode.window.showInformationMessage(
          vscode.l10n.t('Under the config as it is, no measurement was left unfinished.'),
        );
        return;
      }
      await shown(model, 'sensitivity', () => model.findings.sweep(sensitivity.request, { resume: true }));
    }),
    measured('findSkipSet', askSkipSearch, search),
    measured('findBits', askBitSearch, search),
    measured('diagnose', askDiagnosis, (model, request: DiagnosisRequest) =>
      shown(model, 'diagnosis', () => model.findings.diagnose(request)),
    ),
    registerModelCommand(deps, 'cancelSensitivity', ({ findings }) => findings.cancel('sensitivity')),
    registerModelCommand(deps, 'cancelSearch', ({ findings }) => findings.cancel('search')),
    registerModelCommand(deps, 'cancelDiagnosis', ({ findings }) => findings.cancel('diagnosis')),
    registerModelCommand(deps, 'cancel', ({ session, findings }) => {
      session.cancel('run', 'trial');
      findings.cancel('sensitivity', 'search', 'diagnosis');
    }),
  );
}

function search(model: OpenModel, request: SearchRequest): Promise<void> {
  return shown(model, 'search', () => model.findings.search(request));
}

/** Shows how far it is, with a way to stop it. */
function shown({ session, findings }: OpenModel, kind: FindingKind, work: () => Promise<void>): Promise<void> {
  const { t } = vscode.l10n;
  const title = {
    sensitivity: t('Measuring the sensitivity of {0}', session.file),
    search: t('Searching for {0}', session.file),
    diagnosis: t('Diagnosing {0}', session.file),
  }[kind];
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const running = vscode.window.withProgress(options, async (progress, token) => {
    let reached = 0;
    const subscriptions = [
      token.onCancellationRequested(() => findings.cancel(kind)),
      session.onEvent(({ event, payload }) => {
        const [done, total] = reachedBy(event, payload, kind) ?? [0, 0];
        if (total === 0) return;
        const percent = Math.max(reached, (100 * done) / total);
        progress.report({ message: `${done}/${total}`, increment: percent - reached });
        reached = percent;
      }),
    ];
    try {
      await work();
    } finally {
      vscode.Disposable.from(...subscriptions).dispose();
    }
  });
  return Promise.resolve(running);
}

/** How much is done of how much, as an event tells it. */
function reachedBy(
  event: keyof HostEvents,
  payload: HostEvents[keyof HostEvents],
  kind: FindingKind,
): readonly [number, number] | undefined {
  if (event === 'sensitivity/changed' && kind === 'sensitivity') {
    const { view } = payload as HostEvents['sensitivity/changed']; // of this event
    return view === null ? undefined : [view.done, view.total];
  }
  if (event === 'search/changed' && kind === 'search') {
    const { view } = payload as HostEvents['search/changed']; // of this event
    return view === null ? undefined : [view.tried.length, view.request.budget];
  }
  if (event !== 'run/progress' || kind !== 'diagnosis') return undefined;
  const { stage, done, total } = payload as HostEvents['run/progress']; // of this event
  return stage === 'diagnose' ? [done, total] : undefined;
}

async function askSweep(run: RunView, { session }: OpenModel): Promise<SensitivityRequest | undefined> {
  const { t } = vscode.l10n;
  const chosen = await choose<readonly [SensitivityMode, number | null]>(t('Measure Sensitivity'), [
    {
      label: t('One node quantized at a time'),
      detail: t('What each node alone costs at the output'),
      value: ['layerwise', null],
    },
    {
      label: t('One node float at a time'),
      detail: t('What the output gains when a node is left float'),
      value: ['leaveOneOut', null],
    },
    {
      label: t('Own error of each node'),
      detail: t('From one pass over the samples; says little of the output'),
      value: ['local', null],
    },
    {
      label: t('The {0} nodes that are likely the worst, quantized one at a time', BUDGETED_NODES),
      detail: t('All are measured on the two worst samples, these on all samples'),
      value: ['layerwise', BUDGETED_NODES],
    },
  ]);
  if (chosen === undefined) return undefined;
  const [mode, verify] = chosen;
  const part = await choose<SensitivityPart>(t('What is quantized, or left float'), [
    { label: t('Activations and weights'), value: 'both' },
    { label: t('Activations'), value: 'activations' },
    { label: t('Weights'), value: 'weights' },
  ]);
  if (part === undefined) return undefined;
  const judge = mode === 'local' ? ({ id: 'sqnrDb' } as const) : await chooseJudge(run, session.uri);
  if (judge === undefined) return undefined;
  const samples = await chooseSamples(run);
  return samples === undefined ? undefined : { mode, part, judge, samples, verify };
}

async function askSkipSearch(run: RunView, { session }: OpenModel): Promise<SearchRequest | undefined> {
  const { t } = vscode.l10n;
  const judge = await chooseJudge(run, session.uri);
  if (judge === undefined) return undefined;
  const title = t('Find Smallest Skip Set');
  const isShare = judge.id === 'top1' || judge.id === 'top5';
  const suggested = { cosine: 0.995, sqnrDb: 25, mse: 0.001, top1: 0.5, top5: 0.5, command: 0 }[judge.id];
  const target = await askNumber({
    title,
    prompt: isShare ? t('Points of accuracy that may be lost, in percent') : t('What the metric must reach'),
    value: suggested,
    least: judge.id === 'command' ? Number.NEGATIVE_INFINITY : 0,
    most: judge.id === 'cosine' ? 1 : isShare ? 100 : Number.POSITIVE_INFINITY,
  });
  if (target === undefined) return undefined;
  const samples = await chooseSamples(run);
  if (samples === undefined) return undefined;
  const goal = { kind: 'skip', target: isShare ? { drop: target / 100 } : { value: target } } as const;
  return { goal, judge, samples, budget: SEARCH_BUDGET };
}

async function askBitSearch(run: RunView, { session }: OpenModel): Promise<SearchRequest | undefined> {
  const { t } = vscode.l10n;
  const { quantized, float } = (session.shown ?? run).sizes;
  const kilobytes = await askNumber({
    title: t('Find Bits for Size'),
    prompt: t('KB that the constants may take; now {0}, in float {1}', kb(quantized), kb(float)),
    value: kb(0.75 * quantized),
    least: 1,
    most: kb(float),
  });
  if (kilobytes === undefined) return undefined;
  const judge = await chooseJudge(run, session.uri);
  const samples = judge && (await chooseSamples(run));
  if (judge === undefined || samples === undefined) return undefined;
  return { goal: { kind: 'bits', bytes: Math.round(kilobytes * 1024) }, judge, samples, budget: SEARCH_BUDGET };
}

async function askDiagnosis(run: RunView, { session }: OpenModel): Promise<DiagnosisRequest | undefined> {
  const { t } = vscode.l10n;
  const how = await choose(t('Diagnose'), [
    {
      label: t('Causes, their cures and the calibration data'),
      detail: t('Every cure is tried and measured'),
      value: { cures: true, data: true },
    },
    { label: t('Causes and their cures'), value: { cures: true, data: false } },
    { label: t('Causes alone'), detail: t('In a fraction of the time'), value: { cures: false, data: false } },
  ]);
  if (how === undefined) return undefined;
  const judge = await chooseJudge(run, session.uri);
  const samples = judge && (await chooseSamples(run));
  return judge === undefined || samples === undefined ? undefined : { ...how, judge, samples, nodes: DIAGNOSED_NODES };
}

/** In whole kilobytes. */
function kb(bytes: number): number {
  return Math.max(1, Math.round(bytes / 1024));
}

function isGiven<R>(value: unknown): value is Given<R> {
  return typeof value === 'object' && value !== null && 'request' in value;
}
