import { spawnSync } from 'node:child_process';

// One tsc per floor group: each sees only the ambient types its floor may use.
let failed = false;
for (const project of ['core', 'host', 'webview', 'test']) {
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', `tsconfig.${project}.json`],
    {
      stdio: 'inherit',
    },
  );
  failed ||= status !== 0;
}
process.exit(failed ? 1 : 0);
