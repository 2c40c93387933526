import type { ChoicesView } from '../../src/protocol/choiceViews.ts';
import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { NodeFigures, RunView } from '../../src/protocol/views.ts';
import { t } from '../l10n.ts';
import { CHOICE_WORDS, type ChoiceId, type NodeWords, readWords, wordText } from './nodeWords.ts';

/** What decides which choices a node has, and what holds for it now. */
export interface Situation {
  /** Null where the model's file decides; undefined where it is not known, or before a run. */
  readonly choices: ChoicesView | null | undefined;
  readonly quantType: string;
  readonly figures: NodeFigures | undefined;
  /** Whether it has a constant weight that codes can be chosen for. */
  readonly hasWeight: boolean;
  readonly words: NodeWords;
}

/** Operators whose constant of two dimensions or more is a weight. */
const WEIGHTED = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Gather', 'LSTM', 'GRU', 'RNN']);

/** Nodes between a constant and who reads it, at most. */
const MOST_FOLDED = 4;

/** @param pending words that were asked for since the run, by handle. */
export function situationOf(graph: GraphTable, node: number, { run, figures, pending }: SituationParts): Situation {
  const handle = graph.handle(node);
  return {
    choices: run?.choices,
    quantType: run?.quantType ?? '',
    figures,
    hasWeight: hasWeight(graph, node),
    words: readWords(pending.get(handle) ?? run?.choices?.overrides[handle] ?? ''),
  };
}

export interface SituationParts {
  readonly run: RunView | null;
  readonly figures: NodeFigures | undefined;
  readonly pending: ReadonlyMap<string, string>;
}

function hasWeight(graph: GraphTable, node: number): boolean {
  if (!WEIGHTED.has(graph.opType(node))) return false;
  return Array.from(graph.inputsOf(node)).some(
    (value) => value >= 0 && (graph.dims(value)?.length ?? 0) >= 2 && isConstant(graph, value),
  );
}

/** Whether a value is made of constants alone: some exporters write each as a node, or transpose it. */
function isConstant(graph: GraphTable, value: number, depth = MOST_FOLDED): boolean {
  if (graph.valueKind(value) === 'constant') return true;
  const node = graph.producerOf(value);
  if (node < 0 || depth === 0) return false;
  const inputs = Array.from(graph.inputsOf(node)).filter((input) => input >= 0);
  if (inputs.length === 0) return graph.opType(node) === 'Constant' && graph.domain(node) === '';
  return inputs.every((input) => isConstant(graph, input, depth - 1));
}

const FLOATS = new Set(['float32', 'float16', 'bfloat16']);

/** Why nothing can be chosen for the node at all; undefined where something can. */
export function obstacleOf({ choices, figures }: Situation): string | undefined {
  if (choices === null)
    return t('The model’s file decides how its nodes are quantized. imported_model=requantize in the config lets you.');
  if (figures === undefined) return t('Quantize with a config first; then you can decide for single nodes.');
  if (choices === undefined) return t('The kept run does not say how its config quantizes nodes: run it again.');
  if (figures.form === 'constant') return figures.why;
  return undefined;
}

/** Why the node cannot be put into `skip_quant_node`, or taken out. */
export function skipObstacle(situation: Situation): string | undefined {
  const { figures } = situation;
  return obstacleOf(situation) ?? (figures?.canSkip === false && !figures.skipped ? figures.why : undefined);
}

/** Why one choice does not apply to the node; undefined where it does. */
export function choiceObstacle(choice: ChoiceId | 'range', situation: Situation): string | undefined {
  const { choices, figures, quantType, hasWeight, words } = situation;
  const general = obstacleOf(situation);
  if (general !== undefined || figures === undefined || choices == null) return general;
  if (figures.skipped) return t('It is left float by skip_quant_node.');
  if (choice === 'precision') return allowedWords('precision', situation).length === 0 ? figures.why : undefined;
  if (words.precision !== undefined && FLOATS.has(words.precision)) return t('{0} has no codes.', words.precision);
  if (!figures.canSkip && words.precision === undefined) return figures.why;
  const isOfWeight = choice === 'weightBits' || choice === 'granularity';
  if (isOfWeight && choices.weights === null) return t('Constants stay float under this config.');
  if (isOfWeight && !hasWeight) return t('It has no constant weight.');
  if (!isOfWeight && quantType === 'WEIGHT_QUANT') return t('WEIGHT_QUANT leaves activations float.');
  if (!isOfWeight && quantType === 'DYNAMIC_QUANT') return t('DYNAMIC_QUANT finds ranges in every run of the model.');
  if (choice === 'weightBits' && quantType === 'DYNAMIC_QUANT') return t('DYNAMIC_QUANT stores weights in 8 bits.');
  if (choice === 'method' && words.range !== undefined) return t('The range is set by hand.');
  return undefined;
}

/** The words that a choice offers for the node. */
export function allowedWords(
  choice: ChoiceId,
  { quantType, figures, hasWeight, words }: Pick<Situation, 'quantType' | 'figures' | 'hasWeight' | 'words'>,
): readonly string[] {
  const all = CHOICE_WORDS[choice];
  if (choice !== 'precision') return all;
  if (quantType === 'DYNAMIC_QUANT') return all.filter((word) => word === 'float32' || word === 'int8');
  const isFree = figures === undefined || figures.canSkip || words.precision !== undefined;
  if (quantType === 'WEIGHT_QUANT') return isFree ? WEIGHT_WORDS : [];
  if (!isFree) return ['float16', 'bfloat16'];
  return all.filter((word) => word !== 'int4' || hasWeight);
}

const WEIGHT_WORDS: readonly string[] = ['float32', 'int16', 'int8', 'int4'];

/** What holds by the config's general choice: for all nodes without a word of their own. */
export function generalText(choice: ChoiceId, { choices, words, figures }: Situation): string {
  if (choices == null) return '';
  const { activations, weights } = choices;
  switch (choice) {
    case 'precision': {
      if (figures?.canSkip === false && words.precision === undefined) return 'float32';
      return (
        activations?.type ??
        (weights === null ? 'float32' : weights.bits === 0 ? t('mixed bits') : `int${weights.bits}`)
      );
    }
    case 'weightBits': {
      const bits = words.precision === 'int4' ? 4 : weights?.bits;
      return bits === undefined ? '' : bits === 0 ? t('mixed bits') : t('{0} bits', bits);
    }
    case 'method':
      return activations?.method ?? '';
    case 'symmetry':
      return activations === null ? '' : wordText(activations.symmetry);
    case 'granularity':
      return weights === null ? '' : wordText(weights.perChannel ? 'per_channel' : 'per_layer');
  }
}
