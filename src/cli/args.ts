import { parseArgs } from 'node:util';
import { type Diagnostic, DiagnosticError, nearest, type Setting } from '../base/diagnostics.ts';
import type { ExportFormat } from '../export/exportGraph.ts';
import type { DiagnosisRequest } from '../protocol/diagnosisViews.ts';
import type { SensitivityRequest } from '../protocol/sensitivityViews.ts';
import { CONVERTER_OPTIONS, readConverterOptions } from './converterOptions.ts';
import { readDiagnose } from './diagnoseArgs.ts';
import { type Limit, readFailUnder } from './failUnder.ts';
import { readSearch, type SearchWish } from './searchArgs.ts';
import { readSensitivity } from './sensitivityArgs.ts';
import { COMMANDS } from './usage.ts';

/** What a command that runs a model takes. */
interface Running {
  readonly model: string;
  readonly threads: number;
  readonly budgetBytes: number | undefined;
  readonly dims: ReadonlyMap<string, number>;
}

/** What a command that measures a config's result takes. */
interface Measuring extends Running {
  readonly config: string;
  readonly json: string | undefined;
  readonly failUnder: readonly Limit[];
}

/** A parsed command line. */
export type Command =
  /** `command` is what help was asked for, as it stands there. */
  | { readonly kind: 'help'; readonly command: string | undefined }
  | { readonly kind: 'version' }
  | (Running & {
      readonly kind: 'quantize';
      /** Undefined where `settings` say everything. */
      readonly config: string | undefined;
      /** What options of converter_lite say over the config. */
      readonly settings: readonly Setting[];
      /** Options of converter_lite that have no effect. */
      readonly notes: readonly Diagnostic[];
      readonly output: string | undefined;
      readonly report: string | undefined;
      readonly json: string | undefined;
      readonly compareRequantizers: boolean;
      readonly exportFormat: ExportFormat | undefined;
      readonly printSkips: boolean;
      readonly failUnder: readonly Limit[];
    })
  | (Running & {
      readonly kind: 'run';
      readonly inputs: ReadonlyMap<string, string>;
      readonly outputDir: string;
    })
  | {
      readonly kind: 'inspect';
      readonly model: string;
      readonly json: string | undefined;
      readonly dims: ReadonlyMap<string, number>;
    }
  | (Measuring & {
      readonly kind: 'diagnose';
      readonly request: DiagnosisRequest;
      readonly report: string | undefined;
    })
  | (Measuring & {
      readonly kind: 'search';
      readonly wish: SearchWish;
      readonly outputConfig: string | undefined;
    })
  | (Measuring & { readonly kind: 'sensitivity'; readonly request: SensitivityRequest })
  | { readonly kind: 'verify'; readonly folders: readonly string[]; readonly json: string | undefined };

const converterNames: Readonly<Record<string, { readonly type: 'string' }>> = Object.fromEntries(
  CONVERTER_OPTIONS.map(({ name }) => [name, { type: 'string' }]),
);

