import type { Actions } from '../actions.ts';
import { fill, h } from '../dom.ts';
import { formatCount } from '../format.ts';
import { groupTitle } from '../graph/hierarchy/blockNames.ts';
import { t } from '../l10n.ts';
import { Slices } from '../query/slices.ts';
import type { AppState, Store } from '../store.ts';
import { button } from '../ui.ts';
import { createChoiceControl } from './choiceControl.ts';
import { choiceDoc } from './choiceDocs.ts';
import { ChangePlanner, type Edits, type PlannedChange } from './edits.ts';
import { CHOICE_WORDS, CHOICES, choiceTitle, wordText } from './nodeWords.ts';
import { type ChangeTarget, type NodeSet, nodesLike, nodesOfGroup } from './scopes.ts';
import { obstacleOf, situationOf } from './situation.ts';

export interface ChangeDialog {
  readonly element: HTMLElement;
  open(target: ChangeTarget): void;
}

/** Nodes between two looks at the clock. */
const STRIDE = 200;
/** Stands for a choice that is not touched. */
const KEEP = 'keep';

/** The choices of a node for several: of a selection, a group, an operator or what a query finds; one change in all. */
export function createChangeDialog(store: Store, actions: Actions): ChangeDialog {
  let scopes: readonly NodeSet[] = [];
  let scope: NodeSet | undefined;
  let edits: { -readonly [K in keyof Edits]: Edits[K] } = {};
  let planned: PlannedChange | undefined;
  let planning: AbortController | undefined;

  const title = h('h2', { id: 'change-title' });
  const scopeChoice = createChoiceControl({
    id: 'change-scope',
    title: t('Nodes'),
    doc: t('The nodes that are changed.'),
    onChange: (value) => {
      scope = scopes[Number(value)];
      show();
    },
  });
  const skip = createChoiceControl({
    id: 'change-skip',
    title: choiceTitle('skip'),
    doc: choiceDoc('skip'),
    onChange: (value) => {
      const { skip: _, ...rest } = edits;
      edits = value === KEEP ? rest : { ...rest, skip: value === 'skip' };
      show();
    },
  });
  const controls = CHOICES.map((choice) => ({
    choice,
    control: createChoiceControl({
      id: `change-${choice}`,
      title: choiceTitle(choice),
      doc: choiceDoc(choice),
      onChange: (value) => {
        const { [choice]: _, ...rest } = edits;
        edits = value === KEEP ? rest : { ...rest, [choice]: value };
        show();
      },
    }),
  }));
  const resetRange = createChoiceControl({
    id: 'change-range',
    title: choiceTitle('range'),
    doc: choiceDoc('range'),
    onChange: (value) => {
      const { range: _, ...rest } = edits;
      edits = value === KEEP ? rest : { ...rest, range: value };
      show();
    },
  });
  const says = h('div', { class: 'change-says', role: 'status' });
  const apply = button({ label: t('Apply'), appearance: 'primary', onClick: () => submit() });
  const cancel = button({ label: t('Cancel'), onClick: () => element.close() });
  const element = h(
    'dialog',
    { class: 'change-dialog', attrs: { 'aria-labelledby': 'change-title' } },
    title,
    h(
      'div',
      { class: 'choices' },
      ...[scopeChoice, skip, ...controls.map(({ control }) => control), resetRange].flatMap((c) => c.elements),
    ),
    says,
    h('div', { class: 'actions' }, apply, cancel),
  ) as HTMLDialogElement;
  element.addEventListener('keydown', (event) => event.stopPropagation()); // the graph has keys of its own
  element.addEventListener('close', () => planning?.abort());

  const submit = () => {
    if (planned === undefined || planned.changed.length === 0) return;
    element.close();
    actions.changeConfig(planned.change);
  };
  const show = () => {
    const count = scope?.nodes.length ?? 0;
    title.textContent = count === 1 ? t('Change 1 node') : t('Change {0} nodes', formatCount(count));
    const plain = { why: null, isOwn: false };
    scopeChoice.show({
      ...plain,
      value: String(scope === undefined ? 0 : scopes.indexOf(scope)),
      options: scopes.map(({ title: text, nodes }, i) => [String(i), t('{0} ({1})', text, formatCount(nodes.length))]),
    });
    const keep = [KEEP, t('leave as it is')] as const;
    skip.show({
      value: edits.skip === undefined ? KEEP : edits.skip ? 'skip' : 'quantize',
      options: [keep, ['quantize', t('yes')], ['skip', t('no: in skip_quant_node')]],
      why: null,
      isOwn: edits.skip !== undefined,
    });
    for (const { choice, control } of controls) {
      control.show({
        value: edits[choice] ?? KEEP,
        options: [keep, ['', t('as config')], ...CHOICE_WORDS[choice].map((w) => [w, wordText(w)] as const)],
        why: null,
        isOwn: edits[choice] !== undefined,
      });
    }
    resetRange.show({
      value: edits.range ?? KEEP,
      options: [keep, ['', t('as config: by calibration')]],
      why: null,
      isOwn: edits.range !== undefined,
    });
    void plan();
  };
  /** Finds out a slice at a time what would change; large scopes have tens of thousands of nodes. */
  const plan = async () => {
    planning?.abort();
    planning = new AbortController();
    const { graph, run, pendingWords: pending } = store.state;
    planned = undefined;
    apply.disabled = true;
    if (graph === null || scope === undefined) return;
    const planner = new ChangePlanner(edits);
    const slices = new Slices(planning.signal);
    const figures = new Map(run?.nodes.map((f) => [f.nodeId, f]));
    for (let i = 0; i < scope.nodes.length; i++) {
      if (i % STRIDE === 0 && !(await slices.goOn())) return;
      const node = scope.nodes[i] as number;
      const situation = situationOf(graph, node, { run, figures: figures.get(graph.nodeId(node)), pending });
      planner.add({ handle: graph.handle(node), situation });
    }
    planned = planner.planned;
    apply.disabled = planned.changed.length === 0;
    fill(says, ...linesOf(planned, Object.keys(edits).length > 0));
  };
  return {
    element,
    open: (target) => {
      const obstacle = whyNot(store.state);
      if (obstacle !== undefined) {
        actions.announce(obstacle);
        return;
      }
      scopes = scopesOf(store.state, target);
      if (scopes.length === 0) {
        actions.announce(t('Select a node first'));
        return;
      }
      scope = scopes[0];
      edits = {};
      fill(says);
      show();
      if (!element.open) element.showModal();
    },
  };
}

