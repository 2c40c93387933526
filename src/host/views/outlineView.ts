import * as vscode from 'vscode';
import type { GraphTable } from '../../protocol/graphTable.ts';
import type { Deps } from '../commands/deps.ts';
import type { ModelSession } from '../editor/modelSession.ts';
import { type OutlineElement, OutlineTree } from '../outline/outlineTree.ts';
import { formatCosine } from '../runSummary.ts';
import { onActiveGraph } from './onActiveGraph.ts';

interface Shown {
  readonly session: ModelSession;
  readonly table: GraphTable;
  readonly tree: OutlineTree;
}

/** Shows the outline. */
export function registerOutlineView(deps: Deps): vscode.Disposable {
  const lines = new OutlineLines(deps);
  const view = vscode.window.createTreeView('quantscope.outline', { treeDataProvider: lines, showCollapseAll: true });
  const follow = deps.sessions.onDidSelect((session) => {
    const element = view.visible ? lines.selectedIn(session) : undefined;
    if (element !== undefined) view.reveal(element, { select: true }).then(undefined, () => {}); // the tree may have changed meanwhile
  });
  return vscode.Disposable.from(lines, view, follow);
}

/**
 * The inputs, nodes and outputs of the graph in front. VS Code's own Outline takes symbols of text documents alone, so
 * this is a view beside it.
 */
export class OutlineLines implements vscode.TreeDataProvider<OutlineElement>, vscode.Disposable {
  private readonly deps: Deps;
  private readonly emitter = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.emitter.event;
  private readonly subscription: vscode.Disposable;
  private shown: Shown | undefined;
  private run: unknown = null;

  constructor(deps: Deps) {
    this.deps = deps;
    this.subscription = onActiveGraph(deps.sessions, () => this.refresh());
  }

  async getChildren(element?: OutlineElement): Promise<OutlineElement[]> {
    if (element !== undefined) return [...(this.shown?.tree.children(element) ?? [])];
    await this.follow();
    return [...(this.shown?.tree.roots() ?? [])];
  }

  getParent(element: OutlineElement): OutlineElement | undefined {
    return this.shown?.tree.parent(element);
  }

  getTreeItem(element: OutlineElement): vscode.TreeItem {
    const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    const { label, description, icon } = this.shown === undefined ? NOTHING : lineOf(this.shown, element);
    const isLeaf = element.kind === 'node' || element.kind === 'value';
    const item = new vscode.TreeItem(label, isLeaf ? None : element.kind === 'nodes' ? Expanded : Collapsed);
    item.id = `${this.shown?.session.uri.toString()} ${element.id}`;
    item.description = description;
    item.iconPath = new vscode.ThemeIcon(icon);
    item.contextValue = element.kind;
    item.tooltip = description === '' ? label : `${label} · ${description}`;
    const nodeId = this.shown && nodeIdOf(this.shown.table, element);
    if (nodeId !== undefined) {
      const title = vscode.l10n.t('Show in Graph');
      item.command = { command: 'quantscope.revealNode', title, arguments: [{ nodeId }] };
    }
    return item;
  }

  /** The line of the node that is selected in the graph in front. */
  selectedIn(session: ModelSession): OutlineElement | undefined {
    if (session !== this.shown?.session || session.selected === null) return undefined;
    return this.shown.tree.node(this.shown.table.nodeIndex(session.selected));
  }

  dispose(): void {
    this.subscription.dispose();
    this.emitter.dispose();
  }

  /** Only another model, or other figures, make other lines. */
  private refresh(): void {
    const session = this.deps.sessions.active()?.session;
    if (session === this.shown?.session && (session?.shown ?? null) === this.run) return;
    this.emitter.fire(undefined);
  }

  private async follow(): Promise<void> {
    const session = this.deps.sessions.active()?.session;
    this.run = session?.shown ?? null;
    if (session === undefined) {
      this.shown = undefined;
      return;
    }
    try {
      const table = await session.graph();
      if (this.shown?.table !== table) this.shown = { session, table, tree: new OutlineTree(table) };
    } catch {
      this.shown = undefined; // its page says why
    }
  }
}

const NOTHING = { label: '', description: '', icon: 'blank' };

interface Line {
  readonly label: string;
  readonly description: string;
  readonly icon: string;
}

function lineOf({ session, table }: Shown, element: OutlineElement): Line {
  const count = (size: number) => String(size);
  switch (element.kind) {
    case 'inputs':
      return { label: vscode.l10n.t('Inputs'), description: count(element.size), icon: 'arrow-down' };
    case 'nodes':
      return { label: vscode.l10n.t('Nodes'), description: count(element.size), icon: 'type-hierarchy' };
    case 'outputs':
      return { label: vscode.l10n.t('Outputs'), description: count(element.size), icon: 'arrow-right' };
    case 'group':
      return { label: element.label, description: count(element.size), icon: 'symbol-namespace' };
    case 'range':
      return { label: `${element.first} – ${element.last}`, description: '', icon: 'list-ordered' };
    case 'value':
      return {
        label: table.valueName(element.value),
        description: typeOf(table, element.value),
        icon: 'symbol-variable',
      };
    case 'node': {
      const nodeId = table.nodeId(element.node);
      const cosine = figuresOf(session).get(nodeId) ?? null;
      const operator = table.opType(element.node);
      const description = cosine === null ? operator : `${operator} · ${formatCosine(cosine)}`;
      return { label: table.handle(element.node), description, icon: 'symbol-method' };
    }
  }
}

const known = new WeakMap<object, ReadonlyMap<number, number | null>>();

/** Cosine similarity by node id, of the run on display. */
function figuresOf({ shown }: ModelSession): ReadonlyMap<number, number | null> {
  if (shown === null) return new Map();
  let cosines = known.get(shown);
  if (cosines === undefined) {
    cosines = new Map(shown.nodes.map(({ nodeId, cosine }) => [nodeId, cosine]));
    known.set(shown, cosines);
  }
  return cosines;
}

function typeOf(table: GraphTable, value: number): string {
  const dims = table.dims(value);
  return `${table.dtype(value)} ${dims === null ? '' : `[${dims.join(', ')}]`}`.trim();
}

/** The node to show: of an input its first reader, of an output its writer. */
function nodeIdOf(table: GraphTable, element: OutlineElement): number | undefined {
  if (element.kind === 'node') return table.nodeId(element.node);
  if (element.kind !== 'value') return undefined;
  const producer = table.producerOf(element.value);
  const node = producer >= 0 ? producer : table.consumersOf(element.value)[0];
  return node === undefined ? undefined : table.nodeId(node);
}
