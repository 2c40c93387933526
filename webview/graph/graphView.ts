import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { Actions, ViewCommands } from '../actions.ts';
import { whyNoToggle } from '../actions.ts';
import { fill, h, setAttr } from '../dom.ts';
import { layoutFailed, noLayoutWorker } from '../errors.ts';
import { t } from '../l10n.ts';
import type { Camera, Store } from '../store.ts';
import { firstCamera, fitCamera, type Point, toGraph, zoomAt } from './camera.ts';
import { contextOf, describeItem } from './describe.ts';
import { Drawing } from './drawing.ts';
import { createGraphClient } from './graphClient.ts';
import { markNodes, type NodeMark } from './heat.ts';
import { listenToInput } from './input.ts';
import { Motion } from './motion.ts';
import { type Direction, neighbour } from './navigate.ts';
import { type Highlight, paint } from './painter.ts';
import { type Palette, readPalette, watchTheme } from './palette.ts';
import type { Hierarchy } from './picture.ts';
import { measureCharacters, measureWith } from './text.ts';

const EMPTY: ReadonlySet<number> = new Set();

const NOTHING: Readonly<Record<Direction, () => string>> = {
  up: () => t('Nothing up'),
  down: () => t('Nothing down'),
  left: () => t('Nothing to the left'),
  right: () => t('Nothing to the right'),
};

export interface GraphView extends Omit<ViewCommands, 'focusSearch' | 'announce'> {
  readonly element: HTMLElement;
  /** Marks the nodes a search has found. */
  showFound(nodeIds: ReadonlySet<number>): void;
}

/**
 * The graph on a canvas, with a listbox of the selected node and its neighbours for screen readers.
 *
 * @param graphScript where the graph worker's script lies.
 */
