import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import { helps, rankedCures, withoutNeedless } from '../../diagnose/rankCures.ts';
import { tryWide, type WideCandidate, type WideGroup } from '../../diagnose/wideCures.ts';
import type { Cure, WholeCures } from '../../protocol/diagnosisViews.ts';
import type { JudgeChoice } from '../../protocol/sensitivityViews.ts';
import { SensitivityDesk, type SensitivityParts } from '../sensitivity/sensitivityDesk.ts';
import type { Place } from './place.ts';

/** Evaluation samples by which nodes are put in order: each costs as many evaluations as there are nodes. */
const ORDER_SAMPLES = 1;

export interface WholeParts extends Omit<SensitivityParts, 'directoryOf' | 'onLosses' | 'lab'> {
  readonly lab: NonNullable<SensitivityParts['lab']>;
  readonly files: { readonly directoryOf: (path: string) => string };
  readonly judge: JudgeChoice;
  readonly places: readonly Place[];
  /** Loss of the config as it is, and what the best of the other cures wins. */
  readonly loss: number;
  readonly gain: number;
  /** Undefined where it cannot be carried out. */
  readonly measure: (candidate: WideCandidate) => Promise<Cure | undefined>;
  readonly onCure: (whole: WholeCures) => void;
  readonly signal: AbortSignalLike;
}

/**
 * Cures of the model as a whole: 16-bit activations for the nodes that lose most alone. Nothing where none can have
 * them. @throws Cancelled, DiagnosticError
 */
export async function wholeCures(parts: WholeParts): Promise<WholeCures | null> {
  const { lab, places, loss, gain, measure, onCure, signal } = parts;
  const able = places.filter((place) => canBeWide(parts, place));
  if (able.length === 0 || lab.isKeptAsInFile) return null;
  const ordered = await worstFirst(parts, able);
  const groups = ordered.map(({ handles, sharers }): WideGroup => ({ handles: [...handles, ...sharers] }));
  const found: Cure[] = [];
  const told = (): WholeCures => judged(found, loss, gain);
  const wordsOf = (handle: string) => lab.settings.overrides.get(handle) ?? {};
  await tryWide({ groups, wordsOf, canCorrect: canCorrect(parts) }, loss, async (candidate) => {
    throwIfAborted(signal);
    const text = `${candidate.kind} · ${candidate.nodes}`;
    parts.onProgress({ stage: 'diagnose', done: ordered.length - candidate.nodes, total: ordered.length, text });
    const cure = await measure(candidate);
    if (cure === undefined) return undefined;
    found.push({ ...cure, nodes: candidate.nodes });
    onCure(told());
    return cure.gain;
  });
  return found.length === 0 ? null : told();
}

/** Those that win what the others do not; of a larger set only where it wins more than a smaller one. */
function judged(found: readonly Cure[], loss: number, gain: number): WholeCures {
  const lesserFirst = [...found].sort((a, b) => (a.nodes ?? 0) - (b.nodes ?? 0));
  const isMore = (cure: Cure): boolean => helps(cure, loss) && helps({ gain: cure.gain - gain }, loss);
  const cures = withoutNeedless(lesserFirst.filter(isMore), loss);
  return { cures: rankedCures(cures), tried: lesserFirst.filter((cure) => !cures.includes(cure)) };
}

/** Its output has codes of its own, of at most 8 bits. */
function canBeWide({ lab }: WholeParts, { output, unit }: Place): boolean {
  const { assignment, plan } = lab.result.build;
  const scheme = assignment.activations.get(output)?.scheme;
  const precision = plan.nodes.get(unit.node)?.precision ?? 'int8';
  return scheme !== undefined && scheme.qmax - scheme.qmin < 256 && (precision === 'int8' || precision === 'int4');
}

/** Whether the kind of run and the target correct biases, and the config does not ask for it. */
function canCorrect({ lab }: WholeParts): boolean {
  if (lab.settings.biasCorrection) return false;
  const settings = [{ section: 'full_quant_param', key: 'bias_correction', value: 'true' }];
  return lab.variantOf({ settings }).biasCorrection;
}

/** By what each loses quantized alone; a share of right answers says too little of so few samples, there cosine does. */
async function worstFirst(parts: WholeParts, able: readonly Place[]): Promise<readonly Place[]> {
  const { judge, files, signal } = parts;
  const figure: JudgeChoice = judge.id === 'sqnrDb' || judge.id === 'mse' ? judge : { id: 'cosine' };
  const request = { mode: 'layerwise', part: 'both', judge: figure, samples: ORDER_SAMPLES, verify: null } as const;
  const directoryOf = (path: string): string => files.directoryOf(path);
  const desk = new SensitivityDesk(() => ({ ...parts, directoryOf, onLosses: () => undefined }));
  const { entries } = await desk.run(request, [], () => undefined, signal);
  const losses = new Map(entries.map(({ nodeId, loss }) => [nodeId, loss ?? 0] as const));
  const lossOf = ({ nodeId }: Place): number => losses.get(nodeId) ?? 0;
  return [...able].sort((a, b) => lossOf(b) - lossOf(a));
}
