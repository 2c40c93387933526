import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** A folder of src/ imports folders of lower floors only. Above CORE_FLOORS lie the files, the clock and the faces. */
const FLOORS = [
  ['base'],
  ['protocol', 'graph', 'kernels', 'images'],
  ['wasm', 'onnx', 'ops'],
  ['passes', 'exec'],
  ['quant', 'report', 'data'],
  ['whatif', 'config', 'export'],
  ['sensitivity', 'search', 'diagnose'],
  ['session'],
  ['node'],
  ['worker', 'cli', 'host'],
] as const;
const CORE_FLOORS = 8;

/** Folder (of src/, or webview) -> folders it may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    FLOORS.flatMap((folders, floor) => folders.map((folder) => [folder, FLOORS.slice(0, floor).flat()])),
  ),
  webview: ['protocol'],
};

/** Package -> the one place that imports it. */
const DOORS: Readonly<Record<string, string>> = {
  protobufjs: 'src/onnx/proto/',
  papaparse: 'src/report/csv.ts',
  'chart.js': 'webview/charts/',
  '@sgratzl/chartjs-chart-boxplot': 'webview/charts/',
  '@vscode/webview-ui-toolkit': 'webview/ui.ts',
  'fast-png': 'src/images/png.ts',
  icodec: 'src/images/icodec.ts',
  fflate: 'src/base/deflate.ts',
  vscode: 'src/host/',
};

/** What a machine writes may be long. */
const GENERATED = /(^|\/)generated\/|\.generated\.|(^|\/)proto\/onnx\.(js|d\.ts)$/;
const HARD_LINE_LIMIT = 500;

interface Source {
  /** Relative to the checkout, with `/`. */
  readonly path: string;
  readonly text: string;
}

const sources = ['src', 'webview'].flatMap(readSources);
const core = sources.filter((source) =>
  FLOORS.slice(0, CORE_FLOORS)
    .flat()
    .includes(folderOf(source.path) as never),
);

it('finds the sources it is to judge', () => {
  expect(core.length).toBeGreaterThan(50);
  expect(importsOf({ path: 'src/base/a.ts', text: "import { b } from './b.ts';\nexport * from '../c/d.ts';" })).toEqual(
    ['./b.ts', '../c/d.ts'],
  );
});

it('imports lower floors only', () => {
  const wrong = sources.flatMap((source) => {
    const from = folderOf(source.path);
    const allowed = MAY_IMPORT[from];
    if (!allowed) return [`${source.path}: ${from} is on no floor`];
    return importsOf(source)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => folderOf(join(dirname(source.path), specifier).replaceAll('\\', '/')))
      .filter((to) => to !== from && !allowed.includes(to))
      .map((to) => `${source.path.replace(/^src\//, '')}: ${from} -> ${to}`);
  });
  expect(wrong).toEqual([]);
});

it('has the linter forbid what the floors forbid: biome.floors.json', () => {
  const { overrides } = JSON.parse(readFileSync(join(ROOT, 'biome.floors.json'), 'utf8'));
  expect(JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')).extends).toEqual(['./biome.floors.json']);
  const folders = Object.keys(MAY_IMPORT);
  const expected = Object.entries(MAY_IMPORT).map(([folder, allowed]) => {
    const forbidden = folders.filter((other) => other !== folder && !allowed.includes(other)).join(',');
    const group = [folder === 'webview' ? `**/src/{${forbidden}}/**` : `**/{${forbidden}}/**`];
    const message = `${folder} imports lower floors only; ARCHITECTURE.md lists them.`;
    const rule = { level: 'error', options: { patterns: [{ group, message }] } };
    const includes = [folder === 'webview' ? 'webview/**' : `src/${folder}/**`];
    return { includes, linter: { rules: { style: { noRestrictedImports: rule } } } };
  });
  expect(overrides).toEqual(expected);
});

it('has the linter say so', () => {
  const checkout = mkdtempSync(join(tmpdir(), 'quantscope-floors-'));
  try {
    for (const name of ['biome.json', 'biome.floors.json']) copyFileSync(join(ROOT, name), join(checkout, name));
    mkdirSync(join(checkout, 'src', 'base'), { recursive: true });
    const lines = ["import { a } from '../session/a.ts';", "import type { B } from '../../graph/b.ts';"];
    writeFileSync(join(checkout, 'src/base/c.ts'), `${lines.join('\n')}\nexport const b: B = a;\n`);
    const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
    const args = [biome, 'lint', '--vcs-enabled=false', 'src'];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: checkout, encoding: 'utf8' });
    expect((stdout + stderr).match(/base imports lower floors only/g)).toHaveLength(2);
    expect(status).toBe(1);
  } finally {
    rmSync(checkout, { recursive: true, force: true });
  }
});

