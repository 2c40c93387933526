import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { formatShape } from '../format.ts';
import { type Category, categoryOf } from './category.ts';
import { groupNote, STACK, TOGGLE } from './groupText.ts';
import { groupTitle } from './hierarchy/blockNames.ts';
import { type Group, type Hierarchy, ItemKind } from './picture.ts';
import { type Measure, shorten } from './text.ts';

/** What a card or pill says. */
export interface ItemText {
  readonly kind: ItemKind;
  /** Id of the node, of the value of an input or output; index of a group. */
  readonly id: number;
  /** Operator; `input` and `output`; label of the group. */
  readonly title: string;
  /** Handle or tensor name, shortened to fit; what block a group is and how large. */
  readonly label: string;
  /** Handle, tensor name or label of the group in full. */
  readonly fullLabel: string;
  /** Shape of the largest constant, or type and shape of an input or output. */
  readonly shape: string;
  readonly category: Category;
  readonly supported: boolean;
}

export interface ItemSize {
  readonly width: number;
  readonly height: number;
}

const NODE_HEIGHT = 42;
const PILL_HEIGHT = 36;
const FRAME_HEADER = 28;
const MIN_WIDTH = 128;
const MAX_LABEL = 176;
/** Room kept for the number of the heat map, so that a change of metric moves nothing. */
const NUMBER_ROOM = 72;

/** Text of the item that shows `ref`, as {@link Scene.ref} means it. */
export function itemText(
  { table, hierarchy }: { readonly table: GraphTable; readonly hierarchy: Hierarchy },
  kind: ItemKind,
  ref: number,
  measure: Measure,
): ItemText {
  if (kind === ItemKind.node) return nodeText(table, ref, measure);
  if (kind === ItemKind.input || kind === ItemKind.output) return pillText(table, kind, ref, measure);
  return groupText(hierarchy.groups[ref] as Group, kind, ref, measure);
}

/** Size of a card, pill or closed group; of a frame what its header needs. */
export function itemSize(text: ItemText, measure: Measure): ItemSize {
  const { kind, title, label, shape } = text;
  if (kind === ItemKind.input || kind === ItemKind.output) {
    return {
      width: grid(Math.max(96, measure(label, 'title') + 36, measure(shape, 'label') + 36)),
      height: PILL_HEIGHT,
    };
  }
  if (kind === ItemKind.frame) {
    return { width: grid(measure(title, 'title') + measure(label, 'label') + TOGGLE + 24), height: FRAME_HEADER };
  }
  if (kind === ItemKind.group) {
    const text = Math.max(measure(title, 'title') + NUMBER_ROOM, measure(label, 'label'));
    return { width: grid(Math.max(MIN_WIDTH, text + TOGGLE + 12) + STACK), height: NODE_HEIGHT + STACK };
  }
  const width = Math.max(MIN_WIDTH, measure(title, 'title') + NUMBER_ROOM + 24, measure(label, 'label') + 26);
  return { width: grid(width), height: NODE_HEIGHT };
}

function grid(width: number): number {
  return Math.ceil(width / 4) * 4;
}

function nodeText(table: GraphTable, node: number, measure: Measure): ItemText {
  const opType = table.opType(node);
  const handle = table.handle(node);
  return {
    kind: ItemKind.node,
    id: table.nodeId(node),
    title: opType,
    label: shorten(handle, MAX_LABEL, (text) => measure(text, 'label')),
    fullLabel: handle,
    shape: largestConstant(table, node),
    category: categoryOf(opType),
    supported: table.supported(node),
  };
}

function pillText(table: GraphTable, kind: ItemKind, value: number, measure: Measure): ItemText {
  const name = table.valueName(value);
  return {
    kind,
    id: table.valueId(value),
    title: kind === ItemKind.input ? 'input' : 'output',
    label: shorten(name, MAX_LABEL, (text) => measure(text, 'title')),
    fullLabel: name,
    shape: typeAndShape(table, value),
    category: 'other',
    supported: true,
  };
}

function groupText(group: Group, kind: ItemKind, index: number, measure: Measure): ItemText {
  return {
    kind,
    id: index,
    title: shorten(groupTitle(group), MAX_LABEL, (text) => measure(text, 'title')),
    label: groupNote(group),
    fullLabel: groupTitle(group),
    shape: '',
    category: 'other',
    supported: true,
  };
}

/** `float32 1×3×224×224`, as far as it is known. */
export function typeAndShape(table: GraphTable, value: number): string {
  return [table.dtype(value), formatShape(table.dims(value))].filter((part) => part !== '').join(' ');
}

function largestConstant(table: GraphTable, node: number): string {
  let best: readonly (number | string)[] | null = null;
  for (const value of table.inputsOf(node)) {
    if (value < 0 || table.valueKind(value) !== 'constant') continue;
    const dims = table.dims(value);
    if ((dims?.length ?? 0) > (best?.length ?? 0)) best = dims;
  }
  return formatShape(best);
}
