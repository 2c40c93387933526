import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { checkFolders } from '../../src/config/language/folders.ts';
import { nodeFiles } from '../../src/node/files.ts';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-folders-'));
beforeAll(() => {
  for (const name of ['calibration', 'data/test', 'empty']) mkdirSync(join(folder, name), { recursive: true });
  for (const name of ['a.bin', 'b.bin', 'notes.txt']) writeFileSync(join(folder, 'calibration', name), 'x');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is said of the folders of a config, without a model. */
async function said(calibrate: string, size: number, ...ours: readonly string[]): Promise<unknown[]> {
  const text = [
    '[common_quant_param]',
    'quant_type=FULL_QUANT',
    '[data_preprocess_param]',
    `calibrate_path=${calibrate}`,
    `calibrate_size=${size}`,
    'input_type=BIN',
    '[quantscope]',
    ...ours,
  ].join('\n');
  const { config } = parseConfig(text, join(folder, 'q.cfg'));
  if (config === undefined) throw new Error(text);
  return (await checkFolders(config, nodeFiles)).map((d) => [
    d.code,
    d.at.line,
    ...(d.suggestion === undefined ? [] : [d.suggestion]),
  ]);
}

describe('folders, without a model', () => {
  it('are there and have the files that are asked for', async () => {
    expect(await said('x:calibration', 2)).toEqual([['DAT111', 4]]);
    expect(await said('x:calibration', 3)).toEqual([
      ['DAT111', 4],
      ['DAT102', 5, '2'],
    ]);
    expect(await said('x:empty', 1)).toEqual([['DAT110', 4]]);
  });

  it('that are missing are told with the nearest, in the whole value', async () => {
    expect(await said('x:empty,y:calibratoin', 1)).toEqual([
      ['DAT110', 4],
      ['DAT101', 4, 'x:empty,y:calibration'],
    ]);
    expect(await said('x:nowhere/near', 1)).toEqual([['DAT101', 4]]);
    expect(await said('x:calibration', 2, 'evaluate_path=data/tset')).toEqual([
      ['DAT111', 4],
      ['DAT101', 8, 'data/test'],
    ]);
  });
});
