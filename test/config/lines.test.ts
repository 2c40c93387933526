import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/base/diagnostics.ts';
import { parseConfig } from '../../src/config/config.ts';

/** A config without anything to say. */
const GOOD = [
  '[common_quant_param]',
  'quant_type=FULL_QUANT',
  '[data_preprocess_param]',
  'calibrate_path=x:data',
  'calibrate_size=10',
  'input_type=BIN',
].join('\n');

const show = ({ severity, code, at, message }: Diagnostic): string =>
  `${at.line}:${at.column}-${at.endColumn} ${severity} ${code} ${message}`;

/** What is said about lines added to the good config; their first is line 7. */
function said(added: string): string[] {
  return parseConfig(`${GOOD}\n${added}`, 'q.cfg').diagnostics.map(show);
}

describe('a line that converter_lite reads', () => {
  const full = (line: string): string => `[full_quant_param]\n${line}`;
  it.each([
    ['a comment', '# anything = [goes]'],
    ['an empty line', ''],
    ['a line of spaces', '   '],
    ['a bare CR', '\r'],
    ['spaces around', full('  per_channel = false  ')],
    ['CR at the end', full('per_channel=false\r')],
    ['double quotes anywhere', full('"per_"channel="false"')],
    ['a boolean in any case', full('per_channel=False')],
    ['an = at the end', full('per_channel=false=')],
    ['a section opened again', '[common_quant_param]\nbit_num=8'],
  ])('is %s', (_, added) => {
    expect(said(added)).toEqual([]);
  });
});

describe('a line that converter_lite refuses or misreads is explained at its place', () => {
  const cases: readonly (readonly [added: string, said: string])[] = [
    [
      'per_channel',
      '7:1-12 error CFG101 "per_channel" has no =: write key=value, or # in the first column for a comment',
    ],
    [
      'Supports the values of MAX',
      '7:1-27 error CFG101 "Supports the values of MAX" has no =: if it is a comment whose # was lost in copying, put # in the first column',
    ],
    ['// note', '7:1-8 error CFG101 "// note" has no =: a comment starts with # in the first column'],
    [
      'calibrate_size=',
      '7:1-15 error CFG102 calibrate_size= has no value; to leave the key unset, delete the line or start it with #',
    ],
    ['resize_width=2=3', '7:14-17 error CFG103 the value of resize_width, "2=3", must not contain ='],
    [
      '[full_quant_param] # note',
      '7:1-26 error CFG112 nothing may follow the ] of a section; converter_lite reads the name "full_quant_param] # not" and ignores the section',
    ],
    [
      '[full_quant_param',
      '7:1-18 error CFG112 the section is not closed with ]; converter_lite reads the name "full_quant_para" and ignores the section',
    ],
    [
      '\tresize_width=2',
      '7:1-16 error CFG113 a tab stands beside resize_width or its value; converter_lite drops only spaces. Remove the tab',
    ],
    ['\t', '7:1-2 error CFG113 the line holds only tabs; converter_lite drops only spaces. Remove the tab'],
    ['  # note', '7:3-9 error CFG114 a comment must have its # in the first column; remove the blanks before it'],
  ];
  it.each(cases)('%j', (added, expected) => {
    expect(said(added)).toContain(expected);
  });

  it('names a byte order mark and reads on', () => {
    const { config, diagnostics } = parseConfig(`\uFEFF${GOOD}`, 'q.cfg');
    expect(config?.common.quantType).toBe('FULL_QUANT');
    expect(diagnostics.map((d) => d.code)).toEqual(['CFG117']);
  });

  it('stops counting at 9999 lines; comments and empty lines do not count', () => {
    const rows = (n: number): string => Array.from({ length: n }, () => ' ').join('\n');
    expect(said(`${'#\n\n'.repeat(9000)}${rows(9993)}`)).toEqual([]);
    expect(said(rows(9994)).map((s) => s.slice(0, 24))).toEqual(['10000:1-2 error CFG116 m']);
  });
});

describe('names', () => {
  const cases: readonly (readonly [added: string, said: string])[] = [
    [
      '[full_quant_parm]\nx=1',
      '7:1-18 warning CFG109 there is no section [full_quant_parm], so its keys have no effect — [full_quant_param]?',
    ],
    [
      '[registry]\nanything=1',
      '7:1-11 note CFG129 [registry] concerns the conversion by converter_lite; it has no effect here',
    ],
    [
      '[ascend_context]\nanything=1',
      '8:1-9 warning CFG134 [ascend_context] has no key "anything"; it has input_shape, dynamic_dims, input_format, provider, precision_mode, op_select_impl_mode, fusion_switch_config_file_path, buffer_optimize, insert_op_config_file_path, om_file_path, aoe_mode, plugin_custom_ops, custom_fusion_pattern, op_attrs, device_id, output_type, inputs_to_variable, outputs_to_variable',
    ],
    [
      '[ascend_context]\nprovider=ge',
      '8:10-12 note CFG135 provider has no effect here: it concerns the engine that runs the model on the device',
    ],
    [
      '[model_param]\nmodel_name=a',
      '7:1-14 error CFG128 [model_param] makes converter_lite ignore every quantization section; keep one config per model and remove it',
    ],
    ['calibrate_pth=x:y', '7:1-14 error CFG108 [data_preprocess_param] has no key "calibrate_pth" — calibrate_path?'],
    ['Input_Type=BIN', '7:1-11 error CFG108 [data_preprocess_param] has no key "Input_Type" — input_type?'],
    [
      'bias_correction=true',
      '7:1-16 error CFG108 [data_preprocess_param] has no key "bias_correction"; it belongs into [weight_quant_param] or [full_quant_param]',
    ],
    [
      'method_x=KL',
      '7:1-9 error CFG108 [data_preprocess_param] has no key "method_x"; it is now activation_quant_method in [full_quant_param]',
    ],
    [
      'calibrate_size=12',
      '7:1-15 warning CFG110 calibrate_size is given before, in line 5; this one, the last, counts',
    ],
  ];
  it.each(cases)('%j', (added, expected) => {
    expect(said(added)).toEqual([expected]);
  });

  it('before any section have no effect, and old ones say what replaced them', () => {
    expect(parseConfig(`image_path=/d\n${GOOD}`, 'q.cfg').diagnostics.map(show)).toEqual([
      '1:1-11 warning CFG111 image_path stands before any [section], so it has no effect; it is now calibrate_path=input:folder in [data_preprocess_param]',
    ]);
  });
});
