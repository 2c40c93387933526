import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { KEYS } from '../../src/config/schema.ts';

/** Parses a config for BIN samples with some more lines per section; the lines start at 3. */
function parse(section: string, ...lines: readonly string[]) {
  const given = (key: string): boolean => lines.some((l) => l.startsWith(`${key}=`));
  const defaults = [
    ...(given('calibrate_path') ? [] : ['calibrate_path=x:data']),
    ...(given('calibrate_size') ? [] : ['calibrate_size=10']),
    ...(given('input_type') ? [] : ['input_type=BIN']),
  ].join('\n');
  const type = given('quant_type') ? '' : 'quant_type=FULL_QUANT';
  const text = `[common_quant_param]\n${type}\n[${section}]\n${lines.join('\n')}\n[data_preprocess_param]\n${defaults}`;
  const { config, diagnostics } = parseConfig(text, 'q.cfg');
  return {
    config,
    said: diagnostics.map((d) => `${d.at.line}:${d.at.column} ${d.severity} ${d.code} ${d.message}`),
  };
}

describe('values that are wrong', () => {
  type Case = readonly [section: string, line: string, said: string, column?: number];
  const cases: readonly Case[] = [
    ['common_quant_param', 'bit_num=8.0', 'CFG105 bit_num = 8.0 is not a whole number from 0 to 16'],
    ['common_quant_param', 'bit_num=17', 'CFG105 bit_num = 17 is not a whole number from 0 to 16'],
    ['common_quant_param', 'bit_num=4', 'CFG126 bit_num = 4 does not go with FULL_QUANT, which needs 8'],
    [
      'quantscope',
      'node_overrides=a:int8,fc:int4+int16',
      'CFG118 node_overrides: "fc:int4+int16" says both int4 and int16 for "fc": one of them',
      23,
    ],
    [
      'quantscope',
      'node_overrides=fc:KL,fc:symmetric+MSE',
      'CFG118 node_overrides: "fc:symmetric+MSE" says both KL and MSE for "fc": one of them',
      22,
    ],
    ['full_quant_param', 'per_channel=yes', 'CFG106 per_channel = yes is not true or false — true?'],
    ['full_quant_param', 'per_channel=0', 'CFG106 per_channel = 0 is not true or false — false?'],
    [
      'full_quant_param',
      'activation_quant_method=MAX',
      'CFG104 activation_quant_method = MAX is not one of MAX_MIN, KL, REMOVAL_OUTLIER — MAX_MIN?',
    ],
    [
      'mixed_bit_weight_quant_param',
      'init_scale=1',
      'CFG105 init_scale = 1 is not a number between 0 and 1, both excluded',
    ],
    [
      'mixed_bit_weight_quant_param',
      'init_scale=nan',
      'CFG105 init_scale = nan is not a number between 0 and 1, both excluded',
    ],
    [
      'data_preprocess_param',
      'normalize_mean=1,2,3\nnormalize_std=[1]',
      'CFG107 normalize_mean = 1,2,3: a vector is written [a,b,c]',
    ],
    [
      'data_preprocess_param',
      'normalize_mean=[1 ,2]\nnormalize_std=[1]',
      'CFG107 normalize_mean = [1 ,2]: remove the blank behind 1; one before a number is fine',
    ],
    [
      'data_preprocess_param',
      'normalize_mean=[1,x]\nnormalize_std=[1]',
      'CFG107 normalize_mean = [1,x]: "x" is not a number',
    ],
    [
      'data_preprocess_param',
      'calibrate_path=/data',
      'CFG118 calibrate_path: "/data" names no input; write input:/data',
    ],
    [
      'data_preprocess_param',
      'calibrate_path=:/data',
      'CFG118 calibrate_path: ":/data" has no input name before the colon',
    ],
    [
      'data_preprocess_param',
      'calibrate_path=C:\\data',
      'CFG118 calibrate_path: "C:\\\\data" names no input; write input:C:\\data',
    ],
    [
      'data_preprocess_param',
      'calibrate_path=x:a,x:b',
      'CFG118 calibrate_path: "x:b" gives the same input a second folder',
      20,
    ],
    [
      'quantscope',
      'labels=folders',
      'CFG125 [quantscope] evaluate_path is missing: labels=folders takes the classes from the names of the folders in it',
    ],
    ['quantscope', 'fixed_dims=N', 'CFG118 fixed_dims: "N" is not name:length with a length of at least 1'],
    ['quantscope', 'fixed_dims=N:0', 'CFG118 fixed_dims: "N:0" is not name:length with a length of at least 1'],
  ];
  it.each(cases)('[%s] %s', (...given) => {
    const [section, line, expected, column = line.indexOf('=') + 2] = given as unknown as Case;
    const { config, said } = parse(section, line);
    const errors = said.filter((s) => s.includes(' error '));
    expect(errors).toEqual([`4:${column} error ${expected}`]);
    expect(config).toBeUndefined();
  });

  it('name a comment behind a number, and only warn where it may be meant', () => {
    expect(parse('full_quant_param', 'per_channel=true # note').said).toEqual([
      '4:13 error CFG115 the value of per_channel holds #; there are no comments behind a value: put the comment on a line of its own',
    ]);
    const path = parse('common_quant_param', 'debug_info_save_path=out # note');
    expect(path.said[0]).toBe(
      '4:22 warning CFG115 the value of debug_info_save_path holds #; there are no comments behind a value: it counts as part of the value',
    );
    expect(path.config?.common.debugInfoSavePath).toBe('out # note');
  });
});

