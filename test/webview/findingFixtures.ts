import { EVIDENCE_LABELS } from '../../src/protocol/causes.ts';
import type {
  Cause,
  Cure,
  DataFinding,
  DiagnosisRequest,
  DiagnosisView,
  Reference,
} from '../../src/protocol/diagnosisViews.ts';
import type { Handlers, HostEvents, HostRequests, ViewState } from '../../src/protocol/messages.ts';
import type { SearchRequest, SearchStep, SearchView } from '../../src/protocol/searchViews.ts';
import type {
  JudgeChoice,
  SensitivityEntry,
  SensitivityRequest,
  SensitivityView,
} from '../../src/protocol/sensitivityViews.ts';
import type { GraphView, NodeFigures } from '../../src/protocol/views.ts';
import { runOf } from './fixtures.ts';

const QUANTIZED = 0.9741;

export const SWEEP: SensitivityRequest = {
  mode: 'layerwise',
  part: 'both',
  judge: { id: 'cosine' },
  samples: 8,
  verify: null,
};
export const SEARCH: SearchRequest = {
  goal: { kind: 'skip', target: { value: 0.995 } },
  judge: { id: 'cosine' },
  samples: 8,
  budget: 60,
};
/** The config that was diagnosed. */
export const DIAGNOSIS_TEXT = '[common_quant_param]\nquant_type=FULL_QUANT\n';
export const DIAGNOSIS: DiagnosisRequest = { judge: { id: 'cosine' }, samples: 8, nodes: 6, cures: true, data: true };

export function units(graph: GraphView): readonly NodeFigures[] {
  return runOf(graph).nodes.filter((n) => n.form === 'integer');
}

/** What a judge says where so much of the signal is noise. */
function judged({ id }: JudgeChoice, noise: number): number {
  if (id === 'cosine') return 1 - noise / 2;
  if (id === 'sqnrDb') return -10 * Math.log10(noise);
  if (id === 'mse') return noise * 0.31;
  if (id === 'command') return 1 - noise;
  return Math.round(400 * (0.7125 - Math.min(0.7, noise))) / 400;
}

function lossOf(judge: JudgeChoice, noise: number): number {
  const value = judged(judge, noise);
  if (judge.id === 'cosine' || judge.id === 'command') return 1 - value;
  if (judge.id === 'sqnrDb') return noise;
  return judge.id === 'mse' ? value : Math.max(0, 0.7125 - value);
}

/** Noise of a node alone; a few nodes have most of it. */
function noiseOf(nodeId: number): number {
  return 10 ** (-5.5 + ((nodeId * 7) % 17) / 5);
}

/** A sweep after so many nodes; the rest by local SQNR. */
export function sweepOf(graph: GraphView, request: SensitivityRequest, done: number): SensitivityView {
  const { mode, judge, verify } = request;
  const nodes = [...units(graph)].sort((a, b) => (a.localSqnrDb ?? 0) - (b.localSqnrDb ?? 0));
  const total = mode === 'local' ? nodes.length : Math.min(nodes.length, verify ?? nodes.length);
  const measured = Math.min(done, total);
  const entries = nodes.map(({ nodeId, handle, opType, localSqnrDb }, i): SensitivityEntry => {
    const own = { nodeId, handle, opType, localSqnrDb };
    if (i >= measured) return { ...own, value: null, loss: null };
    if (mode === 'local') return { ...own, value: null, loss: 10 ** (-(localSqnrDb ?? 0) / 10) };
    const noise = noiseOf(nodeId);
    if (mode === 'layerwise') return { ...own, value: judged(judge, noise), loss: lossOf(judge, noise) };
    const all = 2 * (1 - QUANTIZED);
    const left = all - noise + (nodeId % 5 === 0 ? 2 * noise : 0);
    return { ...own, value: judged(judge, left), loss: lossOf(judge, all) - lossOf(judge, left) };
  });
  const ranked = [
    ...entries.filter((e) => e.loss !== null).sort((a, b) => (b.loss ?? 0) - (a.loss ?? 0)),
    ...entries.filter((e) => e.loss === null),
  ];
  return {
    request,
    configText: '',
    float: judge.id === 'sqnrDb' ? Number.POSITIVE_INFINITY : judge.id === 'mse' ? 0 : judged(judge, 0),
    quantized: judged(judge, 2 * (1 - QUANTIZED)),
    samples: request.samples,
    entries: ranked,
    done: measured,
    total,
    elapsedMs: 92 * measured,
  };
}

