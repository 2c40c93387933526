import type { Diagnostic, Location, Setting, Severity } from '../base/diagnostics.ts';
import type { InnerName } from '../protocol/modelFacts.ts';

const make = (
  severity: Severity,
  code: string,
  at: Location,
  message: string,
  suggestion?: string | undefined,
): Diagnostic => ({ severity, code, message, at, ...(suggestion === undefined ? {} : { suggestion }) });

const didYouMean = (choice: string | undefined): string => (choice === undefined ? '' : ` — ${choice}?`);

/** CFG101: a line that is neither comment, section nor `key=value`. */
export function missingEquals(at: Location, text: string): Diagnostic {
  const hint = /^(\/\/|;)/.test(text)
    ? 'a comment starts with # in the first column'
    : /\s\S+\s/.test(text)
      ? 'if it is a comment whose # was lost in copying, put # in the first column'
      : 'write key=value, or # in the first column for a comment';
  return make('error', 'CFG101', at, `${JSON.stringify(text)} has no =: ${hint}`);
}

/** CFG102: `key=` with nothing behind it. */
export function emptyValue(at: Location, key: string): Diagnostic {
  return make(
    'error',
    'CFG102',
    at,
    `${key}= has no value; to leave the key unset, delete the line or start it with #`,
  );
}

/** CFG103: a second `=` in a line. */
export function equalsInValue(at: Location, key: string, value: string): Diagnostic {
  return make('error', 'CFG103', at, `the value of ${key}, ${JSON.stringify(value)}, must not contain =`);
}

/** CFG104: a word that is not among the choices. */
export function notOneOf(
  at: Location,
  key: string,
  value: string,
  choices: readonly string[],
  choice: string | undefined,
): Diagnostic {
  return make(
    'error',
    'CFG104',
    at,
    `${key} = ${value} is not one of ${choices.join(', ')}${didYouMean(choice)}`,
    choice,
  );
}

/** CFG105: not a number of the accepted kind or range. */
export function badNumber(at: Location, key: string, value: string, expected: string, suggestion?: string): Diagnostic {
  return make('error', 'CFG105', at, `${key} = ${value} is not ${expected}`, suggestion);
}

/** CFG106: not `true` or `false`. */
export function badBoolean(at: Location, key: string, value: string): Diagnostic {
  const choice = /^(1|yes|on|y|t)$/i.test(value) ? 'true' : /^(0|no|off|n|f)$/i.test(value) ? 'false' : undefined;
  return make('error', 'CFG106', at, `${key} = ${value} is not true or false${didYouMean(choice)}`, choice);
}

/** CFG107: not `[a,b,c]`. */
export function badVector(at: Location, key: string, value: string, why: string, suggestion?: string): Diagnostic {
  return make('error', 'CFG107', at, `${key} = ${value}: ${why}`, suggestion);
}

/** What an unknown key may have been meant to be. */
export interface KeyHint {
  /** Goes on behind the message. */
  readonly text: string;
  /** Another key of the same section. */
  readonly suggestion?: string | undefined;
}

/** CFG108: a key that the section does not have. */
export function unknownKey(at: Location, section: string, key: string, { text, suggestion }: KeyHint): Diagnostic {
  return make('error', 'CFG108', at, `[${section}] has no key ${JSON.stringify(key)}${text}`, suggestion);
}

/** CFG134: an unknown key where converter_lite ignores such keys. */
export function ignoredKey(at: Location, section: string, key: string, { text, suggestion }: KeyHint): Diagnostic {
  return make('warning', 'CFG134', at, `[${section}] has no key ${JSON.stringify(key)}${text}`, suggestion);
}

/** CFG135: a key of converter_lite that has no meaning here. */
export function converterKey(at: Location, key: string, doc: string): Diagnostic {
  return make('note', 'CFG135', at, `${key} has no effect here: it concerns ${doc}`);
}

