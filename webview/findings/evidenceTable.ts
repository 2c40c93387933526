import type { Evidence } from '../../src/protocol/diagnosisViews.ts';
import type { Actions } from '../actions.ts';
import { h } from '../dom.ts';
import { formatBytes, formatCount, formatDb, formatNumber, formatShare } from '../format.ts';
import { t } from '../l10n.ts';

/** The figures that speak for a cause: what was measured, what is healthy, where it was seen. */
export function evidenceTable(
  evidence: readonly Evidence[],
  { actions, nodeId, label }: { readonly actions: Actions; readonly nodeId: number | null; readonly label: string },
): HTMLElement {
  const withHealthy = evidence.some(({ healthy }) => healthy !== undefined);
  const withPlace = evidence.some((e) => placeParts(e, actions, nodeId).length > 0);
  const head = [t('Figure'), t('Measured'), withHealthy && t('Healthy'), withPlace && t('Where')].filter(
    (title) => title !== false,
  );
  const row = (e: Evidence): HTMLElement =>
    h(
      'tr',
      {},
      h('th', { attrs: { scope: 'row' } }, t(e.label)),
      h('td', { class: 'number' }, evidenceText(e.value, e.unit)),
      withHealthy && h('td', { class: 'number' }, e.healthy === undefined ? '' : evidenceText(e.healthy, e.unit)),
      withPlace && h('td', { class: 'place' }, ...placeParts(e, actions, nodeId)),
    );
  return h(
    'div',
    { class: 'finding-scroll' },
    h(
      'table',
      { class: 'finding-table', attrs: { 'aria-label': label } },
      h('thead', {}, h('tr', {}, ...head.map((title) => h('th', { attrs: { scope: 'col' } }, title)))),
      h('tbody', {}, ...evidence.map(row)),
    ),
  );
}

/** A measured figure with its unit. */
export function evidenceText(value: number, unit: Evidence['unit']): string {
  switch (unit) {
    case 'share':
      return formatShare(value);
    case 'ratio':
      return `${formatNumber(value)}×`;
    case 'dB':
      return formatDb(value);
    case 'count':
      return Number.isInteger(value) ? formatCount(value) : formatNumber(value);
    case 'bytes':
      return formatBytes(value);
    case 'number':
      return formatNumber(value);
  }
}

function placeParts({ tensor, valueId, channel, sample }: Evidence, actions: Actions, nodeId: number | null): Node[] {
  const parts: Node[] = [];
  if (tensor !== undefined && valueId !== undefined)
    parts.push(
      h(
        'button',
        {
          class: 'link place-name',
          title: t('Show the elements of {0}', tensor),
          attrs: { type: 'button' },
          on: { click: () => actions.openTensor(valueId, nodeId ?? undefined) },
        },
        tensor,
      ),
    );
  else if (tensor !== undefined) parts.push(h('span', { class: 'place-name', title: tensor }, tensor));
  if (channel !== undefined) parts.push(h('span', {}, t('channel {0}', channel)));
  if (sample !== undefined)
    parts.push(h('span', { class: 'place-name', title: sample }, t('sample {0}', shortSample(sample))));
  return parts;
}

/** A sample by its files without their folders. */
export function shortSample(name: string): string {
  return name
    .split(', ')
    .map((path) => path.split(/[\\/]/).at(-1) ?? path)
    .join(', ');
}
