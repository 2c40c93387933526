import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundled } from './bundled.mjs';
import { markdownTable, writeDocument } from './lib/document.mjs';
import { ROOT } from './lib/root.mjs';

// Writes docs/config.md from the table of keys; with --check only says whether it is stale.
const { accepted, capital, CONVERTER_OPTIONS, EFFECTS, FORMER_KEYS, keysOf, OVERRIDE_WORDS, SECTIONS } = await bundled(`
  export * from './src/config/schema.ts';
  export { FORMER_KEYS } from './src/config/former.ts';
  export { CONVERTER_OPTIONS } from './src/cli/converterOptions.ts';
  export { OVERRIDE_WORDS } from './src/config/overrides.ts';
  export { accepted, capital, EFFECTS } from './src/config/language/keyDoc.ts';
`);

function keyLines(row) {
  const only = row.for === undefined ? '' : ` Only for ${row.for.join(', ')}.`;
  const effect = EFFECTS[row.effect];
  return [
    `\`${row.key}\``,
    row.default === undefined ? 'unset' : `\`${row.default}\``,
    accepted(row.type),
    `${row.doc}${only}`,
    effect,
  ];
}

function section({ name, doc }) {
  const keys = keysOf(name);
  const choices = keys.filter((row) => row.type.kind === 'enum');
  const values = choices.flatMap((row) =>
    row.type.choices.map((choice) => [
      `\`${row.key}=${choice.value}\``,
      `${choice.doc}${choice.note ? ` (${choice.note})` : ''}`,
      EFFECTS[choice.effect],
    ]),
  );
  const overrides = keys.some((row) => row.type.kind === 'overrides')
    ? OVERRIDE_WORDS.map(({ word, doc }) => [`\`node_overrides=node:${word}\``, doc, EFFECTS.done])
    : [];
  values.push(...overrides);
  const table = markdownTable(['key', 'default', 'accepted', 'what it is', 'effect'], keys.map(keyLines));
  const words = values.length === 0 ? '' : `\n\n${markdownTable(['value', 'means', 'effect'], values)}`;
  return `## [${name}]\n\n${capital(doc)}.\n\n${table}${words}`;
}

/** The codes of src/config/errors.ts with the first sentence of their documents. */
function messages() {
  const text = readFileSync(join(ROOT, 'src/config/errors.ts'), 'utf8');
  const found = [...text.matchAll(/^\/\*\* (CFG\d{3}): (.+?)\.? \*\/$/gm)].map(([, code, what]) => [code, what]);
  if (found.length < 30) throw new Error(`only ${found.length} documented codes in src/config/errors.ts`);
  return found.sort(([a], [b]) => a.localeCompare(b));
}

writeDocument(
  'docs/config.md',
  `# The config

<!-- Generated from src/config/schema.ts by scripts/configDoc.mjs. -->

The INI file of MindSpore Lite's converter_lite, and a section \`[quantscope]\` that it ignores. Lines are
\`key=value\`; a comment is a line whose first character is \`#\`. Sections and keys are case-sensitive. A key that does
not exist is an error with the nearest one that does; nothing is ignored silently. Relative paths start from the
config's folder, and \`C:/images\` and \`C:\\images\` are absolute, also behind \`input:\`.

${SECTIONS.filter(({ kind }) => kind === 'keys')
  .map(section)
  .join('\n\n')}

## Sections of converter_lite without an effect here

${markdownTable(
  ['section', 'concerns'],
  SECTIONS.filter(({ kind }) => kind === 'converter').map(({ name, doc }) => [`\`[${name}]\``, doc]),
)}

## The command line of converter_lite

\`quantscope quantize\` understands \`--fmk=ONNX --modelFile= --configFile= --outputFile=\`, and:

${markdownTable(
  ['option', 'effect', 'what becomes of it'],
  CONVERTER_OPTIONS.map(({ name, doc, setting }) => [
    `\`--${name}\``,
    setting === undefined ? 'none, with a note' : 'carried out',
    doc,
  ]),
)}

## Keys of former releases

${markdownTable(
  ['key', 'now'],
  FORMER_KEYS.map(({ name, now, from }) => [`\`${from === 'file' ? '' : '--'}${name}\``, now]),
)}

## What is said of a config

Errors keep a config from running; warnings and notes can be left out by \`silence=\` with their codes. In the editor
most have a quick fix. What is said of its data, its model and the run has codes of other families.

${markdownTable(['code', 'said of'], messages())}
`,
  'scripts/configDoc.mjs',
);