export function createGraphView(store: Store, actions: () => Actions, graphScript: string): GraphView {
  const canvas = h('canvas', { class: 'graph-canvas', attrs: { 'aria-hidden': 'true' } });
  const options = h('div', { class: 'sr-only' });
  const surface = h(
    'div',
    { class: 'graph-surface', tabIndex: 0, role: 'listbox', attrs: { 'aria-label': 'Graph' } },
    canvas,
    options,
  );
  const element = h('div', { class: 'graph' }, surface);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('the canvas has no 2d context');
  const g = context;

  let drawing: Drawing | undefined;
  let palette: Palette = readPalette(document.body);
  let view = { width: 0, height: 0 };
  let hovered: number | undefined;
  let found: ReadonlySet<number> = EMPTY;
  let marks: ReadonlyMap<number, NodeMark> = new Map();
  let frame = 0;
  /** An input or output pill under the keyboard; nodes are selected through the store. */
  let pill: number | undefined;

  const client = createGraphClient(graphScript, (reason) => actions().warn(noLayoutWorker(reason)));

  const draw = () => {
    if (frame !== 0) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      if (drawing === undefined || view.width === 0) {
        g.setTransform(1, 0, 0, 1, 0, 0);
        g.clearRect(0, 0, canvas.width, canvas.height);
        return;
      }
      paint(g, drawing, {
        camera: motion.camera,
        view,
        pixelRatio: devicePixelRatio,
        palette,
        marks,
        highlight: highlight(),
      });
    });
  };
  const selectedItem = (): number | undefined => {
    const { selected } = store.state;
    return pill ?? (selected === null ? undefined : drawing?.itemOf(selected));
  };
  const highlight = (): Highlight => ({
    selected: selectedItem(),
    hovered,
    found,
    focused: document.activeElement === surface,
  });

  const motion = new Motion({
    view: () => view,
    graph: () => drawing?.layout,
    onMove: draw,
    onRest: (camera) => store.update({ camera }),
  });
  const pointOf = (item: number): Point => ({
    x: drawing?.layout.x[item] ?? 0,
    y: (drawing?.layout.y[item] ?? 0) + (drawing?.layout.itemHeight[item] ?? 0) / 2,
  });

  const selectItem = (item: number | undefined) => {
    const nodeId = item === undefined ? undefined : drawing?.nodeId(item);
    pill = nodeId === undefined ? item : undefined;
    actions().select(nodeId ?? null);
    updateOptions();
    draw();
  };
  const step = (direction: Direction) => {
    if (drawing === undefined || drawing.scene.count === 0) return;
    const from = selectedItem();
    const next = from === undefined ? 0 : neighbour(drawing, from, direction);
    if (next === undefined) {
      actions().announce(NOTHING[direction]());
      return;
    }
    selectItem(next);
    motion.follow(pointOf(next));
  };

  /** The selected node and what it is connected with, as options a screen reader can walk. */
  const updateOptions = () => {
    const current = selectedItem();
    if (drawing === undefined || current === undefined) {
      fill(options);
      setAttr(surface, 'aria-activedescendant', null);
      return;
    }
    const shown = drawing;
    const near = [...shown.before(current), current, ...shown.after(current)];
    fill(
      options,
      ...[...new Set(near)].map((i) =>
        h(
          'div',
          {
            role: 'option',
            id: `graph-item-${i}`,
            attrs: {
              'aria-selected': String(i === current),
              'aria-posinset': i + 1,
              'aria-setsize': shown.scene.count,
            },
          },
          describeItem(shown, i, marks),
        ),
      ),
    );
    setAttr(surface, 'aria-activedescendant', `graph-item-${current}`);
  };
  const setContext = (item: number | undefined) => {
    const nodeId = item === undefined ? undefined : drawing?.nodeId(item);
    const figures = nodeId === undefined ? null : (marks.get(nodeId)?.figures ?? null);
    setAttr(
      surface,
      'data-vscode-context',
      contextOf(nodeId, figures, whyNoToggle(store.state.run, figures ?? undefined)),
    );
  };
  const hover = (item: number | undefined) => {
    setContext(item);
    if (item === hovered) return;
    hovered = item;
    surface.classList.toggle('over-node', item !== undefined);
    const target = item === undefined || drawing === undefined ? '' : describeItem(drawing, item, marks);
    surface.title = target;
    draw();
  };

  listenToInput(surface, {
    itemAt: (p) => {
      if (drawing === undefined) return undefined;
      const { x, y } = toGraph(motion.camera, view, p);
      return drawing.itemAt(x, y);
    },
    hover,
    select: selectItem,
    open: (item) => {
      selectItem(item);
      actions().showDetails();
    },
    openSelected: () => {
      if (store.state.selected !== null) actions().showDetails();
    },
    toggleSelected: () => {
      const { selected } = store.state;
      if (selected === null) actions().announce(t('Select a node first'));
      else actions().toggleSkip(selected);
    },
    pan: (dx, dy) => {
      const { x, y, zoom } = motion.camera;
      motion.moveTo({ x: x - dx / zoom, y: y - dy / zoom, zoom });
    },
    zoom: (factor, at) =>
      motion.moveTo(zoomAt(motion.camera, view, at ?? { x: view.width / 2, y: view.height / 2 }, factor)),
    step,
    end: (which) => {
      if (drawing === undefined) return;
      const item = which === 'first' ? 0 : drawing.scene.count - 1;
      selectItem(item);
      motion.follow(pointOf(item));
    },
    fit: () => showAll(),
    search: () => actions().openSearch(),
    clear: () => selectItem(undefined),
    beforeKeyboardMenu: () => setContext(selectedItem()),
  });
  surface.addEventListener('focus', () => {
    setContext(selectedItem());
    draw();
  });
  surface.addEventListener('blur', draw);

  const showAll = () => {
    if (drawing !== undefined) motion.flyTo(fitCamera(view, drawing.layout));
  };
  const resize = () => {
    const box = surface.getBoundingClientRect();
    const first = view.width === 0;
    view = { width: Math.round(box.width), height: Math.round(box.height) };
    canvas.width = Math.round(view.width * devicePixelRatio);
    canvas.height = Math.round(view.height * devicePixelRatio);
    if (first && drawing !== undefined) motion.moveTo(store.state.camera ?? initialCamera(drawing));
    draw();
  };
  const initialCamera = ({ scene, layout }: Drawing): Camera => {
    let top = 0;
    for (let i = 1; i < scene.count; i++) if ((layout.y[i] ?? 0) < (layout.y[top] ?? 0)) top = i;
    return firstCamera(view, layout, { x: layout.x[top] ?? 0, y: layout.y[top] ?? 0 });
  };
  new ResizeObserver(resize).observe(surface);
  watchTheme(() => {
    palette = readPalette(document.body);
    draw();
  });

  const widthOf = (text: string, font: 'title' | 'label') => {
    g.font = font === 'title' ? `600 12px ${palette.font}` : `11px ${palette.font}`;
    return g.measureText(text).width;
  };
  let loaded:
    | { readonly table: GraphTable; readonly hierarchy: Hierarchy; readonly open: readonly string[] }
    | undefined;
  let turn = 0;
  const redraw = async (table: GraphTable, openGroups: readonly string[] | null) => {
    const mine = ++turn;
    surface.classList.add('laying-out');
    try {
      const widths = measureCharacters(widthOf);
      if (loaded?.table !== table) {
        const { hierarchy, defaultOpen } = await client.load(table.buffer, widths);
        if (mine !== turn) return;
        loaded = { table, hierarchy, open: defaultOpen };
      }
      const picture = await client.draw(openGroups ?? loaded.open);
      if (mine !== turn) return;
      const isFirst = drawing?.table !== table;
      drawing = new Drawing(loaded, picture, measureWith(widths));
      pill = undefined;
      hovered = undefined;
      surface.setAttribute(
        'aria-label',
        t('Graph of {0}: {1} nodes. Arrow keys follow edges.', table.file, table.nodeCount),
      );
      if (isFirst && view.width > 0) motion.moveTo(store.state.camera ?? initialCamera(drawing));
      updateOptions();
      draw();
    } catch (cause) {
      if (mine === turn) actions().warn(layoutFailed(table.file, cause));
    } finally {
      if (mine === turn) surface.classList.remove('laying-out');
    }
  };
  store.watch(
    (s) => [s.graph, s.openGroups],
    ({ graph, openGroups }) => {
      if (graph !== null) void redraw(graph, openGroups);
    },
  );
  store.watch(
    (s) => [s.run, s.heat, s.pendingSkips],
    ({ run, heat, pendingSkips }) => {
      marks = markNodes(run, heat, pendingSkips);
      updateOptions();
      draw();
    },
  );
  store.watch(
    (s) => [s.selected],
    ({ selected }) => {
      if (selected !== null) pill = undefined;
      updateOptions();
      draw();
    },
  );

  return {
    element,
    reveal: (nodeId) => {
      const item = drawing?.itemOf(nodeId);
      if (item !== undefined) motion.centre(pointOf(item));
    },
    bringIntoSight: (nodeId) => {
      const item = drawing?.itemOf(nodeId);
      if (item !== undefined) motion.reveal(pointOf(item));
    },
    fit: showAll,
    zoomBy: (factor) => motion.flyTo(zoomAt(motion.camera, view, { x: view.width / 2, y: view.height / 2 }, factor)),
    focusGraph: () => surface.focus(),
    showFound: (nodeIds) => {
      found = new Set([...nodeIds].flatMap((id) => drawing?.itemOf(id) ?? []));
      draw();
    },
  };
}
