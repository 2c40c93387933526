import * as vscode from 'vscode';
import { fileOfModel } from '../runs/runAddress.ts';

const KEY = 'pairs';
/** More are forgotten, the oldest first. */
const MOST_PAIRS = 100;

interface Pair {
  readonly model: string;
  readonly config: string;
}

/** Which config was used with which model, newest first; kept with the workspace. */
export class UsedPairs {
  private readonly state: vscode.Memento;

  constructor(state: vscode.Memento) {
    this.state = state;
  }

  /** The config that was used last with a model, as a URI's text. */
  configOf(model: vscode.Uri): string | undefined {
    const text = fileOfModel(model).toString();
    return this.pairs().find((pair) => pair.model === text)?.config;
  }

  /** The models that a config was used with, the newest first. */
  modelsOf(config: vscode.Uri): readonly vscode.Uri[] {
    const text = config.toString();
    return this.pairs().flatMap((pair) => (pair.config === text ? [vscode.Uri.parse(pair.model)] : []));
  }

  async remember(model: vscode.Uri, config: vscode.Uri): Promise<void> {
    const pair = { model: fileOfModel(model).toString(), config: config.toString() };
    const others = this.pairs().filter((p) => p.model !== pair.model || p.config !== pair.config);
    await this.state.update(KEY, [pair, ...others].slice(0, MOST_PAIRS));
  }

  private pairs(): readonly Pair[] {
    return this.state.get<readonly Pair[]>(KEY, []);
  }
}
