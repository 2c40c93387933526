import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { Actions, ViewCommands } from '../actions.ts';
import { whyNoToggle } from '../actions.ts';
import { diffMarks } from '../diff/diffMarks.ts';
import { createDiffLink } from '../diff/link.ts';
import { h, setAttr } from '../dom.ts';
import { layoutFailed, noLayoutWorker } from '../errors.ts';
import { markNodes, type NodeMark } from '../heat/marks.ts';
import { t } from '../l10n.ts';
import type { Camera, Store } from '../store.ts';
import { anchorOf } from './anchor.ts';
import { firstCamera, fitCamera, type Point, rectCamera, toGraph, zoomAt } from './camera.ts';
import type { CommandTarget, GraphCommand } from './commands.ts';
import { contextOf, describeItem } from './describe.ts';
import { isOnToggle } from './draw/groups.ts';
import { Stage } from './draw/stage.ts';
import { Drawing } from './drawing.ts';
import { createGraphClient } from './graphClient.ts';
import { createGroupControl } from './groupControl.ts';
import { listenToInput } from './input.ts';
import { listNeighbours } from './listing.ts';
import { type Marks, marksOf } from './marks.ts';
import { createMinimap } from './minimap.ts';
import { Motion } from './motion.ts';
import { type Direction, neighbour } from './navigate.ts';
import { type Highlight, rectInSight } from './painter.ts';
import { type Palette, readPalette, watchTheme } from './palette.ts';
import { type Hierarchy, ItemKind } from './picture.ts';
import { makePicture } from './save/savePicture.ts';
import { measureCharacters, measureWith } from './text.ts';
import { createTraceControl } from './tracing.ts';

const EMPTY: ReadonlySet<number> = new Set();

const NOTHING: Readonly<Record<Direction, () => string>> = {
  up: () => t('Nothing up'),
  down: () => t('Nothing down'),
  left: () => t('Nothing to the left'),
  right: () => t('Nothing to the right'),
};

export interface GraphView extends Omit<ViewCommands, 'focusSearch' | 'lookFor' | 'announce' | 'changeNodes'> {
  readonly element: HTMLElement;
  /** Marks the nodes a search has found. */
  showFound(nodeIds: ReadonlySet<number>): void;
  /** Key of the group that is selected in the graph. */
  selectedGroup(): string | undefined;
}

