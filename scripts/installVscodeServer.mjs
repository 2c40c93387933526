import { ensureDependencies } from './lib/setup.mjs';
import { installVscodeServer } from './lib/vscodeServer.mjs';

await ensureDependencies();
console.log(await installVscodeServer());
