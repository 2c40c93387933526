const FLAGS: Readonly<Record<string, string>> = { i: 'i', s: 's', m: 'm' };

/**
 * The expression that matches a whole text as RE2's FullMatch with `pattern` does: RE2's own spellings
 * (flags in front, `(?P<name>`, `\A`, `\z`, `\pL`, `[[:digit:]]`) are put into ECMAScript's. Matching goes back where RE2
 * does not: it takes exponential time for patterns such as `(a+)+`.
 *
 * @param fail called with the reason where the pattern is not understood.
 * @source RE2 syntax, github.com/google/re2/wiki/Syntax.
 */
export function regularExpression(pattern: string, fail: (message: string) => never): RegExp {
  const [lead = '', letters = ''] = /^\(\?([a-zA-Z]+)\)/.exec(pattern) ?? [];
  const flags = [...letters].map(
    (letter) => FLAGS[letter] ?? fail(`the flag ${letter} of ${pattern} is not supported`),
  );
  const body = inEcmaScript(pattern.slice(lead.length));
  try {
    return new RegExp(`${START}(?:${body})${END}`, ['u', ...new Set(flags)].join(''));
  } catch (error) {
    return fail(`the pattern ${pattern} is not understood: ${error instanceof Error ? error.message : error}`);
  }
}

const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

const SPELLINGS = /\\([pP])([A-Z])|\\([\s\S])|\(\?P<|\[:([a-z]+):\]/g;

function inEcmaScript(pattern: string): string {
  return pattern.replace(SPELLINGS, (found, p?: string, category?: string, escaped?: string, posix?: string) => {
    if (p !== undefined) return `\\${p}{${category}}`;
    if (posix !== undefined) return POSIX[posix] ?? found;
    if (escaped === undefined) return '(?<';
    return ESCAPES[escaped] ?? withoutNeedlessEscape(escaped);
  });
}

const START = '(?<![\\s\\S])';
const END = '(?![\\s\\S])';
const ESCAPES: Readonly<Record<string, string>> = { A: START, z: END, a: '\\x07' };

/** RE2 lets any punctuation be escaped; the `u` flag only what has a meaning. */
function withoutNeedlessEscape(c: string): string {
  return /[A-Za-z0-9^$\\.*+?()[\]{}|/-]/.test(c) ? `\\${c}` : c;
}
