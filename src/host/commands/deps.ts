import type * as vscode from 'vscode';
import type { PanelPairs } from '../compare/panelPairs.ts';
import type { SessionRegistry } from '../editor/registry.ts';
import type { Log } from '../log.ts';
import type { Problems } from '../problems.ts';
import type { Runs } from '../runs/runs.ts';

/** What commands work with. */
export interface Deps {
  readonly context: vscode.ExtensionContext;
  readonly sessions: SessionRegistry;
  readonly problems: Problems;
  readonly log: Log;
  readonly runs: Runs;
  readonly pairs: PanelPairs;
}
