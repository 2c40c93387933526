import type { TensorSide } from '../../src/protocol/tensorViews.ts';
import { fill, h, setAttr } from '../dom.ts';
import { t } from '../l10n.ts';
import type { TensorContext, TensorViewPart } from './context.ts';
import { copyCells } from './copy.ts';
import { codeText, differenceText, elementText, errorLevel } from './elementText.ts';
import { type Opened, shownSides, sideTitle } from './look.ts';
import { type Cell, indexOf, pageSize, placeIn } from './places.ts';
import { ScrollAxis } from './scrollAxis.ts';
import { type Element, Slices, sideOf } from './slices.ts';
import { statusText } from './statusText.ts';

const ROW = 20;
/** The name of the side, and the indices of the columns. */
const HEAD = 40;
const PIXELS_PER_DIGIT = 8;

interface Pane {
  readonly side: TensorSide;
  readonly element: HTMLElement;
  readonly columns: HTMLElement;
  readonly body: HTMLElement;
}

/** All sides of a page of numbers beside each other; only the cells in sight exist, and all panes scroll as one. */
export function createNumbers(context: TensorContext): TensorViewPart {
  const stage = h('div', { class: 'tensor-stage' });
  const inner = h('div', { class: 'tensor-inner' }, stage);
  const scroller = h('div', { class: 'tensor-scroll' }, inner);
  const rows = new ScrollAxis();
  const columns = new ScrollAxis();
  const slices = new Slices(context, () => redraw());
  let panes: Pane[] = [];
  /** What was last laid out. */
  let sized = '';
  /** What the lines of panes show, so that scrolling fills in new ones only. */
  const drawn = new WeakMap<Element_, string>();
  let generation = 0;
  /** The other corner of the selection. */
  let anchor: Cell | null = null;
  let active: TensorSide = 'float';
  /** How the chosen element shall be told once its numbers are there. */
  let unsaid: 'pointed' | 'spoken' | undefined = 'pointed';

  /** As wide as the digits need; where there are more columns than fit, whole ones fill the pane. */
  const cellWidth = (opened: Opened) => {
    const { digits, notation } = context.look();
    const least = 18 + PIXELS_PER_DIGIT * (digits + (notation === 'scientific' ? 7 : 5));
    const fitting = Math.max(1, Math.floor(paneWidth(opened) / least));
    return pageSize(opened.plane, opened.head.dims).column < fitting ? least : paneWidth(opened) / fitting;
  };
  const headWidth = (opened: Opened) =>
    18 + PIXELS_PER_DIGIT * String(pageSize(opened.plane, opened.head.dims).row).length;
  const paneWidth = (opened: Opened) => Math.max(1, (scroller.clientWidth - headWidth(opened)) / panes.length);

  const setUp = (opened: Opened) => {
    const sides = shownSides(opened.head, context.look());
    const isAlone = opened.head.sides.length === 1;
    if (panes.map((p) => p.side).join() !== sides.join() || stage.classList.contains('alone') !== isAlone) {
      stage.classList.toggle('alone', isAlone);
      panes = sides.map((side) => createPane(side, isAlone ? t('Values') : sideTitle(side)));
      if (!sides.includes(active)) active = sides[0] as TensorSide; // there is one at least
      fill(
        stage,
        h('div', { class: 'tensor-row-heads', attrs: { 'aria-hidden': 'true' } }),
        ...panes.map((p) => p.element),
      );
    }
    const size = pageSize(opened.plane, opened.head.dims);
    rows.resize(size.row * ROW, Math.max(ROW, scroller.clientHeight - HEAD));
    columns.resize(size.column * cellWidth(opened), paneWidth(opened));
    for (const pane of panes) {
      setAttr(pane.element, 'aria-rowcount', String(size.row + 1));
      setAttr(pane.element, 'aria-colcount', String(size.column));
    }
    const { clientWidth: width, clientHeight: height } = scroller;
    const sizes = [width, height, rows.room, columns.room, headWidth(opened), cellWidth(opened)].join();
    if (sizes === sized) return;
    sized = sizes;
    inner.style.width = `${width + columns.room}px`;
    inner.style.height = `${height + rows.room}px`;
    stage.style.width = `${width}px`;
    stage.style.height = `${height}px`;
    stage.style.setProperty('--head', `${headWidth(opened)}px`);
    stage.style.setProperty('--cell', `${cellWidth(opened)}px`);
  };
  const putBars = () => {
    if (Math.abs(scroller.scrollTop - rows.bar) >= 1) scroller.scrollTop = rows.bar;
    if (Math.abs(scroller.scrollLeft - columns.bar) >= 1) scroller.scrollLeft = columns.bar;
  };

  /** As `draw`, where what cells show may have changed. */
  const redraw = () => {
    generation++;
    draw();
  };
  const draw = () => {
    const opened = context.opened();
    if (opened === null || scroller.clientWidth === 0) return;
    setUp(opened);
    putBars();
    const size = pageSize(opened.plane, opened.head.dims);
    const wide = cellWidth(opened);
    const first: Cell = { row: Math.floor(rows.position / ROW), column: Math.floor(columns.position / wide) };
    const end: Cell = {
      row: Math.min(size.row, Math.ceil((rows.position + scroller.clientHeight - HEAD) / ROW)),
      column: Math.min(size.column, Math.ceil((columns.position + paneWidth(opened)) / wide)),
    };
    slices.want(first, end, size);
    const offset = { x: first.column * wide - columns.position, y: first.row * ROW - rows.position };
    drawRowHeads(first, end, offset.y);
    for (const pane of panes) drawPane(pane, opened, { first, end, offset });
    setAttr(scroller, 'aria-busy', String(!slices.isComplete));
    if (unsaid !== undefined) sayAt(opened.cell, unsaid);
  };

  const drawRowHeads = (first: Cell, end: Cell, y: number) => {
    const heads = stage.firstElementChild as HTMLElement; // made by setUp
    const texts = Array.from({ length: Math.max(0, end.row - first.row) }, (_, i) => {
      const head = h('div', { class: 'tensor-row-head' }, String(first.row + i));
      head.style.top = `${i * ROW + y}px`;
      return head;
    });
    fill(heads, ...texts);
  };

  const drawPane = (
    pane: Pane,
    opened: Opened,
    { first, end, offset }: { first: Cell; end: Cell; offset: { x: number; y: number } },
  ) => {
    const count = end.column - first.column;
    keepChildren(pane.columns, count, () => h('div', { class: 'tensor-cell', role: 'columnheader' }));
    for (const [i, cell] of [...pane.columns.children].entries()) {
      setText(cell, String(first.column + i));
      setAttr(cell, 'aria-colindex', String(first.column + i + 1));
    }
    pane.columns.style.transform = `translateX(${offset.x}px)`;
    pane.body.style.transform = `translate(${offset.x}px, ${offset.y}px)`;
    rollTo(pane.body, first.row);
    keepChildren(pane.body, Math.max(0, end.row - first.row), () => h('div', { class: 'tensor-row', role: 'row' }));
    for (const [i, line] of [...pane.body.children].entries()) {
      const row = first.row + i;
      const content = `${generation}:${row}:${first.column}:${count}`;
      if (drawn.get(line) === content) continue;
      drawn.set(line, content);
      setAttr(line, 'aria-rowindex', String(row + 2));
      keepChildren(line, count, () => h('div', { class: 'tensor-cell', role: 'gridcell' }));
      for (const [j, cell] of [...line.children].entries())
        drawCell(cell, pane.side, opened, { row, column: first.column + j });
    }
    const { row, column } = opened.cell;
    const hasActive = row >= first.row && row < end.row && column >= first.column && column < end.column;
    setAttr(pane.element, 'aria-activedescendant', hasActive ? `tensor-active-${pane.side}` : null);
  };

  const drawCell = (cell: Element_, side: TensorSide, opened: Opened, at: Cell): void => {
    const { head, cell: chosen } = opened;
    const element = slices.at(at);
    const isChosen = at.row === chosen.row && at.column === chosen.column;
    setText(cell, element === undefined ? '…' : cellText(element, side, opened));
    setAttr(cell, 'data-level', element === undefined ? null : levelOf(element, head.error?.largest ?? 0));
    setAttr(cell, 'id', isChosen ? `tensor-active-${side}` : null);
    setAttr(cell, 'aria-selected', String(isWithin(at, chosen, anchor ?? chosen)));
    setAttr(cell, 'aria-colindex', String(at.column + 1));
    cell.classList.toggle('chosen', isChosen);
  };

  const cellText = (element: Element, side: TensorSide, { head }: Opened): string => {
    const value = sideOf(element, side);
    if (value === null) return '';
    if (side === 'codes') return codeText(value, head.quant?.dtype ?? '', context.look());
    return side === 'difference' ? differenceText(value, context.look()) : elementText(value, context.look());
  };
  const describe = (opened: Opened, at: Cell, element: Element) =>
    statusText(
      indexOf(placeIn(opened.plane, opened.head.dims, at), opened.head.dims),
      element,
      opened.head,
      context.look(),
    );

  /** The cell under the pointer. */
  const cellUnder = (event: MouseEvent): Cell | undefined => {
    const opened = context.opened();
    const pane = panes.find((p) => event.target instanceof Node && p.element.contains(event.target));
    if (opened === null || pane === undefined) return undefined;
    const box = pane.element.getBoundingClientRect();
    const size = pageSize(opened.plane, opened.head.dims);
    const row = Math.floor((event.clientY - box.top - HEAD + rows.position) / ROW);
    const column = Math.floor((event.clientX - box.left + columns.position) / cellWidth(opened));
    if (event.clientY < box.top + HEAD || row >= size.row || column >= size.column) return undefined;
    active = pane.side;
    return { row, column };
  };
  const sayAt = (at: Cell, kind: 'pointed' | 'spoken') => {
    const opened = context.opened();
    const element = slices.at(at);
    unsaid = element === undefined ? kind : undefined;
    if (opened !== null && element !== undefined) context.say(describe(opened, at, element), kind);
  };
  const choose = (cell: Cell, extends_: boolean) => {
    const opened = context.opened();
    if (opened === null) return;
    anchor = extends_ ? (anchor ?? opened.cell) : null;
    context.choose(cell);
    reveal(opened, cell);
    redraw();
    sayAt(cell, 'spoken');
  };
  const reveal = (opened: Opened, { row, column }: Cell) => {
    rows.reveal(row * ROW, (row + 1) * ROW);
    columns.reveal(column * cellWidth(opened), (column + 1) * cellWidth(opened));
  };

  stage.addEventListener('pointerdown', (event) => {
    const cell = event.button === 0 ? cellUnder(event) : undefined;
    if (cell !== undefined) choose(cell, event.shiftKey);
  });
  stage.addEventListener('pointermove', (event) => {
    const cell = cellUnder(event);
    if (cell === undefined) return;
    if (event.buttons === 1) choose(cell, true);
    else sayAt(cell, 'pointed');
  });
  stage.addEventListener('pointerleave', () => {
    const opened = context.opened();
    if (opened !== null) sayAt(opened.cell, 'pointed');
  });
  scroller.addEventListener(
    'scroll',
    () => {
      rows.follow(scroller.scrollTop);
      columns.follow(scroller.scrollLeft);
      draw();
    },
    { passive: true },
  );
  scroller.addEventListener(
    'wheel',
    (event) => {
      // A notch shall move a few rows also where a pixel of the bar is many.
      if (!rows.isScaled && !columns.isScaled) return;
      event.preventDefault();
      rows.moveTo(rows.position + event.deltaY);
      columns.moveTo(columns.position + event.deltaX);
      draw();
    },
    { passive: false },
  );
  stage.addEventListener('keydown', (event) => {
    const opened = context.opened();
    if (opened === null || event.altKey) return;
    const size = pageSize(opened.plane, opened.head.dims);
    const page = Math.max(1, Math.floor((scroller.clientHeight - HEAD) / ROW) - 1);
    const isControl = event.ctrlKey || event.metaKey;
    const to = keyTarget(event.key, opened.cell, { size, page, isControl });
    if (to !== undefined) choose(to, event.shiftKey);
    else if (isControl && event.key.toLowerCase() === 'c') {
      void copyCells(context, active, [opened.cell, anchor ?? opened.cell]);
    } else if (isControl) return;
    else if (event.key.toLowerCase() === 'g') context.askForIndex();
    else if (event.key === ']') context.turnPage(1);
    else if (event.key === '[') context.turnPage(-1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  stage.addEventListener('focusin', (event) => {
    const pane = panes.find((p) => p.element === event.target);
    if (pane !== undefined) active = pane.side;
  });
  new ResizeObserver(() => draw()).observe(scroller);

  return {
    element: scroller,
    update: () => {
      const opened = context.opened();
      if (opened !== null && scroller.clientWidth > 0) {
        setUp(opened);
        const { row, column } = opened.cell;
        rows.show(row * ROW, (row + 1) * ROW);
        columns.show(column * cellWidth(opened), (column + 1) * cellWidth(opened));
      }
      redraw();
    },
    reset: () => {
      slices.clear();
      anchor = null;
      unsaid = 'pointed';
    },
    focus: () => panes.find((p) => p.side === active)?.element.focus(),
  };
}

type Element_ = globalThis.Element;

function createPane(side: TensorSide, title: string): Pane {
  const columns = h('div', { class: 'tensor-columns', role: 'row', attrs: { 'aria-rowindex': 1 } });
  const body = h('div', { class: 'tensor-body', role: 'rowgroup' });
  const element = h(
    'div',
    {
      class: `tensor-pane ${side}`,
      role: 'grid',
      tabIndex: 0,
      attrs: { 'aria-label': title, 'aria-multiselectable': 'true' },
    },
    h('div', { class: 'tensor-pane-title', attrs: { 'aria-hidden': 'true' } }, title),
    h('div', { class: 'tensor-pane-head', role: 'rowgroup' }, columns),
    body,
  );
  return { side, element, columns, body };
}

function keyTarget(
  key: string,
  { row, column }: Cell,
  { size, page, isControl }: { size: Cell; page: number; isControl: boolean },
): Cell | undefined {
  const last = { row: Math.max(0, size.row - 1), column: Math.max(0, size.column - 1) };
  const within = (to: Cell): Cell => ({
    row: Math.max(0, Math.min(last.row, to.row)),
    column: Math.max(0, Math.min(last.column, to.column)),
  });
  switch (key) {
    case 'ArrowDown':
      return within({ row: isControl ? last.row : row + 1, column });
    case 'ArrowUp':
      return within({ row: isControl ? 0 : row - 1, column });
    case 'ArrowRight':
      return within({ row, column: isControl ? last.column : column + 1 });
    case 'ArrowLeft':
      return within({ row, column: isControl ? 0 : column - 1 });
    case 'PageDown':
      return within({ row: row + page, column });
    case 'PageUp':
      return within({ row: row - page, column });
    case 'Home':
      return within({ row: isControl ? 0 : row, column: 0 });
    case 'End':
      return within({ row: isControl ? last.row : row, column: last.column });
    default:
      return undefined;
  }
}

function levelOf(element: Element, largest: number): string | null {
  const difference = sideOf(element, 'difference');
  const level = difference === null ? null : errorLevel(difference, { scale: element.scale, largest });
  return level === null ? null : String(level);
}

function isWithin({ row, column }: Cell, a: Cell, b: Cell): boolean {
  const between = (x: number, p: number, q: number) => x >= Math.min(p, q) && x <= Math.max(p, q);
  return between(row, a.row, b.row) && between(column, a.column, b.column);
}

function keepChildren(parent: Element_, count: number, make: () => Element_): void {
  while (parent.childElementCount > count) parent.lastElementChild?.remove();
  while (parent.childElementCount < count) parent.append(make());
}

/** Moves lines that scrolled out at one end to the other, so that those still in sight stay as they are. */
function rollTo(body: Element_, first: number): void {
  const lines = body.childElementCount;
  const now = Number(body.firstElementChild?.getAttribute('aria-rowindex') ?? 0) - 2;
  const by = first - now;
  if (lines === 0 || Math.abs(by) >= lines) return;
  for (let i = 0; i < by; i++) body.append(body.firstElementChild as Element_); // there are lines
  for (let i = 0; i < -by; i++) body.prepend(body.lastElementChild as Element_);
}

function setText(element: Element_, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
