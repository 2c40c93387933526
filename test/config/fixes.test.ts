import { describe, expect, it } from 'vitest';
import { hasErrors } from '../../src/base/diagnostics.ts';
import { parseConfig } from '../../src/config/config.ts';
import { applyEdits } from '../../src/config/edits.ts';
import { type Fix, fixesOf } from '../../src/config/language/fixes.ts';
import { checkNodeNames } from '../../src/config/language/names.ts';
import type { ModelFacts } from '../../src/protocol/modelFacts.ts';

const model: ModelFacts = {
  file: 'm.onnx',
  nodes: [
    { handle: 'conv1', opType: 'Conv', outputs: ['c1'] },
    { handle: 'conv2', opType: 'Conv', outputs: ['c2'] },
    { handle: 'Relu_2', name: 'relu', opType: 'Relu', outputs: ['r2'] },
    { handle: 'Relu_3', name: 'relu', opType: 'Relu', outputs: ['r3'] },
    { handle: 'loop', opType: 'Loop', outputs: [] },
  ],
  inner: [
    { name: 'loop/Add_0', owner: 'loop', in: 'body' },
    { name: 'conv1_Relu', owner: 'conv1', in: 'fusion' },
  ],
  inputs: [
    { name: 'image', dtype: 'float32', dims: [1, 3, 8, 8] },
    { name: 'mask', dtype: 'float32', dims: [1, 8] },
  ],
  openDims: [],
};

const HEAD = '[common_quant_param]\nquant_type=FULL_QUANT\n';
const DATA = '[data_preprocess_param]\ncalibrate_path=image:a,mask:b\ncalibrate_size=10\ninput_type=BIN\n';
const IMAGE = DATA.replace('=BIN', '=IMAGE').replace('image:a,mask:b', 'image:a');

/** What is said with a code, and its fixes. */
function found(text: string, code: string): { message: string; fixes: readonly Fix[] } {
  const all = [...parseConfig(text, 'q.cfg').diagnostics, ...checkNodeNames(text, 'q.cfg', model)];
  const diagnostic = all.find((d) => d.code === code);
  expect(diagnostic, `${code} is not among ${all.map((d) => d.code)}`).toBeDefined();
  if (diagnostic === undefined) return { message: '', fixes: [] };
  return { message: diagnostic.message, fixes: fixesOf({ text, diagnostic, model }) };
}

