import type { TensorSamples, TensorSide, WorstBy } from '../../src/protocol/tensorViews.ts';
import { fill, h, setAttr } from '../dom.ts';
import { formatNumber, formatShape } from '../format.ts';
import { t } from '../l10n.ts';
import { type IndexField, indexField, selectField, toggleGroup } from './fields.ts';
import { type Opened, SIDES, shownSides, sideTitle, type TensorLook, type TensorMode } from './look.ts';
import { otherAxes, withAxis } from './places.ts';
import { createSamplePicker } from './samples.ts';
import { createSaveMenu, type SaveChoice } from './saveMenu.ts';

export interface ToolbarOptions {
  readonly change: (look: Partial<TensorLook>) => void;
  readonly chooseTensor: (valueId: number) => void;
  readonly chooseSample: (sample: number) => void;
  readonly openSample: (sample: number) => void;
  readonly changePlane: (plane: Opened['plane']) => void;
  /** What the user wrote; says whether it is an element. */
  readonly goTo: (text: string) => boolean;
  readonly save: (choice: SaveChoice) => void;
}

export interface ToolbarState {
  readonly opened: Opened | null;
  readonly look: TensorLook;
  readonly samples: TensorSamples | null;
  /** Value ids and titles. */
  readonly tensors: readonly (readonly [string, string])[];
  readonly tensor: number | null;
}

const DIGITS = ['3', '4', '5', '6', '7', '9'] as const;
const TILES = ['32', '64', '96', '160', '256', '448'] as const;

