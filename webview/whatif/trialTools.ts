import type { TrialNode } from '../../src/protocol/trialViews.ts';
import type { Actions } from '../actions.ts';
import { h } from '../dom.ts';
import { t } from '../l10n.ts';
import type { Store } from '../store.ts';
import { button } from '../ui.ts';
import { trialName } from './trialRows.ts';

export interface TrialHands {
  /** The trial under the cursor. */
  readonly chosen: () => TrialNode | undefined;
  /** All that are chosen. */
  readonly all: () => readonly TrialNode[];
  readonly rename: (trial: TrialNode) => void;
  readonly compare: (a: string, b: string) => void;
}

export interface TrialTools {
  readonly elements: readonly HTMLElement[];
  restore(): void;
  rename(): void;
  pin(): void;
  remove(): void;
  compare(): void;
  /** What can be done with what is chosen now. */
  show(): void;
}

/** What can be done with a trial; each button and its key do the same, and say why where they cannot. */
export function createTrialTools(store: Store, actions: Actions, hands: TrialHands): TrialTools {
  const isCurrent = (trial: TrialNode) => trial.id === store.state.trials.current;
  /** Runs an action on the chosen trial unless something is in the way. */
  const on = (obstacle: (trial: TrialNode) => string | undefined, act: (trial: TrialNode) => void) => () => {
    const trial = hands.chosen();
    const why = trial === undefined ? t('Choose a trial first') : obstacle(trial);
    if (why !== undefined) actions.announce(why);
    else if (trial !== undefined) act(trial);
  };
  const whyNoRestore = (trial: TrialNode) =>
    isCurrent(trial)
      ? t('Its figures are on display')
      : store.state.busy
        ? t('Wait for the run to end, or cancel it')
        : undefined;
  const whyNoDelete = () => {
    const all = hands.all();
    if (all.some(isCurrent)) return t('The figures on display are of this trial: restore another one first');
    return all.some(({ pinned }) => pinned) ? t('Pinned trials stay: unpin it first') : undefined;
  };
  /** With what a trial is compared: what is on display; that itself with what it was made from. */
  const partnerOf = (trial: TrialNode): string | null => {
    const { current, trials } = store.state.trials;
    const wanted = isCurrent(trial) ? trial.parent : current;
    return trials.some(({ id }) => id === wanted) ? wanted : null;
  };
  const whyNoPartner = (trial: TrialNode) =>
    partnerOf(trial) === null ? t('There is no other trial to compare it with') : undefined;

  const restore = on(whyNoRestore, (trial) => {
    actions.announce(t('Restoring {0}', trialName(trial)));
    actions.restoreTrial(trial.id);
  });
  const rename = on(() => undefined, hands.rename);
  const pin = on(
    () => undefined,
    ({ id, pinned }) => actions.pinTrial(id, !pinned),
  );
  const remove = on(whyNoDelete, () => actions.deleteTrials(hands.all().map(({ id }) => id)));
  const compare = on(whyNoPartner, (trial) => {
    const partner = partnerOf(trial);
    if (partner === null) return;
    const [a, b] = isCurrent(trial) ? [partner, trial.id] : [trial.id, partner];
    hands.compare(a, b);
  });

  const undo = button({ label: t('Undo the last change'), icon: 'undo', appearance: 'icon', onClick: actions.undo });
  const redo = button({ label: t('Redo the change'), icon: 'redo', appearance: 'icon', onClick: actions.redo });
  const tool = (label: string, title: string, onClick: () => void) =>
    h('button', { class: 'tool', title, attrs: { type: 'button' }, on: { click: onClick } }, label);
  const buttons = {
    restore: tool(t('Restore'), t('Writes its config, and shows its figures (Enter)'), restore),
    compare: tool(t('Compare'), t('With the one on display (C)'), compare),
    pin: tool(t('Pin'), t('Keeps it when old trials are let go (P)'), pin),
    rename: tool(t('Rename'), t('Gives it a name (F2)'), rename),
    remove: tool(t('Delete'), t('Those made from it move up to what it was made from (Delete)'), remove),
  };
  return {
    elements: [undo, redo, ...Object.values(buttons)],
    restore,
    rename,
    pin,
    remove,
    compare,
    show: () => {
      const { run, trials } = store.state;
      const trial = hands.chosen();
      undo.disabled = run === null || trials.trials.length === 0;
      redo.disabled = undo.disabled;
      buttons.restore.disabled = trial === undefined || whyNoRestore(trial) !== undefined;
      buttons.compare.disabled = trial === undefined || whyNoPartner(trial) !== undefined;
      buttons.rename.disabled = trial === undefined;
      buttons.pin.disabled = trial === undefined;
      buttons.remove.disabled = trial === undefined || whyNoDelete() !== undefined;
      buttons.pin.textContent = trial?.pinned === true ? t('Unpin') : t('Pin');
    },
  };
}
