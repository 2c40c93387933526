import { spawn, spawnSync } from 'node:child_process';
import { setPriority } from 'node:os';
import { ROOT } from './root.mjs';

/** A third of the share that a process of normal priority has. */
const LOWER = 5;

/**
 * Runs a command in the checkout with our own standard streams.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @throws when it cannot start or exits with another code than 0
 */
export function run(command, args, options = {}) {
  const { status, error, signal } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${signal ?? `exit code ${status}`}`);
}

/**
 * Runs npm: the one that runs us, else the one on the PATH.
 *
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
export function npm(args, options = {}) {
  const cli = process.env.npm_execpath;
  if (cli && /npm-cli\.[cm]?js$/.test(cli)) run(process.execPath, [cli, ...args], options);
  else if (process.platform === 'win32') run('npm.cmd', args, { shell: true, ...options });
  else run('npm', args, options);
}

/**
 * Runs Node on a script of the checkout, passing its output on while collecting it.
 *
 * @param {readonly string[]} args
 * @param {{whole?: 'whole', env?: NodeJS.ProcessEnv, lower?: boolean}} [options] `whole` passes it on when the script has
 *   ended, for one that runs beside others; `env` is added to ours; `lower` lets others have the processor first
 * @returns {Promise<{status: number, output: string}>} output: both streams as they came
 */
export function runNode(args, { whole, env = {}, lower = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['inherit', 'pipe', 'pipe'],
    });
    if (lower && child.pid !== undefined) setPriority(child.pid, LOWER);
    const chunks = [];
    const pass = (from, to) =>
      from.on('data', (chunk) => {
        chunks.push(chunk);
        if (!whole) to.write(chunk);
      });
    pass(child.stdout, process.stdout);
    pass(child.stderr, process.stderr);
    child.on('error', reject);
    child.on('close', (code) => {
      const output = Buffer.concat(chunks).toString();
      if (whole) process.stdout.write(output);
      resolve({ status: code ?? 1, output });
    });
  });
}
