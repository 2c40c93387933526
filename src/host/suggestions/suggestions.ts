import type { Diagnostic } from '../../base/diagnostics.ts';
import { applyChange, changeOnto } from '../../config/changes.ts';
import { type Fix, fixesOf } from '../../config/language/fixes.ts';
import type { ConfigChange } from '../../protocol/changes.ts';
import type { Cause, Cure, DataFinding, DiagnosisView } from '../../protocol/diagnosisViews.ts';
import { metricInfo } from '../../protocol/metrics.ts';
import type { ModelFacts } from '../../protocol/modelFacts.ts';
import type { SearchStep, SearchView } from '../../protocol/searchViews.ts';
import type { JudgeChoice } from '../../protocol/sensitivityViews.ts';
import type { NodeFigures, RunView } from '../../protocol/views.ts';

/** Something that the figures of a run, a check of its config, a diagnosis or a search give reason to try. */
export type Suggestion =
  /** One of the nodes with the largest error of their own. */
  | { readonly kind: 'skip'; readonly node: NodeFigures; readonly localSqnrDb: number }
  /** Something found that has a fix. */
  | { readonly kind: 'fix'; readonly diagnostic: Diagnostic; readonly fix: Fix }
  /** To be diagnosed first. */
  | { readonly kind: 'diagnose' }
  /** What is wrong with a node; its cures lie below. */
  | { readonly kind: 'cause'; readonly cause: Cause; readonly cures: readonly MeasuredChange[] }
  /** What is odd about the data. */
  | { readonly kind: 'data'; readonly finding: DataFinding }
  | MeasuredChange;

/** A change of the config whose effect was measured. */
export interface MeasuredChange {
  readonly kind: 'change';
  readonly change: ConfigChange;
  readonly judge: JudgeChoice;
  readonly source:
    | { readonly from: 'cure'; readonly cause: Cause | null; readonly cure: Cure }
    | { readonly from: 'data'; readonly finding: Extract<DataFinding, { kind: 'preprocessing' }> }
    | { readonly from: 'search'; readonly search: SearchView; readonly step: SearchStep };
}

/** How many nodes are worth a look at a time. */
const MOST_NODES = 5;

/** From here on a node is in the best band of the heat: nothing calls for a change. */
const [GOOD_DB] = metricInfo('localSqnrDb').borders.borders;

/** The nodes with the lowest SQNR of their own that may be skipped and are not, worst first. */
export function nodesToSkip({ nodes }: RunView): readonly Suggestion[] {
  return nodes
    .flatMap((node) => {
      const { localSqnrDb } = node;
      const isMeasured = localSqnrDb !== null && Number.isFinite(localSqnrDb);
      return isMeasured && localSqnrDb < GOOD_DB && node.canSkip && node.quantized && !node.skipped
        ? [{ node, localSqnrDb }]
        : [];
    })
    .sort((a, b) => a.localSqnrDb - b.localSqnrDb || a.node.nodeId - b.node.nodeId)
    .slice(0, MOST_NODES)
    .map((found) => ({ kind: 'skip', ...found }));
}

/** What was found in a config of this text and can be put right by an edit of it; each with its best fix. */
export function fixesToApply(
  diagnostics: readonly Diagnostic[],
  text: string,
  model: ModelFacts | undefined,
): readonly Suggestion[] {
  return diagnostics.flatMap((diagnostic) => {
    const [fix] = fixesOf({ text, diagnostic, model });
    return fix === undefined ? [] : [{ kind: 'fix', diagnostic, fix }];
  });
}

/**
 * What a diagnosis found: all cures together, the causes with their cures, and what calls for other data. Cures that the
 * config of this text has already are left out.
 */
export function suggestionsOf(measured: DiagnosisView, text: string): readonly Suggestion[] {
  const diagnosis = diagnosisFor(measured, text);
  const { together, whole, causes, data } = diagnosis;
  const all = together === null || changesNothing(text, together.change) ? [] : [cureOf(diagnosis, together, null)];
  const [widest] = (whole?.cures ?? []).filter(({ change }) => !changesNothing(text, change));
  const found = causes.map((cause): Suggestion => ({ kind: 'cause', cause, cures: curesOf(diagnosis, cause, text) }));
  const best = widest === undefined ? [] : [cureOf(diagnosis, widest, null)];
  return [...best, ...all, ...found, ...data.flatMap((finding) => dataSuggestion(diagnosis, finding, text))];
}

/** The best set or bits of a search that reached its goal; nothing where the config of this text has it. */
export function searchResult(search: SearchView, text: string): readonly Suggestion[] {
  const { best, configText } = search;
  const change = changeOnto(best?.change ?? {}, configText, text);
  if (best === null || !best.reached || changesNothing(text, change)) return [];
  return [
    {
      kind: 'change',
      change,
      judge: search.request.judge,
      source: { from: 'search', search, step: best },
    },
  ];
}

/** All cures of a diagnosis that help a config of this text, best first, each change once. */
export function helpfulCures(measured: DiagnosisView, text: string): readonly MeasuredChange[] {
  const diagnosis = diagnosisFor(measured, text);
  const { together, whole, causes } = diagnosis;
  const all = [
    ...(together === null ? [] : [cureOf(diagnosis, together, null)]),
    ...(whole?.cures ?? []).map((cure) => cureOf(diagnosis, cure, null)),
    ...causes.flatMap((cause) => cause.cures.map((cure) => cureOf(diagnosis, cure, cause))),
  ];
  const seen = new Set<string>();
  return all
    .filter(({ change }) => {
      const after = applyChange(text, change);
      if (after === text || seen.has(after)) return false;
      seen.add(after);
      return true;
    })
    .sort((a, b) => gainOf(b) - gainOf(a));
}

/** With its cures as they change a config of this text. */
function diagnosisFor(diagnosis: DiagnosisView, text: string): DiagnosisView {
  const { together, whole, causes, configText } = diagnosis;
  const fitted = (cure: Cure): Cure => ({ ...cure, change: changeOnto(cure.change, configText, text) });
  return {
    ...diagnosis,
    together: together && fitted(together),
    whole: whole && { ...whole, cures: whole.cures.map(fitted) },
    causes: causes.map((cause) => ({ ...cause, cures: cause.cures.map(fitted) })),
  };
}

function curesOf(diagnosis: DiagnosisView, cause: Cause, text: string): readonly MeasuredChange[] {
  return cause.cures
    .filter(({ change }) => !changesNothing(text, change))
    .map((cure) => cureOf(diagnosis, cure, cause));
}

function cureOf({ request }: DiagnosisView, cure: Cure, cause: Cause | null): MeasuredChange {
  return { kind: 'change', change: cure.change, judge: request.judge, source: { from: 'cure', cause, cure } };
}

/** Other preprocessing only where the evidence calls for it; the number of samples likewise. */
function dataSuggestion({ request }: DiagnosisView, finding: DataFinding, text: string): readonly Suggestion[] {
  if (finding.kind !== 'oddSample' && !finding.advised) return [];
  if (finding.kind !== 'preprocessing') return [{ kind: 'data', finding }];
  if (changesNothing(text, finding.change)) return [];
  return [{ kind: 'change', change: finding.change, judge: request.judge, source: { from: 'data', finding } }];
}

function gainOf({ source }: MeasuredChange): number {
  return source.from === 'cure' ? source.cure.gain : 0;
}

function changesNothing(text: string, change: ConfigChange): boolean {
  return applyChange(text, change) === text;
}
