import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

/** Where the shared models and data lie: `$QUANTSCOPE_SHARED_DATA`, or the folder `shared/data` beside the checkout. */
export const SHARED_DATA = process.env.QUANTSCOPE_SHARED_DATA ?? join(CHECKOUT, '..', 'shared', 'data');

/** Whether the shared data is there at all. */
export const HAS_SHARED_DATA = existsSync(join(SHARED_DATA, 'INVENTORY.tsv'));

/** The absolute path of a file of the shared data, `models/cls/squeezenet_fp16.onnx`. */
export function sharedData(path: string): string {
  return join(SHARED_DATA, path);
}

/**
 * A suite that needs the shared data. Without the data it is reported as skipped, by name and reason; where
 * `QUANTSCOPE_REQUIRE_SHARED_DATA` is set (or a partial copy lies there), missing data is a failure instead.
 */
export function describeWithShared(name: string, suite: () => void): void {
  if (HAS_SHARED_DATA) describe(name, suite);
  else if (process.env.QUANTSCOPE_REQUIRE_SHARED_DATA !== undefined || existsSync(SHARED_DATA)) {
    test(name, () => {
      throw new Error(`the shared data is required, but ${SHARED_DATA} has no INVENTORY.tsv`);
    });
  } else describe.skip(`${name} (skipped: no shared data beside the checkout)`, suite);
}

/** One row per model of INVENTORY.tsv, keyed by column name. */
export function inventory(): readonly Readonly<Record<string, string>>[] {
  const [header = '', ...lines] = readFileSync(sharedData('INVENTORY.tsv'), 'utf8').trimEnd().split('\n');
  const columns = header.split('\t');
  return lines.map((line) => Object.fromEntries(line.split('\t').map((cell, i) => [columns[i] as string, cell])));
}
