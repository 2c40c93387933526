import type { Actions, ViewCommands } from '../actions.ts';
import { whyNoToggle } from '../actions.ts';
import { fill, h, setAttr } from '../dom.ts';
import { layoutFailed, noLayoutWorker } from '../errors.ts';
import type { Camera, Store } from '../store.ts';
import { firstCamera, fitCamera, type Point, toGraph, zoomAt } from './camera.ts';
import { contextOf, describeItem } from './describe.ts';
import { markNodes, type NodeMark } from './heat.ts';
import { listenToInput } from './input.ts';
import { createLayoutClient } from './layoutClient.ts';
import { Motion } from './motion.ts';
import { type Direction, neighbour } from './navigate.ts';
import { createDrawing, type Drawing, type Highlight, itemAt, paint } from './painter.ts';
import { type Palette, readPalette, watchTheme } from './palette.ts';
import { buildScene, toLayoutInput } from './scene.ts';

const EMPTY: ReadonlySet<number> = new Set();

export interface GraphView extends Omit<ViewCommands, 'focusSearch' | 'announce'> {
  readonly element: HTMLElement;
  /** Marks the nodes a search has found. */
  showFound(nodeIds: ReadonlySet<number>): void;
}

/**
 * The graph on a canvas, with a listbox of the selected node and its neighbours for screen readers.
 *
 * @param layoutScript where the layout worker's script lies.
 */
export function createGraphView(store: Store, actions: () => Actions, layoutScript: string): GraphView {
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

  const layouts = createLayoutClient(layoutScript, (reason) => actions().warn(noLayoutWorker(reason)));

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
    return pill ?? (selected === null ? undefined : drawing?.scene.itemOf.get(selected));
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
    y: (drawing?.layout.y[item] ?? 0) + (drawing?.scene.items[item]?.height ?? 0) / 2,
  });

  const selectItem = (item: number | undefined) => {
    const target = item === undefined ? undefined : drawing?.scene.items[item];
    pill = target !== undefined && target.kind !== 'node' ? item : undefined;
    actions().select(target?.kind === 'node' ? target.id : null);
    updateOptions();
    draw();
  };
  const step = (direction: Direction) => {
    if (drawing === undefined || drawing.scene.items.length === 0) return;
    const from = selectedItem();
    const next = from === undefined ? 0 : neighbour(drawing.scene, drawing.layout, from, direction);
    if (next === undefined) {
      actions().announce(`Nothing ${direction === 'up' || direction === 'down' ? direction : `to the ${direction}`}`);
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
    const { scene } = drawing;
    const near = [
      ...(scene.incoming[current] ?? []).map((e) => scene.edges[e]?.from as number),
      current,
      ...(scene.outgoing[current] ?? []).map((e) => scene.edges[e]?.to as number),
    ];
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
              'aria-setsize': scene.items.length,
            },
          },
          describeItem(scene, i, marks),
        ),
      ),
    );
    setAttr(surface, 'aria-activedescendant', `graph-item-${current}`);
  };
  const setContext = (item: number | undefined) => {
    const target = item === undefined ? undefined : drawing?.scene.items[item];
    const figures = target === undefined ? null : (marks.get(target.id)?.figures ?? null);
    setAttr(
      surface,
      'data-vscode-context',
      contextOf(target, figures, whyNoToggle(store.state.run, figures ?? undefined)),
    );
  };
  const hover = (item: number | undefined) => {
    setContext(item);
    if (item === hovered) return;
    hovered = item;
    surface.classList.toggle('over-node', item !== undefined);
    const target = item === undefined || drawing === undefined ? '' : describeItem(drawing.scene, item, marks);
    surface.title = target;
    draw();
  };

  listenToInput(surface, {
    itemAt: (p) => {
      if (drawing === undefined) return undefined;
      const { x, y } = toGraph(motion.camera, view, p);
      return itemAt(drawing, x, y);
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
      if (selected === null) actions().announce('Select a node first');
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
      const item = which === 'first' ? 0 : drawing.scene.items.length - 1;
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
    const top = scene.items.reduce((best, _, i) => ((layout.y[i] ?? 0) < (layout.y[best] ?? 0) ? i : best), 0);
    return firstCamera(view, layout, { x: layout.x[top] ?? 0, y: layout.y[top] ?? 0 });
  };
  new ResizeObserver(resize).observe(surface);
  watchTheme(() => {
    palette = readPalette(document.body);
    draw();
  });

  const measure = (text: string, font: 'title' | 'label') => {
    g.font = font === 'title' ? `600 12px ${palette.font}` : `11px ${palette.font}`;
    return g.measureText(text).width;
  };
  store.watch(
    (s) => [s.graph],
    ({ graph }) => {
      if (graph === null) return;
      surface.classList.add('laying-out');
      const scene = buildScene(graph, measure);
      layouts.run(toLayoutInput(scene)).then(
        (layout) => {
          if (store.state.graph !== graph) return;
          surface.classList.remove('laying-out');
          drawing = createDrawing(scene, layout);
          pill = undefined;
          hovered = undefined;
          surface.setAttribute(
            'aria-label',
            `Graph of ${graph.file}: ${graph.nodes.length} nodes. Arrow keys follow edges.`,
          );
          if (view.width > 0) motion.moveTo(store.state.camera ?? initialCamera(drawing));
          updateOptions();
        },
        (cause: unknown) => {
          if (store.state.graph === graph) actions().warn(layoutFailed(graph.file, cause));
        },
      );
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
      const item = drawing?.scene.itemOf.get(nodeId);
      if (item !== undefined) motion.centre(pointOf(item));
    },
    bringIntoSight: (nodeId) => {
      const item = drawing?.scene.itemOf.get(nodeId);
      if (item !== undefined) motion.reveal(pointOf(item));
    },
    fit: showAll,
    zoomBy: (factor) => motion.flyTo(zoomAt(motion.camera, view, { x: view.width / 2, y: view.height / 2 }, factor)),
    focusGraph: () => surface.focus(),
    showFound: (nodeIds) => {
      found = new Set([...nodeIds].flatMap((id) => drawing?.scene.itemOf.get(id) ?? []));
      draw();
    },
  };
}
