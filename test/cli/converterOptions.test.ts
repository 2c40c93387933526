import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseCommand } from '../../src/cli/args.ts';
import { CONVERTER_OPTIONS, readConverterOptions } from '../../src/cli/converterOptions.ts';
import { parseConfig } from '../../src/config/config.ts';
import { withSettings } from '../../src/config/edits.ts';
import { cli, looksClean, SAMPLE, testFolder } from './cli.ts';

const folder = testFolder();
const sample = join(folder, 'sample');
beforeAll(() => cpSync(SAMPLE, sample, { recursive: true }));

/** The config that a command line of converter_lite means, over a text. */
function configOf(argv: readonly string[], text = '') {
  const command = parseCommand(['--fmk=ONNX', '--modelFile=m.onnx', ...argv]);
  if (command.kind !== 'quantize') throw new Error(command.kind);
  return { command, ...parseConfig(withSettings(text, command.settings), 'q.cfg') };
}

describe('the command line of converter_lite', () => {
  test('of earlier releases needs no config', () => {
    const { command, config } = configOf([
      '--quantType=WeightQuant',
      '--bitNum=5',
      '--quantWeightSize=100',
      '--quantWeightChannel=4',
    ]);
    expect(command.config).toBeUndefined();
    expect(config?.common).toMatchObject({
      quantType: 'WEIGHT_QUANT',
      bitNum: 5,
      minQuantWeightSize: 100,
      minQuantWeightChannel: 4,
    });
  });

  test('stands over the config, in the very lines that it had', () => {
    const text = '[common_quant_param]\nquant_type=WEIGHT_QUANT\nbit_num=8\n[quantscope]\nlabels=a.csv\n';
    const { command } = configOf([
      '--configFile=q.cfg',
      '--bitNum=4',
      '--inputShape=x:1,3,8,8;y:[1,2]',
      '--inputDataFormat=NHWC',
    ]);
    expect(withSettings(text, command.settings)).toBe(
      `${text.replace('bit_num=8', 'bit_num=4')}[ascend_context]\ninput_shape=x:1,3,8,8;y:[1,2]\n[ascend_context]\ninput_format=NHWC\n`,
    );
    const { config } = configOf(
      ['--configFile=q.cfg', '--inputShape=x:1,3,8,8;y:[1,2]', '--inputDataFormat=NHWC'],
      text,
    );
    expect([...(config?.inputShapes ?? [])]).toEqual([
      ['x', [1, 3, 8, 8]],
      ['y', [1, 2]],
    ]);
    expect(config?.quantscope.binLayout).toBe('NHWC');
  });

  test('has an answer for every option without an effect', () => {
    const silent = CONVERTER_OPTIONS.filter(({ setting }) => setting === undefined);
    expect(silent.length).toBeGreaterThan(10);
    for (const { name, doc } of silent) {
      const { notes, settings, wrong } = readConverterOptions({ [name]: 'x' });
      expect([settings, wrong]).toEqual([[], undefined]);
      expect(notes.map((n) => n.message)).toEqual([`--${name}=x has no effect here: ${doc}`]);
    }
  });

  test.each([
    ['--quantType=AwareTraining', /--quantType=AwareTraining is not one of WeightQuant, PostTraining/],
    ['--inputDataFormat=NC', /--inputDataFormat=NC is not one of NCHW, NHWC/],
    ['--fmk=TFLITE', /--fmk=TFLITE is not supported/],
    ['--optimise=general', /--optimise/],
  ])('refuses %s', (option, message) => {
    expect(() => parseCommand(['quantize', 'm.onnx', '--config', 'q.cfg', option])).toThrow(message);
  });

  test('still needs a config, or a type of quantization', () => {
    expect(() => parseCommand(['--fmk=ONNX', '--modelFile=m.onnx', '--bitNum=8'])).toThrow(/--config CFG is missing/);
  });

  test('quantizes the sample, answers what has no effect, and names a shape that does not fit', async () => {
    const model = `--modelFile=${join(sample, 'mnist.onnx')}`;
    const good = await cli(['--fmk=ONNX', model, '--quantType=WeightQuant', '--bitNum=8', '--optimize=general']);
    expect(good.code, good.stderr).toBe(0);
    expect(good.stderr).toMatch(/CLI107 command line: --optimize=general has no effect here/);
    expect(good.stdout).toMatch(/fc_weight +\S+ +8 /);
    const bad = await cli(['--fmk=ONNX', model, '--quantType=WeightQuant', '--inputShape=image:1,1,32,32']);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/SES422 .*\[1, 1, 32, 32\] is given for input image, which has dims \[N, 1, 28, 28\]/);
    expect(looksClean(bad)).toBe(true);
  });
});
