import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { applyEdits } from '../../src/config/edits.ts';
import { type CompletionFacts, completionsAt } from '../../src/config/language/completion.ts';
import { formatText } from '../../src/config/language/format.ts';
import { hoverAt } from '../../src/config/language/hover.ts';
import { folderToList } from '../../src/config/language/listCompletion.ts';
import { isQuantConfig } from '../../src/config/language/recognize.ts';
import { symbolsOf } from '../../src/config/language/symbols.ts';
import { keysOf, SECTIONS } from '../../src/config/schema.ts';
import type { ModelFacts } from '../../src/protocol/modelFacts.ts';

const model: ModelFacts = {
  file: 'm.onnx',
  nodes: [
    { handle: 'conv1', opType: 'Conv', outputs: ['c1'] },
    { handle: 'conv2', opType: 'Conv', outputs: ['c2'] },
    { handle: 'scope/x:0', opType: 'Relu', outputs: [] },
  ],
  inputs: [
    { name: 'image', dtype: 'float32', dims: ['N', 3, 224, 224] },
    { name: 'ids:0', dtype: 'int64', dims: null },
  ],
  inner: [],
  openDims: ['N', 'length'],
};
const listing = { folders: ['calibration', 'a,b', '.git'], files: ['labels.csv', 'x.onnx', 'notes.txt'] };

/** A text with `|` at the cursor. */
function at(marked: string) {
  const before = marked.slice(0, marked.indexOf('|')).split('\n');
  return { text: marked.replace('|', ''), position: { line: before.length, column: (before.at(-1) ?? '').length + 1 } };
}

function complete(marked: string, facts: CompletionFacts = { model, listing }) {
  const { text, position } = at(marked);
  return completionsAt(text, position, facts);
}

const labels = (marked: string, facts?: CompletionFacts): string[] => complete(marked, facts).map((c) => c.label);

/** The text after a completion is taken. */
function take(marked: string, label: string): string {
  const found = complete(marked).find((c) => c.label === label);
  expect(found, `${label} is not offered at ${JSON.stringify(marked)}`).toBeDefined();
  return found === undefined ? '' : applyEdits(at(marked).text, [found]);
}