const OPTIONS = {
  config: { type: 'string' },
  output: { type: 'string' },
  report: { type: 'string' },
  json: { type: 'string' },
  threads: { type: 'string' },
  memory: { type: 'string' },
  dim: { type: 'string', multiple: true },
  'compare-requantizers': { type: 'boolean' },
  'export-format': { type: 'string' },
  'print-skips': { type: 'boolean' },
  'fail-under': { type: 'string', multiple: true },
  mode: { type: 'string' },
  on: { type: 'string' },
  metric: { type: 'string' },
  verify: { type: 'string' },
  target: { type: 'string' },
  drop: { type: 'string' },
  bytes: { type: 'string' },
  judge: { type: 'string' },
  better: { type: 'string' },
  samples: { type: 'string' },
  budget: { type: 'string' },
  nodes: { type: 'string' },
  'no-cures': { type: 'boolean' },
  'no-data': { type: 'boolean' },
  'output-config': { type: 'string' },
  input: { type: 'string', multiple: true },
  'output-dir': { type: 'string' },
  fmk: { type: 'string' },
  modelFile: { type: 'string' },
  configFile: { type: 'string' },
  outputFile: { type: 'string' },
  ...converterNames,
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/**
 * Reads the command line. converter_lite's `--fmk=ONNX --modelFile= --configFile= --outputFile=` mean `quantize`; its
 * other options are {@link CONVERTER_OPTIONS}.
 * @throws DiagnosticError CLI1xx naming what was found and what is expected.
 */
export function parseCommand(argv: readonly string[]): Command {
  const { values, positionals } = parse(argv);
  const [first, second] = positionals;
  if (values.version) return { kind: 'version' };
  if (values.help || argv.length === 0 || first === 'help')
    return { kind: 'help', command: first === 'help' ? second : first };
  const converter = values.modelFile !== undefined || values.configFile !== undefined || values.fmk !== undefined;
  const [name, ...rest] = converter && positionals[0] !== 'quantize' ? ['quantize', ...positionals] : positionals;
  switch (name) {
    case 'quantize': {
      if (values.fmk !== undefined && values.fmk !== 'ONNX')
        fail('CLI104', `--fmk=${values.fmk} is not supported; ONNX is`);
      const model = values.modelFile ?? only(rest, 'MODEL');
      const { settings, notes, wrong } = readConverterOptions(values);
      if (wrong !== undefined) fail('CLI106', wrong);
      const config = values.configFile ?? values.config;
      if (config === undefined && !settings.some(({ key }) => key === 'quant_type'))
        fail('CLI102', '--config CFG is missing');
      const output = values.outputFile === undefined ? values.output : withSuffix(values.outputFile);
      return {
        kind: 'quantize',
        ...running(values, model),
        config,
        settings,
        notes,
        output,
        report: values.report,
        json: values.json,
        compareRequantizers: values['compare-requantizers'] ?? false,
        exportFormat: exportFormat(values['export-format']),
        printSkips: values['print-skips'] ?? false,
        failUnder: readFailUnder(values['fail-under']),
      };
    }
    case 'run': {
      const inputs = pairs(values.input ?? [], '--input NAME=FILE.npy');
      const outputDir = values['output-dir'] ?? fail('CLI102', '--output-dir DIR is missing');
      return { kind: 'run', ...running(values, only(rest, 'MODEL')), inputs, outputDir };
    }
    case 'inspect':
      return { kind: 'inspect', model: only(rest, 'MODEL'), json: values.json, dims: dims(values.dim) };
    case 'sensitivity':
      return { kind: 'sensitivity', ...measuring(values, rest), request: readSensitivity(values) };
    case 'search':
      return {
        kind: 'search',
        ...measuring(values, rest),
        wish: readSearch(values),
        outputConfig: values['output-config'],
      };
    case 'diagnose':
      return {
        kind: 'diagnose',
        ...measuring(values, rest),
        request: readDiagnose(values),
        report: values.report,
      };
    case 'verify':
      if (rest.length === 0) fail('CLI102', 'verify needs at least one folder');
      return { kind: 'verify', folders: rest, json: values.json };
    default: {
      const names = Object.keys(COMMANDS);
      const hint = nearest(name ?? '', names);
      return fail('CLI101', `${name} is not a command (${names.join(', ')})${hint === undefined ? '' : ` - ${hint}?`}`);
    }
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    return fail('CLI103', error instanceof Error ? error.message : String(error));
  }
}

type Values = ReturnType<typeof parse>['values'];

function running(values: Values, model: string): Running {
  return {
    model,
    threads: threads(values.threads),
    budgetBytes: budgetBytes(values.memory),
    dims: dims(values.dim),
  };
}

function measuring(values: Values, rest: readonly string[]): Measuring {
  return {
    ...running(values, only(rest, 'MODEL')),
    config: values.config ?? fail('CLI102', '--config CFG is missing'),
    json: values.json,
    failUnder: readFailUnder(values['fail-under']),
  };
}

function only(rest: readonly (string | undefined)[], what: string): string {
  const [first, second] = rest;
  if (first === undefined) return fail('CLI102', `${what} is missing`);
  if (second !== undefined) return fail('CLI103', `${second} is one argument too many`);
  return first;
}

function threads(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,3}$/.test(text)) fail('CLI105', `--threads ${text} is not a number of threads (0 takes one per core)`);
  return Number(text);
}

function budgetBytes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/.test(text) || Number(text) > 4096) fail('CLI105', `--memory ${text} is not 1 to 4096 MiB`);
  return Number(text) * 2 ** 20;
}

function exportFormat(text: string | undefined): ExportFormat | undefined {
  if (text === undefined || text === 'QDQ' || text === 'QOPERATOR') return text;
  return fail('CLI105', `--export-format ${text} is not QDQ or QOPERATOR`);
}

function dims(list: readonly string[] | undefined): Map<string, number> {
  const fixed = new Map<string, number>();
  for (const [name, text] of pairs(list ?? [], '--dim NAME=N')) {
    if (!/^[1-9]\d*$/.test(text)) fail('CLI105', `--dim ${name}=${text}: ${text} is not a length of at least 1`);
    fixed.set(name, Number(text));
  }
  return fixed;
}

function pairs(list: readonly string[], form: string): Map<string, string> {
  const map = new Map<string, string>();
  for (const item of list) {
    const at = item.lastIndexOf('=');
    if (at <= 0 || at === item.length - 1) fail('CLI105', `${JSON.stringify(item)} is not of the form ${form}`);
    map.set(item.slice(0, at), item.slice(at + 1));
  }
  return map;
}

function withSuffix(path: string): string {
  return path.endsWith('.onnx') ? path : `${path}.onnx`;
}

function fail(code: string, message: string): never {
  throw new DiagnosticError({ severity: 'error', code, message, at: { file: 'command line' } });
}
