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

/** A parsed command line. */
export type Command =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'quantize';
      readonly model: string;
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
      readonly threads: number;
      readonly budgetBytes: number | undefined;
      readonly dims: ReadonlyMap<string, number>;
    }
  | {
      readonly kind: 'run';
      readonly model: string;
      readonly inputs: ReadonlyMap<string, string>;
      readonly outputDir: string;
      readonly threads: number;
      readonly budgetBytes: number | undefined;
      readonly dims: ReadonlyMap<string, number>;
    }
  | {
      readonly kind: 'inspect';
      readonly model: string;
      readonly json: string | undefined;
      readonly dims: ReadonlyMap<string, number>;
    }
  | {
      readonly kind: 'diagnose';
      readonly model: string;
      readonly config: string;
      readonly request: DiagnosisRequest;
      readonly report: string | undefined;
      readonly json: string | undefined;
      readonly failUnder: readonly Limit[];
      readonly threads: number;
      readonly budgetBytes: number | undefined;
      readonly dims: ReadonlyMap<string, number>;
    }
  | {
      readonly kind: 'search';
      readonly model: string;
      readonly config: string;
      readonly wish: SearchWish;
      readonly json: string | undefined;
      readonly outputConfig: string | undefined;
      readonly failUnder: readonly Limit[];
      readonly threads: number;
      readonly budgetBytes: number | undefined;
      readonly dims: ReadonlyMap<string, number>;
    }
  | {
      readonly kind: 'sensitivity';
      readonly model: string;
      readonly config: string;
      readonly request: SensitivityRequest;
      readonly json: string | undefined;
      readonly failUnder: readonly Limit[];
      readonly threads: number;
      readonly budgetBytes: number | undefined;
      readonly dims: ReadonlyMap<string, number>;
    }
  | { readonly kind: 'verify'; readonly folders: readonly string[]; readonly json: string | undefined };

export const USAGE = `quantscope: find out where a quantized ONNX model lost accuracy

  quantscope quantize MODEL --config CFG [--output OUT.onnx] [--report DIR] [--json FILE] [--threads N] [--memory MIB]
                      [--dim NAME=N] [--compare-requantizers] [--export-format QDQ|QOPERATOR] [--print-skips]
                      [--fail-under FIGURE=VALUE,…]
  quantscope run MODEL --input NAME=FILE.npy ... --output-dir DIR [--threads N] [--memory MIB] [--dim NAME=N]
  quantscope inspect MODEL [--json FILE] [--dim NAME=N]
  quantscope sensitivity MODEL --config CFG [--mode layerwise|leave-one-out|local] [--on both|activations|weights]
                         [--judge JUDGE] [--samples N] [--verify K] [--json FILE] [--fail-under FIGURE=VALUE,…]
                         [--threads N] [--memory MIB] [--dim NAME=N]
  quantscope search MODEL --config CFG (--target JUDGE=VALUE | --drop JUDGE=VALUE | --bytes SIZE) [--judge JUDGE]
                    [--samples N] [--budget N] [--json FILE] [--output-config FILE] [--fail-under JUDGE=VALUE]
                    [--threads N] [--memory MIB] [--dim NAME=N]
  quantscope diagnose MODEL --config CFG [--judge JUDGE] [--samples N] [--nodes N] [--no-cures] [--no-data]
                      [--report DIR] [--json FILE] [--fail-under FIGURE=VALUE,…] [--threads N] [--memory MIB] [--dim NAME=N]
  quantscope verify DIR... [--json FILE]

  --config CFG       MindSpore Lite quantization config (INI)
  --output OUT.onnx  the quantized model
  --report DIR       round_*.csv, rounds_summary.csv, quant_param.csv, output_summary.csv, report.json; overrides debug_info_save_path
  --json FILE        the result as JSON; - prints it
  --threads N        threads for the kernels; 0 takes one per core (default)
  --memory MIB       for activations and weights; weights beyond it are read from the file when needed (default 4096)
  --dim NAME=N       fixes a dynamic dimension of an input
  --compare-requantizers
                     runs both requantizers, fp32 and fixedPoint, on the same integers, node by node
  --export-format F  QDQ (QuantizeLinear/DequantizeLinear) or QOPERATOR (QLinearConv …); overrides export_format
  --fail-under F=V   exit code 4 where the quantized model is below: cosine=0.99,sqnrDb=20,top1=0.7,top5=0.9
  --mode MODE        sensitivity: each node quantized alone (default), left float alone, or its error on float inputs
  --on PART          sensitivity: of a node its activations, its weights, or both (default)
  --verify K         sensitivity: only the K worst on the two worst samples are measured on all
  --target JUDGE=V   search: the fewest nodes to skip for cosine=0.995, sqnrDb=30, top1=0.71, …
  --drop JUDGE=V     search: the same for what is lost to the float model, as top1=0.005
  --bytes SIZE       search: bits of each weight for 1.2MB, 1.1MiB, or 0.3x of the float model's bytes
  --judge JUDGE      cosine, sqnrDb, mse, top1, top5, or command:COMMAND with --better higher|lower; --metric is the same
  --samples N        evaluation samples to measure on (sensitivity and search: 32, diagnose: 8)
  --budget N         candidates to measure at most (search: 200)
  --nodes N          diagnose: nodes that are looked at, worst first (8)
  --no-cures         diagnose: causes alone, nothing is tried
  --no-data          diagnose: the calibration data are not doubted
  --output-config F  search: the config with the result
  --print-skips      the nodes left float by skip_quant_node, as converter_lite and as ONNX Runtime want them

  Options of converter_lite are understood as well: --fmk=ONNX --modelFile= --configFile= --outputFile=, --inputShape=
  and --inputDataFormat=, and --quantType= --bitNum= --quantWeightSize= --quantWeightChannel= of earlier releases, which
  need no config. Others are answered.

Exit codes: 0 good, 1 wrong input, 2 not supported, 3 a bug of ours, 4 a target or a limit is not reached.`;

