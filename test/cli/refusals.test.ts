import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, SAMPLE, testFolder } from './cli.ts';

const folder = testFolder();
const model = join(SAMPLE, 'mnist.onnx');

async function refused(text: string, ...flags: readonly string[]): Promise<string[]> {
  const config = join(folder, 'wrong.cfg');
  writeFileSync(config, text);
  const { code, stderr } = await cli(['quantize', model, '--config', config, ...flags]);
  expect(code).toBe(1);
  return stderr.trimEnd().split('\n');
}

test('a flat file of former releases is refused with what became of each of its keys', async () => {
  const said = await refused('image_path=calibration\nbatch_count=4\nmethod_x=KL\n');
  expect(said.map((line) => line.slice(0, 6)).sort()).toEqual(['CFG111', 'CFG111', 'CFG111', 'CFG121']);
  for (const now of ['calibrate_path=input:folder', 'calibrate_size', 'activation_quant_method'])
    expect(said.join('\n')).toContain(`it is now ${now}`);
});

test('a config that is no text is one error', async () => {
  const said = await refused('[common_quant_param]\0\n=\n=');
  expect(said).toEqual([expect.stringMatching(/^CLI108 .*wrong\.cfg: the quantization config \(INI\) is expected/)]);
});

test('what is wrong for calibration and evaluation alike is said once', async () => {
  const images = ['calibrate_size=1', 'input_type=IMAGE', 'image_to_format=GRAY'].join('\n');
  const folders = `calibrate_path=image:${SAMPLE}/calibration\n${images}\n[quantscope]\nevaluate_path=${SAMPLE}/test`;
  const text = `[common_quant_param]\nquant_type=FULL_QUANT\n[data_preprocess_param]\n${folders}\n`;
  const said = await refused(text, '--dim', 'N=2');
  expect(said.filter((line) => line.startsWith('DAT105'))).toHaveLength(1);
});
