import { packageExtension } from './lib/package.mjs';

const { file, byteLength } = await packageExtension();
console.log(`${file}: ${(byteLength / 2 ** 20).toFixed(2)} MiB`);
