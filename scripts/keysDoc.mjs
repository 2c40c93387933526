import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { markdownTable, writeDocument } from './lib/document.mjs';
import { ROOT } from './lib/root.mjs';

// Writes docs/keys.md from the manifest; with --check only says whether it is stale.
const read = (name) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
const { commands, keybindings, menus, configuration } = read('package.json').contributes;
const texts = read('package.nls.json');
const text = (key) => texts[key.slice(1, -1)];
const titles = new Map(commands.map(({ command, title }) => [command, text(title)]));

/** Keys that the graph takes by itself while it has the focus. */
const GRAPH_KEYS = [
  ['arrow keys', 'go along the edges, and to the neighbour'],
  ['`Shift` + arrow keys', 'move the picture'],
  ['`Home`, `End`', 'first and last node'],
  ['`Enter`, blank', 'show the details of the node; open or close the group'],
  ['`S`', 'keep the node in float, or quantize it again'],
  ['`[`, `]`', 'close, open the group'],
  ['`{`, `}`', 'close, open all groups'],
  ['`U`, `D`', 'follow upstream, downstream'],
  ['`+`, `-`', 'zoom in, out'],
  ['`0`', 'fit the graph'],
  ['`Z`', 'zoom to the selection'],
  ['`M`', 'show or hide the minimap'],
  ['`/`', 'find'],
  ['`Shift+F10`, menu key', 'menu of the node'],
  ['`Escape`', 'take back the highlighted path, then the selection'],
];

function shown(key) {
  return key
    .split('+')
    .map((part) => (part.length === 1 ? part.toUpperCase() : part[0].toUpperCase() + part.slice(1)))
    .join('+');
}

function whereOf(when) {
  if (when.includes("focusedView == 'quantscope.suggestions'")) return 'Suggestions view';
  return when.includes("focusedView == 'quantscope.runs'") ? 'Runs view' : 'graph in front';
}

const hidden = new Set(menus.commandPalette.filter(({ when }) => when === 'false').map(({ command }) => command));
const keys = keybindings.map(({ command, key, mac, when }) => [
  `\`${shown(key)}\``,
  mac === undefined ? '' : `\`${shown(mac)}\``,
  titles.get(command),
  whereOf(when),
]);
const palette = commands
  .filter(({ command }) => !hidden.has(command))
  .map(({ command, title }) => [text(title), `\`${command}\``])
  .sort(([a], [b]) => a.localeCompare(b, 'en'));
const settings = Object.entries(configuration.properties).map(([name, { default: value, markdownDescription }]) => [
  `\`${name}\``,
  `\`${JSON.stringify(value)}\``,
  text(markdownDescription),
]);

writeDocument(
  'docs/keys.md',
  `# Keys, commands and settings

<!-- Generated from package.json by scripts/keysDoc.mjs. -->

## Keys of VS Code

They can be changed in the Keyboard Shortcuts editor, like all keys of VS Code.

${markdownTable(['key', 'on macOS', 'command', 'where'], keys)}

## Keys in the graph

${markdownTable(['key', 'does'], GRAPH_KEYS)}

## Commands

All of them stand in the command palette under "QuantScope:", as soon as they can do something.

${markdownTable(['title', 'command'], palette)}

## Settings

${markdownTable(['setting', 'default', 'what it is'], settings)}
`,
  'scripts/keysDoc.mjs',
);
