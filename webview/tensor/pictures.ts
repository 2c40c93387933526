import type { PictureSide } from '../../src/protocol/tensorViews.ts';
import { h, setAttr } from '../dom.ts';
import { watchTheme } from '../graph/palette.ts';
import { t } from '../l10n.ts';
import { type PictureColors, paint, readPictureColors, type Scale } from './colors.ts';
import type { TensorContext, TensorViewPart } from './context.ts';
import { elementText, indexText } from './elementText.ts';
import { createLegend } from './legend.ts';
import { type Opened, sideTitle } from './look.ts';
import { limitsOf, type MapPixels, Maps, pictureSides } from './maps.ts';
import { indexOf, lyingPlane, mapPlane, pageSize, placeIn } from './places.ts';
import { ScrollAxis } from './scrollAxis.ts';
import { elementAt, refOf } from './slices.ts';
import { statusText } from './statusText.ts';

const GAP = 4;
const MARGIN = 10;
const CARD_GAP = 16;
const TITLE = 22;
/** A strip of one row is drawn so high. */
const LEAST = 16;

/** Painted tiles that are kept while scrolling. */
const MOST_IMAGES = 600;

/** How maps lie: cards in rows, the sides of a map beside each other in its card. */
interface Layout {
  readonly sides: readonly PictureSide[];
  readonly tile: { readonly width: number; readonly height: number };
  readonly card: { readonly width: number; readonly height: number };
  readonly perRow: number;
}

