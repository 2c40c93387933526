import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuild } from './lib/build.mjs';
import { ROOT } from './lib/root.mjs';
import { ensureDependencies } from './lib/setup.mjs';

// The main job on the embedded sample, through the command line, with its live progress.
const REPORT = join('out', 'sample-report');

await ensureDependencies();
await ensureBuild();
const sample = ['media/sample/mnist.onnx', '--config', 'media/sample/full_quant.cfg'];
const command = ['dist/cli.js', 'quantize', ...sample, '--report', REPORT];
console.log(`node ${command.join(' ')}\n`);
const { status } = spawnSync(process.execPath, command, { cwd: ROOT, stdio: 'inherit' });
process.exitCode = status ?? 1;
if (status === 0) console.log('\nNext: npm run vscode opens the sample in VS Code.');