/** A search after so many candidates; the last ones reach the target. */
export function searchOf(
  graph: GraphView,
  request: SearchRequest,
  done: number,
  ended: SearchView['ended'],
): SearchView {
  const nodes = units(graph).map(({ handle }) => handle);
  const { goal, judge } = request;
  const tried = Array.from({ length: Math.min(done, request.budget) }, (_, i): SearchStep => {
    const move = i < 20 ? 'rank' : i < 32 ? 'grow' : i < 40 ? 'exchange' : i < 44 ? 'shrink' : 'verify';
    const size = move === 'rank' ? 1 : move === 'grow' ? i - 18 : move === 'verify' ? 8 : 12 - (i % 5);
    const handles = Array.from({ length: size }, (_, k) => nodes[(i * 3 + k * 7) % nodes.length] ?? '');
    const noise = 2 * (1 - QUANTIZED) * Math.exp(-size / 4) * (1 + 0.2 * Math.sin(i));
    const value = judged(judge, noise);
    const bytes = goal.kind === 'bits' ? 2_100_000 + 60_000 * (i % 19) : 3_620_000 + 41_000 * size;
    const change =
      goal.kind === 'bits'
        ? { overrides: Object.fromEntries(handles.map((h, k) => [h, k % 2 ? 'w4' : 'w6'])) }
        : { skip: handles };
    const reached = goal.kind === 'bits' ? bytes <= goal.bytes : value >= targetOf(request);
    return { move, change, handles, value, samples: move === 'rank' ? 4 : request.samples, bytes, reached };
  });
  const better = (a: SearchStep, b: SearchStep) =>
    Number(b.reached) - Number(a.reached) ||
    (goal.kind === 'skip' ? a.handles.length - b.handles.length : b.value - a.value);
  return {
    request,
    configText: '',
    float: judged(judge, 0),
    quantized: judged(judge, 2 * (1 - QUANTIZED)),
    target: goal.kind === 'skip' ? targetOf(request) : null,
    tried,
    best: [...tried].sort(better)[0] ?? null,
    ended,
    elapsedMs: 140 * done,
  };
}

function targetOf({ goal }: SearchRequest): number {
  if (goal.kind === 'bits') return 0;
  return 'value' in goal.target ? goal.target.value : 0.7125 - goal.target.drop;
}

/** A diagnosis after so many nodes; everything when it is done. */
export function diagnosisOf(graph: GraphView, request: DiagnosisRequest, nodes: number, done: boolean): DiagnosisView {
  const causes = causesOf(graph, request).slice(0, nodes);
  return {
    request,
    configText: DIAGNOSIS_TEXT,
    float: 1,
    quantized: QUANTIZED,
    samples: request.samples,
    causes,
    data: done && request.data ? dataOf() : [],
    reference: done ? REFERENCE : null,
    together:
      done && request.cures
        ? {
            ...cure('together', {}, 0.9741, 0.9968),
            change: { skip: [causes[1]?.handle ?? ''], overrides: { [causes[0]?.handle ?? '']: 'MSE' } },
            bytes: 1240,
            integerShare: 0.981,
          }
        : null,
    whole: done && request.cures ? wholeOf(graph) : null,
    done,
    elapsedMs: 800 * nodes,
  };
}

/** 16 bits for the worst, with biases corrected where that wins more. */
function wholeOf(graph: GraphView): NonNullable<DiagnosisView['whole']> {
  const handles = units(graph).map(({ handle }) => handle);
  const wide = (nodes: number, after: number): Cure => ({
    ...cure('worst:16', {}, QUANTIZED, after),
    change: { overrides: Object.fromEntries(handles.slice(0, nodes).map((h) => [h, 'int16'])) },
    ...{ nodes, integerShare: 1 - nodes / handles.length, wideShare: nodes / handles.length },
  });
  const all = handles.length;
  const settings = [{ section: 'full_quant_param', key: 'bias_correction', value: 'true' }];
  const [some, most] = [wide(8, 0.9979), wide(all, 0.9983)];
  const corrected = { ...most, kind: 'worst:16+bias_correction', change: { ...most.change, settings } };
  return { cures: [some, { ...corrected, after: 0.9991, gain: 0.9991 - QUANTIZED }], tried: [wide(all, 0.968)] };
}

