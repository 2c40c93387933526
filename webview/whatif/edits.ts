import type { ConfigChange } from '../../src/protocol/changes.ts';
import { t } from '../l10n.ts';
import { CHOICES, type ChoiceId, type NodeWords, withWord, wordsText, wordText } from './nodeWords.ts';
import { allowedWords, choiceObstacle, type Situation, skipObstacle } from './situation.ts';

/** What is wanted of a choice: a word, or what the config says for all (''). Choices that are left out stay. */
export type Edits = Readonly<Partial<Record<ChoiceId | 'range', string>>> & { readonly skip?: boolean };

/** A node that a change may be made to. */
export interface EditedNode {
  readonly handle: string;
  readonly situation: Situation;
}

export interface PlannedChange {
  readonly change: ConfigChange;
  /** Nodes that it changes. */
  readonly changed: readonly string[];
  /** Nodes that have all of it already. */
  readonly same: number;
  /** How many nodes none or not all of it applies to, by the first reason that is in the way. */
  readonly left: ReadonlyMap<string, number>;
}

/** Finds out node by node what edits change: of each what applies to it. */
export class ChangePlanner {
  readonly #edits: Edits;
  readonly #skip: string[] = [];
  readonly #unskip: string[] = [];
  readonly #overrides: Record<string, string> = {};
  readonly #changed: string[] = [];
  readonly #left = new Map<string, number>();
  #same = 0;

  constructor(edits: Edits) {
    this.#edits = edits;
  }

  add({ handle, situation }: EditedNode): void {
    const { skip } = this.#edits;
    const { words, reason } = wordsAfter(situation, this.#edits);
    const toggles = skip !== undefined && skip !== (situation.figures?.skipped ?? false);
    const noToggle = toggles ? skipObstacle(situation) : undefined;
    const obstacle = reason ?? noToggle;
    if (obstacle !== undefined) this.#left.set(obstacle, (this.#left.get(obstacle) ?? 0) + 1);
    const doesToggle = toggles && noToggle === undefined;
    if (doesToggle) (skip ? this.#skip : this.#unskip).push(handle);
    const [before, after] = [wordsText(situation.words), wordsText(words)];
    if (after !== before) this.#overrides[handle] = after;
    if (after !== before || doesToggle) this.#changed.push(handle);
    else if (obstacle === undefined) this.#same++;
  }

  get planned(): PlannedChange {
    const change = { skip: this.#skip, unskip: this.#unskip, overrides: this.#overrides };
    return { change, changed: this.#changed, same: this.#same, left: this.#left };
  }
}

/** What the edits change of these nodes. */
export function planChange(nodes: Iterable<EditedNode>, edits: Edits): PlannedChange {
  const planner = new ChangePlanner(edits);
  for (const node of nodes) planner.add(node);
  return planner.planned;
}

/** A node's words with those edits that apply to it, and why another does not. */
function wordsAfter(
  situation: Situation,
  edits: Edits,
): { readonly words: NodeWords; readonly reason: string | undefined } {
  let { words } = situation;
  let reason: string | undefined;
  for (const choice of [...CHOICES, 'range'] as const) {
    const wanted = edits[choice];
    if (wanted === undefined) continue;
    if (wanted === '') {
      words = withWord(words, choice, null); // what is decided can be taken back whether it did something or not
      continue;
    }
    const now = { ...situation, words: choice === 'method' ? withWord(words, 'range', null) : words };
    const isOffered = choice === 'range' || allowedWords(choice, now).includes(wanted);
    const obstacle = edits.skip === false ? obstacleUnskipped(choice, now) : choiceObstacle(choice, now);
    if (obstacle === undefined && isOffered) words = withWord(now.words, choice, wanted);
    else reason ??= obstacle ?? t('{0} does not apply to it.', wordText(wanted));
  }
  return { words, reason };
}

/** As if the node were quantized again already. */
function obstacleUnskipped(choice: ChoiceId | 'range', situation: Situation): string | undefined {
  const { figures } = situation;
  return choiceObstacle(choice, { ...situation, figures: figures && { ...figures, skipped: false } });
}

/** A change of one node's words. */
export function changeOfWords(handle: string, words: NodeWords): ConfigChange {
  return { overrides: { [handle]: wordsText(words) } };
}