/** What holds for all nodes alike. */
function whyNot({ run }: AppState): string | undefined {
  const figures = run?.nodes.find((f) => f.form !== 'constant');
  return obstacleOf({ choices: run?.choices, quantType: '', figures, hasWeight: false, words: {} });
}

/** What was asked for first, then what goes further. */
function scopesOf({ graph, hierarchy, selected }: AppState, target: ChangeTarget): NodeSet[] {
  if (graph === null) return [];
  const groupsKnown = hierarchy?.groupOfNode.length === graph.nodeCount ? hierarchy : null;
  const scopes: NodeSet[] = [...(target.sets ?? [])];
  const addGroup = (key: string) => {
    const group = groupsKnown?.groups.find((g) => g.key === key);
    if (group !== undefined && groupsKnown !== null)
      scopes.push({ title: t('Group {0}', groupTitle(group)), nodes: nodesOfGroup(groupsKnown, key) });
  };
  if (target.group !== undefined) addGroup(target.group);
  const node = graph.nodeIndex(target.nodeId ?? (scopes.length === 0 ? selected : null) ?? -1);
  if (node >= 0) {
    scopes.push({ title: graph.handle(node), nodes: [node] });
    scopes.push({ title: t('All {0}', graph.opType(node)), nodes: nodesLike(graph, node) });
    for (let g = groupsKnown?.groupOfNode[node] ?? -1; g >= 0; g = groupsKnown?.groups[g]?.parent ?? -1) {
      addGroup(groupsKnown?.groups[g]?.key ?? '');
    }
  }
  return scopes.filter(({ nodes }) => nodes.length > 0);
}

/** What would be changed, and what not, and why. */
function linesOf({ changed, same, left }: PlannedChange, isAsked: boolean): HTMLElement[] {
  const line = (text: string) => h('p', {}, text);
  if (!isAsked) return [line(t('Choose what to change.'))];
  return [
    line(changed.length === 1 ? t('Changes 1 node.') : t('Changes {0} nodes.', formatCount(changed.length))),
    ...(same === 0 ? [] : [line(t('{0} have it already.', formatCount(same)))]),
    ...[...left].map(([reason, count]) => line(t('{0} not changed, or only in part: {1}', formatCount(count), reason))),
  ];
}
