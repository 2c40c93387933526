import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/lib/root.mjs';

const SAMPLE = join(ROOT, 'media/sample');

/** The float model of the sample. */
export const FLOAT_MODEL = join(SAMPLE, 'mnist.onnx');

/**
 * Quantizes the sample on the command line, in a process of its own, and evaluates it on its 500 digits.
 *
 * @param {string} folder for the config, the model and the result
 * @param {{sections: Record<string, readonly string[]>, options?: readonly string[]}} method lines by section, and further
 *   options of the command line
 * @returns {{run: any, model: Buffer}} what `--json` gives, and the file that was exported
 */
export function quantizeSample(folder, { sections, options = [] }) {
  const [config, json, model] = ['method.cfg', 'run.json', 'model.onnx'].map((name) => join(folder, name));
  const all = {
    ...sections,
    data_preprocess_param: [
      `calibrate_path=image:${join(SAMPLE, 'calibration')}`,
      'calibrate_size=100',
      'input_type=IMAGE',
      'image_to_format=GRAY',
      'normalize_mean=[0.0]',
      'normalize_std=[255.0]',
    ],
    quantscope: [
      `evaluate_path=${join(SAMPLE, 'test')}`,
      `labels=${join(SAMPLE, 'labels.csv')}`,
      ...(sections.quantscope ?? []),
    ],
  };
  writeFileSync(
    config,
    Object.entries(all)
      .map(([name, lines]) => [`[${name}]`, ...lines, ''].join('\n'))
      .join('\n'),
  );
  const args = ['--config', config, '--output', model, '--json', json, ...options];
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'dist/cli.js'), 'quantize', FLOAT_MODEL, ...args],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0 || !existsSync(model)) throw new Error(`${JSON.stringify(sections)}:\n${stderr}`);
  return { run: JSON.parse(readFileSync(json, 'utf8')), model: readFileSync(model) };
}
