import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { ROOT } from './root.mjs';
import { npm } from './run.mjs';

const MINIMUM_NODE = 20;
const STAMP = join(ROOT, 'node_modules', '.quantscope-lock');

/**
 * Makes node_modules what package-lock.json says, by `npm ci`, when it is missing or was made from another lock file.
 * Costs one file's hash otherwise. Install scripts do not run: none of our dependencies needs its own.
 */
export async function ensureDependencies() {
  if (Number(process.versions.node.split('.')[0]) < MINIMUM_NODE) {
    throw new Error(`QuantScope needs Node ${MINIMUM_NODE} or newer, this is ${process.versions.node}`);
  }
  const text = readFileSync(join(ROOT, 'package-lock.json'));
  const hash = createHash('sha256').update(text).digest('hex');
  if (stampIs(hash)) return;
  await withLock(join(ROOT, 'out', '.lock-npm'), () => {
    if (stampIs(hash)) return;
    if (!installedMatches(JSON.parse(text.toString()).packages)) {
      console.log('Installing dependencies (npm ci)');
      npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
    }
    writeFileSync(STAMP, hash);
  });
}

function stampIs(hash) {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hash;
}

/** Whether npm's own record of node_modules already holds every package at the version of the lock file. */
function installedMatches(wanted) {
  const record = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true;
    const have = installed[path]?.version;
    return have === undefined ? optional === true : have === version;
  });
}