describe('a fix', () => {
  const cases: readonly (readonly [code: string, before: string, title: string, after: string])[] = [
    ['CFG101', `${HEAD}note of mine\n`, 'Make the line a comment', `${HEAD}# note of mine\n`],
    ['CFG102', `${HEAD}bit_num=\n`, 'Remove bit_num', HEAD],
    ['CFG103', `${HEAD}workspace=a=b\n`, 'Make the line a comment', `${HEAD}# workspace=a=b\n`],
    ['CFG104', '[common_quant_param]\nquant_type=FULL_QUAN\n', 'Replace with FULL_QUANT', HEAD],
    ['CFG105', `${HEAD}bit_num=17\n`, 'Replace with 16', `${HEAD}bit_num=16\n`],
    ['CFG105', `${HEAD}bit_num=eight\n`, 'Replace with 8', `${HEAD}bit_num=8\n`],
    ['CFG106', `${HEAD}enable_encode=1\n`, 'Replace with true', `${HEAD}enable_encode=true\n`],
    ['CFG107', `${IMAGE}normalize_mean=1, 2 ,3\n`, 'Replace with [1,2,3]', `${IMAGE}normalize_mean=[1,2,3]\n`],
    ['CFG108', `${HEAD}bitnum=8\n`, 'Replace with bit_num', `${HEAD}bit_num=8\n`],
    [
      'CFG108',
      `${HEAD}resize_width=8\n${DATA}`,
      'Move to [data_preprocess_param] as resize_width=8',
      `${HEAD}${DATA}resize_width=8\n`,
    ],
    [
      'CFG108',
      `${HEAD}method_x=RemovalOutlier\n`,
      'Move to [full_quant_param] as activation_quant_method=REMOVAL_OUTLIER',
      `${HEAD}[full_quant_param]\nactivation_quant_method=REMOVAL_OUTLIER\n`,
    ],
    ['CFG109', '[full_quant_parm]\n', 'Replace with [full_quant_param]', '[full_quant_param]\n'],
    ['CFG110', `${HEAD}bit_num=7\n# c\nbit_num=8\n`, 'Remove the earlier bit_num', `${HEAD}# c\nbit_num=8\n`],
    ['CFG111', `bit_num=8\n${HEAD}`, 'Move to [common_quant_param] as bit_num=8', `${HEAD}bit_num=8\n`],
    ['CFG112', '[common_quant_param\n', 'Close the section with ]', '[common_quant_param]\n'],
    ['CFG112', '[common_quant_param] # x\n', 'Close the section with ]', '[common_quant_param]\n'],
    ['CFG113', `${HEAD}\tbit_num=8\n`, 'Remove the tabs', `${HEAD}bit_num=8\n`],
    ['CFG114', `${HEAD}  # note\n`, 'Start the comment in the first column', `${HEAD}# note\n`],
    ['CFG115', `${HEAD}bit_num=8 # eight\n`, 'Put the comment on a line of its own', `${HEAD}# eight\nbit_num=8\n`],
    [
      'CFG119',
      `${HEAD}skip_quant_node=conv1, conv2\n`,
      'Remove blanks and empty items',
      `${HEAD}skip_quant_node=conv1,conv2\n`,
    ],
    [
      'CFG120',
      `${HEAD}skip_quant_node=conv1,,conv2\n`,
      'Remove blanks and empty items',
      `${HEAD}skip_quant_node=conv1,conv2\n`,
    ],
    [
      'CFG121',
      '[common_quant_param]\nbit_num=8\n',
      'Add quant_type=FULL_QUANT',
      '[common_quant_param]\nbit_num=8\nquant_type=FULL_QUANT\n',
    ],
    [
      'CFG122',
      '[full_quant_param]\nactivation_quant_method=RemovalOutlier\n',
      'Replace with REMOVAL_OUTLIER',
      '[full_quant_param]\nactivation_quant_method=REMOVAL_OUTLIER\n',
    ],
    [
      'CFG122',
      '[full_quant_param]\ntarget_device=CPU\nper_channel=true\n',
      'Remove target_device',
      '[full_quant_param]\nper_channel=true\n',
    ],
    ['CFG124', `${HEAD}min_quant_weight_size=0\n`, 'Remove min_quant_weight_size', HEAD],
    [
      'CFG125',
      `${HEAD}[data_preprocess_param]\ninput_type=BIN\n`,
      'Add calibrate_path=image:calibration,mask:calibration',
      `${HEAD}[data_preprocess_param]\ninput_type=BIN\ncalibrate_path=image:calibration,mask:calibration\n`,
    ],
    [
      'CFG125',
      `${IMAGE}normalize_mean=[1,2,3]\n`,
      'Add normalize_std=[1.0,1.0,1.0]',
      `${IMAGE}normalize_mean=[1,2,3]\nnormalize_std=[1.0,1.0,1.0]\n`,
    ],
    ['CFG126', `${HEAD}bit_num=4\n`, 'Replace with 8', `${HEAD}bit_num=8\n`],
    [
      'CFG126',
      `${IMAGE}normalize_mean=[1]\nnormalize_std=[2,2,2]\n`,
      'Replace with [1,1,1]',
      `${IMAGE}normalize_mean=[1,1,1]\nnormalize_std=[2,2,2]\n`,
    ],
    [
      'CFG126',
      `${IMAGE}normalize_mean=[1,2,3]\nnormalize_std=[2,0,2]\n`,
      'Replace with [2,1,2]',
      `${IMAGE}normalize_mean=[1,2,3]\nnormalize_std=[2,1,2]\n`,
    ],
    [
      'CFG127',
      `${DATA}resize_width=8\nresize_height=8\n`,
      'Add resize_method=LINEAR',
      `${DATA}resize_width=8\nresize_height=8\nresize_method=LINEAR\n`,
    ],
    [
      'CFG127',
      `${DATA}center_crop_width=8\n`,
      'Add center_crop_height=8',
      `${DATA}center_crop_width=8\ncenter_crop_height=8\n`,
    ],
    [
      'CFG130',
      `${IMAGE}normalize_mean=[0.485,0.456,0.406]\nnormalize_std=[0.2,0.2,0.2]\n`,
      'Replace with [123.675,116.28,103.53]',
      `${IMAGE}normalize_mean=[123.675,116.28,103.53]\nnormalize_std=[0.2,0.2,0.2]\n`,
    ],
    ['CFG131', `${HEAD}skip_quant_node=conv1,convv2\n`, 'Replace with conv2', `${HEAD}skip_quant_node=conv1,conv2\n`],
    [
      'CFG131',
      `${HEAD}skip_quant_node=gone,conv2\n`,
      'Remove gone from skip_quant_node',
      `${HEAD}skip_quant_node=conv2\n`,
    ],
    [
      'CFG131',
      `${HEAD}skip_quant_node=conv2,gone\n`,
      'Remove gone from skip_quant_node',
      `${HEAD}skip_quant_node=conv2\n`,
    ],
    ['CFG131', `${HEAD}skip_quant_node=gone\n`, 'Remove skip_quant_node', HEAD],
    [
      'CFG131',
      `[quantscope]\nnode_overrides=conv9:int16,conv2:int8\n`,
      'Replace with conv1',
      `[quantscope]\nnode_overrides=conv1:int16,conv2:int8\n`,
    ],
    [
      'CFG131',
      '[quantscope]\nnode_overrides=conv1:int8,gone:int16+symmetric\n',
      'Remove gone:int16+symmetric from node_overrides',
      '[quantscope]\nnode_overrides=conv1:int8\n',
    ],
    ['CFG132', `${HEAD}skip_quant_node=conv1_Relu\n`, 'Replace with conv1', `${HEAD}skip_quant_node=conv1\n`],
    ['CFG132', `${HEAD}skip_quant_node=conv2_fusion\n`, 'Replace with conv2', `${HEAD}skip_quant_node=conv2\n`],
    ['CFG132', `${HEAD}skip_quant_node=loop/Add_0\n`, 'Replace with loop', `${HEAD}skip_quant_node=loop\n`],
    ['CFG133', `${HEAD}skip_quant_node=c2\n`, 'Replace with conv2', `${HEAD}skip_quant_node=conv2\n`],
    ['CFG133', `${HEAD}skip_quant_node=relu\n`, 'Replace with Relu_2', `${HEAD}skip_quant_node=Relu_2\n`],
  ];
  it.each(cases)('%s of %j: %s', (code, before, title, after) => {
    const { fixes } = found(before, code);
    const fix = fixes.find((f) => f.title === title || f.title.startsWith(`${title} (`));
    expect(fix, fixes.map((f) => f.title).join(' | ')).toBeDefined();
    expect(applyEdits(before, fix?.edits ?? [])).toBe(after);
    expect(fixes.filter((f) => f.preferred).length).toBeLessThanOrEqual(1);
  });

  it('keeps the line ends of the text', () => {
    const before = '[common_quant_param]\r\nquant_type=FULL_QUANT\r\nresize_width=8\r\n';
    const [fix] = found(before, 'CFG108').fixes;
    expect(applyEdits(before, fix?.edits ?? [])).toBe(
      '[common_quant_param]\r\nquant_type=FULL_QUANT\r\n[data_preprocess_param]\r\nresize_width=8\r\n',
    );
  });

  it('is the same on the last line, without a line end', () => {
    const before = `${HEAD}skip_quant_node=gone`;
    const fix = found(before, 'CFG131').fixes.find((f) => f.title === 'Remove skip_quant_node');
    expect(applyEdits(before, fix?.edits ?? [])).toBe(HEAD.trimEnd());
  });
});

