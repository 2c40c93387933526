import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { bundleUi } from './lib/bundleUi.mjs';
import { inWorkbench } from './lib/inWorkbench.mjs';
import { ROOT } from './lib/root.mjs';
import { ensureDependencies } from './lib/setup.mjs';
import { makeManyNodes } from './makeManyNodes.mjs';

// The packaged extension in a real workbench, driven like a user; `--vsix=FILE` tests another package.
await ensureDependencies();
const suite = await bundleUi('index');
const { passes, failures, pending } = await inWorkbench(
  {
    vsix: process.argv.find((arg) => arg.startsWith('--vsix='))?.slice('--vsix='.length),
    settings: { 'remote.autoForwardPorts': false }, // its notes cover ours
    fill: async (folder, beside) => {
      cpSync(join(ROOT, 'media', 'sample'), folder, { recursive: true });
      await makeManyNodes(join(beside, 'many_nodes.onnx'));
    },
  },
  (workbench) => suite.run(workbench),
);
console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
process.exit(failures > 0 || passes === 0 ? 1 : 0);
