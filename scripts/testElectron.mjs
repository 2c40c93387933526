import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuild } from './lib/build.mjs';
import { buildExtensionSuite } from './lib/extensionSuite.mjs';
import { ROOT } from './lib/root.mjs';
import { ensureDependencies } from './lib/setup.mjs';

// The suite of the extension host in a VS Code that @vscode/test-electron downloads.
await ensureDependencies();
await ensureBuild();
const { runTests } = await import('@vscode/test-electron');
const folder = mkdtempSync(join(tmpdir(), 'quantscope-electron-'));
const workspace = join(folder, 'sample');
cpSync(join(ROOT, 'media', 'sample'), workspace, { recursive: true });
try {
  process.exitCode = await runTests({
    extensionDevelopmentPath: ROOT,
    extensionTestsPath: await buildExtensionSuite(),
    launchArgs: [
      workspace,
      '--disable-extensions',
      '--disable-workspace-trust',
      '--user-data-dir',
      join(folder, 'user'),
    ],
  });
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
