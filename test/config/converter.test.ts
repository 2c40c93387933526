import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import type { KeyRow, KeyType } from '../../src/config/keyTypes.ts';
import { formatText } from '../../src/config/language/format.ts';
import { OVERRIDE_WORDS } from '../../src/config/overrides.ts';
import { KEYS, keysOf, SECTIONS } from '../../src/config/schema.ts';
import { setSkipNodes } from '../../src/config/skipNodes.ts';
import { configTemplate, TEMPLATE_TYPES } from '../../src/config/templates.ts';
import { readAsConverter, type Sections } from './converterGrammar.ts';

const HEAD = '[common_quant_param]\nquant_type=WEIGHT_QUANT\n';

/** Why converter_lite stops; undefined when it goes on. */
function refusal(text: string): string | undefined {
  const result = readAsConverter(text);
  return 'error' in result ? result.error : undefined;
}

function sectionsOf(text: string): Sections {
  const result = readAsConverter(text);
  if ('error' in result) throw new Error(result.error);
  return result.sections;
}

describe('the re-implementation of converter_lite', () => {
  it.each([
    ['no text', ''],
    ['a comment', '# a=b=c'],
    ['spaces, CR and quotes', '[common_quant_param]\r\n  "bit"_num = "8"  \r\n'],
    ['an unknown section', '[anything]\nx=1\ny=2'],
    ['keys before any section', 'x=1\n'],
    ['a header that is not closed, as a section of another name', '[common_quant_param\nbit_num=x\n'],
    ['an = at the end', '[common_quant_param]\nbit_num=8=\n'],
    ['no quant_type', '[common_quant_param]\nbit_num=4\n'],
    ['a number as C reads it', '[mixed_bit_weight_quant_param]\ninit_scale=0x1p-5\n'],
    ['a blank before a number', '[data_preprocess_param]\nnormalize_mean=[1, 2]\n'],
    ['a name with a colon', '[data_preprocess_param]\ncalibrate_path=x:0:/d\n'],
    ['several models, whatever else there is', '[model_param]\nx=1\n[common_quant_param]\nbit_num=x\n'],
  ])('accepts %s', (_, text) => {
    expect(refusal(text)).toBeUndefined();
  });

  it.each([
    ['an empty value', `${HEAD}bit_num=\n`],
    ['a second =', `${HEAD}workspace=a=b\n`],
    ['a line without =', `${HEAD}bit_num\n`],
    ['an indented comment', `${HEAD} # note\n`],
    ['a comment behind a value', `${HEAD}bit_num=8 # eight\n`],
    ['a tab', `${HEAD}bit_num=\t8\t\n`],
    ['an unknown key', `${HEAD}bitnum=8\n`],
    ['a key in another case', `${HEAD}Bit_Num=8\n`],
    ['CPU', '[full_quant_param]\ntarget_device=CPU\n'],
    ['the spelling of its document', '[full_quant_param]\nactivation_quant_method=RemovalOutlier\n'],
    ['yes', '[full_quant_param]\nper_channel=yes\n'],
    ['8.0', `${HEAD}bit_num=8.0\n`],
    ['17 bits', `${HEAD}bit_num=17\n`],
    ['4 bits of full quantization', '[common_quant_param]\nquant_type=FULL_QUANT\nbit_num=4\n'],
    ['4 bits that are not encoded', `${HEAD}bit_num=4\nenable_encode=false\n`],
    ['a blank behind a number', '[data_preprocess_param]\nnormalize_mean=[1 ,2]\n'],
    ['an empty vector', '[data_preprocess_param]\nnormalize_mean=[]\n'],
    ['a folder without an input', '[data_preprocess_param]\ncalibrate_path=/d\n'],
    ['a scale of 1', '[mixed_bit_weight_quant_param]\ninit_scale=1\n'],
    ['full quantization without samples', '[common_quant_param]\nquant_type=FULL_QUANT\n'],
  ])('refuses %s', (_, text) => {
    expect(refusal(text)).toBeDefined();
  });

  it('lets the last line of a key win, and merges sections', () => {
    const text = '[common_quant_param]\nbit_num=4\n[quantscope]\n[common_quant_param]\nbit_num=8\nworkspace=a\n';
    expect([...(sectionsOf(text).get('common_quant_param') ?? [])]).toEqual([
      ['bit_num', '8'],
      ['workspace', 'a'],
    ]);
  });

  it('stops at 10,000 lines', () => {
    expect(refusal(' \n'.repeat(9999))).toBeUndefined();
    expect(refusal(' \n'.repeat(10_000))).toBe('too many lines');
  });
});

