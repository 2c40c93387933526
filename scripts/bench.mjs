import { ROOT } from './lib/root.mjs';
import { runNode } from './lib/run.mjs';
import { ensureDependencies } from './lib/setup.mjs';

// Kernels, layout and whole models against their peers: npm run bench [-- NAME...] [-- --json FILE]
const BENCHES = {
  kernels: 'bench/kernels.mjs',
  layout: 'bench/layout.mjs',
  models: 'bench/models.mjs',
};

const args = process.argv.slice(2);
const at = args.indexOf('--json');
const json = at < 0 ? undefined : args[at + 1];
const names = args.filter((arg, i) => !arg.startsWith('--') && (at < 0 || i !== at + 1));
const unknown = names.filter((name) => !(name in BENCHES));
const chosen = names.length === 0 ? Object.keys(BENCHES) : names;
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: no such bench (${Object.keys(BENCHES).join(', ')})`);
if (at >= 0 && json === undefined) throw new Error('--json FILE: the file is missing');
if (json !== undefined && !chosen.includes('models')) throw new Error('--json FILE holds what `models` measures');

await ensureDependencies();
for (const name of chosen) {
  console.log(`\n${name} (${ROOT})`);
  const { status } = await runNode([
    BENCHES[name],
    ...(name === 'models' && json !== undefined ? ['--json', json] : []),
  ]);
  if (status !== 0) process.exitCode = status;
}
