// Serves the webview with a mocked host on 127.0.0.1, under the content policy of the real page.
// By hand: node test/webview/page.mjs, then open the address it prints with ?model=large&run=1&theme=light.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { textsInCode, bundle as translations } from '../../scripts/lib/translations.mjs';
import { THEMES, themeCss } from './themes.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const TYPES = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript',
  css: 'text/css',
  bin: 'application/octet-stream',
};

/** A document of the same origin without the view, where what the view keeps can be changed. */
const BLANK = '<!DOCTYPE html><title>Blank</title><link rel="icon" href="data:,">';

/**
 * @param {{host?: string, model?: Uint8Array}} [options] `host`: entry point of another mocked host; `model`: what it
 *   gets as model.bin
 * @returns {Promise<{origin: string, close: () => Promise<void>}>}
 */
export async function servePage({ host = 'test/webview/host.ts', model } = {}) {
  const [files, english] = await Promise.all([bundle(host), textsInCode()]);
  if (model !== undefined) files.set('model.bin', model);
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const file = files.get(url.pathname.slice(1));
    if (file !== undefined) {
      response.setHeader('content-type', TYPES[url.pathname.split('.').pop()]);
      response.end(file);
    } else if (url.pathname === '/') {
      response.setHeader('content-type', TYPES.html);
      const theme = THEMES[url.searchParams.get('theme') ?? 'dark'];
      response.end(page(`http://${request.headers.host}`, theme, texts(url.searchParams.get('language'), english)));
    } else if (url.pathname === '/blank') {
      response.setHeader('content-type', TYPES.html);
      response.end(BLANK);
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((done) => server.close(done)),
  };
}

async function bundle(host) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: {
      webview: 'webview/main.ts',
      graphWorker: 'webview/graph/graphWorker.ts',
      host,
    },
    outdir: 'out',
    bundle: true,
    format: 'iife',
    target: 'chrome122',
    loader: { '.wasm': 'binary' },
    write: false,
    logLevel: 'warning',
  });
  return new Map(outputFiles.map((f) => [f.path.split(/[\\/]/).pop(), f.contents]));
}

/** What the host would write into the page; `pseudo` marks every text that can be translated, but what is put into it. */
function texts(language, english) {
  if (language === 'pseudo') return Object.fromEntries([...english.keys()].map((text) => [text, marked(text)]));
  return language === null || language === 'en' ? {} : translations(language);
}

function marked(text) {
  return `⟦${text.replace(/\{\d+\}/g, '⟧$&⟦')}⟧`;
}

function page(origin, theme, translated) {
  const policy = [
    `default-src 'none'`,
    `img-src ${origin} data:`,
    `style-src ${origin} 'nonce-N'`,
    `font-src ${origin}`,
    `script-src 'nonce-N'`,
    `worker-src blob:`,
    `connect-src ${origin}`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="N">
<link rel="icon" href="data:,">
<style nonce="N">html { ${themeCss(theme)} } body { padding: 0 20px; }</style>
<script nonce="N" src="host.js"></script>
<link rel="stylesheet" href="webview.css">
<title>QuantScope</title>
</head>
<body class="${theme.classes}" data-vscode-theme-id="test">
<div id="app" data-graph-worker="${origin}/graphWorker.js"></div>
<script type="application/json" id="texts">${JSON.stringify(translated).replace(/</g, '\\u003c')}</script>
<script nonce="N" src="webview.js"></script>
</body>
</html>`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { origin } = await servePage();
  console.log(`${origin}/?run=1&theme=dark`);
}
