import type { GraphTable } from '../../protocol/graphTable.ts';

/** A line of the outline. The same line is the same object as long as the tree lives. */
export type OutlineElement = SectionElement | GroupElement | RangeElement | NodeElement | ValueElement;

export interface SectionElement {
  readonly kind: 'inputs' | 'nodes' | 'outputs';
  readonly id: string;
  readonly size: number;
}

/** Nodes whose names share a path: `/layer1/conv1` lies in `/layer1`. */
export interface GroupElement {
  readonly kind: 'group';
  readonly id: string;
  /** The part of the path below the group around it; more than one part where that holds nothing else. */
  readonly label: string;
  readonly path: string;
  /** Nodes in it, groups inside included. */
  readonly size: number;
}

/** Consecutive lines of a place that has too many to show at once. */
export interface RangeElement {
  readonly kind: 'range';
  readonly id: string;
  /** 1-based, both included. */
  readonly first: number;
  readonly last: number;
}

export interface NodeElement {
  readonly kind: 'node';
  readonly id: string;
  /** Index in the graph's table. */
  readonly node: number;
}

/** An input or output of the model. */
export interface ValueElement {
  readonly kind: 'value';
  readonly id: string;
  /** Index in the graph's table. */
  readonly value: number;
}

/** Where there are more lines than this, they are shown in ranges. */
export const MOST_LINES = 500;

interface Place {
  readonly element: OutlineElement | undefined;
  readonly parent: OutlineElement | undefined;
  children: OutlineElement[];
}

interface Folder {
  readonly path: string;
  readonly folders: Map<string, Folder>;
  /** Folders and node indices, in file order. */
  readonly entries: (Folder | number)[];
  size: number;
}

/** The lines of a model's outline: inputs, nodes grouped by the paths in their names, outputs. Built at the first question. */
export class OutlineTree {
  private readonly table: GraphTable;
  private readonly places = new Map<string, Place>();
  private readonly nodeElements = new Map<number, NodeElement>();
  private built: readonly SectionElement[] | undefined;

  constructor(table: GraphTable) {
    this.table = table;
  }

  roots(): readonly OutlineElement[] {
    this.built ??= this.build();
    return this.built;
  }

  children(element: OutlineElement): readonly OutlineElement[] {
    this.roots();
    return this.places.get(element.id)?.children ?? [];
  }

  parent(element: OutlineElement): OutlineElement | undefined {
    this.roots();
    return this.places.get(element.id)?.parent;
  }

  /** The line of a node, by its index in the table. */
  node(index: number): NodeElement | undefined {
    this.roots();
    return this.nodeElements.get(index);
  }

  private build(): readonly SectionElement[] {
    const { table } = this;
    const section = (kind: SectionElement['kind'], size: number): SectionElement => ({ kind, id: kind, size });
    const sections = [
      section('inputs', table.inputs.length),
      section('nodes', table.nodeCount),
      section('outputs', table.outputs.length),
    ] as const;
    const [inputs, nodes, outputs] = sections;
    for (const [at, ids] of [
      [inputs, table.inputs],
      [outputs, table.outputs],
    ] as const) {
      const values = ids.map((id) => table.valueIndex(id)).filter((value) => value >= 0);
      this.place(
        at,
        undefined,
        values.map((value, i) => ({ kind: 'value', id: `${at.kind} ${i}`, value })),
      );
    }
    this.place(nodes, undefined, this.lines(foldersOf(table), nodes));
    return sections.filter(({ size }) => size > 0);
  }

  /** The lines of a folder; those of the folders in it are placed on the way. */
  private lines(folder: Folder, parent: OutlineElement): OutlineElement[] {
    const entries = folder.entries.map(loneNode);
    const elements = entries.map((entry) =>
      typeof entry === 'number' ? this.nodeElement(entry) : groupElement(entry, folder),
    );
    const lines = inRanges(elements, parent.id);
    for (const range of lines) {
      if (range.kind !== 'range') continue;
      this.place(range, parent, elements.slice(range.first - 1, range.last));
    }
    entries.forEach((entry, i) => {
      const group = elements[i];
      if (typeof entry === 'number' || group === undefined) return;
      const around = lines.find((l) => l.kind === 'range' && l.first <= i + 1 && i < l.last) ?? parent;
      this.place(group, around, this.lines(innermost(entry), group));
    });
    return lines;
  }

  private place(element: OutlineElement, parent: OutlineElement | undefined, children: OutlineElement[]): void {
    this.places.set(element.id, { element, parent, children });
    for (const child of children) {
      if (child.kind === 'node' || child.kind === 'value') {
        this.places.set(child.id, { element: child, parent: element, children: [] });
      }
    }
  }

  private nodeElement(node: number): NodeElement {
    const element: NodeElement = { kind: 'node', id: `node ${node}`, node };
    this.nodeElements.set(node, element);
    return element;
  }
}

function groupElement(folder: Folder, around: Folder): GroupElement {
  const inner = innermost(folder);
  const label = inner.path.slice(around.path.length).replace(/^\//, '');
  return { kind: 'group', id: `group ${inner.path}`, label, path: inner.path, size: inner.size };
}

/** A folder of one node is shown as the node. */
function loneNode(entry: Folder | number): Folder | number {
  if (typeof entry === 'number' || entry.size > 1) return entry;
  const [only] = innermost(entry).entries;
  return only ?? entry;
}

/** Past folders that hold just one folder. */
function innermost(folder: Folder): Folder {
  const [only] = folder.entries;
  return folder.entries.length === 1 && typeof only === 'object' ? innermost(only) : folder;
}

function inRanges(elements: OutlineElement[], place: string): OutlineElement[] {
  if (elements.length <= MOST_LINES) return elements;
  const count = Math.ceil(elements.length / MOST_LINES);
  return Array.from({ length: count }, (_, i) => {
    const first = i * MOST_LINES + 1;
    const last = Math.min(elements.length, first + MOST_LINES - 1);
    return { kind: 'range', id: `range ${place} ${first}`, first, last };
  });
}

/** The nodes by the paths in their names; a name without a `/` lies at the top. */
function foldersOf(table: GraphTable): Folder {
  const root: Folder = { path: '', folders: new Map(), entries: [], size: 0 };
  for (let node = 0; node < table.nodeCount; node++) {
    const parts = table
      .nodeName(node)
      .split('/')
      .filter((part) => part !== '');
    let folder = root;
    folder.size++;
    for (const part of parts.slice(0, -1)) {
      let next = folder.folders.get(part);
      if (next === undefined) {
        next = { path: `${folder.path}/${part}`, folders: new Map(), entries: [], size: 0 };
        folder.folders.set(part, next);
        folder.entries.push(next);
      }
      folder = next;
      folder.size++;
    }
    folder.entries.push(node);
  }
  return root;
}
