import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ensureBuild } from './lib/build.mjs';
import { packageExtension } from './lib/package.mjs';
import { ROOT } from './lib/root.mjs';
import { ensureDependencies } from './lib/setup.mjs';
import { startServer } from './lib/vscodeServer.mjs';

// Opens the extension on a copy of the sample: in the user's own VS Code, else in a server for the browser.
await ensureDependencies();
const workspace = join(mkdtempSync(join(tmpdir(), 'quantscope-')), 'sample');
cpSync(join(ROOT, 'media', 'sample'), workspace, { recursive: true });
const code = findCode();
if (code) await openInCode(code);
else await serve();

function findCode() {
  const names = process.platform === 'win32' ? ['code.cmd', 'code.exe'] : ['code'];
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((file) => existsSync(file));
}

async function openInCode(command) {
  await ensureBuild();
  const args = ['--new-window', `--extensionDevelopmentPath=${ROOT}`, workspace];
  console.log(`${command} ${args.join(' ')}`);
  const windows = process.platform === 'win32';
  const quoted = windows ? args.map((arg) => `"${arg}"`) : args;
  const { status } = spawnSync(windows ? `"${command}"` : command, quoted, { stdio: 'inherit', shell: windows });
  process.exitCode = status ?? 1;
}

async function serve() {
  console.log('No "code" on the PATH: starting a VS Code server');
  const { file } = await packageExtension();
  const server = await startServer({ vsix: [file] });
  console.log(`\nOpen ${server.base}/?folder=${encodeURIComponent(workspace)}\nCtrl+C stops it.`);
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  server.stop();
  rmSync(join(workspace, '..'), { recursive: true, force: true });
}
