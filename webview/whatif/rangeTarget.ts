import type { HistogramView } from '../../src/protocol/chartViews.ts';
import type { TensorView } from '../../src/protocol/views.ts';
import type { Actions } from '../actions.ts';
import { t } from '../l10n.ts';
import type { AppState } from '../store.ts';
import { changeOfWords } from './edits.ts';
import { rangeOf, rangeWord, withWord } from './nodeWords.ts';
import type { RangeTarget } from './rangeSlider.ts';
import { choiceObstacle, situationOf } from './situation.ts';

/** What sets the range of a tensor: the words of the node that makes it; or why none can. */
export function rangeTargetOf(
  store: { readonly state: AppState },
  tensor: TensorView,
  view: HistogramView,
  actions: Pick<Actions, 'changeConfig'>,
): RangeTarget | string {
  const { graph, run, pendingWords: pending } = store.state;
  const value = graph?.valueIndex(tensor.valueId) ?? -1;
  if (graph === null || run === null || value < 0 || tensor.kind === 'Weight') return '';
  const node = graph.producerOf(value);
  if (node < 0) return t('No node makes this tensor, so its range cannot be set by hand.');
  const nodeId = graph.nodeId(node);
  const figures = run.nodes.find((f) => f.nodeId === nodeId);
  const situation = situationOf(graph, node, { run, figures, pending });
  const obstacle = choiceObstacle('range', situation);
  if (obstacle !== undefined) return t('Its range cannot be set by hand: {0}', obstacle);
  const { grid } = view;
  if (grid === null) return t('Its range cannot be set by hand: it has no codes of its own.');
  const { words, choices } = situation;
  /** What holds when the range is set: another choice may be on trial since. */
  const wordsNow = () => {
    const { run, pendingWords: pending } = store.state;
    return situationOf(graph, node, { run, figures, pending }).words;
  };
  return {
    tensor: tensor.name,
    view,
    grid,
    isSymmetric: (words.symmetry ?? choices?.activations?.symmetry) === 'symmetric',
    own: rangeOf(words),
    commit: (ends) =>
      actions.changeConfig(
        changeOfWords(graph.handle(node), withWord(wordsNow(), 'range', ends === null ? null : rangeWord(...ends))),
      ),
  };
}