/** CFG109: a section nobody reads. */
export function unknownSection(at: Location, name: string, choice: string | undefined): Diagnostic {
  const hint = choice === undefined ? '' : ` — [${choice}]?`;
  return make(
    'warning',
    'CFG109',
    at,
    `there is no section [${name}], so its keys have no effect${hint}`,
    choice && `[${choice}]`,
  );
}

/** CFG110: a key that is given twice in its section. */
export function repeatedKey(at: Location, key: string, firstLine: number): Diagnostic {
  return make('warning', 'CFG110', at, `${key} is given before, in line ${firstLine}; this one, the last, counts`);
}

/** CFG111: a key above the first section. */
export function keyBeforeSection(at: Location, key: string, { text }: KeyHint): Diagnostic {
  return make('warning', 'CFG111', at, `${key} stands before any [section], so it has no effect${text}`);
}

/** CFG112: a section line that does not end in `]`. */
export function badHeader(at: Location, name: string, unclosed: boolean): Diagnostic {
  const what = unclosed ? 'the section is not closed with ]' : 'nothing may follow the ] of a section';
  return make(
    'error',
    'CFG112',
    at,
    `${what}; converter_lite reads the name ${JSON.stringify(name)} and ignores the section`,
  );
}

/** CFG113: a tab where only spaces are dropped. */
export function tab(at: Location, what: string): Diagnostic {
  return make('error', 'CFG113', at, `${what}; converter_lite drops only spaces. Remove the tab`);
}

/** CFG114: a comment that does not start in the first column. */
export function indentedComment(at: Location): Diagnostic {
  return make('error', 'CFG114', at, 'a comment must have its # in the first column; remove the blanks before it');
}

/** CFG115: `value # comment`. */
export function inlineComment(at: Location, key: string, severity: 'error' | 'warning'): Diagnostic {
  const effect = severity === 'error' ? 'put the comment on a line of its own' : 'it counts as part of the value';
  return make(severity, 'CFG115', at, `the value of ${key} holds #; there are no comments behind a value: ${effect}`);
}

/** CFG116: more lines than converter_lite reads. */
export function tooManyLines(at: Location, limit: number): Diagnostic {
  return make('error', 'CFG116', at, `more than ${limit} lines that are not comments; converter_lite stops here`);
}

/** CFG117: the text starts with U+FEFF. */
export function byteOrderMark(at: Location): Diagnostic {
  return make('warning', 'CFG117', at, 'the file starts with a byte order mark, on which converter_lite fails');
}

/** CFG118: an item of a list that is not `name:something`. */
export function badItem(at: Location, key: string, item: string, why: string, suggestion?: string): Diagnostic {
  return make('error', 'CFG118', at, `${key}: ${JSON.stringify(item)} ${why}`, suggestion);
}

/** CFG119: blanks around the items of a list. */
export function blanksInList(at: Location, key: string, item: string): Diagnostic {
  const said = `${key}: the blanks around ${JSON.stringify(item.trim())} were dropped`;
  return make('warning', 'CFG119', at, `${said}; converter_lite keeps them, so that the name matches nothing`);
}

/** CFG120: an empty item in the middle of a list. */
export function emptyItem(at: Location, key: string): Diagnostic {
  return make('warning', 'CFG120', at, `${key} has an empty name between two commas; it was dropped`);
}

/** CFG121: nothing says what to do. */
export function missingQuantType(at: Location, choices: readonly string[]): Diagnostic {
  return make(
    'error',
    'CFG121',
    at,
    `quant_type is missing from [common_quant_param]; converter_lite then quantizes nothing and says so nowhere. Add one of ${choices.join(', ')}`,
  );
}

/** CFG122: a spelling that was accepted for another. */
export function acceptedAs(at: Location, key: string, value: string, meaning: string, suggestion?: string): Diagnostic {
  return make('note', 'CFG122', at, `${key} = ${value} is read ${meaning}`, suggestion);
}

