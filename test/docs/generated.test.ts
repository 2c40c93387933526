import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { KEYS } from '../../src/config/schema.ts';
import { findOp, supportedOps } from '../../src/ops/registry.ts';
import { ONNXRUNTIME_OPERATORS } from '../../src/quant/targets.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test.each(['operatorsDoc.mjs', 'configDoc.mjs', 'keysDoc.mjs'])(
  'the document of scripts/%s is up to date',
  (script) => {
    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts', script), '--check'], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  },
);

describe('the generated documents', () => {
  test('name every operator and every key', () => {
    const operators = readFileSync(join(ROOT, 'docs/operators.md'), 'utf8');
    for (const { type } of supportedOps()) expect(operators).toContain(`| \`${type}\` `);
    const config = readFileSync(join(ROOT, 'docs/config.md'), 'utf8');
    for (const { key } of KEYS) expect(config).toContain(`| \`${key}\` `);
  });

  test('a target quantizes only what runs', () => {
    for (const type of Object.keys(ONNXRUNTIME_OPERATORS)) expect(findOp('', type, 21), type).toBeDefined();
  });
});