const COMMANDS = ['quantize', 'run', 'inspect', 'search', 'sensitivity', 'diagnose', 'verify'];

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
} as const;

/**
 * Reads the command line. converter_lite's `--fmk=ONNX --modelFile= --configFile= --outputFile=` mean `quantize`; its
 * other options are {@link CONVERTER_OPTIONS}.
 * @throws DiagnosticError CLI1xx naming what was found and what is expected.
 */
export function parseCommand(argv: readonly string[]): Command {
  const { values, positionals } = parse(argv);
  if (values.help || argv.length === 0 || positionals[0] === 'help') return { kind: 'help' };
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
        model,
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
        threads: threads(values.threads),
        budgetBytes: budgetBytes(values.memory),
        dims: dims(values.dim),
      };
    }
    case 'run': {
      const inputs = pairs(values.input ?? [], '--input NAME=FILE.npy');
      const outputDir = values['output-dir'] ?? fail('CLI102', '--output-dir DIR is missing');
      return {
        kind: 'run',
        model: only(rest, 'MODEL'),
        inputs,
        outputDir,
        threads: threads(values.threads),
        budgetBytes: budgetBytes(values.memory),
        dims: dims(values.dim),
      };
    }
    case 'inspect':
      return { kind: 'inspect', model: only(rest, 'MODEL'), json: values.json, dims: dims(values.dim) };
    case 'sensitivity':
      return {
        kind: 'sensitivity',
        model: only(rest, 'MODEL'),
        config: values.config ?? fail('CLI102', '--config CFG is missing'),
        request: readSensitivity(values),
        json: values.json,
        failUnder: readFailUnder(values['fail-under']),
        threads: threads(values.threads),
        budgetBytes: budgetBytes(values.memory),
        dims: dims(values.dim),
      };
    case 'search':
      return {
        kind: 'search',
        model: only(rest, 'MODEL'),
        config: values.config ?? fail('CLI102', '--config CFG is missing'),
        wish: readSearch(values),
        json: values.json,
        outputConfig: values['output-config'],
        failUnder: readFailUnder(values['fail-under']),
        threads: threads(values.threads),
        budgetBytes: budgetBytes(values.memory),
        dims: dims(values.dim),
      };
    case 'diagnose':
      return {
        kind: 'diagnose',
        model: only(rest, 'MODEL'),
        config: values.config ?? fail('CLI102', '--config CFG is missing'),
        request: readDiagnose(values),
        report: values.report,
        json: values.json,
        failUnder: readFailUnder(values['fail-under']),
        threads: threads(values.threads),
        budgetBytes: budgetBytes(values.memory),
        dims: dims(values.dim),
      };
    case 'verify':
      if (rest.length === 0) fail('CLI102', 'verify needs at least one folder');
      return { kind: 'verify', folders: rest, json: values.json };
    default: {
      const hint = nearest(name ?? '', COMMANDS);
      return fail(
        'CLI101',
        `${name} is not a command (${COMMANDS.join(', ')})${hint === undefined ? '' : ` - ${hint}?`}`,
      );
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
