import type * as vscode from 'vscode';

const KEY = 'views';
/** More are forgotten, the oldest first. */
const MOST_VIEWS = 100;
/** A view is a few hundred characters; open groups may make it longer. */
const MOST_CHARACTERS = 64 * 1024;

interface SavedView {
  readonly model: string;
  readonly view: unknown;
}

/** How the view of each model looked last, so that it looks the same when it is opened again; kept with the workspace. */
export class SavedViews {
  private readonly state: vscode.Memento;

  constructor(state: vscode.Memento) {
    this.state = state;
  }

  /** Null for a model that was not looked at. */
  load(model: vscode.Uri): unknown {
    return this.all().find((saved) => saved.model === model.toString())?.view ?? null;
  }

  /** One that is too large to be a view is not kept. */
  async save(model: vscode.Uri, view: unknown): Promise<void> {
    if (JSON.stringify(view).length > MOST_CHARACTERS) return;
    const others = this.all().filter((saved) => saved.model !== model.toString());
    await this.state.update(KEY, [{ model: model.toString(), view }, ...others].slice(0, MOST_VIEWS));
  }

  private all(): readonly SavedView[] {
    return this.state.get<readonly SavedView[]>(KEY, []);
  }
}