function cure(kind: string, change: Cure['change'], before: number, after: number): Cure {
  return {
    kind,
    change,
    before,
    after,
    gain: after - before,
    bytes: kind === 'skip' ? 48_210 : kind === 'bits:16' ? 9216 : 0,
    integerShare: kind === 'skip' ? 0.962 : kind === 'bits:16' ? 0.97 : 1,
    wideShare: kind === 'bits:16' ? 0.03 : 0,
  };
}

function causesOf(graph: GraphView, request: DiagnosisRequest): Cause[] {
  const ids: readonly [Cause['id'], string][] = [
    ['clipping', 'method:MSE'],
    ['outliers', 'method:KL'],
    ['unlikeRanges', 'skip'],
    ['dominatingChannel', 'per_channel'],
    ['carried', 'skip'],
    ['floatIsland', 'unskip'],
  ];
  const nodes = units(graph);
  return ids.map(([id, kind], i): Cause => {
    const { nodeId, handle, opType } = nodes[(i * 9 + 3) % nodes.length] as NodeFigures; // the network has more than ten
    const value = graph.values.find((v) => v.id === graph.nodes.find((n) => n.id === nodeId)?.outputs[0]);
    const words = kind.startsWith('method:') ? kind.slice(7) : kind;
    const change =
      kind === 'skip'
        ? { skip: [handle] }
        : kind === 'unskip'
          ? { unskip: [handle] }
          : { overrides: { [handle]: words } };
    const best = cure(kind, change, QUANTIZED, QUANTIZED + 0.014 / (i + 1));
    return {
      id,
      nodeId,
      handle,
      opType,
      blame: 0.0131 / (i + 1) ** 2,
      certainty: 0.96 - 0.13 * i,
      evidence: [
        {
          label: EVIDENCE_LABELS.clippedShare,
          value: 0.0312 / (i + 1),
          unit: 'share',
          healthy: 0.0001,
          ...(value && { tensor: value.name, valueId: value.id }),
          channel: 13,
        },
        { label: EVIDENCE_LABELS.clippedFar, value: 3.71, unit: 'ratio', healthy: 1, sample: 'n01531_goldfish.JPEG' },
        { label: EVIDENCE_LABELS.localSqnr, value: 17.2 + i, unit: 'dB' },
      ],
      cures:
        request.cures && i !== 4
          ? [best, cure('bits:16', { overrides: { [handle]: 'int16' } }, QUANTIZED, QUANTIZED + 0.01 / (i + 1))]
          : [],
      tried: request.cures
        ? [cure('symmetric', { overrides: { [handle]: 'symmetric' } }, QUANTIZED, QUANTIZED - 0.0021)]
        : [],
    };
  });
}

function dataOf(): DataFinding[] {
  return [
    {
      kind: 'preprocessing',
      change: { settings: [{ section: 'data_preprocess_param', key: 'image_to_format', value: 'BGR' }] },
      label: 'image_to_format=BGR',
      evidence: [{ label: EVIDENCE_LABELS.kurtosis, value: 0.612, unit: 'number', healthy: 0.884 }],
      advised: true,
    },
    {
      kind: 'preprocessing',
      change: { settings: [{ section: 'data_preprocess_param', key: 'image_to_format', value: 'GRAY' }] },
      label: 'image_to_format=GRAY',
      evidence: [{ label: EVIDENCE_LABELS.kurtosis, value: 0.412, unit: 'number', healthy: 0.884 }],
      advised: false,
    },
    {
      kind: 'oddSample',
      sample: '/data/calibration/n01536_goldfish.JPEG',
      evidence: [{ label: EVIDENCE_LABELS.sqnr, value: 9.4, unit: 'dB', healthy: 18.1 }],
    },
    {
      kind: 'tooFewSamples',
      growth: [1, 2, 4, 8, 16, 32].map((samples) => ({ samples, range: 1 - 0.42 / samples ** 0.7 })),
      evidence: [{ label: EVIDENCE_LABELS.evaluationRange, value: 1.081, unit: 'ratio', healthy: 1 }],
      advised: false,
    },
  ];
}

const REFERENCE: Reference = {
  kind: 'accuracy',
  points: [0.62, 0.81, 0.9, 0.94, 0.97, 0.985, 0.993, 0.998].map((cosine) => ({
    cosine,
    top1: 0.7125 - 1.1 * (1 - cosine) ** 1.4,
  })),
  floatTop1: 0.7125,
  enough: 0.985,
  margin: 0.01,
};