it('imports each package through its one door', () => {
  const wrong = sources.flatMap((source) =>
    importsOf(source)
      .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
      .filter((specifier) => {
        const door = DOORS[packageOf(specifier)];
        return !door || !source.path.startsWith(door);
      })
      .map((specifier) => `${source.path}: ${specifier} (${DOORS[packageOf(specifier)] ?? 'no door'})`),
  );
  expect(wrong).toEqual([]);
});

it('keeps Node, the clock and chance out of the core', () => {
  const forbidden = /from 'node:|\bDate\.now\b|\bnew Date\b|\bperformance\.now\b|\bMath\.random\b|\bconsole\./;
  const wrong = core.flatMap(({ path, text }) =>
    withoutComments(text)
      .split('\n')
      .flatMap((line, i) => (forbidden.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
  );
  expect(wrong).toEqual([]);
});

it(`keeps files within ${HARD_LINE_LIMIT} lines`, () => {
  const scripts = [...readSources('test'), ...readSources('scripts')];
  const long = [...sources, ...scripts]
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ path, lines }) => lines > HARD_LINE_LIMIT && !GENERATED.test(path));
  expect(long).toEqual([]);
});

describe('diagnostics', () => {
  const code = /'([A-Z]{3}\d{3})'/g;
  const factories = sources.filter(({ path }) => path.endsWith('/errors.ts'));
  const uses = factories.flatMap(({ path, text }) =>
    [...withoutComments(text).matchAll(code)].map(([, name]) => ({ name: name ?? '', path })),
  );

  it('have a code of their own', () => {
    expect(uses.length).toBeGreaterThan(20);
    const repeated = uses.filter(({ name }, i) => uses.findIndex((other) => other.name === name) !== i);
    expect(repeated).toEqual([]);
  });

  it('are made in errors.ts throughout the core', () => {
    const stray = core
      .filter(({ path, text }) => !path.endsWith('/errors.ts') && /severity: '\w+'/.test(withoutComments(text)))
      .map(({ path }) => path);
    expect(stray).toEqual([]);
  });
});

describe('the core project', () => {
  const folder = join(ROOT, 'out');
  mkdirSync(folder, { recursive: true });
  const probe = mkdtempSync(join(folder, 'core-probe-'));
  afterAll(() => rmSync(probe, { recursive: true, force: true }));

  it('does not compile process, document, console, timers or node:fs', () => {
    const lines = [
      'export const a = process;',
      'export const b = document;',
      'export const c = console;',
      'export const d = setTimeout;',
      "export { readFileSync } from 'node:fs';",
    ];
    writeFileSync(join(probe, 'probe.ts'), lines.join('\n'));
    const errors = compileWithCore(probe);
    for (const i of lines.keys()) expect(errors).toMatch(new RegExp(`probe\\.ts\\(${i + 1},\\d+\\): error TS`));
  });

  it('compiles an innocent file, so the errors above are what they seem', () => {
    writeFileSync(join(probe, 'probe.ts'), 'export const a: number = Math.max(1, 2);\n');
    expect(compileWithCore(probe)).not.toMatch(/probe\.ts/);
  });
});

/** Compiles the whole core and probe.ts in one program: ambient types that a dependency drags in count. */
function compileWithCore(probe: string): string {
  const project = join(ROOT, 'tsconfig.core.json');
  const { include } = JSON.parse(readFileSync(project, 'utf8')) as { include: string[] };
  const settings = {
    extends: project,
    include: [...include.map((path) => join(ROOT, path)), join(probe, 'probe.ts')],
    exclude: [join(ROOT, 'src/wasm/assembly')],
  };
  writeFileSync(join(probe, 'tsconfig.json'), JSON.stringify(settings));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', probe], { encoding: 'utf8' });
  return stdout + stderr;
}

function readSources(top: string): Source[] {
  return readdirSync(join(ROOT, top), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((path) => !path.startsWith('src/wasm/assembly/') && path !== 'src/platform.d.ts')
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** `src/onnx/proto/x.ts` -> `onnx`; `webview/graph/x.ts` -> `webview`. */
function folderOf(path: string): string {
  const parts = path.split('/');
  return (parts[0] === 'src' ? parts[1] : parts[0]) ?? '';
}

/** Every specifier of import, export-from and dynamic import; `import type` included. A path into node_modules is its package. */
function importsOf({ text }: Source): string[] {
  const pattern = /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*'([^']+)'|^\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'/gm;
  const specifiers = [...withoutComments(text).matchAll(pattern)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
  return specifiers.map((specifier) => specifier.replace(/^.*node_modules\//, ''));
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, '')).replace(/^\s*\/\/.*$/gm, '');
}
