import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { setSkipNodes, skipNodesOf } from '../../src/config/skipNodes.ts';

describe('setSkipNodes', () => {
  const common = '[common_quant_param]\n';
  const cases: readonly (readonly [name: string, before: string, handles: readonly string[], after: string])[] = [
    [
      'changes the value alone',
      `${common}# a\n skip_quant_node = x,y  \nb=1`,
      ['y'],
      `${common}# a\n skip_quant_node = y  \nb=1`,
    ],
    [
      'keeps CRLF',
      `[common_quant_param]\r\nskip_quant_node=x\r\n`,
      ['a', 'b'],
      `[common_quant_param]\r\nskip_quant_node=a,b\r\n`,
    ],
    [
      'adds behind the last entry',
      `${common}quant_type=FULL_QUANT\n\n[x]\n`,
      ['a'],
      `${common}quant_type=FULL_QUANT\nskip_quant_node=a\n\n[x]\n`,
    ],
    [
      'adds with CRLF',
      `[common_quant_param]\r\nq=1\r\n\r\n[x]`,
      ['a'],
      `[common_quant_param]\r\nq=1\r\nskip_quant_node=a\r\n\r\n[x]`,
    ],
    ['adds at the end of a text without line end', '[common_quant_param]', ['a'], `${common}skip_quant_node=a`],
    [
      'adds at the end with CRLF',
      '# x\r\n[common_quant_param]',
      ['a'],
      '# x\r\n[common_quant_param]\r\nskip_quant_node=a',
    ],
    ['adds the section', '[x]\ny=1', ['a'], '[x]\ny=1\n[common_quant_param]\nskip_quant_node=a\n'],
    ['fills an empty value', `${common}skip_quant_node=\nb=1`, ['a'], `${common}skip_quant_node=a\nb=1`],
    ['removes the line', `${common}skip_quant_node=x\nb=1\n`, [], `${common}b=1\n`],
    ['removes an empty value', `${common}skip_quant_node=\n`, [], common],
    ['removes the last line', `${common}b=1\nskip_quant_node=x`, [], `${common}b=1\n`],
    ['removes every line of the key', `${common}skip_quant_node=x\nskip_quant_node=y\n`, [], common],
    [
      'changes the line that counts',
      `${common}skip_quant_node=x\nskip_quant_node=y\n`,
      ['z'],
      `${common}skip_quant_node=x\nskip_quant_node=z\n`,
    ],
    [
      'leaves comments alone',
      `${common}#skip_quant_node=x\n`,
      ['z'],
      `${common}skip_quant_node=z\n#skip_quant_node=x\n`,
    ],
    [
      'leaves other sections alone',
      `[x]\nskip_quant_node=q\n${common}b=1\n`,
      ['z'],
      `[x]\nskip_quant_node=q\n${common}b=1\nskip_quant_node=z\n`,
    ],
    ['replaces quotes', `${common}skip_quant_node="x,y"\n`, ['z'], `${common}skip_quant_node=z\n`],
    [
      'leaves a text alone that says so already',
      `${common}skip_quant_node=a, b,\n`,
      ['a', 'b'],
      `${common}skip_quant_node=a, b,\n`,
    ],
  ];
  it.each(cases)('%s', (_, before, handles, after) => {
    expect(setSkipNodes(before, handles)).toBe(after);
  });

  const handle = fc.stringMatching(/^[A-Za-z/:.][\w/:. ]{0,8}[\w/:.]$/);
  const line = fc.oneof(
    fc.constantFrom(
      '',
      '#c',
      '[common_quant_param]',
      '[quantscope]',
      'bit_num=8',
      'skip_quant_node=a,b',
      ' x = 1 ',
      '\t',
      '=',
      '"',
      ']',
    ),
    fc.string({ maxLength: 8 }).map((s) => s.replace(/[\r\n]/g, '')),
  );
  const text = fc
    .tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\r\n'), fc.boolean())
    .map(([lines, eol, end]) => lines.join(eol) + (end ? eol : ''));

  it('is read back, is idempotent, and keeps every other line', () => {
    fc.assert(
      fc.property(text, fc.uniqueArray(handle, { maxLength: 4 }), (before, handles) => {
        const after = setSkipNodes(before, handles);
        expect(skipNodesOf(after)).toEqual(handles);
        expect(setSkipNodes(after, handles)).toBe(after);
        const others = (t: string) => t.split(/\r?\n/).filter((l) => !/skip_quant_node/.test(l));
        const added = others(after).filter((l) => l.trim() !== '' && l.trim() !== '[common_quant_param]');
        expect(added).toEqual(others(before).filter((l) => l.trim() !== '' && l.trim() !== '[common_quant_param]'));
      }),
      { numRuns: 100 },
    );
  });
});

it('parses what it does not understand without throwing, and gives no config then', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      const { config, diagnostics } = parseConfig(text, 'q.cfg');
      expect(config).toBeUndefined();
      expect(diagnostics.some((d) => d.severity === 'error')).toBe(true);
    }),
    { numRuns: 100 },
  );
});
