import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { checkNotices } from './notices.mjs';
import { ROOT } from './root.mjs';
import { run } from './run.mjs';
import { ensureDependencies } from './setup.mjs';

const LIMIT_BYTES = 3_000_000;

/**
 * Packages the extension from a clean build into quantscope-<version>.vsix in the checkout.
 *
 * @returns {Promise<{file: string, byteLength: number}>}
 * @throws when it exceeds 3 MB, or bundles a package that THIRD_PARTY_NOTICES.md does not name
 */
export async function packageExtension() {
  await ensureDependencies();
  await ensureBuild({ clean: 'clean' });
  await checkNotices();
  const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const file = join(ROOT, `${name}-${version}.vsix`);
  const vsce = join(ROOT, 'node_modules/@vscode/vsce/vsce');
  const options = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', '-o', file];
  run(process.execPath, [vsce, 'package', ...options]);
  const byteLength = statSync(file).size;
  if (byteLength > LIMIT_BYTES) throw new Error(`${file} has ${byteLength} bytes, the limit is ${LIMIT_BYTES}`);
  return { file, byteLength };
}
