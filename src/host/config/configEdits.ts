import * as vscode from 'vscode';
import { applyChange, changeOnto, inverseOf } from '../../config/changes.ts';
import type { ConfigChange } from '../../protocol/changes.ts';
import { readConfig, replaceText } from './configText.ts';

/** What a person did to a config from the graph. */
export interface EditRequest {
  readonly config: vscode.Uri;
  readonly change: ConfigChange;
  /** What it is called where it can be undone, in the user's language. */
  readonly label: string;
  /** Handles of the nodes it is about: they wait for the answer. */
  readonly handles?: readonly string[];
  /** Whether what needs a run of its own runs without being asked about: that was said when it was offered. */
  readonly runs?: boolean;
  /** The text that the change was measured for; the config's own when absent. */
  readonly madeFor?: string;
}

interface Edit extends EditRequest {
  /** The whole text before and after, to go back exactly as long as nobody else has edited it. */
  readonly before: string;
  readonly after: string;
}

/** An edit that has been asked for, undone or redone. */
export interface Edited {
  readonly config: vscode.Uri;
  readonly handles: readonly string[];
  readonly runs: boolean;
  /** The whole text that the config has, or is about to have. */
  readonly text: string;
}

/**
 * Applies changes to configs, and undoes that in the graph.
 *
 * A readonly custom editor has no undo stack of its own; these are inverse edits of the config, which keeps its own
 * undo, dirty state and diff in its own tab.
 */
export class ConfigEdits implements vscode.Disposable {
  private readonly done: Edit[] = [];
  private readonly undone: Edit[] = [];
  private readonly begun = new vscode.EventEmitter<Edited>();
  /** Before a config is edited; {@link onDidEdit} or {@link onDidFail} follows. */
  readonly onWillEdit = this.begun.event;
  private readonly ended = new vscode.EventEmitter<Edited>();
  readonly onDidEdit = this.ended.event;
  private readonly failed = new vscode.EventEmitter<void>();
  readonly onDidFail = this.failed.event;
  private queue: Promise<void> = Promise.resolve();

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  /** What undo and redo would take back and do again; undefined without one. */
  get undoLabel(): string | undefined {
    return this.done.at(-1)?.label;
  }

  get redoLabel(): string | undefined {
    return this.undone.at(-1)?.label;
  }

  /** Carries out a change. @throws Error where the config cannot be read or edited. */
  apply(request: EditRequest): Promise<void> {
    return this.inTurn(async () => {
      const { config, madeFor } = request;
      const before = await readConfig(config);
      const change = changeOnto(request.change, madeFor ?? before, before);
      await this.write({ ...request, change }, before, applyChange(before, change));
    });
  }

  /** Makes a config's text the given one, as one undoable edit. @throws as {@link apply} */
  replace(request: Omit<EditRequest, 'change'>, text: string, change: (before: string) => ConfigChange): Promise<void> {
    return this.inTurn(async () => {
      const before = await readConfig(request.config);
      await this.write({ ...request, change: change(before) }, before, text);
    });
  }

  /** @returns what was taken back; undefined for nothing. */
  undo(): Promise<string | undefined> {
    return this.inTurn(() => this.move(this.done, this.undone, 'undo'));
  }

  /** @returns what was done again; undefined for nothing. */
  redo(): Promise<string | undefined> {
    return this.inTurn(() => this.move(this.undone, this.done, 'redo'));
  }

  dispose(): void {
    vscode.Disposable.from(this.begun, this.ended, this.failed).dispose();
  }

  private write(request: EditRequest, before: string, wanted: string): Promise<void> {
    return this.telling(request, wanted, (after) => {
      if (after === before) return;
      this.done.push({ ...request, before, after });
      this.undone.length = 0;
    });
  }

  /** Steps over edits that the user has already taken back in the config itself. */
  private async move(from: Edit[], to: Edit[], direction: 'undo' | 'redo'): Promise<string | undefined> {
    for (let edit = from.pop(); edit !== undefined; edit = from.pop()) {
      to.push(edit);
      const [here, there] = direction === 'undo' ? [edit.after, edit.before] : [edit.before, edit.after];
      const change = direction === 'undo' ? inverseOf(edit.before, edit.change) : edit.change;
      const current = await readConfig(edit.config);
      const wanted = current === here ? there : applyChange(current, change);
      if (wanted === current) continue;
      await this.telling(edit, wanted);
      return edit.label;
    }
    return undefined;
  }

  /** Also where nothing changes: a click waits for an answer. */
  private async telling(
    { config, handles = [], runs = false }: EditRequest,
    wanted: string,
    done?: (after: string) => void,
  ): Promise<void> {
    this.begun.fire({ config, handles, runs, text: wanted });
    let text: string;
    try {
      text = await replaceText(config, wanted);
    } catch (error) {
      this.failed.fire();
      throw error;
    }
    done?.(text);
    this.ended.fire({ config, handles, runs, text });
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.queue.then(work);
    this.queue = turn.then(
      () => {},
      () => {}, // whoever asked hears of the failure
    );
    return turn;
  }
}
