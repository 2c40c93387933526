import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Cancelled } from '../../src/base/abort.ts';
import { runCommand } from '../../src/node/runCommand.ts';

const isWindows = process.platform === 'win32';
const files = new Map([['float/a.txt', 'one']]);

test.skipIf(isWindows)('a command finds its files, and prints', async () => {
  const found = await runCommand({
    ...{ command: 'echo "$QUANTSCOPE_OUTPUTS"; cat "$QUANTSCOPE_OUTPUTS/float/a.txt"; :', folder: tmpdir(), files },
    signal: { aborted: false },
  });
  const [folder = '', text] = found.stdout.split('\n');
  expect([found.status, text]).toEqual([0, 'one']);
  expect(existsSync(folder), 'it is removed').toBe(false);
});

test.skipIf(isWindows).each([
  ['one that ends when it is asked to', ':'],
  ['one that will not', "trap '' TERM"],
])('a cancelled command is ended: %s', async (_, before) => {
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-command-'));
  const begun = join(folder, 'begun');
  const signal = {
    get aborted() {
      return existsSync(begun);
    },
  };
  try {
    const running = runCommand({ command: `${before}; touch begun; sleep 600; :`, folder, files: new Map(), signal });
    await expect(running).rejects.toThrow(Cancelled);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