describe('converter_lite accepts', () => {
  const inputs = [
    [{ name: 'image', dims: [1, 3, 224, 224] }],
    [{ name: 'image', dims: ['N', 28, 28, 1] }],
    [
      { name: 'ids:0', dims: ['batch', 'length'] },
      { name: 'mask', dims: undefined },
    ],
    [],
  ];
  const templates = TEMPLATE_TYPES.flatMap((type) =>
    inputs.flatMap((list) => [false, true].map((quantized) => [type, list, quantized] as const)),
  );
  it.each(templates)('the template of %s for %j, quantized already: %s', (type, list, quantized) => {
    const text = configTemplate(type, list, quantized);
    expect(list.length === 0 && type === 'FULL_QUANT' ? undefined : refusal(text)).toBeUndefined();
    expect(formatText(text)).toBe(text);
  });

  const folder = resolve(import.meta.dirname, '../../media/sample');
  const samples = readdirSync(folder).filter((name) => name.endsWith('.cfg'));
  it.each(samples)('the sample %s', (name) => {
    expect(refusal(readFileSync(resolve(folder, name), 'utf8'))).toBeUndefined();
  });

  it('every config that we have nothing to say against, whatever keys of the table it has', () => {
    let clean = 0;
    fc.assert(
      fc.property(configs(), (text) => {
        const said = parseConfig(text, 'q.cfg').diagnostics.filter((d) => d.severity !== 'note');
        const ours = said.filter((d) => d.code !== 'CFG123' && d.code !== 'CFG130');
        fc.pre(ours.length === 0);
        clean++;
        expect(refusal(text), text).toBeUndefined();
        expect(refusal(formatText(text)), text).toBeUndefined();
        expect(refusal(setSkipNodes(text, ['a', 'b'])), text).toBeUndefined();
      }),
      { numRuns: 100 },
    );
    expect(clean).toBeGreaterThanOrEqual(100);
  });

  it('a config with all keys of the table at once, and reads the same without our section', () => {
    for (const type of ['WEIGHT_QUANT', 'FULL_QUANT', 'DYNAMIC_QUANT']) {
      const [text = ''] = fc.sample(configs({ type, share: 1 }), { numRuns: 1, seed: 7 });
      for (const row of KEYS) expect(text, row.key).toContain(`${row.key}=`);
      expect(refusal(text), text).toBeUndefined();
      const withoutOurs = text.replace(/\[quantscope\][^[]*(\n[^[].*)*\n(?=\[)/, '');
      expect(withoutOurs).not.toContain('node_overrides');
      const read = new Map(sectionsOf(text));
      expect(read.delete('quantscope')).toBe(true);
      expect(read).toEqual(sectionsOf(withoutOurs));
    }
  });
});

const name = fc.stringMatching(/^[A-Za-z][\w/.]{0,6}$/);
const list = (item: fc.Arbitrary<string>) =>
  fc
    .uniqueArray(item, { minLength: 1, maxLength: 3, selector: (i) => i.slice(0, i.lastIndexOf(':')) || i })
    .map((items) => items.join());

/** Values that the type allows, as they may be written. */
function valuesOf(type: KeyType): fc.Arbitrary<string> {
  switch (type.kind) {
    case 'int':
      return fc.integer({ min: type.min, max: type.max }).map(String);
    case 'double': {
      const [min, max] = Number.isFinite(type.above) ? [type.above, type.below] : [-2, 2];
      const inside = fc.double({ min, max, minExcluded: true, maxExcluded: true, noNaN: true });
      return inside.map((x) => x.toPrecision(6)).filter((text) => Number(text) > min && Number(text) < max);
    }
    case 'bool':
      return fc.constantFrom('true', 'false', 'True', 'FALSE');
    case 'enum':
      return fc.constantFrom(...type.choices.filter((c) => c.note === undefined).map((c) => c.value));
    case 'vector':
      return fc.array(fc.integer({ min: 1, max: 254 }), { minLength: 3, maxLength: 3 }).map((v) => `[${v.join(', ')}]`);
    case 'names':
      return list(name);
    case 'path':
      return name;
    case 'folders':
      return list(fc.tuple(name, name).map(([input, folder]) => `${input}:${folder}`));
    case 'dims':
      return list(fc.tuple(name, fc.integer({ min: 1, max: 9 })).map(([dim, length]) => `${dim}:${length}`));
    case 'layouts':
      return list(fc.tuple(name, fc.constantFrom('NCHW', 'NHWC')).map(([input, layout]) => `${input}:${layout}`));
    case 'overrides': {
      const words = fc.constantFrom(...OVERRIDE_WORDS.map((w) => w.word));
      return list(fc.tuple(name, words).map(([node, chosen]) => `${node}:${chosen}`));
    }
    case 'shapes':
    case 'profiles':
      throw new Error('its keys are among those that go together');
    case 'text':
      return fc.constantFrom(...type.examples);
  }
}

/** What goes together where every key is set. */
const TOGETHER: Readonly<Record<string, string>> = {
  bit_num: '8',
  enable_encode: 'true',
  input_type: 'IMAGE',
  image_to_format: 'RGB',
  resize_width: '640',
  resize_height: '480',
  center_crop_width: '320',
  center_crop_height: '240',
  input_shape: 'image:[-1,3,240,320];mask:[1,-1]',
  dynamic_dims: '[1~4,8],[16,32]',
};

/** Configs of keys of the table, in its order; `share` is how likely each key is there. */
function configs({
  type,
  share = 0.5,
}: {
  readonly type?: string;
  readonly share?: number;
} = {}): fc.Arbitrary<string> {
  const types = type === undefined ? fc.constantFrom('WEIGHT_QUANT', 'FULL_QUANT', 'DYNAMIC_QUANT') : fc.constant(type);
  const always = ['calibrate_path', 'calibrate_size', 'input_type', 'quant_type'];
  const line = (row: KeyRow, quantType: string): fc.Arbitrary<string | undefined> => {
    const value = row.key === 'quant_type' ? quantType : TOGETHER[row.key];
    const written = value === undefined ? valuesOf(row.type) : fc.constant(value);
    if (share === 1 || always.includes(row.key)) return written.map((text) => `${row.key}=${text}`);
    return fc.option(
      written.map((text) => `${row.key}=${text}`),
      { nil: undefined },
    );
  };
  return types.chain((quantType) => {
    const sections = SECTIONS.filter((s) => keysOf(s.name).length > 0).map((s) =>
      fc
        .tuple(...keysOf(s.name).map((row) => line(row, quantType)))
        .map((lines) => [`[${s.name}]`, ...lines.filter((l) => l !== undefined)].join('\n')),
    );
    return fc.tuple(...sections).map((texts) => `${texts.join('\n')}\n`);
  });
}
