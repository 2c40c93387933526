interface CommandUsage {
  readonly what: string;
  /** Its arguments, a line each as they are broken in help. */
  readonly args: readonly string[];
}

const RUNS = '[--threads N] [--memory MIB] [--dim NAME=N]';

/** The commands, as help tells them. */
export const COMMANDS: Readonly<Record<string, CommandUsage>> = {
  quantize: {
    what: 'quantizes, runs the float and the integer model, and says where they differ',
    args: [
      'MODEL --config CFG [--output OUT.onnx] [--report DIR] [--json FILE]',
      '[--compare-requantizers] [--export-format QDQ|QOPERATOR] [--print-skips]',
      `[--fail-under FIGURE=VALUE,…] ${RUNS}`,
    ],
  },
  sensitivity: {
    what: 'measures what each node costs the output, quantized alone or left float alone',
    args: [
      'MODEL --config CFG [--mode layerwise|leave-one-out|local] [--on both|activations|weights]',
      '[--judge JUDGE] [--better higher|lower] [--samples N] [--verify K]',
      `[--json FILE] [--fail-under FIGURE=VALUE,…] ${RUNS}`,
    ],
  },
  search: {
    what: 'looks for the fewest nodes to leave float for a target, or for bits of weights for a size',
    args: [
      'MODEL --config CFG (--target JUDGE=VALUE | --drop JUDGE=VALUE | --bytes SIZE)',
      '[--judge JUDGE] [--better higher|lower] [--samples N] [--budget N]',
      `[--output-config FILE] [--json FILE] [--fail-under JUDGE=VALUE] ${RUNS}`,
    ],
  },
  diagnose: {
    what: 'says which nodes are to blame and why, and tries what could help',
    args: [
      'MODEL --config CFG [--judge JUDGE] [--better higher|lower] [--samples N] [--nodes N]',
      `[--no-cures] [--no-data] [--report DIR] [--json FILE] [--fail-under FIGURE=VALUE,…] ${RUNS}`,
    ],
  },
  run: {
    what: 'runs a model on arrays',
    args: [`MODEL --input NAME=FILE.npy … --output-dir DIR ${RUNS}`],
  },
  inspect: {
    what: 'lists what is in a model, and what of it cannot be run',
    args: ['MODEL [--json FILE] [--dim NAME=N]'],
  },
  verify: {
    what: 'runs cases in the form of the ONNX backend tests',
    args: ['DIR… [--json FILE]'],
  },
};

/** Options, what they take, and what they do; in the order of help. */
const OPTIONS: readonly (readonly [form: string, doc: string])[] = [
  ['--config CFG', 'MindSpore Lite quantization config (INI)'],
  ['--output OUT.onnx', 'the quantized model'],
  [
    '--report DIR',
    'round_*.csv, rounds_summary.csv, quant_param.csv, output_summary.csv, report.json; overrides debug_info_save_path',
  ],
  ['--json FILE', 'the result as JSON; - prints it'],
  ['--threads N', 'threads for the kernels; 0 takes one per core (default)'],
  ['--memory MIB', 'for activations and weights; weights beyond it are read from the file when needed (default 4096)'],
  ['--dim NAME=N', 'fixes a dynamic dimension of an input'],
  ['--compare-requantizers', 'runs both requantizers, fp32 and fixedPoint, on the same integers, node by node'],
  ['--export-format F', 'QDQ (QuantizeLinear/DequantizeLinear) or QOPERATOR (QLinearConv …); overrides export_format'],
  ['--print-skips', 'the nodes left float by skip_quant_node, as converter_lite and as ONNX Runtime want them'],
  ['--fail-under F=V', 'exit code 4 where the quantized model is below: cosine=0.99,sqnrDb=20,top1=0.7,top5=0.9'],
  ['--mode MODE', 'each node quantized alone (layerwise, default), left float alone, or its error on float inputs'],
  ['--on PART', 'of a node its activations, its weights, or both (default)'],
  ['--verify K', 'only the K worst on the two worst samples are measured on all'],
  ['--target JUDGE=V', 'the fewest nodes to skip for cosine=0.995, sqnrDb=30, top1=0.71, …'],
  ['--drop JUDGE=V', 'the same for what is lost to the float model, as top1=0.005'],
  ['--bytes SIZE', "bits of each weight for 1.2MB, 1.1MiB, or 0.3x of the float model's bytes"],
  ['--judge JUDGE', 'cosine (default), sqnrDb, mse, top1, top5, or command:COMMAND; --metric is the same'],
  ['--better WAY', 'higher or lower: which figures of command:COMMAND are good'],
  ['--samples N', 'evaluation samples to measure on (sensitivity and search: 32, diagnose: 8)'],
  ['--budget N', 'candidates to measure at most (200)'],
  ['--nodes N', 'nodes that are looked at, worst first (8)'],
  ['--no-cures', 'causes alone, nothing is tried'],
  ['--no-data', 'the calibration data are not doubted'],
  ['--output-config F', 'the config with the result'],
  ['--input NAME=FILE', 'a .npy file for each input'],
  ['--output-dir DIR', 'where the outputs go, a .npy file each'],
];

const CONVERTER = `Options of converter_lite are understood as well: --fmk=ONNX --modelFile= --configFile= --outputFile=, --inputShape=
and --inputDataFormat=, and --quantType= --bitNum= --quantWeightSize= --quantWeightChannel= of earlier releases, which
need no config. Others are answered.`;

const EXIT_CODES =
  'Exit codes: 0 good, 1 wrong input, 2 not supported, 3 a bug of ours, 4 a target or a limit is not reached.';

/** Help for one command, and without a known one for all. */
export function usage(command: string | undefined): string {
  const known = command === undefined ? undefined : COMMANDS[command];
  if (command === undefined || known === undefined)
    return [
      'quantscope: find out where a quantized ONNX model lost accuracy, and what to do about it',
      ...Object.entries(COMMANDS).map((entry) => callOf(...entry)),
      'Options; quantscope COMMAND --help tells those of one command, and quantscope --version which version this is.',
      optionRows(() => true),
      CONVERTER,
      EXIT_CODES,
    ].join('\n\n');
  const words: readonly string[] = known.args.join(' ').match(/--[a-z-]+/g) ?? [];
  return [
    callOf(command, known),
    optionRows((option) => words.includes(option)),
    ...(command === 'quantize' ? [CONVERTER] : []),
    EXIT_CODES,
  ].join('\n\n');
}

function callOf(name: string, { what, args }: CommandUsage): string {
  const start = `  quantscope ${name} `;
  return `${name}: ${what}\n${start}${args.join(`\n${' '.repeat(start.length)}`)}`;
}

function optionRows(wanted: (option: string) => boolean): string {
  const rows = OPTIONS.filter(([form]) => wanted(form.split(' ')[0] ?? ''));
  const width = Math.max(...rows.map(([form]) => form.length));
  return rows.map(([form, doc]) => `  ${form.padEnd(width)}  ${doc}`).join('\n');
}
