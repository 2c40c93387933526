import type { ConfigChange } from '../../src/protocol/changes.ts';
import type { Actions } from '../actions.ts';
import { h } from '../dom.ts';
import { t } from '../l10n.ts';
import type { AppState } from '../store.ts';
import { phrasesOf } from '../whatif/changeText.ts';

/** What an {@link applyButton} puts into the config. */
export interface Measured {
  readonly change: ConfigChange;
  /** The config that its gain was measured for. */
  readonly configText: string;
}

/** Puts a change into the config; its tooltip says what changes, or why it cannot now. */
export function applyButton(label: string, measured: Measured, state: AppState, actions: Actions): HTMLButtonElement {
  const { change } = measured;
  const obstacle = whyNotNow(state);
  const lines = [t('Changes the config, and tries it; undo takes it back.'), ...phrasesOf(change)];
  const button = h(
    'button',
    {
      class: 'tool apply',
      title: obstacle ?? lines.join('\n'),
      attrs: { type: 'button' },
      on: { click: () => actions.changeConfig(change, measured) },
    },
    label,
  );
  button.disabled = obstacle !== undefined || phrasesOf(change).length === 0;
  return button;
}

/** Why the config cannot be changed from here now. */
export function whyNotNow({ run, restored, busy, trial }: AppState): string | undefined {
  if (run === null) return t('Quantize with a config first');
  if (restored !== null) return t('These figures are those of a kept run: run it again first');
  if (busy && trial === null) return t('Wait for the run to end, or cancel it');
  return undefined;
}
