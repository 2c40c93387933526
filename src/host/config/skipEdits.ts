import * as vscode from 'vscode';
import type { ModelSession } from '../editor/modelSession.ts';
import { readConfig, replaceText } from './configText.ts';

interface Edit {
  readonly config: vscode.Uri;
  readonly handles: readonly string[];
  readonly skip: boolean;
  /** The whole text before and after, to go back exactly as long as nobody else has edited it. */
  readonly before: string;
  readonly after: string;
}

/**
 * Puts nodes into `skip_quant_node` of the last run's config, and undoes that in the graph.
 *
 * A readonly custom editor has no undo stack of its own; these are inverse edits of the config, which keeps its own
 * undo, dirty state and diff in its own tab.
 */
export class SkipEdits implements vscode.Disposable {
  private readonly session: ModelSession;
  private readonly done: Edit[] = [];
  private readonly undone: Edit[] = [];
  private readonly emitter = new vscode.EventEmitter<{ readonly handles: readonly string[] }>();
  /** After an edit has been asked for, undone or redone. */
  readonly onDidEdit = this.emitter.event;
  private queue: Promise<void> = Promise.resolve();

  constructor(session: ModelSession) {
    this.session = session;
  }

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  /** Skips the nodes of these handles, or quantizes them again, in `config`. */
  apply(config: vscode.Uri, handles: readonly string[], skip: boolean): Promise<void> {
    return this.inTurn(async () => {
      const before = await readConfig(config);
      const after = await replaceText(config, await this.edited(before, handles, skip));
      if (after !== before) {
        this.done.push({ config, handles, skip, before, after });
        this.undone.length = 0;
      }
      this.emitter.fire({ handles }); // also when nothing changed: the click waits for an answer
    });
  }

  undo(): Promise<void> {
    return this.inTurn(() => this.move(this.done, this.undone, 'undo'));
  }

  redo(): Promise<void> {
    return this.inTurn(() => this.move(this.undone, this.done, 'redo'));
  }

  dispose(): void {
    this.emitter.dispose();
  }

  /** Steps over edits that the user has already taken back in the config itself. */
  private async move(from: Edit[], to: Edit[], direction: 'undo' | 'redo'): Promise<void> {
    for (let edit = from.pop(); edit !== undefined; edit = from.pop()) {
      to.push(edit);
      const [here, there] = direction === 'undo' ? [edit.after, edit.before] : [edit.before, edit.after];
      const skip = direction === 'undo' ? !edit.skip : edit.skip;
      const current = await readConfig(edit.config);
      const wanted = current === here ? there : await this.edited(current, edit.handles, skip);
      if (wanted === current) continue;
      await replaceText(edit.config, wanted);
      this.emitter.fire({ handles: edit.handles });
      return;
    }
  }

  private async edited(configText: string, handles: readonly string[], skip: boolean): Promise<string> {
    const rpc = await this.session.ready();
    return (await rpc.request('config/skip', { configText, handles, skip })).configText;
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.queue.then(work);
    this.queue = turn.catch(() => {}); // whoever asked hears of the failure
    return turn;
  }
}