describe('completion', () => {
  it('offers every section, those that are missing first', () => {
    const found = labels('[quantscope]\n[|');
    expect(new Set(found)).toEqual(new Set(SECTIONS.map((s) => `[${s.name}]`)));
    const keyed = SECTIONS.filter((s) => s.kind === 'keys').length;
    expect(found.indexOf('[quantscope]')).toBeGreaterThanOrEqual(keyed - 1);
    expect(found[0]).toBe('[common_quant_param]');
  });

  it.each([
    ['[|', '[quantscope]'],
    ['[|]', '[quantscope]'],
    ['  [quant|', '  [quantscope]'],
    ['|', '[quantscope]'],
  ])('closes a section in %j', (marked, expected) => {
    expect(take(marked, '[quantscope]')).toBe(expected);
  });

  it('offers the keys of the section that are not set, with = behind them', () => {
    const text = '[common_quant_param]\nquant_type=WEIGHT_QUANT\nbi|';
    expect(labels(text)).toEqual(
      expect.arrayContaining(
        keysOf('common_quant_param')
          .map((r) => r.key)
          .filter((key) => key !== 'quant_type'),
      ),
    );
    expect(labels(text)).not.toContain('quant_type');
    expect(take(text, 'bit_num')).toBe('[common_quant_param]\nquant_type=WEIGHT_QUANT\nbit_num=');
  });

  it('offers keys that the quant_type does not use last', () => {
    const found = labels('[common_quant_param]\nquant_type=FULL_QUANT\n|').filter((label) => !label.startsWith('['));
    expect(found.indexOf('skip_quant_node')).toBeLessThan(found.indexOf('min_quant_weight_size'));
  });

  it('keeps the value when a key is replaced', () => {
    expect(take('[common_quant_param]\nbit|=8', 'bit_num')).toBe('[common_quant_param]\nbit_num=8');
  });

  it('offers no keys above the first section, and nothing in a comment', () => {
    expect(labels('bit|').every((label) => label.startsWith('['))).toBe(true);
    expect(labels('[common_quant_param]\n# bit|')).toEqual([]);
  });

  it('offers the words of an enumeration and of a boolean, and a default', () => {
    expect(labels('[data_preprocess_param]\nresize_method=|')).toEqual(['LINEAR', 'NEAREST', 'CUBIC']);
    expect(labels('[full_quant_param]\nper_channel=t|')).toEqual(['true', 'false']);
    expect(labels('[common_quant_param]\nbit_num=|')).toEqual(['8']);
    expect(take('[data_preprocess_param]\nresize_method = L| ', 'CUBIC')).toBe(
      '[data_preprocess_param]\nresize_method = CUBIC ',
    );
    expect(labels('[data_preprocess_param]\nnormalize_std=|')).toContain('[58.395,57.12,57.375]');
  });

  const skip = '[common_quant_param]\nskip_quant_node=';
  it.each([
    [`${skip}|`, 'conv2', `${skip}conv2`],
    [`${skip}conv1,|`, 'conv2', `${skip}conv1,conv2`],
    [`${skip}co|,conv1`, 'conv2', `${skip}conv2,conv1`],
    [`${skip}conv1,sc|ope,conv2`, 'scope/x:0', `${skip}conv1,scope/x:0,conv2`],
  ])('offers the nodes of the model in %j', (marked, label, expected) => {
    expect(take(marked, label)).toBe(expected);
  });

  const overrides = '[quantscope]\nnode_overrides=';
  it('offers one word for each choice of a node', () => {
    const found = labels(`${overrides}conv1:int16+|`);
    expect(found).toContain('symmetric');
    expect(found).not.toContain('int8');
    expect(labels(`${overrides}conv1:int1|6`)).toContain('int8');
  });

  it('offers no node twice, and none without a model', () => {
    expect(labels(`${skip}conv1,|`)).toEqual(['conv2', 'scope/x:0']);
    expect(labels(`${skip}|`, {})).toEqual([]);
  });

  it.each([
    [`${overrides}c|`, 'conv1', `${overrides}conv1:`],
    [`${overrides}scope/x|:int8`, 'scope/x:0', `${overrides}scope/x:0:int8`],
    [`${overrides}conv1:|`, 'int16', `${overrides}conv1:int16`],
    [`${overrides}conv1:int16+sy|`, 'symmetric', `${overrides}conv1:int16+symmetric`],
    [`${overrides}conv1:in|t8+symmetric,conv2:float16`, 'int16', `${overrides}conv1:int16+symmetric,conv2:float16`],
    [`${overrides}scope/x:0:fl|`, 'float16', `${overrides}scope/x:0:float16`],
  ])('offers nodes and words of overrides in %j', (marked, label, expected) => {
    expect(take(marked, label)).toBe(expected);
  });

  const path = '[data_preprocess_param]\ncalibrate_path=';
  it.each([
    [`${path}|`, 'image', `${path}image:`],
    [`${path}im|:calibration`, 'image', `${path}image:calibration`],
    [`${path}image:|`, 'calibration', `${path}image:calibration`],
    [`${path}image:data/c|`, 'calibration', `${path}image:data/calibration`],
    [`${path}image:a,ids:0:c|`, 'calibration', `${path}image:a,ids:0:calibration`],
    ['[quantscope]\nevaluate_path=c|', 'calibration', '[quantscope]\nevaluate_path=calibration'],
    ['[quantscope]\nlabels=|', 'labels.csv', '[quantscope]\nlabels=labels.csv'],
    ['[quantscope]\nlabels=f|', 'folders', '[quantscope]\nlabels=folders'],
    ['[quantscope]\nfloat_model=x|', 'x.onnx', '[quantscope]\nfloat_model=x.onnx'],
    ['[quantscope]\nfixed_dims=N:1,|', 'length', '[quantscope]\nfixed_dims=N:1,length:'],
    ['[quantscope]\ninput_layout=image:|', 'NHWC', '[quantscope]\ninput_layout=image:NHWC'],
  ])('offers inputs, folders and files in %j', (marked, label, expected) => {
    expect(take(marked, label)).toBe(expected);
  });

  it('leaves out names that cannot be written, and files that are not wanted', () => {
    expect(labels(`${path}image:|`)).toEqual(['calibration']);
    expect(labels('[quantscope]\nlabels=|')).toEqual(['labels.csv', 'calibration', 'folders']);
  });

  it.each([
    [`${path}image:|`, ''],
    [`${path}image:data/x/c|`, 'data/x/'],
    [`${path}image:C:\\data\\c|`, 'C:\\data\\'],
    [`${path}a:b,image:/data/|`, '/data/'],
    ['[quantscope]\nevaluate_path=data/|', 'data/'],
    ['[common_quant_param]\nskip_quant_node=a/|', undefined],
    ['[common_quant_param]\ndebug_info|', undefined],
  ])('knows the folder to list in %j', (marked, expected) => {
    const { text, position } = at(marked);
    expect(folderToList(text, position)).toBe(expected);
  });

  it('offers the codes that are said as what may be silenced, errors left out', () => {
    const said = [
      { severity: 'warning', code: 'CFG110', message: 'twice', at: { file: '' } },
      { severity: 'error', code: 'CFG104', message: 'wrong', at: { file: '' } },
    ] as const;
    expect(labels('[quantscope]\nsilence=|', { said })).toEqual(['CFG110']);
  });

  it('is there for every key of the table: a document for the key, and a place to write', () => {
    let count = 0;
    for (const { name } of SECTIONS.filter((s) => s.kind === 'keys')) {
      const found = complete(`[${name}]\n|`).filter((c) => c.kind === 'key');
      expect(found.map((c) => c.label).sort()).toEqual(
        keysOf(name)
          .map((row) => row.key)
          .sort(),
      );
      for (const { doc } of found) expect(doc).toContain('Accepts:');
      count += found.length;
    }
    expect(count).toBeGreaterThan(50);
  });

  it('replaces a range that holds the cursor and stays in its line, wherever the cursor is', () => {
    const texts = sampleTexts();
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.nat(), (text, n) => {
        const before = text.slice(0, n % (text.length + 1)).split('\n');
        const position = { line: before.length, column: (before.at(-1) ?? '').length + 1 };
        for (const { range } of completionsAt(text, position, { model, listing })) {
          expect([range.start.line, range.end.line]).toEqual([position.line, position.line]);
          expect(range.start.column).toBeLessThanOrEqual(position.column);
          expect(range.end.column).toBeGreaterThanOrEqual(position.column);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('hover', () => {
  const hover = (marked: string) => {
    const { text, position } = at(marked);
    return hoverAt(text, position, model)?.doc;
  };
  it.each([
    ['[full_|quant_param]', '[full_quant_param]'],
    ['[full_quant_param]\nper_ch|annel=true', 'Default: `true`'],
    ['[full_quant_param]\nactivation_quant_method=K|L', 'least relative entropy'],
    ['[common_quant_param]\nskip_quant_node=conv1,con|v2', '**conv2** · Conv of m.onnx'],
    ['[quantscope]\nnode_overrides=conv1:int1|6', '16-bit codes'],
    ['[data_preprocess_param]\ncalibrate_path=ima|ge:x', 'float32 [N, 3, 224, 224]'],
    ['batch_co|unt=3', 'calibrate_size in [data_preprocess_param]'],
  ])('says at %j: %s', (marked, expected) => {
    expect(hover(marked)).toContain(expected);
  });

  it.each(['# quant|_type=1', '[some|thing]', '[full_quant_param]\nx|=1', '[common_quant_param]\nskip_quant_node=x|'])(
    'says nothing at %j',
    (marked) => {
      expect(hover(marked)).toBeUndefined();
    },
  );
});

describe('formatting', () => {
  it('removes blanks and tabs, parts sections, and keeps comments', () => {
    const before =
      '\n\n [ common_quant_param ]\r\n\t bit_num = 8 \r\n  # note\r\n\r\n\r\nskip_quant_node= a , b,,c,\r\n# of the next\r\n[data_preprocess_param]\r\nnormalize_mean=[ 1 , 2 ]';
    expect(formatText(before)).toBe(
      '[common_quant_param]\r\nbit_num=8\r\n# note\r\n\r\nskip_quant_node=a,b,c\r\n# of the next\r\n\r\n[data_preprocess_param]\r\nnormalize_mean=[1,2]\r\n',
    );
  });

  it('leaves the sample configs alone', () => {
    for (const text of sampleTexts()) expect(formatText(text)).toBe(text);
  });

  it('is done at once, and changes nothing that a config says', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '',
        '  ',
        '# c',
        '[common_quant_param]',
        '[full_quant_param]',
        'quant_type = FULL_QUANT',
        'skip_quant_node= a, b ,c',
        'bit_num=8 ',
        'per_channel=false',
        'normalize_mean=[1, 2,3]',
      ),
      fc.string({ maxLength: 10 }).map((s) => s.replace(/[\r\n]/g, '')),
    );
    const text = fc
      .tuple(fc.array(line, { maxLength: 14 }), fc.constantFrom('\n', '\r\n'))
      .map(([lines, eol]) => lines.join(eol));
    fc.assert(
      fc.property(text, (before) => {
        const after = formatText(before);
        expect(formatText(after)).toBe(after);
        const was = parseConfig(before, '').config;
        if (was !== undefined) expect(JSON.stringify(parseConfig(after, '').config)).toBe(JSON.stringify(was));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the outline', () => {
  it('has the sections with their keys and values', () => {
    const [flat, section, ...more] = symbolsOf('a=1\n[common_quant_param]\nbit_num=8\n# x\n\n[quantscope]\n');
    expect(flat).toMatchObject({ name: 'a', detail: '1', kind: 'key', children: [] });
    expect(section).toMatchObject({
      name: 'common_quant_param',
      kind: 'section',
      range: { start: { line: 2, column: 1 }, end: { line: 4, column: 4 } },
      nameRange: { start: { line: 2, column: 1 }, end: { line: 2, column: 21 } },
    });
    expect(section?.children.map(({ name, detail }) => [name, detail])).toEqual([['bit_num', '8']]);
    expect(more.map((s) => s.name)).toEqual(['quantscope']);
  });

  it('is empty for an empty text', () => {
    expect(symbolsOf('')).toEqual([]);
  });
});

describe('a quantization config is recognised by its content', () => {
  it.each([
    ['[common_quant_param]\n', true],
    ['# mine\r\n [quantscope]\r\n', true],
    ['[other]\nx=1\n[full_quant_param]', true],
    ['image_path=/d\nbatch_count=10\nmethod_x=KL', true],
    ['image_path=/d\nsize=10', false],
    ['#[common_quant_param]', false],
    ['[registry]\nurl=https://x', false],
    ['[core]\nname = value\n', false],
    ['text about [common_quant_param] here', false],
    ['', false],
  ])('%j: %s', (text, expected) => {
    expect(isQuantConfig(text)).toBe(expected);
  });
});

function sampleTexts(): string[] {
  const folder = resolve(import.meta.dirname, '../../media/sample');
  const names = readdirSync(folder).filter((name) => name.endsWith('.cfg'));
  expect(names.length).toBeGreaterThan(2);
  return names.map((name) => readFileSync(resolve(folder, name), 'utf8'));
}