describe('values that converter_lite refuses and documents use', () => {
  it('reads target_device=CPU as unset, with a note', () => {
    const { config, said } = parse('full_quant_param', 'target_device=CPU');
    expect(config?.full.targetDevice).toBe('CPU');
    expect(said).toEqual([
      '4:15 note CFG122 target_device = CPU is read as without the key, which is how converter_lite wants it: it refuses the word CPU',
    ]);
  });

  it('reads RemovalOutlier as REMOVAL_OUTLIER', () => {
    expect(parse('full_quant_param', 'activation_quant_method=RemovalOutlier').said).toEqual([
      '4:25 note CFG122 activation_quant_method = RemovalOutlier is read as REMOVAL_OUTLIER, the spelling that converter_lite accepts',
    ]);
  });

  it('drops the blanks around names, and says so', () => {
    const { config, said } = parse('common_quant_param', 'skip_quant_node=a, b,,c,');
    expect(config?.common.skipQuantNode).toEqual(['a', 'b', 'c']);
    expect(said).toEqual([
      '4:20 warning CFG119 skip_quant_node: the blanks around "b" were dropped; converter_lite keeps them, so that the name matches nothing',
      '4:22 warning CFG120 skip_quant_node has an empty name between two commas; it was dropped',
    ]);
  });
});

describe('calibrate_path', () => {
  const cases: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    ['x:/d', [['x', '/d']]],
    ['x:0:/d', [['x:0', '/d']]],
    [
      'a:d/a,b:d/b',
      [
        ['a', 'd/a'],
        ['b', 'd/b'],
      ],
    ],
    [
      'a:C:\\x,b:D:/y',
      [
        ['a', 'C:\\x'],
        ['b', 'D:/y'],
      ],
    ],
    ['C:/x', [['C', '/x']]],
  ];
  it.each(cases)('%s', (value, expected) => {
    const folders = parse('data_preprocess_param', `calibrate_path=${value}`).config?.data.calibratePath;
    expect(folders?.map((f) => [f.input, f.path])).toEqual(expected);
  });

  it('of the evaluation may be a folder alone', () => {
    const evaluate = (value: string) => parse('quantscope', `evaluate_path=${value}`).config?.quantscope.evaluatePath;
    expect(evaluate('test')).toEqual([{ input: undefined, path: 'test' }]);
    expect(evaluate('C:\\test')).toEqual([{ input: undefined, path: 'C:\\test' }]);
    expect(evaluate('x:test')).toEqual([{ input: 'x', path: 'test' }]);
  });
});

