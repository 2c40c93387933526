import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { ROOT } from './root.mjs';

const SOURCES = ['src', 'webview', 'esbuild.mjs', 'scripts/buildWasm.mjs', 'package-lock.json'];
const STAMP = join(ROOT, 'dist', '.stamp');

/**
 * Builds dist/ unless it was built from these very sources.
 *
 * @param {{clean?: 'clean'}} [options] `clean` empties dist/ first and always builds
 */
export async function ensureBuild({ clean } = {}) {
  await withLock(join(ROOT, 'out', '.lock-build'), async () => {
    if (clean) rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
    const stamp = hashSources();
    if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) return;
    rmSync(STAMP, { force: true });
    const { buildAll } = await import('../../esbuild.mjs');
    await buildAll();
    writeFileSync(STAMP, stamp);
  });
}

function hashSources() {
  const hash = createHash('sha256');
  for (const path of SOURCES.flatMap(filesBelow)) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(ROOT, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesBelow(path) {
  if (statSync(join(ROOT, path)).isFile()) return [path];
  return readdirSync(join(ROOT, path))
    .sort()
    .flatMap((name) => filesBelow(`${path}/${name}`));
}