/** Everything that chooses what of a tensor is shown, and how. */
export function createTensorToolbar(options: ToolbarOptions) {
  const { change } = options;
  let state: ToolbarState | undefined;
  const tensor = selectField<string>(t('Tensor'), (value) => options.chooseTensor(Number(value)));
  const facts = h('span', { class: 'tensor-facts' });
  const mode = toggleGroup<TensorMode>(
    t('View'),
    [
      ['numbers', t('Numbers')],
      ['pictures', t('Pictures')],
      ['worst', t('Worst')],
    ],
    (value) => change({ mode: value }),
  );
  const sides = toggleGroup<TensorSide>(
    t('Sides'),
    SIDES.map((side) => [side, sideTitle(side)] as const),
    (side) => {
      if (state?.opened == null) return;
      const shown = shownSides(state.opened.head, state.look);
      const next = shown.includes(side) ? shown.filter((s) => s !== side) : [...shown, side];
      if (next.length > 0) change({ sides: next });
    },
  );
  const picker = createSamplePicker({ choose: options.chooseSample, open: options.openSample });
  const axes = { row: axisField(t('Rows'), 'rowAxis'), column: axisField(t('Columns'), 'columnAxis') };
  const others = h('span', { class: 'tensor-axes' });
  const indices = new Map<number, IndexField>();
  const digits = selectField<string>(t('Digits'), (value) => change({ digits: Number(value) }));
  const notation = toggleGroup<'scientific' | 'hex'>(
    t('Number format'),
    [
      ['scientific', t('Scientific')],
      ['hex', t('Hex codes')],
    ],
    (value) => {
      if (state === undefined) return;
      if (value === 'hex') change({ hexCodes: !state.look.hexCodes });
      else change({ notation: state.look.notation === 'plain' ? 'scientific' : 'plain' });
    },
  );
  const by = selectField<WorstBy>(t('By'), (worstBy) => change({ worstBy }));
  const tile = selectField<string>(t('Size'), (value) => change({ tile: Number(value) }));
  const limits = selectField<TensorLook['limits']>(t('Colours span'), (value) => change({ limits: value }));
  const index = h('input', {
    class: 'tensor-index',
    attrs: { type: 'text', spellcheck: 'false', placeholder: '[0, 0, 0]' },
  });
  const goTo = h('label', { class: 'tensor-field' }, h('span', { class: 'tensor-label' }, t('Go to index')), index);
  index.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    setAttr(index, 'aria-invalid', options.goTo(index.value) ? null : 'true');
  });
  const saving = createSaveMenu(options.save);
  const element = h(
    'div',
    { class: 'tensor-toolbar', role: 'group', attrs: { 'aria-label': t('What of the tensor is shown') } },
    h('div', { class: 'tensor-line' }, mode.element, tensor.element, picker.element, sides.element, facts),
    h(
      'div',
      { class: 'tensor-line' },
      ...[
        axes.row.element,
        axes.column.element,
        others,
        digits.element,
        notation.element,
        tile.element,
        limits.element,
      ],
      ...[by.element, goTo, saving.element],
    ),
  );

  function axisField(label: string, direction: 'rowAxis' | 'columnAxis') {
    return selectField<string>(label, (axis) => {
      if (state?.opened != null) options.changePlane(withAxis(state.opened.plane, direction, Number(axis)));
    });
  }

  const showAxes = ({ head, plane }: Opened, look: TensorLook) => {
    const choices = [...head.dims.keys()].map(
      (axis) => [String(axis), t('axis {0} ({1})', axis, head.dims[axis] ?? 1)] as const,
    );
    const withNone = [...choices, ['-1', t('none')] as const];
    axes.row.show(String(plane.rowAxis), withNone);
    axes.column.show(String(plane.columnAxis), withNone);
    for (const field of [axes.row, axes.column]) field.element.hidden = head.dims.length < 2 || look.mode === 'worst';
    const wanted = look.mode === 'numbers' ? otherAxes(plane, head.dims) : [];
    if ([...indices.keys()].join() !== wanted.join()) {
      indices.clear();
      for (const axis of wanted) {
        indices.set(
          axis,
          indexField(t('Axis {0}', axis), (at) => {
            if (state?.opened == null) return;
            const { plane: now } = state.opened;
            options.changePlane({ ...now, fixed: now.fixed.map((i, a) => (a === axis ? at : i)) });
          }),
        );
      }
      fill(others, ...[...indices.values()].map((field) => field.element));
    }
    for (const [axis, field] of indices) field.show(plane.fixed[axis] ?? 0, head.dims[axis] ?? 1);
  };

  return {
    element,
    focusIndex: () => {
      index.focus();
      index.select();
    },
    show: (next: ToolbarState): void => {
      state = next;
      const { opened, look, samples } = next;
      const { mode: shown } = look;
      tensor.show(String(next.tensor ?? ''), next.tensors);
      tensor.element.hidden = next.tensors.length === 0;
      mode.show([shown], ['numbers', 'pictures', 'worst']);
      const head = opened?.head;
      sides.show(
        head === undefined ? [] : shownSides(head, look),
        (head?.sides ?? []).filter((s) => shown === 'numbers' || s !== 'codes'),
      );
      sides.element.hidden = head === undefined || head.sides.length < 2 || shown === 'worst';
      picker.show(head?.sample?.index ?? null, samples);
      fill(facts, head === undefined ? null : factsText(opened as Opened));
      if (opened !== null) showAxes(opened, look);
      digits.show(
        String(look.digits),
        DIGITS.map((d) => [d, d] as const),
      );
      notation.show(
        [
          ...(look.notation === 'scientific' ? (['scientific'] as const) : []),
          ...(look.hexCodes ? (['hex'] as const) : []),
        ],
        head?.sides.includes('codes') ? ['scientific', 'hex'] : ['scientific'],
      );
      tile.show(
        String(look.tile),
        TILES.map((d) => [d, t('{0} pixels', d)] as const),
      );
      limits.show(look.limits, [
        ['tensor', t('the tensor')],
        ['map', t('each map')],
      ]);
      by.show(look.worstBy === 'scale' && head?.quant?.scale == null ? 'absolute' : look.worstBy, [
        ['absolute', t('absolute error')],
        ['relative', t('error relative to the value')],
        ...(head?.quant?.scale == null ? [] : [['scale', t('error in steps')] as const]),
      ]);
      for (const field of [tile, limits]) field.element.hidden = shown !== 'pictures';
      by.element.hidden = shown !== 'worst';
      for (const field of [digits, notation]) field.element.hidden = shown === 'pictures';
      index.placeholder = `[${(head?.dims ?? [0]).map(() => 0).join(', ')}]`;
      for (const control of [goTo, saving.element]) control.hidden = opened === null;
      saving.show(opened, look);
    },
  };
}

/** `float32 1×64×56×56, int8 with scale 0.0123 and zero point −3, RMSE 0.0042`. */
function factsText({ head }: Opened): string {
  const parts = [`${head.dtype} ${formatShape(head.dims)}`];
  const { quant, error } = head;
  if (quant !== null) parts.push(quantText(quant));
  if (error !== null)
    parts.push(t('RMSE {0}, largest difference {1}', formatNumber(error.rmse), formatNumber(error.largest)));
  if (head.notFinite > 0) parts.push(t('{0} not finite', head.notFinite));
  return parts.join('  ·  ');
}

function quantText({ dtype, scale, zeroPoint, axis, channels }: NonNullable<Opened['head']['quant']>): string {
  if (scale === null || zeroPoint === null) return t('{0}, indices of a table', dtype);
  const span = ([low, high]: readonly [number, number]) =>
    low === high ? formatNumber(low) : t('{0} to {1}', formatNumber(low), formatNumber(high));
  return axis === null
    ? t('{0}, scale {1}, zero point {2}', dtype, span(scale), span(zeroPoint))
    : t('{0}, {1} channels on axis {2}, scale {3}', dtype, channels, axis, span(scale));
}
