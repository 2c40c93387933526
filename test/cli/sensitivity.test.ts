import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, SAMPLE, testFolder } from './cli.ts';

const folder = testFolder();

function sample(): { readonly model: string; readonly config: string } {
  const path = join(folder, 'sample');
  cpSync(SAMPLE, path, { recursive: true });
  const config = join(path, 'full_quant.cfg');
  const text = readFileSync(config, 'utf8');
  writeFileSync(
    config,
    text.replace('calibrate_size=100', 'calibrate_size=6').replace('evaluate_size=500', 'evaluate_size=8'),
  );
  return { model: join(path, 'mnist.onnx'), config };
}

test('prints a table and writes JSON; exit code 4 below a limit', async () => {
  const { model, config } = sample();
  const json = join(folder, 'sweep.json');
  const good = await cli([
    'sensitivity',
    model,
    '--config',
    config,
    '--samples',
    '4',
    '--json',
    json,
    '--fail-under',
    'cosine=0.9',
  ]);
  expect(good.code, good.stderr).toBe(0);
  expect(good.stdout).toMatch(/each node quantized alone: cosine of 4 samples/);
  expect(good.stdout).toMatch(/conv1 +Conv/);
  const view = JSON.parse(readFileSync(json, 'utf8'));
  expect(view).toMatchObject({ mode: 'layerwise', part: 'both', judge: { id: 'cosine' }, samples: 4, float: 1 });
  expect(view.nodes.map((n: { handle: string }) => n.handle).sort()).toEqual(['conv1', 'fc', 'softmax']);
  for (const { loss, samples } of view.nodes) {
    expect(loss).toBeGreaterThanOrEqual(0);
    expect(samples).toBe(4);
  }
  const bad = await cli(['quantize', model, '--config', config, '--fail-under', 'cosine=0.9,top1=1.1']);
  expect(bad.code, bad.stderr).toBe(4);
  expect(bad.stderr).toMatch(/--fail-under: top1 is .*at least 1.1/);
});
