import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyEdits } from '../../src/config/edits.ts';
import { fixesOf } from '../../src/config/language/fixes.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { createSession } from '../../src/session/index.ts';
import { model } from '../models/model.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample/mnist.onnx', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'quantscope-config-check-'));
const configPath = join(folder, 'q.cfg');

beforeAll(async () => {
  mkdirSync(join(folder, 'x'));
  writeFileSync(join(folder, 'x', '1.bin'), new Float32Array(4 * 6 * 8));
  const net = model().input('x', [1, 4, 'H', 'W']);
  net.conv({ channels: 8, kernel: 3 }).elementwise('Sigmoid');
  writeFileSync(join(folder, 'open.onnx'), await net.output().build().bytes());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function opened(path: string) {
  const parts = { kernels: createJsKernels(), files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined };
  const session = createSession(parts);
  await session.open(path);
  return session;
}

const FULL = [
  '[common_quant_param]',
  'quant_type=FULL_QUANT',
  '[data_preprocess_param]',
  'calibrate_path=x:x',
  'calibrate_size=1',
  'input_type=BIN',
];

async function check(...lines: readonly string[]): Promise<string[]> {
  const session = await opened(join(folder, 'open.onnx'));
  const found = await session.checkConfig([...FULL, ...lines].join('\n'), configPath);
  return found
    .filter((d) => d.severity !== 'note')
    .map(({ code, at, message }) => `${at.line}:${at.column} ${code} ${message}`);
}

const ASCEND = ['[quantscope]', 'bin_layout=NCHW', '[ascend_context]'];

describe('input_shape of [ascend_context]', () => {
  it('fixes the dimensions that the model leaves open', async () => {
    expect(await check(...ASCEND, 'input_shape=x:[1,4,6,8]')).toEqual([]);
    expect((await check(...ASCEND)).join()).toMatch(/SHP104/);
  });

  it('takes the lengths of -1 from the first set of dynamic_dims', async () => {
    expect(await check(...ASCEND, 'input_shape=x:[1,4,-1,-1]', 'dynamic_dims=[6~12,8],[12,16]')).toEqual([]);
    expect(await check(...ASCEND, 'input_shape=x:[1,4,-1,-1]', 'dynamic_dims=[6]')).toEqual([
      '11:14 CFG126 dynamic_dims gives 1 length per set, but input_shape has 2 times -1',
    ]);
  });

  it('is beaten by fixed_dims, and runs', async () => {
    const session = await opened(join(folder, 'open.onnx'));
    const lines = [
      ...FULL,
      '[quantscope]',
      'bin_layout=NCHW',
      'fixed_dims=H:6',
      '[ascend_context]',
      'input_shape=x:[1,4,9,8]',
    ];
    const run = await session.quantize({ configText: lines.join('\n'), configPath });
    expect(run.outputs[0]?.cosine).toBeCloseTo(1, 1);
  });

  it.each([
    ['input_shape=y:[1,4,6,8]', '10:13 SES421 a shape is given for "y", but the model has no such input — x?'],
    [
      'input_shape=x:[1,3,6,8]',
      '10:13 SES422 the shape [1, 3, 6, 8] is given for input x, which has dims [1, 4, H, W] in the model; only dimensions it leaves open can be set',
    ],
    [
      'input_shape=x:[4,6,8]',
      '10:13 SES422 the shape [4, 6, 8] is given for input x, which has dims [1, 4, H, W] in the model; only dimensions it leaves open can be set',
    ],
    ['input_shape=x', '10:13 CFG118 input_shape: "x" is not input:[1,3,224,224], several separated by ; (at x)'],
  ])('says what is wrong with %s', async (line, expected) => {
    expect(await check(...ASCEND, line)).toEqual([expected]);
  });

  it('says what layout BIN files have, where bin_layout does not', async () => {
    const open = ['[ascend_context]', 'input_shape=x:[1,4,6,8]'];
    expect((await check(...open)).join()).toMatch(/DAT112/);
    expect(await check(...open, 'input_format=NHWC')).toEqual([]);
    expect((await check(...open, 'input_format=ND')).join()).toMatch(/DAT112/);
  });
});

describe('data that does not fit the model', () => {
  async function fixed(lines: readonly string[], code: string): Promise<string> {
    const session = await opened(SAMPLE);
    const data = ['calibrate_path=image:x', 'calibrate_size=1'];
    const text = [...FULL.slice(0, 3), ...data, ...lines, ''].join('\n');
    const diagnostic = (await session.checkConfig(text, configPath)).find((d) => d.code === code);
    if (diagnostic === undefined) throw new Error(`${code} is not said`);
    const [fix] = fixesOf({ text, diagnostic, model: await session.configFacts() });
    expect(fix?.preferred).toBe(true);
    return applyEdits(text, fix?.edits ?? []).slice([...FULL.slice(0, 3), ...data, ''].join('\n').length);
  }
  const image = 'input_type=IMAGE\nnormalize_mean=[1]\nnormalize_std=[2]\n';
  const colours = 'input_type=IMAGE\nnormalize_mean=[1,1,1]\nnormalize_std=[2,2,2]\n';

  it.each([
    ['channels', [colours], 'DAT104', `${colours}\nimage_to_format=GRAY\n`],
    ['channels that are set', [colours, 'image_to_format=RGB'], 'DAT104', `${colours}\nimage_to_format=GRAY\n`],
    [
      'sizes',
      [image, 'image_to_format=GRAY', 'resize_method=LINEAR', 'resize_width=32', 'resize_height=28'],
      'DAT108',
      `${image}\nimage_to_format=GRAY\nresize_method=LINEAR\nresize_width=28\nresize_height=28\n`,
    ],
    ['files', ['input_type=BIN', 'calibrate_size=9'], 'DAT102', 'input_type=BIN\ncalibrate_size=1\n'],
    ['the layout', ['input_type=BIN'], 'DAT112', 'input_type=BIN\n[quantscope]\nbin_layout=NCHW\n'],
  ])('is put right: %s', async (_, lines, code, expected) => {
    const squeezed = (text: string): string => text.replace(/\n+/g, '\n');
    expect(squeezed(await fixed(lines, code))).toBe(squeezed(expected));
  });
});

describe('names in a config', () => {
  it('are explained where the model does not have them, also beside errors', async () => {
    const session = await opened(SAMPLE);
    const text =
      '[common_quant_param]\nquant_type=WEIGHT_QUANT\nbit_num=99\nskip_quant_node=conv1,konv1,nothing,conv1_output\n[quantscope]\nnode_overrides=conv:float16,fc:float16\n';
    const found = await session.checkConfig(text, configPath);
    expect(found.map(({ code, at, suggestion }) => [code, at.line, at.column, suggestion])).toEqual([
      ['CFG105', 3, 9, '16'],
      ['CFG131', 4, 23, 'conv1'],
      ['CFG131', 4, 29, undefined],
      ['CFG133', 4, 37, 'conv1'],
      ['CFG131', 6, 16, 'conv1'],
    ]);
  });

  it('are the facts of the model', async () => {
    const { file, nodes, inputs, openDims } = await (await opened(SAMPLE)).configFacts();
    expect({ file, inputs, openDims }).toEqual({
      file: 'mnist.onnx',
      inputs: [{ name: 'image', dtype: 'float32', dims: ['N', 1, 28, 28] }],
      openDims: ['N'],
    });
    expect(nodes[0]).toEqual({ handle: 'conv1', opType: 'Conv', outputs: ['conv1_output'] });
  });
});
