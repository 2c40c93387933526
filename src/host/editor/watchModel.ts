import * as vscode from 'vscode';
import type { ModelSession } from './modelSession.ts';

/** A file that is being written changes many times; ask once it rests. */
const SETTLE_MS = 700;

/** Offers to read a model again when its file has changed on disk; one that could not be read is just tried again. */
export function watchModel(session: ModelSession): vscode.Disposable {
  const folder = vscode.Uri.joinPath(session.uri, '..');
  const name = session.file.replace(/[[\]{}*?]/g, '[$&]');
  const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, name));
  let timer: NodeJS.Timeout | undefined;
  let asking = false;
  const react = async () => {
    const state = await session.compareWithDisk();
    if (state === 'unread') session.reload().catch(() => {}); // its page says why
    if (state !== 'changed' || asking) return;
    asking = true;
    const reload = vscode.l10n.t('Reload');
    const text = vscode.l10n.t(
      '{0} has changed on disk. Its graph and figures are those of the old file.',
      session.file,
    );
    const chosen = await vscode.window.showInformationMessage(text, reload);
    asking = false;
    if (chosen === reload) await vscode.commands.executeCommand('quantscope.reload', session.uri);
  };
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void react(), SETTLE_MS);
  };
  return vscode.Disposable.from(watcher, watcher.onDidChange(changed), watcher.onDidCreate(changed), {
    dispose: () => clearTimeout(timer),
  });
}
