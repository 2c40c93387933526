import * as vscode from 'vscode';
import type { CompareStart } from '../../protocol/compareViews.ts';
import type { HostEvents } from '../../protocol/messages.ts';
import type { ModelSession } from '../editor/modelSession.ts';
import { sideOf } from './sides.ts';

/** A graph editor as its counterpart sees it. */
export interface ComparablePanel {
  readonly session: ModelSession;
  emit<E extends keyof HostEvents>(event: E, payload: HostEvents[E]): void;
}

/** Both halves of a diff editor are opened within this time of each other. */
const TOGETHER_MS = 10_000;
/** When to look again whether a new editor is half of a diff editor: its tab may come later. */
const LOOKS_MS = [0, 250, 1000, 3000];

interface Entry {
  readonly panel: ComparablePanel;
  readonly openedMs: number;
  partner: Entry | undefined;
  side: 'left' | 'right';
}

/**
 * Knows which graph editors are the two halves of a diff editor. VS Code does not tell a custom editor that it is one:
 * its tab then has no input that extensions know, and two editors open at once.
 */
export class PanelPairs implements vscode.Disposable {
  private readonly entries = new Set<Entry>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly titleOf: (model: vscode.Uri) => string;

  /** @param titleOf what stands in a half of a diff editor, in the words of its other half. */
  constructor(titleOf: (model: vscode.Uri) => string) {
    this.titleOf = titleOf;
  }

  /** Takes a new editor into account until it is disposed. */
  add(panel: ComparablePanel): vscode.Disposable & { start(): Promise<CompareStart | null> } {
    const entry: Entry = { panel, openedMs: Date.now(), partner: undefined, side: 'left' };
    this.entries.add(entry);
    for (const ms of LOOKS_MS) this.later(ms, () => this.look(entry));
    const figures = panel.session.onEvent(({ event }) => {
      if (event === 'run/finished' || event === 'trial/finished' || event === 'run/restored') this.tell(entry.partner);
    });
    return {
      start: () => this.startOf(entry),
      dispose: () => {
        figures.dispose();
        this.entries.delete(entry);
        this.part(entry);
      },
    };
  }

  /** Makes the editors of two models halves of one comparison, also where each has a tab of its own. */
  join(left: vscode.Uri, right: vscode.Uri): void {
    const newest = (uri: vscode.Uri) =>
      [...this.entries].filter((e) => e.panel.session.uri.toString() === uri.toString()).at(-1);
    const [a, b] = [newest(left), newest(right)];
    if (a === undefined || b === undefined || a === b) return;
    for (const entry of [a, b]) this.part(entry);
    this.pair(a, b);
  }

  /** The editor that one is compared with. */
  partnerOf(panel: ComparablePanel): ComparablePanel | undefined {
    for (const entry of this.entries) if (entry.panel === panel) return entry.partner?.panel;
    return undefined;
  }

  dispose(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.entries.clear();
  }

  private later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      work();
    }, ms);
    this.timers.add(timer);
  }

  private look(entry: Entry): void {
    if (entry.partner !== undefined || !this.entries.has(entry)) return;
    const other = [...this.entries].find((e) => e !== entry && e.partner === undefined && isTogether(e, entry));
    if (other === undefined) return;
    const [a, b] = [entry.panel.session.uri, other.panel.session.uri];
    const tab = vscode.window.tabGroups.all.flatMap((group) => group.tabs).find((t) => isDiffOf(t, a, b));
    if (tab === undefined) return;
    const side = sideOf({ path: a.path, scheme: a.scheme, query: a.query }, b, tab.label);
    // Of two equals the one that was opened first stands on the left.
    const isLeft = side === undefined ? entry.openedMs <= other.openedMs : side === 'left';
    this.pair(isLeft ? entry : other, isLeft ? other : entry);
  }

  private pair(left: Entry, right: Entry): void {
    left.side = 'left';
    right.side = 'right';
    left.partner = right;
    right.partner = left;
    this.tell(left);
    this.tell(right);
  }

  private part(entry: Entry): void {
    const { partner } = entry;
    if (partner === undefined) return;
    entry.partner = undefined;
    partner.partner = undefined;
    for (const half of [entry, partner]) if (this.entries.has(half)) half.panel.emit('compare/ended', {});
  }

  private tell(entry: Entry | undefined): void {
    if (entry === undefined) return;
    this.startOf(entry).then(
      (start) => start && entry.panel.emit('compare/started', start),
      () => {}, // the other side's page says why its model cannot be read
    );
  }

  private async startOf({ partner, side }: Entry): Promise<CompareStart | null> {
    if (partner === undefined) return null;
    const { session } = partner.panel;
    const graph = await session.graph();
    return { side, title: this.titleOf(session.uri), graph: graph.buffer, run: session.shown };
  }
}

function isTogether(a: Entry, b: Entry): boolean {
  return Math.abs(a.openedMs - b.openedMs) <= TOGETHER_MS;
}

/** Whether a tab may be the diff editor of two files: its input is none that extensions know. */
function isDiffOf(tab: vscode.Tab, a: vscode.Uri, b: vscode.Uri): boolean {
  const name = (uri: vscode.Uri) => uri.path.slice(uri.path.lastIndexOf('/') + 1);
  return tab.input === undefined && tab.label.includes(name(a)) && tab.label.includes(name(b));
}