/** CFG123: a method or refinement whose effect does not exist here yet. */
export function notCarriedOut(
  at: Location,
  what: string,
  severity: 'error' | 'warning',
  instead: readonly string[] = [],
): Diagnostic {
  const others = instead.length === 0 ? '' : ` (${instead.join(', ')} ${instead.length === 1 ? 'is' : 'are'})`;
  const effect = severity === 'error' ? '' : '; the run goes on without it';
  return make(severity, 'CFG123', at, `${what} is not carried out yet${others}${effect}`);
}

/** CFG124: a key that the chosen quant_type does not use. */
export function noEffect(at: Location, what: string, quantType: string): Diagnostic {
  return make('note', 'CFG124', at, `${what} has no effect for quant_type = ${quantType}`);
}

/** CFG125: a key that another setting needs. */
export function missingKey(
  at: Location,
  { section, key, value }: Omit<Setting, 'value'> & Partial<Setting>,
  why: string,
): Diagnostic {
  const missing = make('error', 'CFG125', at, `[${section}] ${key} is missing: ${why}`);
  return { ...missing, settings: [{ section, key, value: value ?? '' }] };
}

/** CFG126: values that do not go together. */
export function conflict(at: Location, message: string, suggestion?: string): Diagnostic {
  return make('error', 'CFG126', at, message, suggestion);
}

/** CFG127: settings that are accepted, with a hint of what they do. */
export function hint(
  at: Location,
  severity: 'warning' | 'note',
  message: string,
  settings: readonly Setting[] = [],
): Diagnostic {
  return { ...make(severity, 'CFG127', at, message), ...(settings.length === 0 ? {} : { settings }) };
}

/** CFG130: numbers that normalization can hardly mean. */
export function doubtfulNormalization(at: Location, message: string, suggestion: string | undefined): Diagnostic {
  return make('warning', 'CFG130', at, message, suggestion);
}

/** CFG128: a file that describes several models. */
export function severalModels(at: Location): Diagnostic {
  return make(
    'error',
    'CFG128',
    at,
    '[model_param] makes converter_lite ignore every quantization section; keep one config per model and remove it',
  );
}

/** CFG129: a section for the converter that has no meaning here. */
export function converterSection(at: Location, name: string): Diagnostic {
  return make('note', 'CFG129', at, `[${name}] concerns the conversion by converter_lite; it has no effect here`);
}

/** CFG131: a name that no node has. */
export function unknownNode(at: Location, key: string, name: string, suggestion: string | undefined): Diagnostic {
  const hint = suggestion === undefined ? ': open the model to see the names of its nodes' : didYouMean(suggestion);
  return make(
    'warning',
    'CFG131',
    at,
    `${key} names ${JSON.stringify(name)}, but no node has this name${hint}`,
    suggestion,
  );
}

/** CFG132: a name that is not of the file's own graph. */
export function innerName(at: Location, key: string, inner: InnerName): Diagnostic {
  const where =
    inner.in === 'fusion'
      ? `exists only where nodes are fused or taken apart; in the file it is part of ${inner.owner}`
      : `is a node in a body of ${inner.owner}, and bodies are float or quantized as a whole`;
  const message = `${key} names ${JSON.stringify(inner.name)}, which ${where}: name ${inner.owner}`;
  return make('warning', 'CFG132', at, message, inner.owner);
}

/** CFG133: a name of something else than a node. */
export function notANodeName(
  at: Location,
  key: string,
  name: string,
  { why, handles }: { readonly why: string; readonly handles: readonly string[] },
): Diagnostic {
  const shown = handles.slice(0, 3).join(', ') + (handles.length > 3 ? ` and ${handles.length - 3} more` : '');
  const message = `${key} names ${JSON.stringify(name)}, which ${why}: name ${shown}`;
  return make('warning', 'CFG133', at, message, handles[0]);
}