/** A tensor as pictures: feature maps or kernels, every map with its sides beside each other. */
export function createPictures(context: TensorContext): TensorViewPart {
  const canvas = h('canvas', { class: 'tensor-canvas', attrs: { 'aria-hidden': 'true' } });
  const option = h('div', { class: 'sr-only', id: 'tensor-map', role: 'option', attrs: { 'aria-selected': 'true' } });
  const stage = h('div', { class: 'tensor-stage' }, canvas);
  const inner = h('div', { class: 'tensor-inner' }, stage);
  const list = h(
    'div',
    {
      class: 'tensor-scroll',
      role: 'listbox',
      tabIndex: 0,
      attrs: { 'aria-label': t('Maps'), 'aria-activedescendant': 'tensor-map' },
    },
    option,
    inner,
  );
  const legend = createLegend();
  const element = h('div', { class: 'tensor-pictures' }, list, legend.element);
  const rows = new ScrollAxis();
  const maps = new Maps(context, () => draw());
  let chosen = 0;
  let colors: PictureColors | undefined;
  const images = new Map<string, HTMLCanvasElement>();
  watchTheme(() => {
    colors = undefined;
    images.clear();
    draw();
  });

  const layoutOf = (opened: Opened): Layout => {
    const { tile: longest, sides: wanted } = context.look();
    const sides = pictureSides(wanted, opened.head);
    const { row, column } = pageSize(lyingPlane(opened.plane), opened.head.dims);
    const zoom = longest / Math.max(row, column, 1);
    const fit = zoom >= 1 ? Math.floor(zoom) : zoom; // whole pixels where elements are larger than those
    const tile = { width: Math.max(LEAST, Math.round(column * fit)), height: Math.max(LEAST, Math.round(row * fit)) };
    const card = {
      width: Math.max(72, sides.length * (tile.width + GAP) - GAP) + CARD_GAP,
      height: tile.height + TITLE + GAP,
    };
    return { sides, tile, card, perRow: Math.max(1, Math.floor((list.clientWidth - MARGIN) / card.width)) };
  };

  const draw = () => {
    const opened = context.opened();
    if (opened === null || list.clientWidth === 0) return;
    const layout = layoutOf(opened);
    const { count } = maps;
    rows.resize(Math.ceil(count / layout.perRow) * layout.card.height + GAP, list.clientHeight);
    inner.style.height = `${list.clientHeight + rows.room}px`;
    stage.style.height = `${list.clientHeight}px`;
    list.scrollTop = rows.bar;
    const first = Math.floor(rows.position / layout.card.height) * layout.perRow;
    const end = Math.min(count, Math.ceil((rows.position + list.clientHeight) / layout.card.height) * layout.perRow);
    const ratio = window.devicePixelRatio;
    const most = [Math.ceil(layout.tile.height * ratio), Math.ceil(layout.tile.width * ratio)] as const;
    maps.want(layout.sides, [first, end], most);
    drawMaps(opened, layout, [first, end]);
    describeChosen(opened, layout);
    setAttr(list, 'aria-busy', String(!maps.isComplete));
  };

  const drawMaps = (opened: Opened, layout: Layout, [first, end]: readonly [number, number]) => {
    colors ??= readPictureColors(element);
    const ratio = window.devicePixelRatio;
    canvas.width = Math.round(list.clientWidth * ratio);
    canvas.height = Math.round(list.clientHeight * ratio);
    canvas.style.width = `${list.clientWidth}px`;
    canvas.style.height = `${list.clientHeight}px`;
    const pen = canvas.getContext('2d');
    if (pen === null) return;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.font = `11px ${colors.font}`;
    pen.textBaseline = 'middle';
    for (let map = first; map < end; map++) drawCard(pen, { opened, layout, map, colors });
    const scales = Object.fromEntries(layout.sides.map((side) => [side, scaleOf(opened, side, undefined)]));
    legend.show(context.look().limits === 'tensor' ? scales : {}, colors, context.look());
  };

  const drawCard = (
    pen: CanvasRenderingContext2D,
    { opened, layout, map, colors: c }: { opened: Opened; layout: Layout; map: number; colors: PictureColors },
  ) => {
    const { x, y } = cardAt(layout, map);
    pen.fillStyle = map === chosen ? c.text : c.dim;
    pen.fillText(mapTitle(opened, map), x, y + TITLE / 2 + 1, layout.card.width - CARD_GAP);
    for (const [i, side] of layout.sides.entries()) {
      const left = x + i * (layout.tile.width + GAP);
      const top = y + TITLE;
      const pixels = maps.of(side, map);
      if (pixels !== undefined) {
        const image = painted(`${side}:${map}`, pixels, scaleOf(opened, side, map));
        pen.drawImage(image, left, top, layout.tile.width, layout.tile.height);
      }
      pen.strokeStyle = c.line;
      pen.lineWidth = 1;
      pen.strokeRect(left - 0.5, top - 0.5, layout.tile.width + 1, layout.tile.height + 1);
    }
    if (map !== chosen) return;
    pen.strokeStyle = c.focus;
    pen.lineWidth = 2;
    pen.strokeRect(x - 3, y + TITLE - 3, layout.card.width - CARD_GAP + 6, layout.tile.height + 6);
  };

  const painted = (key: string, pixels: MapPixels, scale: Scale): HTMLCanvasElement => {
    const full = `${key}:${scale.low}:${scale.high}:${pixels.width}`;
    const image = images.get(full) ?? imageOf(pixels, scale);
    if (images.size >= MOST_IMAGES) images.clear();
    images.set(full, image);
    return image;
  };

  /** @param map undefined for the limits of the whole tensor. */
  const scaleOf = (opened: Opened, side: PictureSide, map: number | undefined): Scale & { known: boolean } => {
    const c = colors as PictureColors; // drawMaps reads them first
    const isPerMap = map !== undefined && context.look().limits === 'map';
    const of = (s: PictureSide) => (isPerMap ? (maps.of(s, map)?.limits ?? null) : opened.head.limits[s]);
    const limits = limitsOf(side, { float: of('float'), dequantized: of('dequantized'), difference: of('difference') });
    const [low, high] = limits ?? [0, 0];
    const stops = side === 'difference' ? c.differences : c.values;
    return { low, high, stops, notFinite: c.notFinite, known: limits !== null };
  };

  const cardAt = ({ card, perRow }: Layout, map: number) => ({
    x: MARGIN + (map % perRow) * card.width,
    y: Math.floor(map / perRow) * card.height - rows.position,
  });

  /** The index along the axes that are counted through. */
  const mapTitle = ({ plane, head }: Opened, map: number): string => {
    const { axes } = maps;
    const { fixed } = mapPlane(plane, axes, map, head.dims);
    return axes.length === 0 ? t('all') : indexText(axes.map((axis) => fixed[axis] as number));
  };

  const describeChosen = (opened: Opened, layout: Layout) => {
    const parts = [t('Map {0} of {1}, {2}', chosen + 1, maps.count, mapTitle(opened, chosen))];
    for (const side of layout.sides) {
      const limits = maps.of(side, chosen)?.limits;
      if (limits == null) continue;
      const [low, high] = limits.map((x) => elementText(x, context.look())) as [string, string];
      parts.push(t('{0} {1} to {2}', sideTitle(side), low, high));
    }
    const text = parts.join(', ');
    if (option.textContent !== text) option.textContent = text;
    setAttr(option, 'aria-posinset', String(chosen + 1));
    setAttr(option, 'aria-setsize', String(maps.count));
  };

  const choose = (map: number) => {
    const opened = context.opened();
    if (opened === null) return;
    chosen = Math.max(0, Math.min(maps.count - 1, map));
    const layout = layoutOf(opened);
    const top = Math.floor(chosen / layout.perRow) * layout.card.height;
    rows.reveal(top, top + layout.card.height + GAP);
    draw();
    context.say(option.textContent ?? '', 'pointed'); // the list reads its option aloud itself
  };

  /** The place of an element under the pointer. */
  const placeUnder = (event: MouseEvent): { map: number; place: number } | undefined => {
    const opened = context.opened();
    if (opened === null) return undefined;
    const layout = layoutOf(opened);
    const box = list.getBoundingClientRect();
    const x = event.clientX - box.left - MARGIN;
    const y = event.clientY - box.top + rows.position;
    const column = Math.floor(x / layout.card.width);
    const map = Math.floor(y / layout.card.height) * layout.perRow + column;
    const inCard = { x: x - column * layout.card.width, y: (y % layout.card.height) - TITLE };
    const side = Math.floor(inCard.x / (layout.tile.width + GAP));
    const inTile = { x: inCard.x - side * (layout.tile.width + GAP), y: inCard.y };
    const isInside =
      column >= 0 && column < layout.perRow && map < maps.count && side < layout.sides.length && inTile.y >= 0;
    if (!isInside || inTile.x >= layout.tile.width || inTile.y >= layout.tile.height) return undefined;
    return { map, place: placeOfPixel(opened, map, inTile.x / layout.tile.width, inTile.y / layout.tile.height) };
  };
  /** @param x @param y where in the map, as shares of its width and height. */
  const placeOfPixel = ({ plane, head }: Opened, map: number, x: number, y: number): number => {
    const lying = lyingPlane(plane);
    const size = pageSize(lying, head.dims);
    const cell = {
      row: Math.min(size.row - 1, Math.floor(y * size.row)),
      column: Math.min(size.column - 1, Math.floor(x * size.column)),
    };
    return placeIn(mapPlane(lying, maps.axes, map, head.dims), head.dims, cell);
  };

  let asked = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Exact numbers come a moment after the pointer rests. */
  const point = (place: number) => {
    const opened = context.opened();
    if (opened === null || place === asked) return;
    asked = place;
    clearTimeout(timer);
    const index = indexOf(place, opened.head.dims);
    const plane = { rowAxis: -1, columnAxis: -1, fixed: index };
    timer = setTimeout(() => {
      context.ask('tensor/slice', { ...refOf(opened), plane, rows: [0, 1], columns: [0, 1] }).then((slice) => {
        if (asked !== place || context.opened() !== opened) return;
        context.say(statusText(index, elementAt(slice, 0), opened.head, context.look()), 'pointed');
      }, context.fail);
    }, 40);
  };

  list.addEventListener(
    'scroll',
    () => {
      rows.follow(list.scrollTop);
      draw();
    },
    { passive: true },
  );
  list.addEventListener('pointermove', (event) => {
    const under = placeUnder(event);
    if (under !== undefined) point(under.place);
  });
  list.addEventListener('click', (event) => {
    const under = placeUnder(event);
    if (under === undefined) return;
    chosen = under.map;
    context.goTo(under.place);
  });
  list.addEventListener('keydown', (event) => {
    const opened = context.opened();
    if (opened === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const { perRow, card } = layoutOf(opened);
    const page = perRow * Math.max(1, Math.floor(list.clientHeight / card.height));
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: perRow,
      ArrowUp: -perRow,
      PageDown: page,
      PageUp: -page,
      Home: -Number.MAX_SAFE_INTEGER,
      End: Number.MAX_SAFE_INTEGER,
    };
    const step = steps[event.key];
    if (step !== undefined) choose(chosen + step);
    else if (event.key === 'Enter') context.goTo(worstIn(opened));
    else if (event.key.toLowerCase() === 'g') context.askForIndex();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  /** The element of the chosen map that is drawn with the largest difference; without one the first. */
  const worstIn = (opened: Opened): number => {
    const pixels = maps.of('difference', chosen);
    let worst = 0;
    for (let i = 1; i < (pixels?.values.length ?? 0); i++)
      if (Math.abs(pixels?.values[i] ?? 0) > Math.abs(pixels?.values[worst] ?? 0)) worst = i;
    const { width = 1, height = 1 } = pixels ?? {};
    return placeOfPixel(opened, chosen, (worst % width) / width, Math.floor(worst / width) / height);
  };
  new ResizeObserver(() => draw()).observe(list);

  return {
    element,
    update: () => {
      chosen = Math.min(chosen, Math.max(0, maps.count - 1));
      draw();
    },
    reset: () => {
      maps.clear();
      images.clear();
      chosen = 0;
      rows.moveTo(0);
    },
    focus: () => list.focus(),
  };
}

function imageOf({ height, width, values }: MapPixels, scale: Scale): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext('2d');
  if (pen === null) return canvas;
  const image = pen.createImageData(width, height);
  paint(values, scale, image.data);
  pen.putImageData(image, 0, 0);
  return canvas;
}
