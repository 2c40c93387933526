import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Cancelled, throwIfAborted } from '../base/abort.ts';
import type { CommandRequest, CommandResult, RunCommand } from '../session/index.ts';

/** Milliseconds between two looks at the signal while a command runs. */
const POLL_MS = 50;

/** Milliseconds that a cancelled command has to end by itself. */
const PATIENCE_MS = 1000;

/**
 * Writes the files into a temporary folder and runs the command in a shell, with the path of that folder behind it and in
 * the variable QUANTSCOPE_OUTPUTS; the folder is removed afterwards.
 * @throws Cancelled after the command was ended.
 */
export const runCommand: RunCommand = async (request) => {
  const outputs = await mkdtemp(join(tmpdir(), 'quantscope-outputs-'));
  try {
    for (const [path, contents] of request.files) {
      throwIfAborted(request.signal);
      await mkdir(dirname(join(outputs, path)), { recursive: true });
      await writeFile(join(outputs, path), contents);
    }
    return await run(request, outputs);
  } finally {
    await rm(outputs, { recursive: true, force: true });
  }
};

function run({ command, folder, signal }: CommandRequest, outputs: string): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(`${command} "${outputs}"`, {
      shell: true,
      cwd: folder,
      env: { ...process.env, QUANTSCOPE_OUTPUTS: outputs },
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      detached: process.platform !== 'win32', // a group of its own, so that what the shell starts ends with it
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    let isCancelled = false;
    let patience = PATIENCE_MS;
    const poll = setInterval(() => {
      if (!signal.aborted) return;
      if (!isCancelled) endGroup(child, 'SIGTERM');
      else if (patience > 0 && patience <= POLL_MS) endGroup(child, 'SIGKILL');
      if (isCancelled) patience -= POLL_MS;
      isCancelled = true;
    }, POLL_MS);
    const end = (result: CommandResult): void => {
      clearInterval(poll);
      if (isCancelled) reject(new Cancelled());
      else resolve(result);
    };
    child.on('error', (error) => end({ status: null, stdout, stderr: error.message }));
    child.on('close', (status) => end({ status, stdout, stderr }));
  });
}

/** Ends a shell and what it has started. */
function endGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (process.platform === 'win32' || child.pid === undefined) {
    child.kill(signal);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended in this moment; 'close' follows.
  }
}
