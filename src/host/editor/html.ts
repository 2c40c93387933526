import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { type Diagnostic, formatDiagnostic } from '../../base/diagnostics.ts';

/** The page of the graph view: our script and style, nothing inline, nothing from elsewhere. */
export function graphPage(webview: vscode.Webview, dist: vscode.Uri): string {
  const nonce = randomBytes(16).toString('hex');
  const uri = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(dist, name)).toString();
  const source = webview.cspSource;
  const policy = [
    `default-src 'none'`,
    `img-src ${source} data:`,
    `style-src ${source} 'nonce-${nonce}'`,
    `font-src ${source}`,
    `script-src 'nonce-${nonce}'`,
    `worker-src blob:`,
    `connect-src ${source}`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${escapeHtml(vscode.env.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${uri('webview.css')}">
<title>QuantScope</title>
</head>
<body>
<div id="app" data-graph-worker="${uri('graphWorker.js')}"></div>
<script type="application/json" id="texts">${jsonInHtml(vscode.l10n.bundle ?? {})}</script>
<script nonce="${nonce}" src="${uri('webview.js')}"></script>
</body>
</html>`;
}

/** The commands that {@link errorPage} links to, about the graph in front; the webview must allow them. */
export const ERROR_PAGE_COMMANDS = ['quantscope.reload', 'quantscope.showLog'] as const;

/** The page in place of a graph that cannot be shown: what is wrong, and a way to try again. Runs no script. */
export function errorPage(name: string, diagnostics: readonly Diagnostic[]): string {
  const nonce = randomBytes(16).toString('hex');
  const text = diagnostics.map((d) => formatDiagnostic({ ...d, at: { ...d.at, file: name } })).join('\n');
  const [reload, showLog] = ERROR_PAGE_COMMANDS;
  return `<!DOCTYPE html>
<html lang="${escapeHtml(vscode.env.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'">
<style nonce="${nonce}">
body { padding: 2em; max-width: 50em; }
pre { white-space: pre-wrap; font-family: var(--vscode-editor-font-family); }
a.button { display: inline-block; padding: 4px 12px; margin-right: 8px; text-decoration: none; border-radius: 2px;
  color: var(--vscode-button-foreground); background: var(--vscode-button-background); }
a.button:hover { background: var(--vscode-button-hoverBackground); color: var(--vscode-button-foreground); }
</style>
<title>QuantScope</title>
</head>
<body>
<h2>${escapeHtml(vscode.l10n.t('{0} cannot be opened', name))}</h2>
<pre id="error" role="alert">${escapeHtml(text)}</pre>
<p><a class="button" id="retry" role="button" href="command:${reload}">${escapeHtml(vscode.l10n.t('Retry'))}</a>
<a href="command:${showLog}">${escapeHtml(vscode.l10n.t('Show Log'))}</a></p>
</body>
</html>`;
}

/** JSON that ends no element: what a script of data may hold. */
function jsonInHtml(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
