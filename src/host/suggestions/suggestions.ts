import type { Diagnostic } from '../../base/diagnostics.ts';
import { type Fix, fixesOf } from '../../config/language/fixes.ts';
import { metricInfo } from '../../protocol/metrics.ts';
import type { ModelFacts } from '../../protocol/modelFacts.ts';
import type { NodeFigures, RunView } from '../../protocol/views.ts';

/** Something that the figures of a run or a check of its config give reason to try. */
export type Suggestion =
  /** One of the nodes with the largest error of their own. */
  | { readonly kind: 'skip'; readonly node: NodeFigures; readonly localSqnrDb: number }
  /** Something found that has a fix. */
  | { readonly kind: 'fix'; readonly diagnostic: Diagnostic; readonly fix: Fix };

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
