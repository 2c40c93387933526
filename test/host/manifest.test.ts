import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { METRICS } from '../../src/protocol/metrics.ts';
import { PALETTES } from '../../webview/heat/shades.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly when?: string }[]>>;
    readonly keybindings: readonly { readonly command: string; readonly key: string; readonly when?: string }[];
    readonly views: Readonly<Record<string, readonly { readonly id: string; readonly icon: string }[]>>;
    readonly viewsContainers: { readonly activitybar: readonly { readonly id: string; readonly icon: string }[] };
    readonly viewsWelcome: readonly { readonly view: string; readonly contents: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, unknown>> };
    readonly walkthroughs: readonly {
      readonly steps: readonly {
        readonly id: string;
        readonly description: string;
        readonly media: { readonly svg: string; readonly altText: string };
        readonly completionEvents: readonly string[];
      }[];
    }[];
  };
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const texts = JSON.parse(read('package.nls.json')) as Record<string, string>;
const { contributes } = manifest;
const commands = contributes.commands.map(({ command }) => command);
const linked = (text: string) => [...text.matchAll(/\(command:(quantscope\.\w+)\)/g)].map(([, command]) => command);

it('has every text in package.nls.json, and no other there', () => {
  const used = [...read('package.json').matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key);
  expect(new Set(used)).toEqual(new Set(Object.keys(texts)));
  for (const [key, text] of Object.entries(texts)) expect(text.trim(), key).toBe(text);
});

it('offers only commands that it declares, each of them once in a menu group', () => {
  expect(new Set(commands).size).toBe(commands.length);
  const inMenus = Object.values(contributes.menus).flat();
  const linkedTo = Object.values(texts).flatMap(linked);
  const named = [...inMenus, ...contributes.keybindings].map(({ command }) => command);
  expect([...named, ...linkedTo].filter((command) => !commands.includes(command as string))).toEqual([]);
  expect(linkedTo.length).toBeGreaterThan(5);
});

it('shows commands in the palette only where they can do something', () => {
  const limited = new Set(contributes.menus.commandPalette?.map(({ command }) => command));
  const always = commands.filter((command) => !limited.has(command)).map((command) => command.split('.')[1]);
  expect(always.sort()).toEqual(['newConfig', 'openSample', 'quantizeWithConfig', 'showLog']);
});

it('binds keys only in a graph or in a view of its own', () => {
  for (const { key, when } of contributes.keybindings) {
    expect(when, key).toMatch(/^(activeCustomEditorId == 'quantscope\.graph'|focusedView == 'quantscope\.\w+')/);
  }
});

it('has pictures with a text for each step of the walkthrough, and views with an icon and a first word', () => {
  const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
  expect(steps.map(({ id }) => id)).toEqual(['open', 'config', 'quantize', 'heat', 'skip', 'export']);
  for (const { media, completionEvents } of steps) {
    expect(read(media.svg)).toMatch(/^<svg [^>]*viewBox[^>]*>\s*<title>/);
    expect(texts[media.altText.slice(1, -1)]?.length).toBeGreaterThan(20);
    expect(completionEvents.length).toBeGreaterThan(0);
    for (const event of completionEvents.filter((e) => e.startsWith('onCommand:'))) {
      expect(commands).toContain(event.slice('onCommand:'.length));
    }
  }
  const views = contributes.views.quantscope ?? [];
  expect(contributes.viewsContainers.activitybar.map(({ id }) => id)).toEqual(['quantscope']);
  for (const { id, icon } of views) {
    expect(existsSync(join(ROOT, icon)), icon).toBe(true);
    expect(
      contributes.viewsWelcome.some(({ view }) => view === id),
      id,
    ).toBe(true);
  }
});

it('has only settings that something reads', () => {
  const sources = ['src/host/editor/modelSession.ts', 'src/host/editor/virtualFiles.ts', 'src/host/runs/runs.ts'];
  const more = [
    'src/host/config/configFollower.ts',
    'src/host/editor/preferences.ts',
    'src/host/findings/judgeCommand.ts',
  ];
  const code = [...sources, ...more]
    .filter((path) => existsSync(join(ROOT, path)))
    .map(read)
    .join('\n');
  for (const setting of Object.keys(contributes.configuration.properties)) {
    const name = setting.slice('quantscope.'.length);
    expect(code.includes(`'${name}'`), setting).toBe(true);
  }
});

it('lets the metrics and palettes that there are be set', () => {
  const enumOf = (name: string) =>
    (contributes.configuration.properties[`quantscope.view.${name}`] as { enum: readonly string[] }).enum;
  expect(enumOf('metric')).toEqual([...METRICS.map(({ id }) => id), 'none']);
  expect(enumOf('palette')).toEqual(PALETTES.map(({ id }) => id));
});

it('documents every key that the graph takes', () => {
  const doc = read('docs/keys.md');
  const source = read('webview/graph/input.ts');
  const inCases = [...source.matchAll(/case '(.+?)':/g)].map(([, key]) => key as string);
  const inTable = [...(/const KEYS = \{(.*?)\}\s*as const/s.exec(source)?.[1] ?? '').matchAll(/'?(\S)'?: '/g)];
  const keys = [...inCases, ...inTable.map(([, key]) => key as string)];
  expect(keys.length).toBeGreaterThan(12);
  const said: Record<string, string> = { ' ': 'blank', '=': '+', _: '-' };
  for (const key of keys) {
    const name = said[key] ?? key;
    expect(doc, key).toContain(name === 'blank' ? name : `\`${name.length === 1 ? name.toUpperCase() : name}\``);
  }
});