/** What is selected beside nodes, which the store knows: a group, or an input or output. */
type Other = { readonly kind: 'group' | 'input' | 'output'; readonly ref: number };

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
    { class: 'graph-surface', tabIndex: 0, role: 'listbox', attrs: { 'aria-label': t('Graph') } },
    canvas,
    options,
  );
  const element = h('div', { class: 'graph' }, surface);

  let drawing: Drawing | undefined;
  let palette: Palette = readPalette(document.body);
  let view = { width: 0, height: 0 };
  let hovered: number | undefined;
  let found: ReadonlySet<number> = EMPTY;
  let foundNodes: ReadonlySet<number> = EMPTY;
  let nodeMarks: ReadonlyMap<number, NodeMark> = new Map();
  let marks: Marks = marksOf(undefined, nodeMarks);
  let other: Other | undefined;

  const client = createGraphClient(graphScript, (reason) => actions().warn(noLayoutWorker(reason)));
  const stage = new Stage(canvas, () => {
    minimap.update();
    return drawing === undefined
      ? undefined
      : { drawing, camera: motion.camera, view, palette, highlight: highlight(), marks };
  });
  const { draw } = stage;

  const selectedItem = (): number | undefined => {
    if (drawing === undefined) return undefined;
    if (other?.kind === 'group') return drawing.itemOfGroup(other.ref);
    if (other !== undefined) return drawing.itemOfValue(ItemKind[other.kind], other.ref);
    const { selected } = store.state;
    return selected === null ? undefined : drawing.itemOf(selected);
  };
  const highlight = (): Highlight => ({
    selected: selectedItem(),
    hovered,
    found,
    focused: document.activeElement === surface,
    trace: trace.shown,
  });
  const motion = new Motion({
    view: () => view,
    graph: () => drawing?.layout,
    onMove: () => {
      draw();
      link.moved();
    },
    onRest: (camera) => {
      surface.dataset.zoom = String(camera.zoom);
      store.update({ camera });
    },
  });
  const link = createDiffLink({
    store,
    drawing: () => drawing,
    camera: () => motion.camera,
    moveTo: (camera) => motion.moveTo(camera),
    share: (place) => actions().shareView(place),
  });
  const pointOf = (item: number): Point => ({
    x: drawing?.layout.x[item] ?? 0,
    y: (drawing?.layout.y[item] ?? 0) + (drawing?.layout.itemHeight[item] ?? 0) / 2,
  });

  const selectItem = (item: number | undefined) => {
    const nodeId = item === undefined ? undefined : drawing?.nodeId(item);
    other = item === undefined || nodeId !== undefined ? undefined : otherOf(item);
    actions().select(nodeId ?? null);
    refreshOptions();
    draw();
  };
  const otherOf = (item: number): Other | undefined => {
    const group = drawing?.groupIndex(item);
    if (group !== undefined) return { kind: 'group', ref: group };
    const kind = drawing?.scene.kind[item] === ItemKind.input ? 'input' : 'output';
    return { kind, ref: drawing?.scene.ref[item] ?? -1 };
  };
  const step = (direction: Direction) => {
    if (drawing === undefined || drawing.scene.count === 0) return;
    const from = selectedItem();
    const next = from === undefined ? firstItem(drawing) : neighbour(drawing, from, direction);
    if (next === undefined) {
      actions().announce(NOTHING[direction]());
      return;
    }
    selectItem(next);
    motion.follow(pointOf(next));
  };
  const refreshOptions = () => listNeighbours({ surface, options }, drawing, selectedItem(), marks);

  const setContext = (item: number | undefined) => {
    const nodeId = item === undefined ? undefined : drawing?.nodeId(item);
    const figures = nodeId === undefined ? null : (nodeMarks.get(nodeId)?.figures ?? null);
    const context = contextOf({
      nodeId,
      handle: nodeId === undefined || item === undefined ? undefined : drawing?.text(item).fullLabel,
      group: item === undefined ? undefined : drawing?.group(item)?.key,
      isOpen: item !== undefined && drawing?.scene.kind[item] === ItemKind.frame,
      figures,
      obstacle: whyNoToggle(store.state.run, figures ?? undefined),
      hasOther: trace.canReach(nodeId),
    });
    setAttr(surface, 'data-vscode-context', context);
  };
  const hover = (item: number | undefined) => {
    setContext(item);
    if (item === hovered) return;
    hovered = item;
    surface.classList.toggle('over-node', item !== undefined);
    surface.title = item === undefined || drawing === undefined ? '' : describeItem(drawing, item, marks);
    draw();
  };

  const trace = createTraceControl({
    store,
    drawing: () => drawing,
    announce: (text) => actions().announce(text),
    onChange: draw,
  });
  const groups = createGroupControl({ store, actions, drawing: () => drawing, loaded: () => loaded });
  const minimap = createMinimap({
    view: () => {
      const style = drawing === undefined ? undefined : stage.styleOf(drawing, palette, marks, trace.shown);
      return drawing === undefined || style === undefined
        ? undefined
        : { drawing, camera: motion.camera, view, palette, style };
    },
    moveTo: ({ x, y }) => motion.moveTo({ x, y, zoom: motion.camera.zoom }),
    moveBy: (dx, dy) => {
      const { x, y, zoom } = motion.camera;
      motion.flyTo({ x: x + (dx * view.width) / zoom, y: y + (dy * view.height) / zoom, zoom });
    },
  });
  element.append(trace.element, minimap.element);

  const itemAtPixel = (p: Point): { readonly item: number | undefined; readonly at: Point } => {
    const at = toGraph(motion.camera, view, p);
    return { item: drawing?.itemAt(at.x, at.y), at };
  };
  const isToggleAt = (item: number | undefined, at: Point): item is number =>
    drawing !== undefined && item !== undefined && motion.camera.zoom >= 0.3 && isOnToggle(drawing, item, at.x, at.y);
  listenToInput(surface, {
    itemAt: (p) => itemAtPixel(p).item,
    hover,
    click: (p, how) => {
      const { item, at } = itemAtPixel(p);
      const nodeId = item === undefined ? undefined : drawing?.nodeId(item);
      if (how === 'extend' && nodeId !== undefined && store.state.selected !== null) trace.pathTo(nodeId);
      else {
        selectItem(item);
        if (isToggleAt(item, at)) groups.toggle(drawing?.groupIndex(item));
      }
    },
    doubleClick: (p) => {
      const { item, at } = itemAtPixel(p);
      if (item === undefined || isToggleAt(item, at)) return;
      const group = drawing?.groupIndex(item);
      if (group !== undefined) groups.toggle(group);
      else actions().showDetails();
    },
    openSelected: () => {
      const item = selectedItem(); // of a node in a closed group, that group
      const group = item === undefined ? undefined : drawing?.groupIndex(item);
      if (group !== undefined) groups.toggle(group);
      else if (store.state.selected !== null) actions().showDetails();
    },
    toggleSelected: () => {
      const { selected } = store.state;
      if (selected === null) actions().announce(t('Select a node first'));
      else actions().toggleSkip(selected);
    },
    run: (command) => runCommand(command),
    pan: (dx, dy) => {
      const { x, y, zoom } = motion.camera;
      motion.moveTo({ x: x - dx / zoom, y: y - dy / zoom, zoom });
    },
    zoom: (factor, at) => motion.moveTo(zoomAt(motion.camera, at ?? middle(), factor, limits())),
    step,
    end: (which) => {
      if (drawing === undefined || drawing.scene.count === 0) return;
      const item = which === 'first' ? firstItem(drawing) : drawing.scene.count - 1;
      selectItem(item);
      motion.follow(pointOf(item));
    },
    fit: () => showAll(),
    search: () => actions().openSearch(),
    clear: () => (trace.isOn() ? trace.set(undefined) : selectItem(undefined)),
    beforeKeyboardMenu: () => setContext(selectedItem()),
  });
  surface.addEventListener('focus', () => {
    if (surface.matches(':focus-visible')) setContext(selectedItem()); // a pointer has said what it is on
    draw();
  });
  surface.addEventListener('blur', draw);

  const middle = (): Point => ({ x: view.width / 2, y: view.height / 2 });
  const limits = () => ({ view, graph: drawing?.layout });
  const showAll = () => {
    if (drawing !== undefined) motion.flyTo(fitCamera(view, drawing.layout));
  };
  const initialCamera = ({ layout, scene }: Drawing): Camera => {
    const top = scene.count === 0 ? 0 : firstItem({ layout, scene });
    return firstCamera(view, layout, { x: layout.x[top] ?? 0, y: layout.y[top] ?? 0 });
  };
  const resize = () => {
    const box = surface.getBoundingClientRect();
    const first = view.width === 0;
    view = { width: Math.round(box.width), height: Math.round(box.height) };
    stage.resize(view);
    if (first && drawing !== undefined) motion.moveTo(store.state.camera ?? initialCamera(drawing));
    draw();
  };
  new ResizeObserver(resize).observe(surface);
  watchPixelRatio(resize);
  watchTheme(() => {
    palette = readPalette(document.body);
    draw();
  });

  let loaded:
    | { readonly table: GraphTable; readonly hierarchy: Hierarchy; readonly open: readonly string[] }
    | undefined;
  let turn = 0;
  const redraw = async (table: GraphTable, openGroups: readonly string[] | null) => {
    const mine = ++turn;
    surface.classList.add('laying-out');
    try {
      const widths = measureCharacters(stage.widthIn(palette));
      if (loaded?.table !== table) {
        const { hierarchy, defaultOpen } = await client.load(table.buffer, widths);
        if (mine !== turn) return;
        loaded = { table, hierarchy, open: defaultOpen };
        store.update({ hierarchy });
      }
      const drawn = await client.draw(openGroups ?? loaded.open);
      if (mine === turn) adopt(new Drawing(loaded, drawn, measureWith(widths)));
    } catch (cause) {
      if (mine === turn) actions().warn(layoutFailed(table.file, cause));
    } finally {
      if (mine === turn) surface.classList.remove('laying-out');
    }
  };
  const adopt = (next: Drawing) => {
    const before = drawing;
    const isSameGraph = before?.table === next.table;
    drawing = next;
    hovered = undefined;
    marks = marksOf(next, nodeMarks);
    found = itemsOf(foundNodes);
    if (!isSameGraph) other = undefined;
    if (isSameGraph) trace.refresh();
    else trace.set(undefined);
    const { file, nodeCount } = next.table;
    surface.setAttribute('aria-label', t('Graph of {0}: {1} nodes. Arrow keys follow edges.', file, nodeCount));
    if (!isSameGraph && view.width > 0) motion.moveTo(store.state.camera ?? initialCamera(next));
    if (isSameGraph && before !== undefined) glideFrom(before, next);
    refreshOptions();
    draw();
    groups.drawn();
  };
  /** Keeps what one looks at on its place of the screen, and lets the rest glide. */
  const glideFrom = (before: Drawing, next: Drawing) => {
    const anchor = anchorOf(before, next, {
      toggled: groups.takeToggled(),
      selected: store.state.selected,
      rect: rectInSight(motion.camera, view, 0),
    });
    if (anchor === undefined) return;
    const { x, y, zoom } = motion.camera;
    motion.moveTo({ x: x + anchor.x, y: y + anchor.y, zoom });
    stage.glide(before, { drawing: next, camera: motion.camera, view, palette, highlight: highlight(), marks }, anchor);
  };
  const itemsOf = (nodeIds: ReadonlySet<number>): ReadonlySet<number> =>
    new Set([...nodeIds].flatMap((id) => drawing?.itemOf(id) ?? []));

  const runCommand = (command: GraphCommand, target: CommandTarget = {}): void => {
    const nodeId = target.nodeId ?? store.state.selected;
    const group = target.group === undefined && other?.kind === 'group' ? other.ref : groups.meant(target.group);
    const runs: Readonly<Record<GraphCommand, () => void>> = {
      expand: () => groups.set(group, 'open'),
      collapse: () => groups.set(group, 'closed'),
      expandAll: groups.openAll,
      collapseAll: groups.closeAll,
      zoomToSelection,
      upstream: () => trace.follow(nodeId, 'upstream'),
      downstream: () => trace.follow(nodeId, 'downstream'),
      pathFrom: () => trace.pathFrom(nodeId),
      pathTo: () => trace.pathTo(nodeId),
      clearPath: () => trace.set(undefined),
      minimap: () => actions().toggleMinimap(),
      exportSvg: () => void savePicture('svg'),
      exportPng: () => void savePicture('png'),
    };
    runs[command]();
  };
  const savePicture = async (kind: 'svg' | 'png'): Promise<void> => {
    if (drawing === undefined) return;
    const picturing = { drawing, palette, marks, trace: trace.shown, title: drawing.table.file };
    const picture = await makePicture(picturing, kind, { camera: motion.camera, view });
    if (picture.data === undefined) actions().announce(picture.text);
    else actions().savePicture(`${drawing.table.file.replace(/\.onnx$/i, '')}.${kind}`, picture.data, picture.text);
  };
  const zoomToSelection = () => {
    const item = selectedItem();
    if (item === undefined || drawing === undefined) showAll();
    else motion.flyTo(rectCamera(view, drawing.rectOf(item)));
  };

  store.watch(
    (s) => [s.graph, s.openGroups],
    ({ graph, openGroups }) => {
      if (graph !== null) void redraw(graph, openGroups);
    },
  );
  store.watch(
    (s) => [s.run, s.heat, s.markedSkips, s.diff],
    ({ run, heat, markedSkips, diff, graph }) => {
      const isCompared = diff !== null && graph !== null;
      nodeMarks = isCompared ? diffMarks(diff, graph, run) : markNodes(run, heat, markedSkips);
      marks = marksOf(drawing, nodeMarks);
      refreshOptions();
      draw();
    },
  );
  store.watch(
    (s) => [s.minimap, s.graph],
    (s) => {
      minimap.element.hidden = !s.minimap || s.graph === null;
      draw();
    },
  );
  store.watch(
    (s) => [s.selected],
    ({ selected }) => {
      if (selected !== null) other = undefined;
      refreshOptions();
      draw();
    },
  );

  return {
    element,
    reveal: (nodeId) => groups.showNode(nodeId, (item) => motion.centre(pointOf(item))),
    bringIntoSight: (nodeId) => groups.showNode(nodeId, (item) => motion.reveal(pointOf(item))),
    fit: showAll,
    zoomBy: (factor) => motion.flyTo(zoomAt(motion.camera, middle(), factor, limits())),
    focusGraph: () => surface.focus(),
    compare: client.compare,
    showAt: link.showAt,
    runCommand,
    followTensor: trace.followTensor,
    selectedGroup: () => (other?.kind === 'group' ? drawing?.hierarchy.groups[other.ref]?.key : undefined),
    showFound: (nodeIds) => {
      foundNodes = nodeIds;
      found = itemsOf(nodeIds);
      draw();
    },
  };
}

/** The uppermost item that is no frame. */
function firstItem({ layout, scene }: Pick<Drawing, 'layout' | 'scene'>): number {
  let top = -1;
  for (let i = 0; i < scene.count; i++) {
    if (scene.kind[i] === ItemKind.frame) continue;
    if (top < 0 || (layout.y[i] ?? 0) < (layout.y[top] ?? 0)) top = i;
  }
  return Math.max(0, top);
}

/** Calls `onChange` when the page moves to a screen of another resolution or is zoomed. */
function watchPixelRatio(onChange: () => void): void {
  const media = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
  media.addEventListener(
    'change',
    () => {
      onChange();
      watchPixelRatio(onChange);
    },
    { once: true },
  );
}
