import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { supportedOps } from '../../src/ops/registry.ts';
import { SUITE_OPS } from './conformanceOps.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** Modules through which a test runs an operator on tensors. */
const RUNNERS = /from '\.\/(oneNode|runOp|floatCases|qlinearCases)\.ts'/;

/** What stands in quotes in the tests that run operators. */
function quotedInTests(): ReadonlySet<string> {
  const tests = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.test.ts') && name !== 'infer.test.ts')
    .map((name) => readFileSync(`${FOLDER}/${name}`, 'utf8'))
    .filter((text) => RUNNERS.test(text));
  return new Set(tests.flatMap((text) => [...text.matchAll(/'(\w+)'/g)].map(([, word]) => word as string)));
}

describe('every operator of the registry', () => {
  it('has a case in the backend suite, or a test with tensors beside this one', () => {
    const quoted = quotedInTests();
    const untested = supportedOps().filter(
      ({ domain, type }) => !SUITE_OPS.has(`${domain}::${type}`) && !quoted.has(type),
    );
    expect(untested.map(({ domain, type, since }) => `${domain || 'ai.onnx'}.${type} ${since}`)).toEqual([]);
  });
});