describe('settings that need each other', () => {
  /** Without what companionChecks.test.ts is about: keys of images, for the samples are BIN by default. */
  const text = (...lines: readonly string[]) =>
    parse('data_preprocess_param', ...lines).said.filter((line) => !line.includes('with input_type = BIN'));
  it('says what is missing', () => {
    expect(text('input_type=IMAGE', 'normalize_std=[2,2,2]')).toEqual([
      '5:15 error CFG125 [data_preprocess_param] normalize_mean is missing: normalize_std needs it; the neutral one is [0.0,0.0,0.0]',
    ]);
    expect(text('input_type=IMAGE', 'image_to_format=GRAY', 'normalize_mean=[0,0,0]', 'normalize_std=[1]')).toEqual([
      '6:16 error CFG126 normalize_mean has 3 values; images of 1 channel need 1',
    ]);
    expect(text('normalize_mean=[0]', 'normalize_std=[0]')).toEqual([
      '5:15 error CFG126 normalize_std divides by its values; 0 is not possible',
    ]);
    expect(text('resize_method=LINEAR', 'resize_width=4')).toEqual([
      '4:15 error CFG125 [data_preprocess_param] resize_height is missing: resize_method needs both sizes',
    ]);
    expect(text('resize_width=4')).toEqual([
      '4:14 warning CFG127 resize_width has no effect without resize_method (LINEAR, NEAREST or CUBIC): images are not resized',
    ]);
    expect(text('center_crop_width=4')).toEqual([
      '4:19 warning CFG127 center_crop_width has no effect without center_crop_height: nothing is cropped',
    ]);
    expect(text('input_type=IMAGE')).toEqual([
      '4:12 note CFG127 without normalization pixels stay 0 to 255; converter_lite fails here with "memcpy failed"',
    ]);
  });

  it('asks for what FULL_QUANT needs', () => {
    const said = (lines: string) =>
      parseConfig(`[common_quant_param]\n${lines}`, 'q.cfg').diagnostics.map(
        (d) => `${d.at.line} ${d.code} ${d.message}`,
      );
    expect(said('bit_num=8')).toEqual([
      '1 CFG121 quant_type is missing from [common_quant_param]; converter_lite then quantizes nothing and says so nowhere. Add one of FULL_QUANT, WEIGHT_QUANT, DYNAMIC_QUANT',
    ]);
    expect(said('quant_type=FULL_QUANT')).toEqual([
      'undefined CFG125 [data_preprocess_param] calibrate_path is missing: FULL_QUANT takes the ranges of activations from samples; add input:folder',
    ]);
    expect(said('quant_type=FULL_QUANT\n[data_preprocess_param]\ncalibrate_path=x:d')).toEqual([
      '3 CFG125 [data_preprocess_param] input_type is missing: say whether the samples are IMAGE or BIN',
      '4 CFG127 calibrate_size is missing: all files are used here, but converter_lite fails without it',
    ]);
    expect(said('quant_type=FULL_QUAN')).toEqual([
      '2 CFG104 quant_type = FULL_QUAN is not one of FULL_QUANT, WEIGHT_QUANT, DYNAMIC_QUANT — FULL_QUANT?',
    ]);
  });

  it('names keys without effect', () => {
    expect(parse('common_quant_param', 'min_quant_weight_size=0').said).toEqual([
      '4:23 note CFG124 min_quant_weight_size has no effect for quant_type = FULL_QUANT',
    ]);
  });

  it('names keys that clusters take the effect from, or without which they have none', () => {
    const text = (type: string, ...lines: string[]) =>
      ['[common_quant_param]', `quant_type=${type}`, ...lines].join('\n');
    const said = (config: string) =>
      parseConfig(config, 'q.cfg').diagnostics.flatMap((d) =>
        d.code === 'CFG124' ? [`${d.at.line} ${d.message}`] : [],
      );
    expect(said(text('WEIGHT_QUANT', 'bit_num=8', '[quantscope]', 'clusters=16'))).toEqual([
      '3 bit_num has no effect for quant_type = WEIGHT_QUANT with clusters',
    ]);
    expect(said(text('WEIGHT_QUANT', 'bit_num=8'))).toEqual([]);
    expect(said(text('FULL_QUANT', 'bit_num=8', '[quantscope]', 'clusters=16', 'cluster_centroids=density'))).toEqual(
      [],
    );
    expect(said(text('FULL_QUANT', '[quantscope]', 'cluster_centroids=density'))).toEqual([
      '4 cluster_centroids has no effect for quant_type = FULL_QUANT without clusters',
    ]);
  });

  it('says of every setting that is not carried out that it is not', () => {
    const missing = KEYS.flatMap((row) => {
      const { section, key, type } = row;
      const entry = (value: string) => ({ section, key, value, for: row.for });
      if (type.kind === 'enum') return type.choices.filter((c) => c.effect !== 'done').map((c) => entry(c.value));
      return row.effect !== 'done' && row.default !== undefined ? [entry(row.default)] : [];
    });
    for (const { section, key, value, for: types } of missing) {
      const type = key === 'quant_type' ? value : (types?.[0] ?? 'FULL_QUANT');
      const text = `[common_quant_param]\nquant_type=${type}\n[${section}]\n${key}=${value}\n`;
      const codes = parseConfig(text, 'q.cfg').diagnostics.map((d) => d.code);
      expect(codes, `[${section}] ${key}=${value} for ${type}`).toContain('CFG123');
    }
  });

  it('silences warnings and notes, never errors', () => {
    expect(parse('quantscope', 'silence=CFG124').said).toEqual([]);
    expect(parse('common_quant_param', 'min_quant_weight_size=0').said).toHaveLength(1);
    expect(parse('common_quant_param', 'min_quant_weight_size=0', '[quantscope]', 'silence=CFG124').said).toEqual([]);
    expect(parse('common_quant_param', 'bit_num=x', '[quantscope]', 'silence=CFG105').said).toHaveLength(1);
  });
});

describe('keys of mixed bits', () => {
  it('have no effect beside a fixed number of bits, and say so', () => {
    const of = (bits: string) =>
      parseConfig(
        `[common_quant_param]\nquant_type=WEIGHT_QUANT\nbit_num=${bits}\n[mixed_bit_weight_quant_param]\ninit_scale=0.1\nauto_tune=true`,
        'q.cfg',
      ).diagnostics.filter((d) => d.message.includes('mixed bits are bit_num = 0')).length;
    expect([of('0'), of('8')]).toEqual([0, 2]);
  });
});
