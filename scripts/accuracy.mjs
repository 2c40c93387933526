import { runNode } from './lib/run.mjs';
import { ensureDependencies } from './lib/setup.mjs';

// npm run accuracy [-- --only MODEL] [-- --method TEXT] [-- --write-doc]: every method on the labelled shared data.
await ensureDependencies();
const { status } = await runNode(['bench/accuracy.mjs', ...process.argv.slice(2)]);
process.exitCode = status;
