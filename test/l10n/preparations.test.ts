import { describe, expect, test } from 'vitest';
import { preparationText } from '../../src/protocol/dataLabels.ts';
import { alternativesOf } from '../../src/session/diagnose/dataAlternatives.ts';

const MODULE: string = '../../scripts/lib/translations.mjs';
const { bundle } = (await import(MODULE)) as { bundle(language: string): Record<string, string> };
const translated = bundle('zh-cn');
const t = (text: string, ...args: string[]): string => {
  const own = translated[text];
  if (own === undefined) throw new Error(`no translation of ${text}`);
  return own.replace(/\{(\d)\}/g, (_, i: string) => args[Number(i)] ?? '');
};

const labelsOf = (lines: string, dims: readonly number[]): string[] => {
  const configText = `[common_quant_param]\nquant_type=FULL_QUANT\n\n[data_preprocess_param]\n${lines}\n`;
  const settings = { configText, configPath: '/model.cfg', sampleSource: 'calibrate_path' } as const;
  return alternativesOf(settings, [{ name: 'x as y', dtype: 'float32', dims }]).all.map(({ label }) => label);
};

describe('Labels of other preprocessings', () => {
  test.each([
    [
      'RGB',
      'calibrate_path=x:/images\ncalibrate_size=4\ninput_type=IMAGE\nimage_to_format=RGB\nnormalize_mean=[90,80,70]\nnormalize_std=[9,8,7]',
      [1, 3, 8, 8],
      16,
    ],
    ['BGR', 'calibrate_path=x:/images\ncalibrate_size=4\ninput_type=IMAGE\nimage_to_format=BGR', [1, 3, 8, 8], 12],
    ['gray', 'calibrate_path=x:/images\ncalibrate_size=4\ninput_type=IMAGE\nimage_to_format=GRAY', [1, 1, 8, 8], 3],
    ['BIN', 'calibrate_path=x:/files\ncalibrate_size=4\ninput_type=BIN', [1, 3, 8, 8], 1],
  ] as const)('of %s are all translated', (_, lines, dims, count) => {
    const labels = labelsOf(lines, dims);
    expect(labels).toHaveLength(count);
    for (const label of labels) {
      expect(preparationText(label, t), label).toMatch(/[\u4e00-\u9fff]/);
      const plain = (text: string, ...args: string[]) => text.replace(/\{(\d)\}/g, (_all, i: string) => args[+i] ?? '');
      expect(preparationText(label, plain)).toBe(label);
    }
  });

  test('keep the channels and the input', () => {
    expect(preparationText('BGR, pixels 0 to 1', t)).toBe('BGR，像素 0 到 1');
    expect(preparationText('x as y as NHWC', t)).toBe('x as y 按 NHWC');
  });
});