export const RMSE_REFERENCE: Reference = { kind: 'rmseScale', healthy: 0.289, worst: 4.31, above: 14, nodes: 53 };

type Emit = <E extends keyof HostEvents & string>(event: E, payload: HostEvents[E]) => void;
type Known = Pick<ViewState, 'sensitivity' | 'search' | 'diagnosis'>;

const WHAT_IS_FOUND = [
  'sensitivity/start',
  'sensitivity/cancel',
  'search/start',
  'search/cancel',
  'diagnosis/start',
  'diagnosis/cancel',
] as const;

/** What a host measures at length, a step every so many milliseconds, and keeps by config. */
export class FakeFindings {
  readonly #graph: GraphView;
  readonly #emit: Emit;
  readonly #paceMs: number;
  readonly #byConfig = new Map<string, Known>();
  #config: string;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(graph: GraphView, emit: Emit, options: { readonly paceMs: number; readonly config: string }) {
    this.#graph = graph;
    this.#emit = emit;
    this.#paceMs = options.paceMs;
    this.#config = options.config;
  }

  get known(): Known {
    return this.#byConfig.get(this.#config) ?? { sensitivity: null, search: null, diagnosis: null };
  }

  /** Everything is known from before. */
  fill(): void {
    this.#keep({
      sensitivity: sweepOf(this.#graph, SWEEP, 1000),
      search: searchOf(this.#graph, SEARCH, 60, 'budget'),
      diagnosis: diagnosisOf(this.#graph, DIAGNOSIS, 6, true),
    });
  }

  /** Another config is on display. */
  follow(config: string): void {
    if (config === this.#config) return;
    this.#stop();
    this.#config = config;
    const { sensitivity, search, diagnosis } = this.known;
    this.#emit('sensitivity/changed', { view: sensitivity, running: false });
    this.#emit('search/changed', { view: search, running: false });
    this.#emit('diagnosis/changed', { view: diagnosis, running: false });
  }

  handlers(): Pick<Handlers<HostRequests>, (typeof WHAT_IS_FOUND)[number]> {
    const graph = this.#graph;
    return {
      'sensitivity/start': async ({ request, resume }) => {
        let done = resume ? (this.known.sensitivity?.done ?? 0) : 0;
        this.#go(() => {
          const view = sweepOf(graph, request, ++done);
          this.#keep({ sensitivity: view });
          const running = view.done < view.total;
          this.#emit('sensitivity/changed', { view, running });
          return running;
        });
      },
      'sensitivity/cancel': async () => {
        this.#stop();
        this.#emit('sensitivity/changed', { view: this.known.sensitivity, running: false });
      },
      'search/start': async (request) => {
        let done = 0;
        this.#go(() => {
          const running = ++done < Math.min(request.budget, 60);
          const view = searchOf(graph, request, done, running ? null : 'found');
          this.#keep({ search: view });
          this.#emit('search/changed', { view, running });
          return running;
        });
      },
      'search/cancel': async () => {
        this.#stop();
        const { search } = this.known;
        this.#keep({ search: search && { ...search, ended: 'cancelled' } });
        this.#emit('search/changed', { view: this.known.search, running: false });
      },
      'diagnosis/start': async (request) => {
        let nodes = 0;
        this.#go(() => {
          const running = ++nodes < Math.min(request.nodes, 6);
          this.#emit('run/progress', { stage: 'diagnose', done: nodes, total: 6, text: '' });
          this.#emit('run/progress', { stage: 'calibrate', done: 7, total: 8, text: 'sample 7' }); // a cure with ranges of its own
          const view = diagnosisOf(graph, request, nodes, !running);
          this.#keep({ diagnosis: view });
          this.#emit('diagnosis/changed', { view, running });
          return running;
        });
      },
      'diagnosis/cancel': async () => {
        this.#stop();
        this.#emit('diagnosis/changed', { view: this.known.diagnosis, running: false });
      },
    };
  }

  #keep(part: Partial<Known>): void {
    this.#byConfig.set(this.#config, { ...this.known, ...part });
  }

  #go(step: () => boolean): void {
    this.#stop();
    this.#timer = setInterval(() => {
      if (!step()) this.#stop();
    }, this.#paceMs);
  }

  #stop(): void {
    clearInterval(this.#timer);
  }
}
