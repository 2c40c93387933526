import { bundled } from './bundled.mjs';
import { markdownTable, writeDocument } from './lib/document.mjs';

// Writes docs/config.md from the table of keys; with --check only says whether it is stale.
const { FORMER_KEYS, keysOf, SECTIONS } = await bundled(
  `export * from './src/config/schema.ts'; export { FORMER_KEYS } from './src/config/former.ts';`,
);

const EFFECTS = {
  done: 'carried out',
  warning: 'recognised; the run goes on without it, with a warning',
  error: 'recognised; an error, since it is not carried out yet',
};

/** What a value may be. */
function accepted(type) {
  switch (type.kind) {
    case 'int':
      return `integer ${type.min} to ${type.max}`;
    case 'double':
      return Number.isFinite(type.above) ? `number between ${type.above} and ${type.below}, without these` : 'number';
    case 'bool':
      return '`true` or `false`';
    case 'enum':
      return type.choices.map(choiceName).join(', ');
    case 'vector':
      return '`[a,b,c]`, one number per channel';
    case 'names':
      return '`a,b,c`';
    case 'path':
      return 'path, relative to the config';
    case 'folders':
      return `\`input:folder,…\`${type.plain ? ', or one folder' : ''}; relative to the config`;
    case 'dims':
      return '`name:length,…`';
    case 'layouts':
      return '`input:NCHW,…`';
    case 'overrides':
      return '`node:word+word,…`';
  }
  throw new Error(`no words for values of kind ${type.kind}`);
}

const choiceName = ({ value, aliases = [] }) => `\`${value}\`${aliases.map((alias) => ` (or \`${alias}\`)`).join('')}`;

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
  const table = markdownTable(['key', 'default', 'accepted', 'what it is', 'effect'], keys.map(keyLines));
  const words = values.length === 0 ? '' : `\n\n${markdownTable(['value', 'means', 'effect'], values)}`;
  return `## [${name}]\n\n${capital(doc)}.\n\n${table}${words}`;
}

const capital = (text) => `${text[0].toUpperCase()}${text.slice(1)}`;

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

## Keys of former releases

${markdownTable(
  ['key', 'now'],
  FORMER_KEYS.map(({ name, now, from }) => [`\`${from === 'file' ? '' : '--'}${name}\``, now]),
)}
`,
  'scripts/configDoc.mjs',
);