describe('the flat file of former releases', () => {
  it.each(['\n', '\r\n', ''])('becomes a config of today, with what its defaults meant then (ends in %j)', (end) => {
    const eol = end === '' ? '\n' : end;
    const before = ['image_path=/a,/b', 'batch_count=20', 'thread_num=4'].join(eol) + end;
    const { fixes } = found(before, 'CFG111');
    expect(fixes[0]).toMatchObject({ title: 'Move all old keys into today’s form', preferred: true });
    const after = applyEdits(before, fixes[0]?.edits ?? []);
    const { config, diagnostics } = parseConfig(after, 'q.cfg');
    expect(hasErrors(diagnostics), JSON.stringify(diagnostics)).toBe(false);
    expect(config?.common.quantType).toBe('FULL_QUANT');
    expect(config?.full).toMatchObject({ activationQuantMethod: 'KL', biasCorrection: false });
    expect(config?.data).toMatchObject({
      calibratePath: [
        { input: 'image', path: '/a' },
        { input: 'mask', path: '/b' },
      ],
      calibrateSize: 20,
      inputType: 'BIN',
    });
    expect(after).not.toMatch(/image_path|batch_count|thread_num/);
  });

  it('keeps what it says over those defaults', () => {
    const before = 'image_path=/a\nmethod_x=MAX_MIN\nbias_correction=true\n';
    const after = applyEdits(before, found(before, 'CFG111').fixes[0]?.edits ?? []);
    expect(after).toContain('activation_quant_method=MAX_MIN');
    expect(after).toContain('bias_correction=true');
    expect(after).not.toContain('KL');
  });
});
