import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { KEYS, keysOf, SECTIONS } from '../../src/config/schema.ts';
import { configTemplate } from '../../src/config/templates.ts';
import { readValue } from '../../src/config/values.ts';

const span = { line: 1, column: 1, endColumn: 1 };

describe('the table of keys', () => {
  it('has every key once, in a section of its own', () => {
    const names = KEYS.map((row) => `${row.section}.${row.key}`);
    expect(new Set(names).size).toBe(names.length);
    const sections = SECTIONS.filter((s) => s.kind === 'keys').map((s) => s.name);
    expect(sections.filter((name) => keysOf(name).length === 0)).toEqual([]);
    expect(KEYS.filter((row) => !sections.includes(row.section))).toEqual([]);
  });

  it('has the keys of converter_lite', () => {
    const count = (section: string): number => keysOf(section).length;
    expect([
      count('common_quant_param'),
      count('weight_quant_param'),
      count('mixed_bit_weight_quant_param'),
      count('full_quant_param'),
      count('data_preprocess_param'),
    ]).toEqual([8, 6, 4, 6, 11]);
  });

  it.each(KEYS.filter((row) => row.default !== undefined).map((row) => [`${row.section}.${row.key}`, row] as const))(
    'accepts the default of %s',
    (_, row) => {
      const raw = row.default ?? '';
      const entry = { key: row.key, value: raw, raw, keySpan: span, valueSpan: span, broken: false };
      const { value, diagnostics } = readValue(row, entry, 'x');
      expect(value).toBeDefined();
      expect(diagnostics).toEqual([]);
    },
  );
});

describe('templates', () => {
  const image = { name: 'image', dims: ['N', 3, 224, 320] };
  it.each(['FULL_QUANT', 'WEIGHT_QUANT', 'MIXED_BIT', 'DYNAMIC_QUANT'] as const)('of %s parse', (type) => {
    const { diagnostics } = parseConfig(configTemplate(type, [image]), 'q.cfg');
    expect(diagnostics.filter((d) => d.code !== 'CFG123')).toEqual([]);
  });

  it('are filled in for an image model', () => {
    const { config, diagnostics } = parseConfig(configTemplate('FULL_QUANT', [image]), 'q.cfg');
    expect(diagnostics).toEqual([]);
    expect(config?.data).toEqual({
      calibratePath: [{ input: 'image', path: 'calibration' }],
      calibrateSize: 100,
      inputType: 'IMAGE',
      imageToFormat: 'RGB',
      normalizeMean: [0, 0, 0],
      normalizeStd: [255, 255, 255],
      resize: { width: 320, height: 224, method: 'LINEAR' },
      centerCrop: undefined,
    });
    expect(config?.quantscope.fixedDims).toEqual(new Map([['N', 1]]));
  });

  it('give every input of a model a folder', () => {
    const inputs = [
      { name: 'ids:0', dims: [1, 'length'] },
      { name: 'mask', dims: [1, 'length'] },
    ];
    const { config } = parseConfig(configTemplate('FULL_QUANT', inputs), 'q.cfg');
    expect(config?.data.inputType).toBe('BIN');
    expect(config?.data.calibratePath).toEqual([
      { input: 'ids:0', path: 'calibration_ids_0' },
      { input: 'mask', path: 'calibration_mask' },
    ]);
  });

  it('say the layout that all inputs of four dimensions have', () => {
    const layoutOf = (...dims: readonly (readonly number[])[]) =>
      parseConfig(
        configTemplate(
          'FULL_QUANT',
          dims.map((d, i) => ({ name: `x${i}`, dims: d })),
        ),
        'q.cfg',
      ).config?.quantscope.binLayout;
    expect(layoutOf([1, 8, 16, 16], [1, 10])).toBe('NCHW');
    expect(layoutOf([1, 32, 32, 3], [1, 64, 64, 1])).toBe('NHWC');
    expect(layoutOf([1, 32, 32, 3], [1, 3, 32, 32])).toBeUndefined();
    expect(layoutOf([1, 10], [2, 10])).toBeUndefined();
  });
});

it('reads the sample, defaults included, and knows where every value stands', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../../media/sample/full_quant.cfg'), 'utf8');
  const { config, diagnostics } = parseConfig(text, 'full_quant.cfg');
  expect(diagnostics.filter((d) => d.severity !== 'note')).toEqual([]);
  expect(config).toMatchObject({
    common: { quantType: 'FULL_QUANT', bitNum: 8, skipQuantNode: [], debugInfoSavePath: 'quant_report' },
    full: { activationQuantMethod: 'MAX_MIN', biasCorrection: true, perChannel: true, targetDevice: 'CPU' },
    data: { inputType: 'IMAGE', imageToFormat: 'GRAY', normalizeStd: [255], resize: undefined },
    quantscope: {
      target: 'onnxruntime',
      activationType: 'uint8',
      requantizer: 'fp32',
      labels: 'labels.csv',
      evaluateSize: 500,
      reportDialect: 'document',
    },
  });
  const line = text.split('\n').indexOf('calibrate_size=100') + 1;
  const at = config?.at('data_preprocess_param', 'calibrate_size');
  expect(at).toEqual({ file: 'full_quant.cfg', line, column: 16, endColumn: 19, key: 'calibrate_size' });
  const header = text.split('\n').indexOf('[data_preprocess_param]') + 1;
  expect(config?.at('data_preprocess_param', 'resize_width')).toMatchObject({ line: header, column: 1 });
  expect(config?.at('dynamic_quant_param', 'quant_strategy')).toEqual({
    file: 'full_quant.cfg',
    key: 'quant_strategy',
  });
  expect(config?.has('data_preprocess_param', 'resize_width')).toBe(false);
});
