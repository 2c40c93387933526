import type { WorstBy, WorstElements } from '../../src/protocol/tensorViews.ts';
import { fill, h, setAttr } from '../dom.ts';
import { t } from '../l10n.ts';
import { Blocks } from './blocks.ts';
import type { TensorContext, TensorViewPart } from './context.ts';
import { codeText, differenceText, elementText, indexText, stepsText } from './elementText.ts';
import type { Opened } from './look.ts';
import { indexOf } from './places.ts';
import { ScrollAxis } from './scrollAxis.ts';
import { refOf } from './slices.ts';
import { statusText } from './statusText.ts';

const ROW = 22;
const BLOCK = 100;
const COLUMNS = ['place', 'float', 'dequantized', 'difference', 'code', 'error'] as const;
type Column = (typeof COLUMNS)[number];

/** The elements that quantizing moved farthest, the worst first; Enter shows one among the numbers. */
export function createWorstList(context: TensorContext): TensorViewPart {
  const head = h('div', { class: 'tensor-worst-row tensor-worst-head', role: 'row', attrs: { 'aria-rowindex': 1 } });
  for (const column of COLUMNS)
    head.append(h('div', { class: 'tensor-worst-cell', role: 'columnheader' }, columnTitle(column)));
  const body = h('div', { role: 'rowgroup' });
  const stage = h('div', { class: 'tensor-stage' }, h('div', { role: 'rowgroup' }, head), body);
  const inner = h('div', { class: 'tensor-inner' }, stage);
  const grid = h(
    'div',
    { class: 'tensor-scroll', role: 'grid', tabIndex: 0, attrs: { 'aria-label': t('Worst elements') } },
    inner,
  );
  const hint = h('p', { class: 'hint tensor-hint' });
  const element = h('div', { class: 'tensor-worst' }, hint, grid);
  const rows = new ScrollAxis();
  let listed: number | undefined;
  let chosen = 0;
  let by: WorstBy = context.look().worstBy;

  const blocks = new Blocks<WorstElements>({
    load: (key, signal) => {
      const opened = context.opened();
      if (opened === null) throw new Error('elements were asked for without a tensor');
      const request = { ...refOf(opened), by, offset: Number(key) * BLOCK, count: BLOCK };
      return context.ask('tensor/worst', request, signal);
    },
    most: 40,
    onLoad: () => draw(),
    onError: context.fail,
  });

  const draw = () => {
    const opened = context.opened();
    if (opened === null || element.clientWidth === 0) return;
    const obstacle = whyNone(opened, listed);
    hint.hidden = obstacle === '';
    hint.textContent = obstacle;
    grid.hidden = obstacle !== '';
    if (opened.head.error === null || obstacle !== '') return;
    rows.resize((listed ?? 1) * ROW, Math.max(ROW, grid.clientHeight - ROW));
    inner.style.height = `${grid.clientHeight + rows.room}px`;
    stage.style.height = `${grid.clientHeight}px`;
    grid.scrollTop = rows.bar;
    const first = Math.floor(rows.position / ROW);
    const end = Math.min(listed ?? BLOCK, Math.ceil((rows.position + grid.clientHeight - ROW) / ROW));
    const wanted: string[] = [];
    for (let block = Math.floor(first / BLOCK); block * BLOCK < Math.max(end, 1); block++) wanted.push(String(block));
    blocks.want(wanted);
    listed ??= blocks.get('0')?.listed;
    setAttr(grid, 'aria-rowcount', String((listed ?? 0) + 1));
    const lines: HTMLElement[] = [];
    for (let i = first; i < Math.min(end, listed ?? 0); i++) lines.push(line(opened, i));
    fill(body, ...lines);
    setAttr(grid, 'aria-activedescendant', chosen >= first && chosen < end && listed ? `tensor-worst-${chosen}` : null);
    setAttr(grid, 'aria-busy', String(!blocks.isComplete));
    if (listed === 0) draw();
  };

  const line = (opened: Opened, i: number): HTMLElement => {
    const row = h(
      'div',
      {
        class: `tensor-worst-row${i === chosen ? ' selected' : ''}`,
        role: 'row',
        id: `tensor-worst-${i}`,
        attrs: { 'aria-rowindex': i + 2, 'aria-selected': String(i === chosen) },
      },
      ...COLUMNS.map((column) =>
        h('div', { class: `tensor-worst-cell ${column}`, role: 'gridcell' }, textOf(opened, i, column)),
      ),
    );
    row.style.top = `${ROW + i * ROW - rows.position}px`;
    row.dataset.rank = String(i);
    return row;
  };

  const find = (i: number) => {
    const block = blocks.get(String(Math.floor(i / BLOCK)));
    const at = i % BLOCK;
    if (block === undefined || at >= block.places.length) return undefined;
    return {
      place: block.places[at] as number,
      float: block.float[at] as number,
      dequantized: block.dequantized[at] as number,
      code: block.codes?.[at] ?? null,
      scale: block.scale?.[at] ?? null,
    };
  };
  const textOf = ({ head: { dims, quant } }: Opened, i: number, column: Column): string => {
    const found = find(i);
    if (found === undefined) return '…';
    const { place, float, dequantized, code, scale } = found;
    const look = { ...context.look(), digits: Math.max(6, context.look().digits) };
    const difference = dequantized - float;
    switch (column) {
      case 'place':
        return indexText(indexOf(place, dims));
      case 'float':
        return elementText(float, look);
      case 'dequantized':
        return elementText(dequantized, look);
      case 'difference':
        return differenceText(difference, look);
      case 'code':
        return code === null ? '' : codeText(code, quant?.dtype ?? '', look);
      case 'error':
        return scale === null || by === 'relative' ? shareText(difference, float) : stepsText(difference, scale);
    }
  };

  const choose = (rank: number) => {
    const opened = context.opened();
    if (opened === null || !listed) return;
    chosen = Math.max(0, Math.min(listed - 1, rank));
    rows.reveal(chosen * ROW, (chosen + 1) * ROW);
    draw();
    const found = find(chosen);
    if (found !== undefined)
      context.say(statusText(indexOf(found.place, opened.head.dims), found, opened.head, context.look()), 'spoken');
  };
  const show = () => {
    const found = find(chosen);
    if (found !== undefined) context.goTo(found.place);
  };
  const rankOf = (event: Event): number | undefined => {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-rank]') : null;
    return row === null ? undefined : Number(row.dataset.rank);
  };

  grid.addEventListener('click', (event) => {
    const rank = rankOf(event);
    if (rank !== undefined) choose(rank);
  });
  grid.addEventListener('dblclick', () => show());
  grid.addEventListener(
    'scroll',
    () => {
      rows.follow(grid.scrollTop);
      draw();
    },
    { passive: true },
  );
  grid.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(grid.clientHeight / ROW) - 2);
    if (event.key === 'ArrowDown') choose(chosen + 1);
    else if (event.key === 'ArrowUp') choose(chosen - 1);
    else if (event.key === 'PageDown') choose(chosen + page);
    else if (event.key === 'PageUp') choose(chosen - page);
    else if (event.key === 'Home') choose(0);
    else if (event.key === 'End') choose((listed ?? 1) - 1);
    else if (event.key === 'Enter') show();
    else if (event.key.toLowerCase() === 'g') context.askForIndex();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  new ResizeObserver(() => draw()).observe(element);

  const reset = () => {
    blocks.clear();
    listed = undefined;
    chosen = 0;
    rows.moveTo(0);
  };
  return {
    element,
    update: () => {
      const { worstBy } = context.look();
      const now = worstBy === 'scale' && context.opened()?.head.quant?.scale == null ? 'absolute' : worstBy;
      if (now !== by) reset();
      by = now;
      draw();
    },
    reset,
    focus: () => grid.focus(),
  };
}

function columnTitle(column: Column): string {
  switch (column) {
    case 'place':
      return t('Index');
    case 'float':
      return t('Float');
    case 'dequantized':
      return t('Dequantized');
    case 'difference':
      return t('Difference');
    case 'code':
      return t('Code');
    case 'error':
      return t('Error');
  }
}

function whyNone({ head }: Opened, listed: number | undefined): string {
  if (head.error === null) return t('Nothing stands for this tensor in a quantized model, so no element has an error.');
  return listed === 0 || head.error.different === 0 ? t('No element differs.') : '';
}

function shareText(difference: number, float: number): string {
  const share = Math.abs(difference / float) * 100;
  return Number.isFinite(share) ? `${Number(share.toPrecision(3))} %` : '∞ %';
}
